//! The `guildhall` program.

use std::process::ExitCode;

/// The C library's allocator keeps what a start and a burst of calls took; this one gives it back and is faster (ADR 0018). How it is
/// set stands in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    guildhall::cli::main()
}
