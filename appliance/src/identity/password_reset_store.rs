//! Every SQL statement on links that set a new password.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{PersonId, Result, Timestamp};

/// Keeps a person's newest link; the one before does not work any more.
pub(super) fn put(
    tx: &Tx<'_>,
    person: PersonId,
    token_hash: &str,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO password_resets (person_id, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (person_id) DO UPDATE SET token_hash = excluded.token_hash,
             created_at = excluded.created_at, expires_at = excluded.expires_at",
        params![person, token_hash, now, expires_at],
    )?;
    Ok(())
}

/// Whose password a link sets, and when the link ends.
pub(super) fn find(reader: &Reader<'_>, token_hash: &str) -> Result<Option<(PersonId, Timestamp)>> {
    reader.query_opt(
        "SELECT person_id, expires_at FROM password_resets WHERE token_hash = ?",
        params![token_hash],
        |row| Ok((row.get("person_id")?, row.get("expires_at")?)),
    )
}

/// Has a person's link work no more.
pub(super) fn delete(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM password_resets WHERE person_id = ?",
        params![person],
    )?;
    Ok(())
}
