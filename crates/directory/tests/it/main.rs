//! Against a real OpenLDAP, started for each test on ports of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod login;
mod people;
mod servers;
mod slapd;
mod steps;
