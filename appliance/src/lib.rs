//! The Guildhall node. One module per domain; a module imports only lower tiers, and only their
//! façade. `app` is the composition root; the table of allowed edges is a test (`tests/it/tidy.rs`).
// The futures of a gateway's handler lie deeper in each other than the compiler's default expects.
#![recursion_limit = "256"]

pub mod app;
pub mod audit;
pub mod billing;
pub mod catalog;
pub mod chat;
pub mod cli;
pub mod config;
pub mod directory;
pub mod egress;
pub mod events;
pub mod federation;
pub mod http;
pub mod idempotency;
pub mod identity;
pub mod inference;
pub mod keys;
pub mod knowledge;
pub mod licensing;
pub mod mail;
pub mod oauth;
pub mod ops;
pub mod playground;
pub mod prompts;
pub mod protocols;
pub mod ratings;
pub mod scim;
pub mod secrets;
pub mod team;
pub mod telemetry;
