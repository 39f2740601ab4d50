//! Metering: one row per answered message. Money comes on top of these rows later.
//!
//! Invariant: a row is written in the transaction that finishes its message, so what was answered and
//! what was counted never differ.

mod routes;
mod store;

use guildhall_db::Tx;
use guildhall_kernel::{MessageId, OrgId, PersonId, Result, Timestamp, UsageId, VeId};

pub use routes::router;
pub use store::Totals;

/// What one answer took.
#[derive(Clone, Debug)]
pub struct Metered {
    pub id: UsageId,
    pub organisation: OrgId,
    pub person: PersonId,
    pub ve: VeId,
    pub message: MessageId,
    /// `generative` or `extractive`.
    pub mode: String,
    pub model: String,
    pub input_tokens: u32,
    pub output_tokens: u32,
    /// Milliseconds from the question to the first piece of the answer.
    pub first_token_ms: u64,
    /// Milliseconds from the question to the end of the answer.
    pub latency_ms: u64,
    pub created_at: Timestamp,
}

/// Counts one answer, in the transaction that finishes it.
///
/// # Errors
/// Those of the database.
pub fn meter(tx: &Tx<'_>, row: &Metered) -> Result<()> {
    store::insert(tx, row)
}

/// What an organisation used since an instant.
///
/// # Errors
/// Those of the database.
pub fn totals(
    reader: &guildhall_db::Reader<'_>,
    organisation: OrgId,
    since: Timestamp,
) -> Result<Totals> {
    store::totals(reader, organisation, since)
}
