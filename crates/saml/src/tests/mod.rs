//! Responses of a genuine identity provider, and what attackers make of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod encrypted;
mod foreign;
mod idp;
mod logout;
mod metadata;
mod property;
mod refusals;
mod rollover;
mod seeds;
mod wrapping;
