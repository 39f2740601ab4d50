//! Passkeys of the node's people: registering them, logging in with them alone, and their list.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, PasskeyId, PersonId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    ceremony::{self, Registration},
    factor_store::{self, PasskeyRow},
    factors,
    login::{self, OpenedSession, Origin},
    model::checked_name,
    password_login::note_refusal,
    reauthenticate::{prove_password, require_session},
    site::{PasskeyOrigin, Site},
    store,
    webauthn::{self, Expected, Known, Refusal, User},
};
use crate::{app::App, audit};

const PASSKEYS_MAX: usize = 20;

/// A passkey, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

/// A passkey that was just registered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CreatedPasskey {
    #[serde(flatten)]
    pub(super) passkey: Passkey,
    /// New recovery codes, shown once, when this is the first second factor.
    #[schema(required)]
    pub(super) recovery_codes: Option<Vec<String>>,
}

/// What a page asks the browser with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PasskeyOptions {
    /// What the answer names this by.
    pub(super) challenge: String,
    /// For `PublicKeyCredential.parse…OptionsFromJSON`.
    #[schema(value_type = Object)]
    pub(super) options: Value,
}

/// What an answer to `nonce` must belong to.
pub(super) fn expected<'a>(
    nonce: &'a [u8],
    here: &'a PasskeyOrigin,
    user_verification: bool,
) -> Expected<'a> {
    Expected {
        nonce,
        origin: &here.origin,
        rp_id: &here.rp_id,
        user_verification,
    }
}

