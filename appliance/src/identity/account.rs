//! What people do with their own account: name, password, sessions, API keys.

use guildhall_db::Tx;
use guildhall_kernel::{ApiKeyId, Ctx, Error, Page, Principal, Result, SessionId, random_token};
use zeroize::Zeroizing;

use super::{
    credential_store,
    login::{self, OpenedSession, Origin},
    model::{AccountSession, ApiKey, CreatedApiKey, Person, checked_name, checked_password},
    password, store, token_hash,
};
use crate::{app::App, audit};

const API_KEY_BYTES: usize = 30;
const API_KEY_PREFIX_CHARACTERS: usize = 10;
const EXPIRY_DAYS_MAX: u32 = 3650;
const API_KEYS_MAX: usize = 100;

/// Changes the caller's display name.
///
/// # Errors
/// `invalid_name`.
pub(super) async fn rename(app: &App, ctx: &Ctx, display_name: &str) -> Result<Person> {
    let display_name = checked_name("display_name", display_name)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        store::update_display_name(tx, caller.person, &display_name)?;
        audit::record(tx, &caller, "account.renamed", caller.person)?;
        store::find_person(tx, caller.person)?.ok_or_else(|| Error::not_found("person"))
    });
    written.await
}

/// Changes the caller's password, ends every other session and goes on in a new one.
///
/// # Errors
/// `wrong_password` on `current_password`; `weak_password` on `new_password`; `too_many_attempts`.
pub(super) async fn change_password(
    app: &App,
    ctx: &Ctx,
    (current, new): (Zeroizing<String>, Zeroizing<String>),
    origin: Origin,
) -> Result<OpenedSession> {
    if !matches!(ctx.principal, Principal::Session(_)) {
        return Err(Error::forbidden(
            "not_a_session",
            "a password can only be changed from a logged-in browser",
        ));
    }
    let id = ctx.person;
    let (person, hash) = app
        .db
        .read(move |reader| {
            Ok((
                store::find_person(reader, id)?,
                store::find_password_hash(reader, id)?,
            ))
        })
        .await?;
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    app.login_limits.attempt(&person.email, &origin.limit_key)?;
    if !password::verify(current, hash).await? {
        let message = "the current password is wrong";
        return Err(Error::invalid_field(
            "current_password",
            "wrong_password",
            message,
        ));
    }
    app.login_limits.succeeded(&person.email, &origin.limit_key);
    checked_password("new_password", &new, &person.email)?;
    let hash = password::hash(new).await?;
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        store::update_password(tx, caller.person, &hash, false)?;
        credential_store::delete_other_sessions(tx, caller.person, None)?;
        audit::record(tx, &caller, "account.password_changed", caller.person)?;
        login::open_session(
            tx,
            caller.clock.clone(),
            (&person, caller.organisation),
            &origin,
        )
    });
    written.await
}

/// The caller's live sessions, last used first.
///
/// # Errors
/// Those of the database.
pub(super) async fn list_sessions(app: &App, ctx: &Ctx) -> Result<Page<AccountSession>> {
    let ctx = ctx.clone();
    let current = match ctx.principal {
        Principal::Session(id) => Some(id),
        Principal::ApiKey(_) | Principal::Operator => None,
    };
    let read = app.db.read(move |reader| {
        credential_store::list_sessions(reader, ctx.person, current, ctx.now())
    });
    Ok(Page::complete(read.await?))
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// `not_found`.
pub(super) async fn revoke_session(app: &App, ctx: &Ctx, id: SessionId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if !credential_store::delete_session(tx, caller.person, id)? {
            return Err(Error::not_found("session"));
        }
        audit::record(tx, &caller, "session.revoked", id)
    });
    written.await
}

/// Ends every session of the caller but the one that asks.
///
/// # Errors
/// Those of the database.
pub(super) async fn revoke_other_sessions(app: &App, ctx: &Ctx) -> Result<()> {
    let caller = ctx.clone();
    let kept = match ctx.principal {
        Principal::Session(id) => Some(id),
        Principal::ApiKey(_) | Principal::Operator => None,
    };
    let written = app.write(ctx, move |tx| {
        credential_store::delete_other_sessions(tx, caller.person, kept)?;
        audit::record(tx, &caller, "session.others_revoked", caller.person)
    });
    written.await
}

/// What a new API key is to be.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
    /// Days until it ends, 1 to 3650; never when left out.
    pub expires_in_days: Option<u32>,
}

/// Makes an API key for the caller in the active organisation.
///
/// # Errors
/// `invalid_name`, `invalid_expiry`, `too_many_keys`.
pub async fn create_api_key(app: &App, ctx: &Ctx, input: NewApiKey) -> Result<CreatedApiKey> {
    let name = checked_name("name", &input.name)?;
    if input
        .expires_in_days
        .is_some_and(|days| days == 0 || days > EXPIRY_DAYS_MAX)
    {
        let message =
            format!("give 1 to {EXPIRY_DAYS_MAX} days, or leave it out for a key without an end");
        return Err(Error::invalid_field(
            "expires_in_days",
            "invalid_expiry",
            message,
        ));
    }
    let caller = ctx.clone();
    app.write_secret(ctx, move |tx| {
        insert_api_key(tx, &caller, name, input.expires_in_days)
    })
    .await
}

fn insert_api_key(
    tx: &Tx<'_>,
    ctx: &Ctx,
    name: String,
    days: Option<u32>,
) -> Result<CreatedApiKey> {
    if credential_store::list_api_keys(tx, ctx.organisation, ctx.person)?.len() >= API_KEYS_MAX {
        let message =
            format!("there are {API_KEYS_MAX} keys already; revoke one that is no longer used");
        return Err(Error::conflict("too_many_keys", message));
    }
    let key = format!("ghk_{}", random_token(API_KEY_BYTES));
    let stored = ApiKey {
        id: ApiKeyId::new(ctx.clock.as_ref()),
        name,
        prefix: key.chars().take(API_KEY_PREFIX_CHARACTERS).collect(),
        created_at: ctx.now(),
        last_used_at: None,
        expires_at: days.map(|days| ctx.now().plus_seconds(i64::from(days) * 86_400)),
    };
    credential_store::insert_api_key(
        tx,
        &token_hash(&key),
        &stored,
        (ctx.person, ctx.organisation),
    )?;
    audit::record(tx, ctx, "api_key.created", stored.id)?;
    Ok(CreatedApiKey {
        id: stored.id,
        name: stored.name,
        key,
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
    let (caller, known_keys) = (ctx.clone(), app.known_keys.clone());
    let written = app.write(ctx, move |tx| {
        known_keys.forget_after(tx);
        if !credential_store::delete_api_key(tx, caller.organisation, caller.person, id)? {
            return Err(Error::not_found("api key"));
        }
        audit::record(tx, &caller, "api_key.revoked", id)
    });
    written.await
}
