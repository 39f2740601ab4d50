//! Metering: one row per call of a model. Money comes on top of these rows later.
//!
//! Invariants: every call leaves one row, also when it failed or was stopped; an employee's answer and its
//! row are written in one transaction, so what was answered and what was counted never differ; metrics
//! count the rows that are durable. Deliberately absent: what was said.

mod figures;
mod filter;
mod meter;
mod model;
mod routes;
mod store;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{OrgId, Result, Timestamp};

pub use meter::{Meter, Place};
pub use model::{Call, CallKind, Outcome};
pub use routes::router;
pub use store::Totals;

/// Counts one call in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn meter(tx: &Tx<'_>, call: &Call) -> Result<()> {
    store::insert(tx, call)?;
    let call = call.clone();
    tx.after_commit(move || figures::observe(&[&call]));
    Ok(())
}

/// How many answers employees gave on the whole node, from one instant to before another.
///
/// # Errors
/// Those of the database.
pub fn count_answers(reader: &Reader<'_>, from: Timestamp, to: Timestamp) -> Result<u64> {
    store::count_answers(reader, from, to)
}

/// What an organisation used since an instant.
///
/// # Errors
/// Those of the database.
pub fn totals(reader: &Reader<'_>, organisation: OrgId, since: Timestamp) -> Result<Totals> {
    let filter = filter::UsageFilter {
        from: Some(since),
        ..filter::UsageFilter::default()
    };
    store::totals(reader, store::Whose::Organisation(organisation), &filter)
}
