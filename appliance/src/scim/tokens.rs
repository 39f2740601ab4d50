//! Tokens that a directory provisions with: made by administrators, shown once, stored as a digest.

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, Result, ScimSourceId, ScimTokenId, random_token, text};
use guildhall_web::token_hash;

use super::{
    model::{ScimSettings, ScimToken},
    settings, store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
};

const PREFIX: &str = "ghscim_";
const TOKEN_BYTES: usize = 30;
const TOKENS_MAX: usize = 20;
const NAME_CHARACTERS_MAX: usize = 80;
const EXPIRY_DAYS_MAX: u32 = 3650;

/// What a new token is to be.
pub(super) struct NewToken {
    pub(super) name: String,
    pub(super) expires_in_days: Option<u32>,
    /// Settings to go with it.
    pub(super) settings: Option<ScimSettings>,
}

/// Whether a bearer token is one of these.
pub(super) fn is_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// The organisation's tokens.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<ScimToken>> {
    let organisation = ctx.organisation;
    app.db
        .read(move |reader| store::list_tokens(reader, organisation))
        .await
}

/// Makes a token; the secret is in this answer only. Who makes one can bring people in with every role that
/// the settings give, so they must be allowed to give each of them.
pub(super) async fn create(app: &App, ctx: &Ctx, input: NewToken) -> Result<(ScimToken, String)> {
    let name = text::checked_name("name", &input.name, NAME_CHARACTERS_MAX)?;
    if input
        .expires_in_days
        .is_some_and(|days| days == 0 || days > EXPIRY_DAYS_MAX)
    {
        let message =
            format!("give 1 to {EXPIRY_DAYS_MAX} days, or leave it out for a token without an end");
        return Err(Error::invalid_field(
            "expires_in_days",
            "invalid_expiry",
            message,
        ));
    }
    let new_settings = input.settings.map(ScimSettings::checked).transpose()?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write_secret(ctx, move |tx| {
        if store::list_tokens(tx, caller.organisation)?.len() >= TOKENS_MAX {
            let message =
                format!("there are {TOKENS_MAX} tokens already; delete one that is no longer used");
            return Err(Error::conflict("too_many_tokens", message));
        }
        let source = ScimSourceId::new(caller.clock.as_ref());
        store::ensure_source(tx, (source, caller.organisation), caller.now())?;
        if let Some(new) = &new_settings {
            settings::put(tx, &caller, new)?;
        }
        settings::check_roles(tx, &caller, &store::find_settings(tx, caller.organisation)?)?;
        let secret = format!("{PREFIX}{}", random_token(TOKEN_BYTES));
        let days = input.expires_in_days.map(i64::from);
        let token = ScimToken {
            id: ScimTokenId::new(caller.clock.as_ref()),
            name,
            created_at: caller.now(),
            last_used_at: None,
            expires_at: days.map(|days| caller.now().plus_seconds(days * 86_400)),
        };
        store::insert_token(
            tx,
            &token_hash(&secret),
            &token,
            (caller.organisation, caller.person),
        )?;
        audit::record(tx, &caller, "scim_token.created", token.id)?;
        announce(tx, &events, &caller);
        Ok((token, secret))
    });
    written.await
}

/// Ends a token; what it brought in stays.
pub(super) async fn delete(app: &App, ctx: &Ctx, id: ScimTokenId) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        if !store::delete_token(tx, caller.organisation, id)? {
            return Err(Error::not_found("token"));
        }
        announce(tx, &events, &caller);
        audit::record(tx, &caller, "scim_token.deleted", id)
    });
    written.await
}

/// Tells other administrators that what provisions, or how, is another.
pub(super) fn announce(tx: &Tx<'_>, events: &Events, ctx: &Ctx) {
    let audience = Audience::Organisation(ctx.organisation);
    events.publish_after(tx, audience, Event::ApplicationsChanged {});
}
