//! Sending mail to a server that behaves, and to servers that do not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod sending;
mod server;
