//! Setting up and trying the organisation's authoriser.

use std::time::Instant;

use guildhall_kernel::{Ctx, Error, Result};
use serde_json::json;

use super::{
    authoriser::{AuthoriserSettings, AuthoriserTest, ask, shortened},
    policy_store,
};
use crate::{app::App, audit};

const TIMEOUT_MS_MIN: u32 = 50;
const TIMEOUT_MS_MAX: u32 = 10_000;
const URL_BYTES_MAX: usize = 500;

/// Whom the organisation asks.
///
/// # Errors
/// `not_found` when it asks nobody.
pub(super) fn read(app: &App, ctx: &Ctx) -> Result<AuthoriserSettings> {
    let settings = app.authorisers.of(ctx.organisation);
    settings
        .map(|settings| settings.as_ref().clone())
        .ok_or_else(|| Error::not_found("authoriser"))
}

fn check(settings: &AuthoriserSettings) -> Result<()> {
    let waits = TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX;
    if !waits.contains(&settings.timeout_ms) {
        let message = format!("wait {TIMEOUT_MS_MIN} to {TIMEOUT_MS_MAX} milliseconds");
        return Err(Error::invalid_field(
            "timeout_ms",
            "invalid_timeout",
            message,
        ));
    }
    let uri = settings.url.parse::<axum::http::Uri>().ok();
    let scheme = uri.as_ref().and_then(axum::http::Uri::scheme_str);
    let is_plain = matches!(scheme, Some("https" | "http"));
    let has_host = uri.as_ref().is_some_and(|uri| uri.host().is_some());
    let has_user = settings.url.contains('@');
    if !is_plain || !has_host || has_user || settings.url.len() > URL_BYTES_MAX {
        let message =
            "give an address such as https://policy.example.org/decide, without a user name";
        return Err(Error::invalid_field("url", "invalid_base_url", message));
    }
    Ok(())
}

/// Says whom to ask. Where the node connects to is for who administers the node to say; everything else is
/// the organisation's.
///
/// # Errors
/// `invalid_base_url`, `invalid_timeout`; `permission_missing` for another address.
pub(super) async fn set(
    app: &App,
    ctx: &Ctx,
    settings: AuthoriserSettings,
) -> Result<AuthoriserSettings> {
    check(&settings)?;
    let known = app.authorisers.of(ctx.organisation);
    let is_known_address = known.is_some_and(|known| known.url == settings.url);
    if !is_known_address && !ctx.may("node.organisations") {
        let message = "only who administers the node may say where it connects to; ask them to enter this address";
        return Err(Error::forbidden("permission_missing", message));
    }
    let (caller, authorisers) = (ctx.clone(), app.authorisers.clone());
    let written = app.write(ctx, move |tx| {
        policy_store::save_authoriser(tx, &caller, &settings)?;
        let facts = json!({ "url": settings.url, "enabled": settings.enabled, "on_failure": settings.on_failure });
        audit::record_with(tx, &caller, "authoriser.set", caller.organisation, facts)?;
        authorisers.replace_after(tx, caller.organisation, Some(settings.clone()));
        Ok(settings)
    });
    written.await
}

/// Asks nobody any more.
///
/// # Errors
/// `not_found`.
pub(super) async fn remove(app: &App, ctx: &Ctx) -> Result<()> {
    read(app, ctx)?;
    let (caller, authorisers) = (ctx.clone(), app.authorisers.clone());
    let written = app.write(ctx, move |tx| {
        let organisation = caller.organisation;
        policy_store::delete_authoriser(tx, organisation)?;
        audit::record(tx, &caller, "authoriser.removed", organisation)?;
        authorisers.replace_after(tx, organisation, None);
        Ok(())
    });
    written.await
}

/// Asks about nothing in particular. Works also while it is not enabled.
///
/// # Errors
/// `not_found` when there is none to ask.
pub(super) async fn test(app: &App, ctx: &Ctx) -> Result<AuthoriserTest> {
    let settings = read(app, ctx)?;
    let caller = ctx.clone();
    app.write(ctx, move |tx| {
        audit::record(tx, &caller, "authoriser.tested", caller.organisation)
    })
    .await?;
    let started = Instant::now();
    let answered = ask(app, ctx, &settings, ("authoriser.test", "authoriser/test")).await;
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (allow, reason, error) = match answered {
        Ok(verdict) => (
            Some(verdict.allow),
            verdict.reason.map(|reason| shortened(&reason)),
            None,
        ),
        Err(error) => (None, None, Some(error.message().to_owned())),
    };
    Ok(AuthoriserTest {
        ok: allow.is_some(),
        allow,
        reason,
        milliseconds,
        error,
    })
}
