//! The `guildhall` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    guildhall::cli::main()
}
