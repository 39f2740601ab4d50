//! The node's integration tests: HTTP against the in-process router on a temporary data directory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod catalog;
mod chat;
mod harness;
mod idempotency;
mod identity;
mod models;
mod providers;
mod standing;
mod tidy;
