//! What happened to licences, in order: the timeline that people read and the news that webhooks carry.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    ctx::Ctx,
    ids::{CustomerId, EventId, LicenceId},
    webhooks,
};

/// Most entries of a timeline that are shown.
const TIMELINE_MAX: u32 = 500;

/// Every kind of event.
pub const KINDS: &[&str] = &[
    "licence.requested",
    "licence.issued",
    "licence.renewed",
    "licence.revoked",
    "licence.restored",
    "install.activated",
    "install.released",
    "install.clone_suspected",
    "lease.issued",
    "crl.published",
    "report.received",
    "report.forked",
    "webhook.tested",
];

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    pub id: EventId,
    /// One of the kinds in the documentation, such as `licence.issued`.
    pub kind: String,
    pub licence_id: Option<LicenceId>,
    pub customer_id: Option<CustomerId>,
    /// One sentence for people.
    pub summary: String,
    #[schema(value_type = Object)]
    pub details: Value,
    pub at: Timestamp,
}

/// What an event is about.
#[derive(Clone, Copy, Default)]
pub struct About {
    pub licence: Option<LicenceId>,
    pub customer: Option<CustomerId>,
}

/// Writes an event down and queues it for the webhooks that want it, in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn publish(
    tx: &Tx<'_>,
    (app, ctx): (&App, &Ctx),
    about: About,
    (kind, summary): (&'static str, String),
    details: Value,
) -> Result<()> {
    let event = Event {
        id: EventId::new(ctx.clock.as_ref()),
        kind: kind.to_owned(),
        licence_id: about.licence,
        customer_id: about.customer,
        summary,
        details,
        at: ctx.now(),
    };
    tx.execute(
        "INSERT INTO events (id, licence_id, customer_id, kind, summary, details, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            event.id,
            event.licence_id,
            event.customer_id,
            event.kind,
            event.summary,
            serde_json::to_string(&event.details)?,
            event.at
        ],
    )?;
    webhooks::queue(tx, app, ctx, &event)
}

fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event {
        id: row.get("id")?,
        kind: row.get("kind")?,
        licence_id: row.get("licence_id")?,
        customer_id: row.get("customer_id")?,
        summary: row.get("summary")?,
        details: serde_json::from_str(&row.get::<String>("details")?)?,
        at: row.get("at")?,
    })
}

/// What happened to a licence, newest first.
///
/// # Errors
/// Those of the database.
pub fn timeline(reader: &Reader<'_>, licence: LicenceId) -> Result<Vec<Event>> {
    reader.query_all(
        "SELECT id, kind, licence_id, customer_id, summary, details, at FROM events
         WHERE licence_id = ? ORDER BY sequence DESC LIMIT ?",
        params![licence, TIMELINE_MAX],
        event,
    )
}

/// One event.
///
/// # Errors
/// Those of the database.
pub fn find(reader: &Reader<'_>, id: EventId) -> Result<Option<Event>> {
    reader.query_opt(
        "SELECT id, kind, licence_id, customer_id, summary, details, at FROM events WHERE id = ?",
        params![id],
        event,
    )
}
