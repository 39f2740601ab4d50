//! Against a real OpenLDAP, started for each test on ports of its own; for what only Active Directory knows, against a
//! server of ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod chain;
mod login;
mod people;
mod servers;
mod slapd;
mod steps;
mod windows;
