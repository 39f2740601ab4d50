//! The `guildhall-license` program: what a vendor needs to sell licences from a terminal, with no server and no network.
#![forbid(unsafe_code)]

mod artefacts;
mod cli;
mod crl;
mod dates;
mod files;
mod history;
mod inspect;
mod issue;
mod keygen;
mod keyring;
mod keys;
mod lease;
mod ledger;
mod output;
mod plan;
mod report;
mod shell;
mod terms;

use std::process::ExitCode;

/// Errors are the library's refusals: a stable code and a sentence.
pub(crate) type Result<T> = std::result::Result<T, guildhall_license::Refusal>;

fn main() -> ExitCode {
    cli::main()
}
