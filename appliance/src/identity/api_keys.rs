//! API keys: what programs prove themselves with, for their person or service account in one organisation.
//!
//! A key does at most what its owner may do; scopes and a list of employees leave less of it.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{ApiKeyId, Ctx, Error, OrgId, Page, PersonId, Result, VeId, random_token};

use super::{
    credential_store,
    model::{ApiKey, CreatedApiKey, checked_name},
    permission,
    policies::Resources,
    token_hash,
};
use crate::{app::App, audit};

/// What every key begins with.
pub(super) const API_KEY_MARK: &str = "ghk_";
const API_KEY_BYTES: usize = 30;
const API_KEY_PREFIX_CHARACTERS: usize = 10;
const EXPIRY_DAYS_MAX: u32 = 3650;
const API_KEYS_MAX: usize = 100;
const SCOPES_MAX: usize = 50;
const VES_MAX: usize = 100;

/// What a new API key is to be.
#[derive(Clone, Debug, Default)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
    /// Days until it ends, 1 to 3650; never when left out.
    pub expires_in_days: Option<u32>,
    /// Names of permissions or of groups of them; all that its owner may do when left out.
    pub scopes: Option<Vec<String>>,
    /// The only employees it is for; all when left out.
    pub ves: Option<Vec<VeId>>,
}

impl NewApiKey {
    /// Checks what can be checked without the database.
    ///
    /// # Errors
    /// `invalid_name`, `invalid_expiry`, `unknown_scope`, `invalid_scopes`, `invalid_employees`.
    pub(super) fn checked(mut self) -> Result<Self> {
        self.name = checked_name("name", &self.name)?;
        let is_odd = |days: u32| days == 0 || days > EXPIRY_DAYS_MAX;
        if self.expires_in_days.is_some_and(is_odd) {
            let message = format!(
                "give 1 to {EXPIRY_DAYS_MAX} days, or leave it out for a key without an end"
            );
            return Err(Error::invalid_field(
                "expires_in_days",
                "invalid_expiry",
                message,
            ));
        }
        if let Some(scopes) = &self.scopes {
            check_scopes(scopes)?;
        }
        if let Some(ves) = &mut self.ves {
            if ves.is_empty() || ves.len() > VES_MAX {
                let message =
                    format!("name 1 to {VES_MAX} employees, or leave it out for all of them");
                return Err(Error::invalid_field("ves", "invalid_employees", message));
            }
            ves.sort_unstable();
            ves.dedup();
        }
        Ok(self)
    }
}

/// Whether every name is a scope: of a permission, or of a group of them.
///
/// # Errors
/// `unknown_scope`, `invalid_scopes`.
pub fn check_scopes(scopes: &[String]) -> Result<()> {
    if scopes.is_empty() || scopes.len() > SCOPES_MAX {
        let message =
            format!("name 1 to {SCOPES_MAX} scopes, or leave it out for all that the owner may do");
        return Err(Error::invalid_field("scopes", "invalid_scopes", message));
    }
    for scope in scopes {
        if scope_description(scope).is_none() {
            let shown: String = scope.chars().take(60).collect();
            let message = format!(
                "`{shown}` is no scope; use read, chat, models, manage, scim or the name of a permission"
            );
            return Err(Error::invalid_field("scopes", "unknown_scope", message));
        }
    }
    Ok(())
}

/// What a scope is for, in words that a person can decide on; nothing for a name that is no scope.
pub fn scope_description(scope: &str) -> Option<&'static str> {
    permission::scope_description(scope)
}

fn check_ves(
    reader: &Reader<'_>,
    resources: Resources,
    organisation: OrgId,
    ves: &[VeId],
) -> Result<()> {
    for ve in ves {
        if (resources.ve)(reader, organisation, *ve)?.is_none() {
            let message = format!("there is no employee {ve} in this organisation");
            return Err(Error::invalid_field("ves", "unknown_employee", message));
        }
    }
    Ok(())
}

/// Makes an API key for the caller in the active organisation.
///
/// # Errors
/// `invalid_name`, `invalid_expiry`, `unknown_scope`, `unknown_employee`, `too_many_keys`.
pub async fn create_api_key(app: &App, ctx: &Ctx, input: NewApiKey) -> Result<CreatedApiKey> {
    let input = input.checked()?;
    let (caller, resources) = (ctx.clone(), app.resources);
    let made = app.write_secret(ctx, move |tx| {
        let owner = caller.person;
        insert(tx, &caller, resources, (owner, input))
    });
    made.await
}

/// Makes a key for a person or service account of the caller's organisation, in the caller's transaction.
///
/// # Errors
/// `unknown_employee`, `too_many_keys`.
pub(super) fn insert(
    tx: &Tx<'_>,
    ctx: &Ctx,
    resources: Resources,
    (owner, input): (PersonId, NewApiKey),
) -> Result<CreatedApiKey> {
    check_ves(
        tx,
        resources,
        ctx.organisation,
        input.ves.as_deref().unwrap_or_default(),
    )?;
    if credential_store::list_api_keys(tx, ctx.organisation, owner)?.len() >= API_KEYS_MAX {
        let message =
            format!("there are {API_KEYS_MAX} keys already; revoke one that is no longer used");
        return Err(Error::conflict("too_many_keys", message));
    }
    let key = format!("{API_KEY_MARK}{}", random_token(API_KEY_BYTES));
    let days = input.expires_in_days;
    let stored = ApiKey {
        id: ApiKeyId::new(ctx.clock.as_ref()),
        name: input.name,
        prefix: key.chars().take(API_KEY_PREFIX_CHARACTERS).collect(),
        scopes: input.scopes,
        ves: input.ves,
        created_at: ctx.now(),
        last_used_at: None,
        expires_at: days.map(|days| ctx.now().plus_seconds(i64::from(days) * 86_400)),
    };
    credential_store::insert_api_key(tx, &token_hash(&key), &stored, (owner, ctx.organisation))?;
    audit::record(tx, ctx, "api_key.created", stored.id)?;
    Ok(CreatedApiKey {
        id: stored.id,
        name: stored.name,
        key,
        scopes: stored.scopes,
        ves: stored.ves,
        expires_at: stored.expires_at,
    })
}

/// The caller's API keys in the active organisation, newest first.
///
/// # Errors
/// Those of the database.
pub(super) async fn list_api_keys(app: &App, ctx: &Ctx) -> Result<Page<ApiKey>> {
    let ctx = ctx.clone();
    let read = app
        .db
        .read(move |reader| credential_store::list_api_keys(reader, ctx.organisation, ctx.person));
    Ok(Page::complete(read.await?))
}

/// Ends one of the caller's API keys.
///
/// # Errors
/// `not_found`.
pub(super) async fn revoke_api_key(app: &App, ctx: &Ctx, id: ApiKeyId) -> Result<()> {
    let (caller, app_in) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let owner = caller.person;
        delete(tx, &caller, &app_in, (owner, id))
    });
    written.await
}

/// Ends a key and whatever it is doing, in the caller's transaction.
///
/// # Errors
/// `not_found`.
pub(super) fn delete(
    tx: &Tx<'_>,
    ctx: &Ctx,
    app: &App,
    (owner, id): (PersonId, ApiKeyId),
) -> Result<()> {
    if !credential_store::delete_api_key(tx, ctx.organisation, owner, id)? {
        return Err(Error::not_found("api key"));
    }
    app.known_keys.forget_after(tx);
    app.live.end_api_key_after(tx, id);
    audit::record(tx, ctx, "api_key.revoked", id)
}
