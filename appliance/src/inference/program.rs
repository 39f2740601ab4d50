//! The engine's program: where it lies and how much of the machine it may use.

use std::path::PathBuf;

use guildhall_kernel::{Error, Result};

use crate::config::Config;

const THREADS_MAX: usize = 8;

/// The engine's program: as configured, else beside this one (test programs lie one directory deeper).
pub(super) fn engine_program(config: &Config) -> PathBuf {
    if let Some(path) = &config.engine.path {
        return path.clone();
    }
    let here = std::env::current_exe().ok();
    let directories = here
        .iter()
        .flat_map(|path| path.ancestors().skip(1).take(2));
    let mut candidates = directories.map(|directory| directory.join("guildhall-engine"));
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from("guildhall-engine"))
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
