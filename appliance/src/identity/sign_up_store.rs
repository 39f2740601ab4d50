//! Every SQL statement on requests for an account.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, SignUpId, Timestamp};

/// A request for an account as stored.
pub(super) struct SignUpRow {
    pub(super) id: SignUpId,
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) password_hash: String,
    /// What the organisation is to be called.
    pub(super) organisation: String,
    pub(super) address: String,
    pub(super) created_at: Timestamp,
}

fn sign_up(row: &Row<'_>) -> Result<SignUpRow> {
    Ok(SignUpRow {
        id: row.get("id")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        password_hash: row.get("password_hash")?,
        organisation: row.get("organisation")?,
        address: row.get("address")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds a request; one that waits for the same address stays as it is.
pub(super) fn insert(tx: &Tx<'_>, row: &SignUpRow) -> Result<()> {
    tx.execute(
        "INSERT INTO sign_ups (id, email, display_name, password_hash, organisation, address, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING",
        params![
            row.id,
            row.email.as_str(),
            row.display_name.as_str(),
            row.password_hash.as_str(),
            row.organisation.as_str(),
            row.address.as_str(),
            row.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn find(reader: &Reader<'_>, id: SignUpId) -> Result<Option<SignUpRow>> {
    reader.query_opt("SELECT * FROM sign_ups WHERE id = ?", params![id], sign_up)
}

/// One page, oldest first.
pub(super) fn list(reader: &Reader<'_>, after: Option<&str>, limit: u32) -> Result<Vec<SignUpRow>> {
    reader.query_all(
        "SELECT * FROM sign_ups WHERE id > ? ORDER BY id LIMIT ?",
        params![after.unwrap_or_default(), limit],
        sign_up,
    )
}

pub(super) fn count(reader: &Reader<'_>) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS waiting FROM sign_ups",
        params![],
        |row| row.get("waiting"),
    )
}

pub(super) fn delete(tx: &Tx<'_>, id: SignUpId) -> Result<()> {
    tx.execute("DELETE FROM sign_ups WHERE id = ?", params![id])?;
    Ok(())
}
