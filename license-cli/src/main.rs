//! The `guildhall-license` program: what a vendor needs to sell licences from a terminal, with no server and no network.
#![forbid(unsafe_code)]

mod artefacts;
mod cli;
mod dates;
mod files;
mod keygen;
mod keyring;
mod keys;
mod ledger;
mod output;

use std::process::ExitCode;

/// Errors are the library's refusals: a stable code and a sentence.
pub(crate) type Result<T> = std::result::Result<T, guildhall_license::Refusal>;

fn main() -> ExitCode {
    cli::main()
}
