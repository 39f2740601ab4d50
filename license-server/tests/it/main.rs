//! The licence server from outside: requests to its router, and its program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

mod activation;
mod flow;
mod log;
mod node;
mod portal;
mod program;
mod reports;
mod restore;
mod revocation;
mod server;
mod standing;
mod webhooks;
