//! Telling other systems what happened, signed, again until they heard it.
//!
//! Invariants: an event and its deliveries are written in one transaction; a delivery is tried at most
//! twelve times over about a day and a half; a webhook has at most ten thousand deliveries waiting. The
//! request is that of the Standard Webhooks specification (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature: v1,…`, HMAC-SHA-256). Deliberately absent: redirects, and reading what the other
//! side answers beyond its status.

mod client;
mod deliver;
mod model;
mod routes;
mod store;

use guildhall_db::Tx;
use guildhall_kernel::Result;
use utoipa_axum::router::OpenApiRouter;

pub use deliver::{Bell, run};
pub use model::signature;

use crate::{app::App, ctx::Ctx, events::Event, ids::DeliveryId};

/// Deliveries of one webhook that may wait.
const WAITING_MAX: i64 = 10_000;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// Queues an event for every webhook that wants it, in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn queue(tx: &Tx<'_>, app: &App, ctx: &Ctx, event: &Event) -> Result<()> {
    let mut queued = false;
    for webhook in store::list(tx)? {
        if !webhook.wants(&event.kind) {
            continue;
        }
        let is_full = store::count_waiting(tx, webhook.id)? >= WAITING_MAX;
        let id = DeliveryId::new(ctx.clock.as_ref());
        store::insert_delivery(tx, (id, webhook.id, event.id), is_full, ctx.now())?;
        queued = true;
    }
    if queued {
        let bell = app.webhook_bell.clone();
        tx.after_commit(move || bell.ring());
    }
    Ok(())
}
