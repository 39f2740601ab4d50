//! The program as a vendor runs it: every test starts it as a process.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

mod ceremony;
mod guide;
mod keys;
mod leases;
mod licences;
mod reports;
mod token;
mod vendor;
