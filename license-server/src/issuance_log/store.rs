//! Every SQL statement on the log's entries and checkpoints (its nodes are `tree`'s).

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Page, PageRequest, Result, Timestamp};
use guildhall_merkle::Hash;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Leaf;
use crate::app::after_number;

/// One entry as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LogEntry {
    /// Its place, from 0.
    pub(super) position: i64,
    /// `license`, `lease` or `crl`.
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) at: Timestamp,
    /// The leaf's bytes, which are JSON.
    pub(super) leaf: String,
    /// The hash of the leaf (RFC 6962), in hex.
    pub(super) leaf_hash: String,
}

/// A signed statement on the whole log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Checkpoint {
    /// Entries in the log.
    pub(super) size: u64,
    /// The root of its tree, in hex.
    pub(super) root: String,
    /// The signed checkpoint as text.
    pub(super) note: String,
    pub(super) at: Timestamp,
}

pub(super) fn size(reader: &Reader<'_>) -> Result<u64> {
    reader.query_one(
        "SELECT COALESCE(MAX(position) + 1, 0) AS size FROM log_entries",
        params![],
        |row| row.get("size"),
    )
}

pub(super) fn insert(tx: &Tx<'_>, leaf: &Leaf<'_>, bytes: &[u8], hash: &Hash) -> Result<()> {
    tx.execute(
        "INSERT INTO log_entries (position, kind, subject, at, leaf, leaf_hash) VALUES (?, ?, ?, ?, ?, ?)",
        params![leaf.position, leaf.kind, leaf.subject, leaf.at, bytes, hash],
    )?;
    Ok(())
}

/// One page of the log, newest first.
pub(super) fn list(reader: &Reader<'_>, page: &PageRequest) -> Result<Page<LogEntry>> {
    let before = after_number(page)?.unwrap_or(i64::MAX);
    let items = reader.query_all(
        "SELECT position, kind, subject, at, leaf, leaf_hash FROM log_entries
         WHERE position < ? ORDER BY position DESC LIMIT ?",
        params![before, page.limit() + 1],
        |row| {
            Ok(LogEntry {
                position: row.get("position")?,
                kind: row.get("kind")?,
                subject: row.get("subject")?,
                at: row.get("at")?,
                leaf: String::from_utf8_lossy(&row.get::<Vec<u8>>("leaf")?).into_owned(),
                leaf_hash: data_encoding::HEXLOWER.encode(&row.get::<Vec<u8>>("leaf_hash")?),
            })
        },
    )?;
    Ok(Page::cut(items, page.limit(), |entry| {
        entry.position.to_string()
    }))
}

pub(super) fn insert_checkpoint(tx: &Tx<'_>, point: &Checkpoint, root: &Hash) -> Result<()> {
    tx.execute(
        "INSERT INTO log_checkpoints (size, root, note, at) VALUES (?, ?, ?, ?)",
        params![point.size, root, point.note, point.at],
    )?;
    Ok(())
}

/// The checkpoint of a size, if one was signed.
pub(super) fn find_checkpoint(reader: &Reader<'_>, size: u64) -> Result<Option<Checkpoint>> {
    reader.query_opt(
        "SELECT size, root, note, at FROM log_checkpoints WHERE size = ?",
        params![size],
        |row| {
            Ok(Checkpoint {
                size: row.get("size")?,
                root: data_encoding::HEXLOWER.encode(&row.get::<Vec<u8>>("root")?),
                note: row.get("note")?,
                at: row.get("at")?,
            })
        },
    )
}
