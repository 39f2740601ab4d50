//! The revocation list: what does not count any more, in a signed list whose version only rises.
//!
//! Invariants: whatever changes the list publishes the next version in the same transaction; a version
//! is never given twice, also not after a restore. A list is published anew before it is stale, so that
//! nodes can tell an old list from a quiet vendor. Deliberately absent: blocking on a stale list.

mod model;
mod routes;
mod store;

use std::time::Duration;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Error, Result, Timestamp};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;

pub use model::{Effect, NewRevocation, PublishedCrl, Revocation, SubjectKind};
pub use store::newest;

use crate::{
    app::App,
    artefact,
    ctx::Ctx,
    events::{self, About},
    high_water::Counter,
    issuance_log,
};

/// How long a list is fresh.
const FRESH_SECONDS: i64 = 30 * 86_400;
/// A list of this age is published anew.
const RENEW_SECONDS: i64 = 7 * 86_400;
/// How often the age is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// The newest version; 0 before the first.
///
/// # Errors
/// Those of the database.
pub fn version(reader: &Reader<'_>) -> Result<u64> {
    store::newest_version(reader)
}

/// Adds an entry and publishes the next version, in the caller's transaction.
///
/// # Errors
/// `crl_full`.
pub fn revoke(tx: &Tx<'_>, (app, ctx): (&App, &Ctx), revocation: &NewRevocation) -> Result<u64> {
    let version = next_version(tx, app)?;
    store::insert(tx, revocation, ctx.now(), version)?;
    publish_as(tx, (app, ctx), version)?;
    Ok(version)
}

/// Takes an entry back and publishes the next version, in the caller's transaction.
///
/// # Errors
/// `not_found`.
pub fn withdraw(tx: &Tx<'_>, (app, ctx): (&App, &Ctx), id: i64) -> Result<(u64, Revocation)> {
    let found = store::find(tx, id)?;
    let revocation = found.ok_or_else(|| Error::not_found("revocation"))?;
    let version = next_version(tx, app)?;
    store::withdraw(tx, id, version)?;
    publish_as(tx, (app, ctx), version)?;
    Ok((version, revocation))
}

/// Whether the list names this install key.
///
/// # Errors
/// Those of the database.
pub fn names_install(reader: &Reader<'_>, key_fingerprint: &str) -> Result<bool> {
    store::names(reader, SubjectKind::InstallKeyFp, key_fingerprint)
}

fn next_version(tx: &Tx<'_>, app: &App) -> Result<u64> {
    let version = app.high_water.next(tx, Counter::Crl)?;
    u64::try_from(version).map_err(|_| Error::internal("a version below zero"))
}

fn publish_as(tx: &Tx<'_>, (app, ctx): (&App, &Ctx), version: u64) -> Result<()> {
    let now = ctx.now();
    let next_update = now.plus_seconds(FRESH_SECONDS);
    let payload = artefact::crl_payload(version, (now, next_update), &store::entries(tx)?)?;
    let envelope = artefact::sign(&app.keys.crl(), artefact::CRL_TYPE, payload.as_bytes())?;
    artefact::require_fits(
        &envelope,
        "crl_full",
        "the revocation list is full; withdraw entries of licences that ended, or rotate the keys",
    )?;
    let published = PublishedCrl {
        version,
        payload_sha256: artefact::sha256_hex(payload.as_bytes()),
        issued_at: now,
        next_update,
    };
    store::insert_list(tx, &published, &envelope)?;
    issuance_log::append(tx, ctx, ("crl", &version.to_string()), &envelope)?;
    let what = ("crl.published", format!("version {version} was published"));
    let details = json!({ "version": version, "payload_sha256": published.payload_sha256 });
    events::publish(tx, (app, ctx), About::default(), what, details)?;
    metrics::gauge!("license_server_crl_version").set(as_f64(version));
    Ok(())
}

fn as_f64(version: u64) -> f64 {
    // Exact below 2^53, which a counter that rises one by one does not reach.
    u32::try_from(version).map_or(f64::MAX, f64::from)
}

/// Publishes the next version when there is none yet or the newest gets old.
///
/// # Errors
/// Those of the database.
pub async fn refresh(app: &App) -> Result<()> {
    let ctx = Ctx::outside(crate::ctx::Actor::Operator, app.clock.clone());
    let server = app.clone();
    let written = app.db.write(move |tx| {
        if is_young(store::newest_published(tx)?.as_ref(), ctx.now()) {
            return Ok(());
        }
        let version = next_version(tx, &server)?;
        publish_as(tx, (&server, &ctx), version)
    });
    written.await
}

fn is_young(newest: Option<&PublishedCrl>, now: Timestamp) -> bool {
    newest.is_some_and(|list| list.issued_at.plus_seconds(RENEW_SECONDS) > now)
}

/// Keeps the list fresh until the server stops.
pub async fn keep_fresh(app: App) {
    loop {
        if let Err(error) = refresh(&app).await {
            tracing::error!(error = %error.chain(), "the revocation list was not published anew");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}
