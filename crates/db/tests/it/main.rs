//! The database machinery against real files, killed processes, full disks and power cuts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod backup;
mod disk_full;
mod group_commit;
mod isolation;
mod kill;
mod ledger;
mod opening;
mod power_cut;
mod schema;
mod statements;
