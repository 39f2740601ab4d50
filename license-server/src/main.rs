//! The `guildhall-license-server` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    guildhall_license_server::cli::main()
}
