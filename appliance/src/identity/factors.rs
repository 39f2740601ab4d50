//! One's own second factors: the authenticator app, recovery codes, and what there is of them all.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Error, PersonId, Principal, Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    credential_store, external_store, factor_store,
    login::Origin,
    passkey::Passkey,
    reauthenticate::{prove_password, require_session},
    recovery, settings_store,
    sign_in::{self, SignInList},
    store, totp,
};
use crate::{app::App, audit};

/// How one's account is guarded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AccountSecurity {
    /// Whether the node knows a password; nobody else's is changed here.
    has_password: bool,
    totp: TotpState,
    passkeys: Vec<Passkey>,
    recovery_codes_left: u32,
    /// Whether the node asks for a second factor of this person.
    second_factor_required: bool,
    /// The directories and identity providers that know the person.
    sources: Vec<AccountSource>,
}

/// The state of one's authenticator app.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct TotpState {
    enabled: bool,
    #[schema(required)]
    confirmed_at: Option<Timestamp>,
}

/// A directory or an identity provider that knows the person.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct AccountSource {
    source: String,
    name: String,
}

/// What an authenticator app needs, shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TotpSetup {
    /// The secret, for typing.
    secret: String,
    /// The same as an `otpauth` address.
    uri: String,
    /// The address as a picture, an `svg` element.
    qr_svg: String,
}

/// Codes to keep somewhere safe, shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    pub(super) recovery_codes: Vec<String>,
}

/// How the caller's account is guarded.
///
/// # Errors
/// Those of the database.
pub(super) async fn overview(app: &App, ctx: &Ctx) -> Result<AccountSecurity> {
    let caller = ctx.clone();
    let mut security = app.db.read(move |reader| read(reader, &caller)).await?;
    if !security.sources.is_empty() {
        let SignInList {
            directories,
            providers,
        } = sign_in::gather(app).await?;
        let directories = directories.into_iter().map(|one| (one.id, one.name));
        let named: Vec<(String, String)> = directories
            .chain(providers.into_iter().map(|one| (one.id, one.name)))
            .collect();
        for known in &mut security.sources {
            if let Some((_, name)) = named.iter().find(|(id, _)| *id == known.source) {
                known.name.clone_from(name);
            }
        }
    }
    Ok(security)
}

fn read(reader: &Reader<'_>, ctx: &Ctx) -> Result<AccountSecurity> {
    let totp = factor_store::find_totp(reader, ctx.person)?.and_then(|row| row.confirmed_at);
    let passkeys = factor_store::list_passkeys(reader, ctx.person)?;
    let hash = store::find_password_hash(reader, ctx.person)?;
    let sources = external_store::sources_of(reader, ctx.person)?;
    Ok(AccountSecurity {
        has_password: hash.is_some_and(|hash| !hash.is_empty()),
        totp: TotpState {
            enabled: totp.is_some(),
            confirmed_at: totp,
        },
        passkeys: passkeys.into_iter().map(|row| row.view()).collect(),
        recovery_codes_left: factor_store::count_recovery_codes(reader, ctx.person)?,
        second_factor_required: is_required(reader, ctx)?,
        sources: sources
            .into_iter()
            .map(|source| AccountSource {
                name: source.clone(),
                source,
            })
            .collect(),
    })
}

/// Whether the node asks the caller for a second factor.
fn is_required(reader: &Reader<'_>, ctx: &Ctx) -> Result<bool> {
    if let Principal::Session(id) = ctx.principal {
        let session = credential_store::find_session_by_id(reader, id)?;
        if session.is_some_and(|row| row.source.is_some()) {
            return Ok(false);
        }
    }
    let membership = store::find_membership(reader, ctx.organisation, ctx.person)?;
    let settings = settings_store::read_security(reader)?;
    Ok(membership.is_some_and(|membership| settings.asks_for_second_factor(&membership)))
}

