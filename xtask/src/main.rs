//! Tasks of the workshop: generated files, the rules of the house, benchmarks. `cargo xtask` lists them.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod bench;
mod generated;
mod tidy;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What a task answers; its error is one sentence for the terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: cargo xtask TASK
  openapi      write docs/openapi*.json and the API types of the interface and the portals
  schemas      write the JSON Schemas of docs/
  check        compare generated files with what the code says now, and check the rules of STYLE.md
  bench http       measure a node's HTTP interface and write docs/benchmarks/http.md and .json
  bench gateway    measure a node's model gateway against nginx and LiteLLM and write docs/benchmarks/gateway.md and .json
  bench upload     measure how fast a model file of 0.6 GB goes up in pieces, and print it
  bench license    measure verifications and the licence server, and write docs/benchmarks/license.md and .json
  bench inference  measure the engine against bare llama.cpp and write docs/benchmarks/inference.md and .json
  train        let a node do what nodes do most, so that one built for it writes a profile (scripts/dist.sh)

GUILDHALL_BIN names the program to ask or to measure, the others lie beside it; without it the tasks build the unoptimised one.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["openapi"] => generated::write_api(root()),
        ["schemas"] => generated::write_schemas(root()),
        ["check"] => check(),
        ["bench", "http"] => bench::http(root()),
        ["bench", "gateway"] => bench::gateway(root()),
        ["bench", "license"] => bench::license(root()),
        ["bench", "inference"] => bench::inference(root()),
        ["bench", "upload"] => bench::upload(root()),
        ["train"] => bench::train(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reports everything that is wrong, not only the first.
fn check() -> Result<()> {
    let mut findings = tidy::check(root())?;
    findings.extend(generated::stale(root())?);
    for finding in &findings {
        eprintln!("  {finding}");
    }
    if findings.is_empty() {
        println!("generated files are current, and the rules hold");
        Ok(())
    } else {
        Err(format!("{} findings, listed above", findings.len()).into())
    }
}

/// The repository's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The `guildhall` program: the one that `GUILDHALL_BIN` names, or an unoptimised build of the sources.
fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("GUILDHALL_BIN") {
        return Ok(path.into());
    }
    let mut build = std::process::Command::new("cargo");
    build.args([
        "build",
        "--package",
        "guildhall",
        "--package",
        "guildhall-engine",
        "--package",
        "guildhall-license-server",
        "--bins",
    ]);
    if !build.current_dir(root()).status()?.success() {
        return Err("guildhall does not build; see the messages above".into());
    }
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/guildhall"))
}
