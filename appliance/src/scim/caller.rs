//! Who provisions: a directory with a token of its own, or whoever else holds `scim.use`.

use axum::{extract::FromRequestParts, http::request::Parts};
use guildhall_db::Tx;
use guildhall_kernel::{Ctx, OrgId, RequestId, Result, ScimTokenId, Timestamp};
use guildhall_web::{Authenticator, HttpError, guard, token_hash};
use serde_json::Value;

use super::{store, tokens};
use crate::{app::App, audit};

/// How often a token's last use is written down.
const TOUCH_SECONDS: i64 = 60;
const PERMISSION: &str = "scim.use";

/// The guard of every operation of the protocol: lets in a provisioning token, and any other caller that
/// holds `scim.use` in their organisation. The token belongs to the organisation, not to whoever made it, so
/// that provisioning goes on when they leave.
#[derive(Clone)]
pub(super) struct Provisioner {
    pub(super) organisation: OrgId,
    request_id: RequestId,
    actor: Actor,
}

#[derive(Clone)]
enum Actor {
    Token(ScimTokenId),
    Caller(Box<Ctx>),
}

impl Provisioner {
    /// Records what the caller did, in the transaction that did it.
    pub(super) fn record(
        &self,
        tx: &Tx<'_>,
        app_clock: &dyn guildhall_kernel::Clock,
        what: (&str, &str),
        details: Value,
    ) -> Result<()> {
        match &self.actor {
            Actor::Caller(ctx) => audit::record_with(tx, ctx, what.0, what.1, details),
            Actor::Token(id) => {
                let id = id.to_string();
                let application = audit::Application {
                    id: &id,
                    organisation: self.organisation,
                    person: None,
                };
                audit::record_application(
                    tx,
                    app_clock,
                    (application, &self.request_id),
                    what,
                    details,
                )
            }
        }
    }
}

impl FromRequestParts<App> for Provisioner {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let token = guard::bearer_token(&parts.headers).filter(|token| tokens::is_token(token));
        if let Some(token) = token {
            return Ok(by_token(app, token).await?);
        }
        let ctx = app.authenticate(parts).await?;
        if !ctx.may(PERMISSION) {
            return Err(guard::permission_missing(PERMISSION).into());
        }
        app.authorise(&ctx, parts, PERMISSION).await?;
        Ok(Self {
            organisation: ctx.organisation,
            request_id: ctx.request_id.clone(),
            actor: Actor::Caller(Box::new(ctx)),
        })
    }
}

async fn by_token(app: &App, token: &str) -> Result<Provisioner> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let found = app
        .db
        .read(move |reader| store::find_token(reader, &hash))
        .await?;
    let is_live = |row: &store::TokenRow| row.expires_at.is_none_or(|end| end > now);
    let row = found.filter(is_live).ok_or_else(guard::not_logged_in)?;
    if is_stale(row.last_used_at, now) {
        let (app, id) = (app.clone(), row.id);
        // A request never waits for the note of its token's use, and a lost note costs nothing.
        tokio::spawn(async move {
            if let Err(error) = app
                .db
                .write(move |tx| store::touch_token(tx, id, now))
                .await
            {
                tracing::warn!(error = %error.chain(), "the last use of a token was not noted");
            }
        });
    }
    Ok(Provisioner {
        organisation: row.organisation,
        request_id: guildhall_web::request_id(),
        actor: Actor::Token(row.id),
    })
}

fn is_stale(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| last.plus_seconds(TOUCH_SECONDS) <= now)
}
