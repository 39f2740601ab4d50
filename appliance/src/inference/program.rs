//! The engine's program: where it lies and how much of the machine it may use.

use std::path::PathBuf;

use guildhall_kernel::{Error, Result};

use crate::config::Config;

const THREADS_MAX: usize = 8;

/// The engine's program: as configured, else the one beside this program (test programs lie one directory deeper)
/// that is built for most of what this processor can do.
pub(super) fn engine_program(config: &Config) -> PathBuf {
    if let Some(path) = &config.engine.path {
        return path.clone();
    }
    let here = std::env::current_exe().ok();
    let directories = here
        .iter()
        .flat_map(|path| path.ancestors().skip(1).take(2));
    let mut candidates = directories
        .flat_map(|directory| engine_names().into_iter().map(|name| directory.join(name)));
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from("guildhall-engine"))
}

/// What the engine is called that this processor runs, the fastest first. An instruction that the processor
/// does not know would kill the engine, so a build for more than it can do is never named.
#[cfg(target_arch = "x86_64")]
fn engine_names() -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma") && has!("f16c") && has!("bmi2");
    let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
    let mut names = Vec::new();
    if avx2 && avx512 && has!("avx512vnni") {
        names.push("guildhall-engine-avx512");
    }
    if avx2 {
        names.push("guildhall-engine");
    } else {
        names.push("guildhall-engine-baseline");
    }
    names
}

#[cfg(not(target_arch = "x86_64"))]
fn engine_names() -> Vec<&'static str> {
    vec!["guildhall-engine"]
}

/// The version of the engine that would be started, for `doctor`.
///
/// # Errors
/// `engine_missing` when it does not start.
pub fn engine_version(config: &Config) -> Result<String> {
    let program = engine_program(config);
    let output = std::process::Command::new(&program)
        .arg("--version")
        .output();
    let output = output.map_err(|error| {
        let message = format!(
            "{} does not start; put guildhall-engine beside guildhall or set `engine.path`",
            program.display()
        );
        Error::unavailable("engine_missing", message, 60).with_source(error)
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub(super) fn default_threads() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores.min(THREADS_MAX)).unwrap_or(1)
}