/// Begins with an authenticator app: gives the secret that it is to hold.
///
/// # Errors
/// `totp_enabled` when there is one; those of proving the password.
pub(super) async fn begin_totp(
    app: &App,
    ctx: &Ctx,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<TotpSetup> {
    let person = prove_password(app, ctx, ("password", password), &origin).await?;
    let secret = Zeroizing::new(totp::new_secret()?);
    let uri = totp::uri(secret.as_ref(), &app.config.name, &person.email);
    let setup = TotpSetup {
        secret: totp::secret_text(secret.as_ref()),
        qr_svg: totp::qr_svg(&uri)?,
        uri,
    };
    let (caller, secrets) = (ctx.clone(), app.secrets.clone());
    let written = app.write_secret(ctx, move |tx| {
        if let Some(old) = factor_store::find_totp(tx, caller.person)? {
            if old.confirmed_at.is_some() {
                return Err(Error::conflict(
                    "totp_enabled",
                    "there is an authenticator app already; remove it before you set up another",
                ));
            }
            secrets.delete(tx, old.secret)?;
            factor_store::delete_totp(tx, caller.person)?;
        }
        let sealed = secrets.put(tx, &caller.person.to_string(), secret.as_ref())?;
        factor_store::insert_totp(tx, caller.person, sealed, caller.now())?;
        audit::record(tx, &caller, "totp.begun", caller.person)?;
        Ok(setup)
    });
    written.await
}

/// Ends setting up an authenticator app: its first code proves that it holds the secret.
///
/// # Errors
/// `wrong_code` on the field; `totp_not_begun`.
pub(super) async fn confirm_totp(app: &App, ctx: &Ctx, code: String) -> Result<RecoveryCodes> {
    require_session(ctx)?;
    let (caller, secrets) = (ctx.clone(), app.secrets.clone());
    let written = app.write_secret(ctx, move |tx| {
        let row = factor_store::find_totp(tx, caller.person)?;
        let row = row
            .filter(|row| row.confirmed_at.is_none())
            .ok_or_else(|| {
                Error::conflict(
                    "totp_not_begun",
                    "no authenticator app waits for its first code; begin anew",
                )
            })?;
        let secret = secrets.open_in(tx, row.secret, &caller.person.to_string())?;
        let step = totp::matching_step(&secret, &code, caller.now(), row.last_step);
        let step = step.ok_or_else(|| {
            let message =
                "the code is not right; check that the clocks of the node and the telephone agree";
            Error::invalid_field("code", "wrong_code", message)
        })?;
        factor_store::confirm_totp(tx, caller.person, caller.now())?;
        factor_store::use_totp(tx, caller.person, step)?;
        audit::record(tx, &caller, "totp.confirmed", caller.person)?;
        Ok(RecoveryCodes {
            recovery_codes: give_recovery_codes(tx, caller.person)?,
        })
    });
    written.await
}

/// Removes the authenticator app.
///
/// # Errors
/// `not_found`; `last_factor`; those of proving the password.
pub(super) async fn remove_totp(
    app: &App,
    ctx: &Ctx,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<()> {
    prove_password(app, ctx, ("password", password), &origin).await?;
    let (caller, secrets) = (ctx.clone(), app.secrets.clone());
    let written = app.write(ctx, move |tx| {
        let row = factor_store::find_totp(tx, caller.person)?;
        let row = row.ok_or_else(|| Error::not_found("authenticator app"))?;
        secrets.delete(tx, row.secret)?;
        factor_store::delete_totp(tx, caller.person)?;
        if row.confirmed_at.is_some() {
            after_removal(tx, &caller)?;
        }
        audit::record(tx, &caller, "totp.removed", caller.person)
    });
    written.await
}

/// Makes new recovery codes; the old ones stop working.
///
/// # Errors
/// `no_second_factor`; those of proving the password.
pub(super) async fn renew_recovery_codes(
    app: &App,
    ctx: &Ctx,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<RecoveryCodes> {
    prove_password(app, ctx, ("password", password), &origin).await?;
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        if !factor_store::has_second_factor(tx, caller.person)? {
            return Err(Error::conflict(
                "no_second_factor",
                "recovery codes stand in for a second factor; set one up first",
            ));
        }
        audit::record(tx, &caller, "recovery_codes.renewed", caller.person)?;
        Ok(RecoveryCodes {
            recovery_codes: give_recovery_codes(tx, caller.person)?,
        })
    });
    written.await
}

/// Gives a person new recovery codes in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn give_recovery_codes(tx: &Tx<'_>, person: PersonId) -> Result<Vec<String>> {
    let (codes, hashes) = recovery::new_codes();
    factor_store::replace_recovery_codes(tx, person, &hashes)?;
    Ok(codes)
}

/// After a factor was removed: recovery codes go with the last one, which stays when one is required.
///
/// # Errors
/// `last_factor`.
pub(super) fn after_removal(tx: &Tx<'_>, ctx: &Ctx) -> Result<()> {
    if factor_store::has_second_factor(tx, ctx.person)? {
        return Ok(());
    }
    if is_required(tx, ctx)? {
        return Err(Error::conflict(
            "last_factor",
            "this node requires a second factor of you; set up another before you remove this one",
        ));
    }
    factor_store::replace_recovery_codes(tx, ctx.person, &[])
}

/// Removes every second factor of a person in the caller's transaction: an administrator vouches.
///
/// # Errors
/// Those of the database.
pub(super) fn remove_all(
    tx: &Tx<'_>,
    secrets: &crate::secrets::Secrets,
    person: PersonId,
) -> Result<()> {
    if let Some(row) = factor_store::find_totp(tx, person)? {
        secrets.delete(tx, row.secret)?;
        factor_store::delete_totp(tx, person)?;
    }
    factor_store::delete_passkeys(tx, person)?;
    factor_store::replace_recovery_codes(tx, person, &[])
}
