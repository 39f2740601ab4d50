//! Every SQL statement on revocations and published lists.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::model::{Effect, NewRevocation, PublishedCrl, Revocation, SubjectKind};

/// Entries a list may have; what fits into a file is fewer.
const ENTRIES_MAX: u32 = 5_000;

fn revocation(row: &Row<'_>) -> Result<Revocation> {
    Ok(Revocation {
        id: row.get("id")?,
        kind: SubjectKind::parse(&row.get::<String>("subject_kind")?)?,
        subject: row.get("subject")?,
        reason: row.get("reason")?,
        effect: Effect::parse(&row.get::<String>("effect")?)?,
        message: row.get("message")?,
        at: row.get("at")?,
        crl_version: row.get("crl_version")?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewRevocation, now: Timestamp, version: u64) -> Result<()> {
    tx.execute(
        "INSERT INTO revocations (subject_kind, subject, reason, effect, message, at, crl_version)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            new.kind.as_str(),
            new.subject,
            new.reason,
            new.effect.as_str(),
            new.message,
            now,
            version
        ],
    )?;
    Ok(())
}

pub(super) fn withdraw(tx: &Tx<'_>, id: i64, version: u64) -> Result<()> {
    tx.execute(
        "UPDATE revocations SET withdrawn_in = ? WHERE id = ? AND withdrawn_in IS NULL",
        params![version, id],
    )?;
    Ok(())
}

pub(super) fn find(reader: &Reader<'_>, id: i64) -> Result<Option<Revocation>> {
    reader.query_opt(
        "SELECT id, subject_kind, subject, reason, effect, message, at, crl_version FROM revocations
         WHERE id = ? AND withdrawn_in IS NULL",
        params![id],
        revocation,
    )
}

/// The entries of the list, oldest first.
pub(super) fn entries(reader: &Reader<'_>) -> Result<Vec<Revocation>> {
    reader.query_all(
        "SELECT id, subject_kind, subject, reason, effect, message, at, crl_version FROM revocations
         WHERE withdrawn_in IS NULL ORDER BY id LIMIT ?",
        params![ENTRIES_MAX],
        revocation,
    )
}

/// Whether an entry of this kind names the subject.
pub(super) fn names(reader: &Reader<'_>, kind: SubjectKind, subject: &str) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM revocations WHERE subject_kind = ? AND subject = ? AND withdrawn_in IS NULL",
        params![kind.as_str(), subject],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn insert_list(tx: &Tx<'_>, list: &PublishedCrl, envelope: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO crls (version, envelope, payload_sha256, issued_at, next_update) VALUES (?, ?, ?, ?, ?)",
        params![
            list.version,
            envelope,
            list.payload_sha256,
            list.issued_at,
            list.next_update
        ],
    )?;
    Ok(())
}

pub(super) fn newest_version(reader: &Reader<'_>) -> Result<u64> {
    reader.query_one(
        "SELECT COALESCE(MAX(version), 0) AS version FROM crls",
        params![],
        |row| row.get("version"),
    )
}

fn published(row: &Row<'_>) -> Result<PublishedCrl> {
    Ok(PublishedCrl {
        version: row.get("version")?,
        payload_sha256: row.get("payload_sha256")?,
        issued_at: row.get("issued_at")?,
        next_update: row.get("next_update")?,
    })
}

pub(super) fn newest_published(reader: &Reader<'_>) -> Result<Option<PublishedCrl>> {
    reader.query_opt(
        "SELECT version, payload_sha256, issued_at, next_update FROM crls ORDER BY version DESC LIMIT 1",
        params![],
        published,
    )
}

/// The newest list and its signed bytes.
///
/// # Errors
/// Those of the database.
pub fn newest(reader: &Reader<'_>) -> Result<Option<(PublishedCrl, Vec<u8>)>> {
    reader.query_opt(
        "SELECT version, envelope, payload_sha256, issued_at, next_update FROM crls ORDER BY version DESC LIMIT 1",
        params![],
        |row| Ok((published(row)?, row.get("envelope")?)),
    )
}
