//! Every SQL statement on what directories and identity providers said of people and was not taken over.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::refusals::SourceRefusal;

/// Writes a refusal down in the place of the one before. Says whether it is another one than that.
pub(super) fn put(
    tx: &Tx<'_>,
    (source, subject): (&str, &str),
    refusal: &SourceRefusal,
) -> Result<bool> {
    let same = tx.query_opt(
        "SELECT 1 AS found FROM source_refusals
         WHERE source = ? AND subject = ? AND code = ? AND email = ? AND display_name = ?",
        params![
            source,
            subject,
            refusal.code.as_str(),
            refusal.email.as_str(),
            refusal.display_name.as_str()
        ],
        |_| Ok(()),
    )?;
    tx.execute(
        "INSERT INTO source_refusals (source, subject, email, display_name, code, reason, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, subject) DO UPDATE SET email = excluded.email, display_name = excluded.display_name,
             code = excluded.code, reason = excluded.reason, at = excluded.at",
        params![
            source,
            subject,
            refusal.email.as_str(),
            refusal.display_name.as_str(),
            refusal.code.as_str(),
            refusal.reason.as_str(),
            refusal.at
        ],
    )?;
    Ok(same.is_none())
}

pub(super) fn delete(tx: &Tx<'_>, (source, subject): (&str, &str)) -> Result<()> {
    tx.execute(
        "DELETE FROM source_refusals WHERE source = ? AND subject = ?",
        params![source, subject],
    )?;
    Ok(())
}

/// Forgets everything that was said of a source's people.
pub(super) fn delete_of_source(tx: &Tx<'_>, source: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM source_refusals WHERE source = ?",
        params![source],
    )?;
    Ok(())
}

/// Makes room: only the newest ones of a source stay.
pub(super) fn delete_old(tx: &Tx<'_>, source: &str, keep: u32) -> Result<()> {
    tx.execute(
        "DELETE FROM source_refusals WHERE source = ?1 AND subject NOT IN (
             SELECT subject FROM source_refusals WHERE source = ?1 ORDER BY at DESC, subject LIMIT ?2)",
        params![source, keep],
    )?;
    Ok(())
}

/// The newest ones first.
pub(super) fn list(
    reader: &Reader<'_>,
    source: &str,
    limit: u32,
) -> Result<Vec<(String, SourceRefusal)>> {
    reader.query_all(
        "SELECT subject, email, display_name, code, reason, at FROM source_refusals
         WHERE source = ? ORDER BY at DESC, subject LIMIT ?",
        params![source, limit],
        |row| {
            let refusal = SourceRefusal {
                email: row.get("email")?,
                display_name: row.get("display_name")?,
                code: row.get("code")?,
                reason: row.get("reason")?,
                at: row.get::<Timestamp>("at")?,
            };
            Ok((row.get("subject")?, refusal))
        },
    )
}
