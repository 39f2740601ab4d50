//! Every SQL statement on the mail server's settings and on mails that wait.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{MailId, Result, Timestamp};

use super::model::{MailFailure, MailRow, OutboxRow};

fn settings(row: &Row<'_>) -> Result<MailRow> {
    let failure: Option<String> = row.get("last_failure")?;
    Ok(MailRow {
        settings: serde_json::from_str(&row.get::<String>("settings")?)?,
        secret: row.get("secret_id")?,
        updated_at: row.get("updated_at")?,
        last_sent_at: row.get("last_sent_at")?,
        last_failure: failure
            .map(|text| serde_json::from_str(&text))
            .transpose()?,
    })
}

fn mail(row: &Row<'_>) -> Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get("id")?,
        kind: row.get("kind")?,
        secret: row.get("secret_id")?,
        attempts: row.get("attempts")?,
        created_at: row.get("created_at")?,
        next_at: row.get("next_at")?,
        expires_at: row.get("expires_at")?,
    })
}

pub(super) fn find(reader: &Reader<'_>) -> Result<Option<MailRow>> {
    reader.query_opt(
        "SELECT * FROM mail_settings WHERE id = 1",
        params![],
        settings,
    )
}

/// Writes the settings in the place of those before.
pub(super) fn save(tx: &Tx<'_>, row: &MailRow) -> Result<()> {
    let failure = row.last_failure.as_ref().map(serde_json::to_string);
    tx.execute(
        "INSERT INTO mail_settings (id, settings, secret_id, updated_at, last_sent_at, last_failure)
         VALUES (1, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, secret_id = excluded.secret_id,
             updated_at = excluded.updated_at, last_sent_at = excluded.last_sent_at,
             last_failure = excluded.last_failure",
        params![
            serde_json::to_string(&row.settings)?,
            row.secret,
            row.updated_at,
            row.last_sent_at,
            failure.transpose()?
        ],
    )?;
    Ok(())
}

pub(super) fn delete_settings(tx: &Tx<'_>) -> Result<()> {
    tx.execute("DELETE FROM mail_settings WHERE id = 1", params![])?;
    Ok(())
}

pub(super) fn note_sent(tx: &Tx<'_>, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE mail_settings SET last_sent_at = ?, last_failure = NULL WHERE id = 1",
        params![at],
    )?;
    Ok(())
}

pub(super) fn note_failure(tx: &Tx<'_>, failure: &MailFailure) -> Result<()> {
    tx.execute(
        "UPDATE mail_settings SET last_failure = ? WHERE id = 1",
        params![serde_json::to_string(failure)?],
    )?;
    Ok(())
}

pub(super) fn insert(tx: &Tx<'_>, row: &OutboxRow) -> Result<()> {
    tx.execute(
        "INSERT INTO mail_outbox (id, kind, secret_id, attempts, created_at, next_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.kind.as_str(),
            row.secret,
            row.attempts,
            row.created_at,
            row.next_at,
            row.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn count(reader: &Reader<'_>) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS waiting FROM mail_outbox",
        params![],
        |row| row.get("waiting"),
    )
}

/// Every mail that waits; as many as may wait at most.
pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<OutboxRow>> {
    reader.query_all(
        "SELECT * FROM mail_outbox ORDER BY id LIMIT 10000",
        params![],
        mail,
    )
}

/// Whether there is a mail to be sent or dropped.
pub(super) fn has_due(reader: &Reader<'_>, now: Timestamp) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM mail_outbox WHERE next_at <= ? OR expires_at <= ? LIMIT 1",
        params![now, now],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Mails whose time has come, oldest first.
pub(super) fn list_due(reader: &Reader<'_>, now: Timestamp, limit: u32) -> Result<Vec<OutboxRow>> {
    reader.query_all(
        "SELECT * FROM mail_outbox WHERE next_at <= ? ORDER BY next_at, id LIMIT ?",
        params![now, limit],
        mail,
    )
}

/// Mails that are of no use any more.
pub(super) fn list_expired(reader: &Reader<'_>, now: Timestamp) -> Result<Vec<OutboxRow>> {
    reader.query_all(
        "SELECT * FROM mail_outbox WHERE expires_at <= ? ORDER BY id LIMIT 10000",
        params![now],
        mail,
    )
}

/// Puts a mail off after a try that failed.
pub(super) fn postpone(tx: &Tx<'_>, id: MailId, until: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE mail_outbox SET attempts = attempts + 1, next_at = ? WHERE id = ?",
        params![until, id],
    )?;
    Ok(())
}

/// Puts off every mail whose time has come: none of them would fare better.
pub(super) fn postpone_due(tx: &Tx<'_>, now: Timestamp, until: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE mail_outbox SET next_at = ? WHERE next_at <= ?",
        params![until, now],
    )?;
    Ok(())
}

/// Has every mail tried at once.
pub(super) fn hasten(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE mail_outbox SET next_at = ?, attempts = 0 WHERE next_at > ?",
        params![now, now],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: MailId) -> Result<()> {
    tx.execute("DELETE FROM mail_outbox WHERE id = ?", params![id])?;
    Ok(())
}
