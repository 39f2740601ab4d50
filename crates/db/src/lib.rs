//! SQLite as a service inside the process: one writer with group commit, a pool of read-only
//! readers, embedded migrations, checks and online backup. No domain word lives here.
//!
//! # Invariants
//! - **One writer.** Every change goes through [`Db::write`] to one thread. It runs the waiting
//!   closures in one `BEGIN IMMEDIATE`, each in its own savepoint, and commits once.
//! - **Nothing is reported before the commit.** A caller hears of success, and of its own error
//!   too (it may rest on a neighbour's uncommitted row), only after the batch has committed.
//! - **All or nothing, twice.** An error or panic rolls back its own closure only. When SQLite
//!   gives up the whole transaction (full disk, I/O error), or the commit fails, every caller of
//!   the batch gets a retryable error and no closure of it counts.
//! - **An acknowledged change survives** a crash of the process; with [`Durability::Full`] also a
//!   power cut.
//! - **A retryable error means "not acknowledged".** A commit whose sync failed may come back
//!   after a crash: a caller that retries needs an idempotent change.
//! - **Queues are bounded.** A full queue refuses at once (`database_busy`).
//! - **Closures do not wait for their own database**: one that calls `write_blocking` from a write
//!   waits for itself.
//! - **Readers cannot write**: the types have no way to, and the connections are `query_only`.
//! - **Tables are `STRICT` and constraints immediate**: a migration that breaks this is refused.
//!
//! # Deliberate absences
//! - No interruption of the writer: it would roll back every caller of the batch.
//! - No asynchronous closures: no transaction can wait for a network or a model.
//! - No access to the driver: SQL text, parameters and rows are all a store sees, so that the same
//!   stores can run on another database.

mod access;
mod checks;
mod connection;
mod db;
mod error;
#[cfg(feature = "fault-vfs")]
pub mod fault_vfs;
mod filesystem;
mod migrate;
mod options;
mod queue;
mod reader;
mod row;
mod value;
mod writer;

pub use access::{Reader, Tx};
pub use db::{Counters, Db};
pub use error::is_passing;
pub use filesystem::{FileSystemProbe, file_system_type, refuse_network_file_system};
pub use options::{DbOptions, Durability, Migration};
pub use row::{FromColumn, Row};
pub use value::{ToValue, Value};
