//! The audit log: who did what to which thing, written in the same transaction as the change.
//!
//! Invariants: an entry never changes (the database refuses updates and deletes); sequence numbers
//! have no gaps. Deliberately absent: passwords, codes, keys and file contents never stand in an entry.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{AuditId, Page, PageRequest, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{app::after_number, ctx::Ctx};

/// The stored bytes: one JSON object, keys in this order.
#[derive(Serialize)]
struct Leaf<'a> {
    sequence: i64,
    id: AuditId,
    at: Timestamp,
    actor: &'a str,
    request_id: &'a str,
    action: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Value::is_null")]
    details: Value,
}

/// One entry as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in the log, from 1.
    pub sequence: i64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who: the id of a member of staff, an API key, a portal access, `node:…` or `operator`.
    pub actor: String,
    /// What was done, such as `licence.issued`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Facts that help an auditor.
    pub details: Value,
}

/// Records one action of `ctx` on `subject`, in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn record(tx: &Tx<'_>, ctx: &Ctx, action: &str, subject: impl ToString) -> Result<()> {
    record_with(tx, ctx, action, subject, Value::Null)
}

/// Like [`record`], with facts that help an auditor (never content or secrets).
///
/// # Errors
/// Those of the database.
pub fn record_with(
    tx: &Tx<'_>,
    ctx: &Ctx,
    action: &str,
    subject: impl ToString,
    details: Value,
) -> Result<()> {
    let (actor, subject) = (ctx.actor.label(), subject.to_string());
    let leaf = Leaf {
        sequence: tx.query_one(
            "SELECT COALESCE(MAX(sequence), 0) + 1 AS next FROM audit_entries",
            params![],
            |row| row.get("next"),
        )?,
        id: AuditId::new(ctx.clock.as_ref()),
        at: ctx.now(),
        actor: &actor,
        request_id: ctx.request_id.as_str(),
        action,
        subject: &subject,
        details,
    };
    tx.execute(
        "INSERT INTO audit_entries (sequence, id, at, actor, action, subject, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![leaf.sequence, leaf.id, leaf.at, leaf.actor, action, leaf.subject, serde_json::to_vec(&leaf)?],
    )?;
    Ok(())
}

/// One page of the log, newest first.
///
/// # Errors
/// `invalid_cursor`; those of the database.
pub fn list(reader: &Reader<'_>, page: &PageRequest) -> Result<Page<AuditEntry>> {
    let before = after_number(page)?.unwrap_or(i64::MAX);
    let items = reader.query_all(
        "SELECT sequence, at, actor, action, subject, leaf FROM audit_entries
         WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
        params![before, page.limit() + 1],
        |row| {
            let leaf: Value = serde_json::from_slice(&row.get::<Vec<u8>>("leaf")?)?;
            Ok(AuditEntry {
                sequence: row.get("sequence")?,
                at: row.get("at")?,
                actor: row.get("actor")?,
                action: row.get("action")?,
                subject: row.get("subject")?,
                details: leaf.get("details").cloned().unwrap_or(Value::Null),
            })
        },
    )?;
    Ok(Page::cut(items, page.limit(), |entry| {
        entry.sequence.to_string()
    }))
}
