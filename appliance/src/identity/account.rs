//! What people do with their own account: name, password, sessions.

use guildhall_kernel::{Ctx, Error, Page, Principal, Result, SessionId};
use zeroize::Zeroizing;

use super::{
    credential_store,
    login::{self, OpenedSession, Origin},
    model::{AccountSession, Person, checked_name, checked_password},
    password, password_reset_store,
    reauthenticate::prove_password,
    settings, store,
};
use crate::{app::App, audit};

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
/// `wrong_password` on `current_password`; `weak_password` on `new_password`; `too_many_attempts`;
/// `no_local_password`.
pub(super) async fn change_password(
    app: &App,
    ctx: &Ctx,
    (current, new): (Zeroizing<String>, Zeroizing<String>),
    origin: Origin,
) -> Result<OpenedSession> {
    let person = prove_password(app, ctx, ("current_password", current), &origin).await?;
    let settings = settings::read_security(app).await?;
    checked_password(
        "new_password",
        &new,
        (&person.email, settings.password_length_min),
    )?;
    let hash = password::hash(new).await?;
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write_secret(ctx, move |tx| {
        store::update_password(tx, caller.person, &hash, false)?;
        password_reset_store::delete(tx, caller.person)?;
        credential_store::delete_other_sessions(tx, caller.person, None)?;
        live.end_sessions_after(tx, caller.person, None);
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
        _ => None,
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
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        if !credential_store::delete_session(tx, caller.person, id)? {
            return Err(Error::not_found("session"));
        }
        live.end_session_after(tx, id);
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
        _ => None,
    };
    let live = app.live.clone();
    let written = app.write(ctx, move |tx| {
        credential_store::delete_other_sessions(tx, caller.person, kept)?;
        live.end_sessions_after(tx, caller.person, kept);
        audit::record(tx, &caller, "session.others_revoked", caller.person)
    });
    written.await
}
