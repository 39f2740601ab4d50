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
    /// When the link that was sent to the address was followed; nothing where none was sent.
    pub(super) verified_at: Option<Timestamp>,
}

/// The link that proves an address.
pub(super) struct Proof<'a> {
    pub(super) token_hash: &'a str,
    pub(super) expires_at: Timestamp,
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
        verified_at: row.get("verified_at")?,
    })
}

/// Adds a request, with a link to prove its address where one is sent. One that waits for an administrator stays as it is;
/// one whose address is not proven gives way, since anybody can have made it. Says whether the request was added.
pub(super) fn insert(tx: &Tx<'_>, row: &SignUpRow, proof: Option<&Proof<'_>>) -> Result<bool> {
    tx.execute(
        "DELETE FROM sign_ups WHERE email = ? AND token_hash IS NOT NULL",
        params![row.email.as_str()],
    )?;
    let added = tx.execute(
        "INSERT INTO sign_ups (id, email, display_name, password_hash, organisation, address, created_at,
                               token_hash, token_expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING",
        params![
            row.id,
            row.email.as_str(),
            row.display_name.as_str(),
            row.password_hash.as_str(),
            row.organisation.as_str(),
            row.address.as_str(),
            row.created_at,
            proof.map(|proof| proof.token_hash),
            proof.map(|proof| proof.expires_at)
        ],
    )?;
    Ok(added > 0)
}

/// A request that waits for an administrator.
pub(super) fn find(reader: &Reader<'_>, id: SignUpId) -> Result<Option<SignUpRow>> {
    reader.query_opt(
        "SELECT * FROM sign_ups WHERE id = ? AND token_hash IS NULL",
        params![id],
        sign_up,
    )
}

/// The request whose address a link proves, and when the link ends.
pub(super) fn find_by_token(
    reader: &Reader<'_>,
    token_hash: &str,
) -> Result<Option<(SignUpRow, Timestamp)>> {
    reader.query_opt(
        "SELECT * FROM sign_ups WHERE token_hash = ?",
        params![token_hash],
        |row| Ok((sign_up(row)?, row.get("token_expires_at")?)),
    )
}

/// Has a request whose address is proven wait for an administrator.
pub(super) fn mark_verified(tx: &Tx<'_>, id: SignUpId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE sign_ups SET token_hash = NULL, token_expires_at = NULL, verified_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// Forgets requests whose address nobody has proven in time.
pub(super) fn delete_expired(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM sign_ups WHERE token_expires_at <= ?",
        params![now],
    )?;
    Ok(())
}

/// One page of those that wait for an administrator, oldest first.
pub(super) fn list(reader: &Reader<'_>, after: Option<&str>, limit: u32) -> Result<Vec<SignUpRow>> {
    reader.query_all(
        "SELECT * FROM sign_ups WHERE id > ? AND token_hash IS NULL ORDER BY id LIMIT ?",
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
