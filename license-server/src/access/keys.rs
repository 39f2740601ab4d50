//! API keys with scopes.

use guildhall_db::{Db, Tx};
use guildhall_kernel::{ApiKeyId, Error, Page, PageRequest, Result, random_token};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    model::{ApiKey, CreatedApiKey},
    permission, store, token_hash,
};
use crate::{app::App, audit, ctx::Ctx, text};

const KEY_BYTES: usize = 30;
const PREFIX_CHARACTERS: usize = 10;
const EXPIRY_DAYS_MAX: u32 = 3650;

/// A key to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    pub name: String,
    /// What the key may do: permissions such as `licences.read`.
    pub scopes: Vec<String>,
    /// Days until it stops working; it does not when left out.
    pub expires_in_days: Option<u32>,
}

/// A key that is ready to be written down, and its secret.
fn prepare(ctx: &Ctx, input: NewKey) -> Result<(ApiKey, String)> {
    permission::check_scopes(&input.scopes, &ctx.permissions)?;
    if let Some(days) = input.expires_in_days
        && !(1..=EXPIRY_DAYS_MAX).contains(&days)
    {
        return Err(Error::invalid_field(
            "expires_in_days",
            "invalid_expiry",
            format!("give 1 to {EXPIRY_DAYS_MAX} days, or leave it out"),
        ));
    }
    let secret = format!("gls_{}", random_token(KEY_BYTES));
    let now = ctx.now();
    let key = ApiKey {
        id: ApiKeyId::new(ctx.clock.as_ref()),
        name: text::checked_name("name", &input.name)?,
        prefix: secret.chars().take(PREFIX_CHARACTERS).collect(),
        scopes: input.scopes,
        created_at: now,
        expires_at: input
            .expires_in_days
            .map(|days| now.plus_seconds(i64::from(days) * 86_400)),
        last_used_at: None,
    };
    Ok((key, secret))
}

fn insert(tx: &Tx<'_>, ctx: &Ctx, key: &ApiKey, secret: String) -> Result<CreatedApiKey> {
    store::insert_api_key(tx, key, &token_hash(&secret), &ctx.actor.label())?;
    let facts = json!({ "scopes": key.scopes });
    audit::record_with(tx, ctx, "api_key.created", key.id, facts)?;
    Ok(CreatedApiKey {
        id: key.id,
        key: secret,
    })
}

/// Makes a key; its secret is in the answer and nowhere else.
///
/// # Errors
/// `invalid_name`, `unknown_scope`, `scope_missing`, `scope_not_yours`, `invalid_expiry`.
pub(super) async fn create_key(app: &App, ctx: &Ctx, input: NewKey) -> Result<CreatedApiKey> {
    let (key, secret) = prepare(ctx, input)?;
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| insert(tx, &caller, &key, secret));
    written.await
}

/// Makes a key, for the command line.
///
/// # Errors
/// As for the HTTP operation.
pub fn create_key_blocking(db: &Db, ctx: &Ctx, input: NewKey) -> Result<CreatedApiKey> {
    let (key, secret) = prepare(ctx, input)?;
    let caller = ctx.clone();
    db.write_blocking(move |tx| insert(tx, &caller, &key, secret))
}

/// One page of the keys that work.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, page: PageRequest) -> Result<Page<ApiKey>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items = store::list_api_keys(reader, after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |key| key.id.to_string()))
    });
    read.await
}

/// Revokes a key, at once.
///
/// # Errors
/// `not_found`.
pub(super) async fn revoke(app: &App, ctx: &Ctx, id: ApiKeyId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if !store::revoke_api_key(tx, id, caller.now())? {
            return Err(Error::not_found("API key"));
        }
        audit::record(tx, &caller, "api_key.revoked", id)
    });
    written.await
}
