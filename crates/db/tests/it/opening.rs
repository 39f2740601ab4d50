//! What `open` refuses, and what it says then.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use guildhall_db::{Db, DbOptions, Migration, refuse_network_file_system};
use guildhall_kernel::Error;

use crate::ledger::{MIGRATIONS, append, entries, open, options};

fn refusal(options: DbOptions) -> Error {
    Db::open(options).err().expect("open should refuse")
}

#[test]
fn a_network_file_system_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path());
    options.file_system = |_path| Ok(0x6969);
    let path = options.path.clone();
    let error = refusal(options);
    assert_eq!(error.code(), "network_file_system");
    assert!(error.message().contains("(NFS)"), "{error}");
    assert!(error.message().contains("local disk"));
    assert!(!path.exists(), "nothing is created there");
}

#[test]
fn other_network_file_systems_are_refused_and_local_ones_are_not() {
    let here = Path::new(".");
    for (probe, name) in [
        (
            (|_| Ok(0xff53_4d42)) as guildhall_db::FileSystemProbe,
            "CIFS",
        ),
        (|_| Ok(0xfe53_4d42), "SMB"),
        (|_| Ok(0x0102_1997), "9P"),
    ] {
        let error = refuse_network_file_system(here, probe).unwrap_err();
        assert!(error.message().contains(name), "{error}");
    }
    let (ext4, btrfs): (guildhall_db::FileSystemProbe, guildhall_db::FileSystemProbe) =
        (|_| Ok(0xef53), |_| Ok(0x9123_683e));
    refuse_network_file_system(here, ext4).unwrap();
    refuse_network_file_system(here, btrfs).unwrap();
}

#[test]
fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(options(&directory.path().join("nowhere")));
    assert_eq!(error.code(), "data_dir_unreadable");
    assert!(error.message().contains("nowhere"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let letter = "Dear Sir or Madam, this is not a database. ".repeat(200);
    fs::write(&path, &letter).unwrap();
    let error = refusal(options(directory.path()));
    assert_eq!(error.code(), "not_a_database");
    assert!(error.message().contains("test.db"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn a_newer_schema_is_refused_with_both_versions_and_the_way_out() {
    const NEWER: &[Migration] = &[
        MIGRATIONS[0],
        Migration {
            version: 2,
            name: "more",
            sql: "CREATE TABLE more (number INTEGER PRIMARY KEY) STRICT",
        },
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut newer = options(directory.path());
    newer.migrations = NEWER;
    let db = Db::open(newer).unwrap();
    db.write_blocking(|tx| append(tx, 1)).unwrap();
    db.close();

    let error = refusal(options(directory.path()));
    assert_eq!(error.code(), "schema_too_new");
    for part in [
        "schema version 2",
        "versions up to 1",
        "newer release",
        "backup",
    ] {
        assert!(error.message().contains(part), "{error}");
    }

    let mut newer = options(directory.path());
    newer.migrations = NEWER;
    let stored = Db::open(newer).unwrap().read_blocking(entries).unwrap();
    assert_eq!(stored, [1].into(), "the refusal changed nothing");
}

#[test]
fn a_changed_migration_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).close();
    let mut changed = options(directory.path());
    changed.migrations = &[Migration {
        version: 1,
        name: "ledger",
        sql: "CREATE TABLE ledger (number INTEGER PRIMARY KEY) STRICT",
    }];
    let error = refusal(changed);
    assert_eq!(error.code(), "migration_changed");
    assert!(
        error.message().contains("migration 1 (`ledger`)"),
        "{error}"
    );
}

#[test]
fn a_damaged_file_is_found_by_the_checks() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    for number in 0..500 {
        db.write_blocking(move |tx| append(tx, number)).unwrap();
    }
    db.close();
    let path = directory.path().join("test.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(3 * 4096).take(4096) {
        *byte ^= 0x5a;
    }
    fs::write(&path, bytes).unwrap();

    let db = open(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let quick = runtime.block_on(db.quick_check()).unwrap_err();
    let full = runtime.block_on(db.integrity_check()).unwrap_err();
    assert_eq!(
        (quick.code(), full.code()),
        ("database_corrupt", "database_corrupt")
    );
    assert!(full.message().contains("restore a verified backup"));
}

#[test]
fn the_file_is_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    db.write_blocking(|tx| append(tx, 1)).unwrap();
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        let mode = fs::metadata(directory.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

const READ_ONLY: &str = "GUILDHALL_DB_TEST_READ_ONLY_DIRECTORY";
const NOBODY: u32 = 65534;

/// Root may write anywhere, so as root the refusal is looked for in a process of `nobody`.
#[test]
fn a_directory_or_file_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let child = child_of_nobody(directory.path());
    open(directory.path()).close();
    let file = directory.path().join("test.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    fs::create_dir(directory.path().join("empty")).unwrap();
    fs::set_permissions(
        directory.path().join("empty"),
        fs::Permissions::from_mode(0o555),
    )
    .unwrap();

    let mut command = Command::new(child);
    command
        .args([
            "--exact",
            "opening::child_that_may_not_write",
            "--nocapture",
        ])
        .env(READ_ONLY, directory.path());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("looked at both"), "{said}");
}

/// Not a test of its own: what the process without rights runs.
#[test]
fn child_that_may_not_write() {
    let Some(directory) = env::var_os(READ_ONLY).map(PathBuf::from) else {
        return;
    };
    for directory in [directory.clone(), directory.join("empty")] {
        let error = refusal(options(&directory));
        assert_eq!(error.code(), "database_not_writable", "{error:?}");
        assert!(error.message().contains("test.db"), "{error}");
    }
    // The parent looks for this line.
    std::io::Write::write_all(&mut std::io::stdout(), b"looked at both\n").unwrap();
}

/// A copy of this program where anyone can run it.
fn child_of_nobody(directory: &Path) -> PathBuf {
    let copy = directory.join("child");
    fs::copy(env::current_exe().unwrap(), &copy).unwrap();
    for path in [directory, &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
