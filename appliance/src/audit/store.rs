//! Every SQL statement on `audit_entries`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, Result, Timestamp};
use serde::Serialize;

use super::Leaf;

/// One stored entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the log, from 1.
    pub sequence: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What was done, such as `ve.hired`.
    pub action: String,
    /// The immutable bytes.
    pub leaf: Vec<u8>,
}

pub(super) fn next_sequence(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COALESCE(MAX(sequence), 0) + 1 AS next FROM audit_entries",
        params![],
        |row| row.get("next"),
    )
}

pub(super) fn insert<D: Serialize>(tx: &Tx<'_>, leaf: &Leaf<'_, D>) -> Result<()> {
    tx.execute(
        "INSERT INTO audit_entries (sequence, id, organisation_id, at, action, leaf) VALUES (?, ?, ?, ?, ?, ?)",
        params![leaf.sequence, leaf.id, leaf.organisation, leaf.at, leaf.action, serde_json::to_vec(leaf)?],
    )?;
    Ok(())
}

/// How many entries the log holds.
///
/// # Errors
/// Those of the database.
pub fn count(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS entries FROM audit_entries",
        params![],
        |row| row.get("entries"),
    )
}

/// The bytes of the newest entry.
pub(super) fn newest_leaf(reader: &Reader<'_>) -> Result<Option<Vec<u8>>> {
    reader.query_opt(
        "SELECT leaf FROM audit_entries ORDER BY sequence DESC LIMIT 1",
        params![],
        |row| row.get("leaf"),
    )
}

/// The newest `limit` entries of an organisation, newest first.
///
/// # Errors
/// Those of the database.
pub fn entries_of(reader: &Reader<'_>, organisation: OrgId, limit: u32) -> Result<Vec<Entry>> {
    reader.query_all(
        "SELECT sequence, at, action, leaf FROM audit_entries
         WHERE organisation_id = ? ORDER BY sequence DESC LIMIT ?",
        params![organisation, limit],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        sequence: row.get("sequence")?,
        at: row.get("at")?,
        action: row.get("action")?,
        leaf: row.get("leaf")?,
    })
}
