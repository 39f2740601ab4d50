//! The node's integration tests: HTTP against the in-process router on a temporary data directory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod catalog;
mod chat;
mod gateway;
mod gateway_refusals;
mod harness;
mod idempotency;
mod identity;
mod knowledge;
mod licensing;
mod metering;
mod models;
mod packs;
mod playground;
mod prompts;
mod providers;
mod queue;
mod ratings;
mod registry;
mod retrieval;
mod standing;
mod supervision;
mod tidy;
mod uploads;
