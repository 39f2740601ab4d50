//! Every SQL statement on `secrets`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, SecretId, Timestamp};

/// A sealed value as stored.
pub(super) struct SealedRow {
    pub(super) id: SecretId,
    pub(super) owner: String,
    pub(super) key_id: String,
    pub(super) sealed: Vec<u8>,
}

fn sealed(row: &Row<'_>) -> Result<SealedRow> {
    Ok(SealedRow {
        id: row.get("id")?,
        owner: row.get("owner")?,
        key_id: row.get("key_id")?,
        sealed: row.get("sealed")?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, row: &SealedRow, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO secrets (id, owner, key_id, sealed, created_at) VALUES (?, ?, ?, ?, ?)",
        params![
            row.id,
            row.owner.as_str(),
            row.key_id.as_str(),
            row.sealed.as_slice(),
            at
        ],
    )?;
    Ok(())
}

pub(super) fn find(reader: &Reader<'_>, id: SecretId) -> Result<Option<SealedRow>> {
    reader.query_opt("SELECT * FROM secrets WHERE id = ?", params![id], sealed)
}

pub(super) fn note_opened(tx: &Tx<'_>, id: SecretId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE secrets SET opened_at = ? WHERE id = ?",
        params![at, id],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: SecretId) -> Result<()> {
    tx.execute("DELETE FROM secrets WHERE id = ?", params![id])?;
    Ok(())
}

/// Rows that another key sealed.
pub(super) fn sealed_otherwise(reader: &Reader<'_>, key_id: &str) -> Result<Vec<SealedRow>> {
    reader.query_all(
        "SELECT * FROM secrets WHERE key_id <> ? ORDER BY id LIMIT 100000",
        params![key_id],
        sealed,
    )
}

pub(super) fn reseal(tx: &Tx<'_>, row: &SealedRow, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE secrets SET key_id = ?, sealed = ?, replaced_at = ? WHERE id = ?",
        params![row.key_id.as_str(), row.sealed.as_slice(), at, row.id],
    )?;
    Ok(())
}
