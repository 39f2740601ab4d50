//! The node's integration tests: HTTP against the in-process router on a temporary data directory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod accounts;
mod adapters;
mod bulk;
mod catalog;
mod chat;
mod deadlines;
mod door;
mod dropped;
mod federation;
mod gateway;
mod gateway_grammar;
mod gateway_refusals;
mod harness;
mod idempotency;
mod identity;
mod interface;
mod keys;
mod knowledge;
mod licensing;
mod mail;
mod metering;
mod models;
mod oauth;
mod oidc;
mod packs;
mod playground;
mod policies;
mod prompts;
mod providers;
mod queue;
mod quotas;
mod ratings;
mod registry;
mod retrieval;
mod revocation;
mod roles;
mod scim;
mod standing;
mod supervision;
mod supervision_phases;
mod tidy;
mod two_organisations;
mod uploads;
