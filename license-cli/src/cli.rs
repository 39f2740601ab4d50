//! The command line. Every command: `--json` for programs; exit code 0, 1 or 2 (done, failed, wrong usage); errors on standard
//! error as one sentence that says what to do.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    Result, crl, history, inspect, issue, keygen, keyring, lease,
    output::{Answer, Output},
    report, shell,
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
    /// Issue a licence.
    Issue(Box<issue::Issue>),
    /// Issue the next serial of a licence.
    Renew(Box<issue::Renew>),
    /// Revoke a licence, a node, a lease, a key or a bundle: note it for the next list.
    Revoke(crl::Revoke),
    /// Sign the next revocation list.
    Crl(crl::MakeCrl),
    /// Answer a node's activation request with a lease.
    Lease(lease::Answering),
    /// Show what a file says, and whether it is to be believed.
    Inspect(inspect::Inspect),
    /// Check a file; exit code 1 when it is not good.
    Verify(inspect::Verify),
    /// Usage reports.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// The ledger of everything that was issued.
    #[command(subcommand)]
    Ledger(history::LedgerCommand),
    /// Print a completion script for a shell.
    Completions(shell::Completions),
    /// Write manual pages.
    Man(shell::Man),
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
        Command::Issue(arguments) => issue::issue(&arguments),
        Command::Renew(arguments) => issue::renew(&arguments),
        Command::Revoke(arguments) => crl::revoke(&arguments),
        Command::Crl(arguments) => crl::make(&arguments),
        Command::Lease(arguments) => lease::run(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Verify(arguments) => inspect::check(&arguments),
        Command::Report(command) => report::run(&command),
        Command::Ledger(command) => history::run(&command),
        Command::Completions(arguments) => Ok(shell::completions(&arguments)),
        Command::Man(arguments) => shell::man(&arguments),
    }
}
