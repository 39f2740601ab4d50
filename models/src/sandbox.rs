//! Takes away what an engine does not need, before llama.cpp or candle see a foreign file and
//! before there is a second thread: other files (Landlock), new sockets, programs and processes
//! (seccomp). What the kernel does not offer is said in a note, never passed over.
//!
//! What stays reachable: the model's files, the directory of saved prefixes, `/proc/self`, how busy
//! the processors are (`/proc/stat`) and their description under `/sys`; and the socket to the
//! node, which is open.

use std::path::{Path, PathBuf};

use guildhall_engine_protocol::{Failure, codes};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Newest set of Landlock rights that is asked for; older kernels enforce what they know.
const RIGHTS: ABI = ABI::V5;
/// What the runtime reads about the machine.
const MACHINE_PATHS: [&str; 3] = ["/proc/self", "/proc/stat", "/sys/devices/system"];
/// Device files that a GPU back-end opens.
#[cfg(any(feature = "cuda", feature = "vulkan", feature = "metal"))]
const DEVICE_PATHS: &[&str] = &["/dev", "/proc", "/sys", "/usr", "/etc"];
#[cfg(not(any(feature = "cuda", feature = "vulkan", feature = "metal")))]
const DEVICE_PATHS: &[&str] = &[];

/// Files that an engine may open once it is confined.
#[derive(Debug, Default, Clone)]
pub(crate) struct Files {
    /// Files and directories to read.
    pub(crate) read: Vec<PathBuf>,
    /// Directory to write into.
    pub(crate) write: Option<PathBuf>,
}

/// Confines this process; threads started later inherit it. Returns notes for people.
///
/// # Errors
/// When a file to read is not there, or the kernel refuses a filter that it knows.
pub(crate) fn enter(files: &Files) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    match confine_files(files).map_err(|error| confinement_failed(error.as_ref()))? {
        RulesetStatus::FullyEnforced => {}
        RulesetStatus::PartiallyEnforced => notes.push(
            "this kernel confines the engine's files only partly; a newer one confines them fully"
                .to_owned(),
        ),
        RulesetStatus::NotEnforced => notes.push(
            "this kernel has no Landlock; the engine can read what its user can read".to_owned(),
        ),
    }
    for filter in [forbidden_calls(), unsupported_calls()] {
        let filter = filter.map_err(|error| confinement_failed(&error))?;
        if let Err(error) = seccompiler::apply_filter(&filter) {
            notes.push(format!(
                "this kernel takes no seccomp filter ({error}); the engine could open sockets"
            ));
            break;
        }
    }
    Ok(notes)
}

/// Takes away opening files altogether, on all threads, from an engine that is loaded and keeps
/// no prefixes. Returns a note when that fails.
pub(crate) fn tighten() -> Option<String> {
    if !DEVICE_PATHS.is_empty() {
        // GPU drivers open files whenever they like.
        return None;
    }
    let calls = [
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_memfd_create,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat,
    ];
    let applied = filter_of(calls.map(|call| (call, Vec::new())), libc::EACCES)
        .and_then(|filter| seccompiler::apply_filter_all_threads(&filter));
    applied
        .err()
        .map(|error| format!("the loaded engine could not be confined further ({error})"))
}

fn confinement_failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        codes::MODEL_LOAD_FAILED,
        format!("the engine cannot be confined to its model ({error}); check the model's path"),
    )
}

fn confine_files(files: &Files) -> Result<RulesetStatus, Box<dyn std::error::Error>> {
    let read = AccessFs::from_read(RIGHTS) & !AccessFs::Execute;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .create()?;
    for path in &files.read {
        rules = allow(rules, path, read)?;
    }
    for path in MACHINE_PATHS {
        // Not there in a bare container, and then nothing can be read of it.
        if Path::new(path).exists() {
            rules = allow(rules, Path::new(path), read)?;
        }
    }
    for path in DEVICE_PATHS {
        if Path::new(path).exists() {
            rules = allow(rules, Path::new(path), AccessFs::from_all(RIGHTS))?;
        }
    }
    if let Some(path) = &files.write {
        let write = AccessFs::from_all(RIGHTS) & !AccessFs::Execute;
        rules = allow(rules, path, write)?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(RIGHTS)
    };
    Ok(rules.add_rule(PathBeneath::new(PathFd::new(path)?, access))?)
}

/// New sockets, programs, processes and whatever reaches into other processes or the kernel.
fn forbidden_calls() -> Result<BpfProgram, seccompiler::Error> {
    let always = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_kill,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_personality,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_syslog,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];
    // `clone` makes threads and processes; only what shares everything is a thread.
    let thread_flag = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let no_thread = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(thread_flag),
        0,
    )?;
    let rules = always.map(|call| (call, Vec::new())).into_iter();
    let clone = (libc::SYS_clone, vec![SeccompRule::new(vec![no_thread])?]);
    filter_of(rules.chain([clone]), libc::EPERM)
}

/// `clone3` hides its flags from filters; without it the C library falls back to `clone`.
fn unsupported_calls() -> Result<BpfProgram, seccompiler::Error> {
    filter_of([(libc::SYS_clone3, Vec::new())], libc::ENOSYS)
}

/// A filter that answers `calls` with an error and lets everything else through.
fn filter_of(
    calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>,
    errno: i32,
) -> Result<BpfProgram, seccompiler::Error> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(
        calls.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        architecture,
    )?;
    Ok(BpfProgram::try_from(filter)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    use super::*;

    const CHILD: &str = "GUILDHALL_SANDBOX_TEST_DIRECTORY";

    /// Runs the probe below in a process of its own, which can afterwards do no more tests.
    #[test]
    fn a_confined_process_opens_no_other_file_and_no_socket() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["model.gguf", "other"] {
            fs::write(directory.path().join(name), "text").unwrap();
        }
        fs::create_dir(directory.path().join("prefixes")).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sandbox::tests::probe", "--nocapture"])
            .env(CHILD, directory.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(directory.path().join("prefixes/probed").is_file(), "{text}");
    }

    #[test]
    fn probe() {
        let Some(directory) = std::env::var_os(CHILD).map(PathBuf::from) else {
            return;
        };
        let files = Files {
            read: vec![directory.join("model.gguf")],
            write: Some(directory.join("prefixes")),
        };
        let notes = enter(&files).unwrap();
        fs::read(directory.join("model.gguf")).unwrap();
        fs::write(directory.join("prefixes/a"), "b").unwrap();
        if notes.is_empty() {
            for path in ["other", "new"] {
                let refused = fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(directory.join(path));
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
            assert!(fs::read("/etc/passwd").is_err());
        }
        assert!(TcpListener::bind("127.0.0.1:0").is_err());
        assert!(UdpSocket::bind("127.0.0.1:0").is_err());
        assert!(UnixStream::pair().is_err());
        assert!(Command::new("/bin/true").status().is_err());
        std::thread::spawn(|| ()).join().unwrap();
        fs::write(directory.join("prefixes/probed"), format!("{notes:?}")).unwrap();
        assert_eq!(tighten(), None);
        assert!(fs::read(directory.join("model.gguf")).is_err());
    }
}
