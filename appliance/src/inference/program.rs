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
    let mut candidates = directories.flat_map(|directory| {
        engine_names(Abilities::here())
            .into_iter()
            .map(|name| directory.join(name))
    });
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from("guildhall-engine"))
}

/// What a processor can do, as far as there is an engine built for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abilities {
    /// AVX-512 with its instructions for 8-bit products, and all of the next.
    Avx512,
    /// AVX2 and what came with it.
    Avx2,
    /// x86-64 and no more.
    Baseline,
    /// Another kind of processor, for which one engine is built.
    #[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "never met there"))]
    Other,
}

impl Abilities {
    #[cfg(target_arch = "x86_64")]
    fn here() -> Self {
        use std::arch::is_x86_feature_detected as has;
        let avx2 = [has!("avx2"), has!("fma"), has!("f16c"), has!("bmi2")];
        let avx512 = [
            has!("avx512f"),
            has!("avx512bw"),
            has!("avx512dq"),
            has!("avx512vl"),
            has!("avx512vnni"),
        ];
        Self::of(&avx2, &avx512)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn here() -> Self {
        Self::Other
    }

    /// An instruction that the processor does not know would kill the engine, so one that is missing takes the
    /// whole set away.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "asked on x86-64 only")
    )]
    fn of(avx2: &[bool], avx512: &[bool]) -> Self {
        let all = |set: &[bool]| set.iter().all(|is_there| *is_there);
        match (all(avx2), all(avx512)) {
            (true, true) => Self::Avx512,
            (true, false) => Self::Avx2,
            (false, _) => Self::Baseline,
        }
    }
}

/// What engines are called that such a processor runs, the fastest first.
fn engine_names(abilities: Abilities) -> Vec<&'static str> {
    match abilities {
        Abilities::Avx512 => vec!["guildhall-engine-avx512", "guildhall-engine"],
        Abilities::Avx2 | Abilities::Other => vec!["guildhall-engine"],
        Abilities::Baseline => vec!["guildhall-engine-baseline"],
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const AVX2: [bool; 4] = [true; 4];
    const AVX512: [bool; 5] = [true; 5];

    #[test]
    fn the_fastest_engine_that_the_processor_runs_comes_first() {
        let names = |avx2: &[bool], avx512: &[bool]| engine_names(Abilities::of(avx2, avx512));
        assert_eq!(
            names(&AVX2, &AVX512),
            ["guildhall-engine-avx512", "guildhall-engine"]
        );
        assert_eq!(names(&AVX2, &[false; 5]), ["guildhall-engine"]);
        assert_eq!(
            names(&[false; 4], &[false; 5]),
            ["guildhall-engine-baseline"]
        );
    }

    #[test]
    fn one_missing_instruction_takes_its_whole_set_away() {
        for missing in 0..AVX512.len() {
            let mut some = AVX512;
            some[missing] = false;
            assert_eq!(Abilities::of(&AVX2, &some), Abilities::Avx2, "{missing}");
        }
        for missing in 0..AVX2.len() {
            let mut some = AVX2;
            some[missing] = false;
            // AVX-512 without AVX2, as some virtual machines show it, is no AVX-512 for the engine.
            assert_eq!(
                Abilities::of(&some, &AVX512),
                Abilities::Baseline,
                "{missing}"
            );
        }
    }

    #[test]
    fn this_machine_is_given_only_engines_that_it_runs() {
        let names = engine_names(Abilities::here());
        let is_known = |name: &&str| name.starts_with("guildhall-engine");
        assert!(!names.is_empty() && names.iter().all(is_known));
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = std::arch::is_x86_feature_detected!("avx2");
            assert!(
                has_avx2 || names == ["guildhall-engine-baseline"],
                "{names:?}"
            );
        }
    }

    #[test]
    fn a_configured_engine_is_taken_as_it_is() {
        let mut config = Config::default();
        config.engine.path = Some("/nowhere/engine".into());
        assert_eq!(engine_program(&config), PathBuf::from("/nowhere/engine"));
        assert_eq!(
            engine_version(&config).unwrap_err().code(),
            "engine_missing"
        );
    }
}
