//! The command line. Every command: `--json` for programs; exit code 0, 1 or 2 (done, failed, wrong usage); errors on standard
//! error as one sentence that says what to do.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    Result, keygen, keyring,
    output::{Answer, Output},
};

/// Guildhall licences from a terminal: keys, keyrings, licences, leases, revocations and usage reports. Needs no server and no network.
#[derive(Parser)]
#[command(name = "guildhall-license", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key pair.
    Keygen(keygen::Keygen),
    /// The keyring: which keys may sign what.
    #[command(subcommand)]
    Keyring(keyring::KeyringCommand),
}

/// Runs the program and says how it went.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output {
        json: arguments.json,
    };
    match run(arguments.command) {
        Ok(answer) => output.answer(&answer),
        Err(refusal) => output.fail(&refusal),
    }
}

fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Keygen(keygen) => keygen::run(&keygen),
        Command::Keyring(command) => keyring::run(&command),
    }
}
