//! Every SQL statement on webhooks and their deliveries.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::model::{Delivery, Webhook};
use crate::ids::{DeliveryId, EventId, WebhookId};

/// Webhooks there may be.
pub(super) const WEBHOOKS_MAX: u32 = 50;

/// A delivery whose time has come.
pub(super) struct Due {
    pub(super) id: DeliveryId,
    pub(super) webhook: WebhookId,
    pub(super) event: EventId,
    pub(super) url: String,
    pub(super) secret_sealed: Vec<u8>,
    pub(super) attempts: u32,
}

fn webhook(row: &Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: row.get("id")?,
        url: row.get("url")?,
        kinds: serde_json::from_str(&row.get::<String>("kinds")?)?,
        created_at: row.get("created_at")?,
    })
}

pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<Webhook>> {
    reader.query_all(
        "SELECT id, url, kinds, created_at FROM webhooks ORDER BY id LIMIT ?",
        params![WEBHOOKS_MAX],
        webhook,
    )
}

pub(super) fn insert(tx: &Tx<'_>, row: &Webhook, secret_sealed: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO webhooks (id, url, kinds, secret_sealed, created_at) VALUES (?, ?, ?, ?, ?)",
        params![
            row.id,
            row.url,
            serde_json::to_string(&row.kinds)?,
            secret_sealed,
            row.created_at
        ],
    )?;
    Ok(())
}

/// `false` when there is no such webhook.
pub(super) fn remove(tx: &Tx<'_>, id: WebhookId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM webhooks WHERE id = ?", params![id])? > 0)
}

pub(super) fn count_waiting(reader: &Reader<'_>, id: WebhookId) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS waiting FROM webhook_deliveries WHERE webhook_id = ? AND state = 'waiting'",
        params![id],
        |row| row.get("waiting"),
    )
}

pub(super) fn insert_delivery(
    tx: &Tx<'_>,
    (id, webhook, event): (DeliveryId, WebhookId, EventId),
    given_up: bool,
    now: Timestamp,
) -> Result<()> {
    let (state, outcome) = if given_up {
        ("given_up", "too many deliveries were waiting")
    } else {
        ("waiting", "")
    };
    tx.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, state, next_attempt_at, last_outcome, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![id, webhook, event, state, now, outcome, now],
    )?;
    Ok(())
}

pub(super) fn list_due(reader: &Reader<'_>, now: Timestamp, limit: u32) -> Result<Vec<Due>> {
    reader.query_all(
        "SELECT d.id, d.webhook_id, d.event_id, d.attempts, w.url, w.secret_sealed
         FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
         WHERE d.state = 'waiting' AND d.next_attempt_at <= ? ORDER BY d.next_attempt_at LIMIT ?",
        params![now, limit],
        |row| {
            Ok(Due {
                id: row.get("id")?,
                webhook: row.get("webhook_id")?,
                event: row.get("event_id")?,
                url: row.get("url")?,
                secret_sealed: row.get("secret_sealed")?,
                attempts: row.get("attempts")?,
            })
        },
    )
}

/// When the next waiting delivery is due.
pub(super) fn next_due(reader: &Reader<'_>) -> Result<Option<Timestamp>> {
    reader.query_one(
        "SELECT MIN(next_attempt_at) AS next FROM webhook_deliveries WHERE state = 'waiting'",
        params![],
        |row| row.get("next"),
    )
}

pub(super) fn settle(
    tx: &Tx<'_>,
    id: DeliveryId,
    attempts: u32,
    state: (&str, Timestamp),
    outcome: &str,
) -> Result<()> {
    tx.execute(
        "UPDATE webhook_deliveries SET attempts = ?, state = ?, next_attempt_at = ?, last_outcome = ? WHERE id = ?",
        params![attempts, state.0, state.1, outcome, id],
    )?;
    Ok(())
}

/// Forgets deliveries that were settled before `before`, at most a thousand at a time.
pub(super) fn forget(tx: &Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM webhook_deliveries WHERE rowid IN (SELECT rowid FROM webhook_deliveries
         WHERE state <> 'waiting' AND created_at < ? LIMIT 1000)",
        params![before],
    )?;
    Ok(())
}

/// The newest deliveries of a webhook.
pub(super) fn list_deliveries(
    reader: &Reader<'_>,
    id: WebhookId,
    limit: u32,
) -> Result<Vec<Delivery>> {
    reader.query_all(
        "SELECT d.id, e.kind, d.state, d.attempts, d.next_attempt_at, d.last_outcome, d.created_at
         FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
         WHERE d.webhook_id = ? ORDER BY d.id DESC LIMIT ?",
        params![id, limit],
        |row| {
            Ok(Delivery {
                id: row.get("id")?,
                kind: row.get("kind")?,
                state: row.get("state")?,
                attempts: row.get("attempts")?,
                next_attempt_at: row.get("next_attempt_at")?,
                last_outcome: row.get("last_outcome")?,
                created_at: row.get("created_at")?,
            })
        },
    )
}