/// Checks an answer against the stored passkey it comes from and notes the use; says whose it is.
///
/// # Errors
/// Those of the database; a refusal is a value.
pub(super) fn check(
    tx: &Tx<'_>,
    credential: &Value,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<std::result::Result<PersonId, Refusal>> {
    let id = match webauthn::credential_id(credential) {
        Ok(id) => id,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(row) = factor_store::find_passkey_by_credential(tx, &id)? else {
        return Ok(Err(Refusal("nobody here has this passkey")));
    };
    let handle = row.person.to_string();
    let known = Known {
        public_key: &row.public_key,
        sign_count: row.sign_count,
        backup_eligible: row.backup_eligible,
        user_handle: handle.as_bytes(),
    };
    match webauthn::verify(credential, expected, known) {
        Ok(sign_count) => {
            factor_store::use_passkey(tx, row.id, sign_count, now)?;
            Ok(Ok(row.person))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Options for logging in with a passkey alone.
///
/// # Errors
/// `passkey_origin`.
pub(super) fn login_options(app: &App, site: &Site) -> Result<PasskeyOptions> {
    let here = site.passkey_origin(app)?;
    let nonce = ceremony::nonce()?;
    Ok(PasskeyOptions {
        options: webauthn::request_options(&here.rp_id, &nonce, &[], "required"),
        challenge: app.ceremonies.passkey_logins.begin(nonce),
    })
}

/// Logs in with a passkey alone: it holds two factors when the authenticator has checked who uses it.
///
/// # Errors
/// `challenge_expired`, `passkey_refused`, `passkey_origin`, `too_many_attempts`, `no_organisation`.
pub(super) async fn log_in(
    app: &App,
    (challenge, credential): (&str, Value),
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    app.login_limits.attempt_from(&origin.limit_key)?;
    let here = site.passkey_origin(app)?;
    let nonce = app.ceremonies.passkey_logins.take(challenge)?.what;
    let (clock, limit_key) = (Arc::clone(&app.clock), origin.limit_key.clone());
    let written = app.db.write(move |tx| {
        let expected = expected(&nonce, &here, true);
        match check(tx, &credential, expected, clock.now())? {
            Ok(person) => {
                let person = store::find_person(tx, person)?;
                let person = person.ok_or_else(|| Error::not_found("person"))?;
                login::open_first(tx, clock, &person, &origin).map(Ok)
            }
            Err(refusal) => {
                note_refusal(tx, clock.as_ref(), &origin, "passkey")?;
                Ok(Err(refusal))
            }
        }
    });
    match written.await? {
        Ok(opened) => {
            app.login_limits.succeeded_from(&limit_key);
            Ok(opened)
        }
        Err(Refusal(reason)) => {
            tracing::info!(reason, "a login by passkey was refused");
            Err(Error::unauthenticated(
                "passkey_refused",
                "this passkey was not accepted; try again, or log in with your password",
            ))
        }
    }
}

/// Options for registering a passkey, after the password was given again.
///
/// # Errors
/// `wrong_password`, `passkey_origin`, `too_many_passkeys`; those of proving the password.
pub(super) async fn registration_options(
    app: &App,
    ctx: &Ctx,
    password: Zeroizing<String>,
    (origin, site): (Origin, &Site),
) -> Result<PasskeyOptions> {
    let here = site.passkey_origin(app)?;
    let person = prove_password(app, ctx, ("password", password), &origin).await?;
    let id = person.id;
    let registered = app
        .db
        .read(move |reader| factor_store::list_passkeys(reader, id))
        .await?;
    if registered.len() >= PASSKEYS_MAX {
        return Err(too_many_passkeys());
    }
    let registered: Vec<webauthn::Described> = registered
        .into_iter()
        .map(|row| (row.credential_id, row.transports))
        .collect();
    let nonce = ceremony::nonce()?;
    let handle = person.id.to_string();
    let user = User {
        handle: handle.as_bytes(),
        name: &person.email,
        display_name: &person.display_name,
    };
    let rp = (here.rp_id.as_str(), app.config.name.as_str());
    Ok(PasskeyOptions {
        options: webauthn::creation_options(rp, user, &nonce, &registered),
        challenge: app.ceremonies.registrations.begin(Registration {
            person: person.id,
            nonce,
        }),
    })
}

fn too_many_passkeys() -> Error {
    let message = format!("there are {PASSKEYS_MAX} passkeys already; remove one first");
    Error::conflict("too_many_passkeys", message)
}

/// Registers a passkey. With the first second factor come recovery codes.
///
/// # Errors
/// `challenge_expired`, `passkey_refused` with the reason, `passkey_taken`, `invalid_name`,
/// `too_many_passkeys`.
pub(super) async fn register(
    app: &App,
    ctx: &Ctx,
    (challenge, name, credential): (&str, &str, Value),
    site: &Site,
) -> Result<CreatedPasskey> {
    require_session(ctx)?;
    let name = checked_name("name", name)?;
    let here = site.passkey_origin(app)?;
    let begun = app.ceremonies.registrations.take(challenge)?.what;
    if begun.person != ctx.person {
        return Err(ceremony::challenge_expired());
    }
    let made = webauthn::register(&credential, expected(&begun.nonce, &here, false)).map_err(
        |Refusal(reason)| Error::invalid("passkey_refused", format!("{reason}; try again")),
    )?;
    let row = PasskeyRow {
        id: PasskeyId::new(ctx.clock.as_ref()),
        person: ctx.person,
        name,
        credential_id: made.credential_id,
        rp_id: here.rp_id,
        public_key: made.public_key,
        sign_count: made.sign_count,
        backup_eligible: made.backup_eligible,
        transports: made.transports,
        created_at: ctx.now(),
        last_used_at: None,
    };
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| insert(tx, &caller, row));
    written.await
}

fn insert(tx: &Tx<'_>, ctx: &Ctx, row: PasskeyRow) -> Result<CreatedPasskey> {
    if factor_store::find_passkey_by_credential(tx, &row.credential_id)?.is_some() {
        return Err(Error::conflict(
            "passkey_taken",
            "this passkey is registered already; use another authenticator",
        ));
    }
    if factor_store::list_passkeys(tx, ctx.person)?.len() >= PASSKEYS_MAX {
        return Err(too_many_passkeys());
    }
    let is_first = !factor_store::has_second_factor(tx, ctx.person)?;
    factor_store::insert_passkey(tx, &row)?;
    let recovery_codes = if is_first {
        Some(factors::give_recovery_codes(tx, ctx.person)?)
    } else {
        None
    };
    audit::record(tx, ctx, "passkey.registered", row.id)?;
    Ok(CreatedPasskey {
        passkey: row.view(),
        recovery_codes,
    })
}

/// Calls a passkey something else.
///
/// # Errors
/// `not_found`, `invalid_name`.
pub(super) async fn rename(app: &App, ctx: &Ctx, id: PasskeyId, name: &str) -> Result<Passkey> {
    require_session(ctx)?;
    let name = checked_name("name", name)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        factor_store::rename_passkey(tx, caller.person, (id, &name))?;
        let row = factor_store::find_passkey(tx, caller.person, id)?;
        let row = row.ok_or_else(|| Error::not_found("passkey"))?;
        audit::record(tx, &caller, "passkey.renamed", id)?;
        Ok(row.view())
    });
    written.await
}

/// Removes a passkey.
///
/// # Errors
/// `not_found`; `last_factor` when one is required and this is the last.
pub(super) async fn remove(app: &App, ctx: &Ctx, id: PasskeyId) -> Result<()> {
    require_session(ctx)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if factor_store::find_passkey(tx, caller.person, id)?.is_none() {
            return Err(Error::not_found("passkey"));
        }
        factor_store::delete_passkey(tx, caller.person, id)?;
        factors::after_removal(tx, &caller)?;
        audit::record(tx, &caller, "passkey.removed", id)
    });
    written.await
}
