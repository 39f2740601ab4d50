//! The second step of a login: a code, a passkey or a recovery code after a right password.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Error, PersonId, Result};
use serde_json::Value;

use super::{
    ceremony::{self, SecondStep},
    factor_store::{self, PasskeyRow},
    invitations, joining, login,
    login::{OpenedSession, Origin, Proof},
    model::Person,
    passkey,
    password_login::note_refusal,
    recovery,
    site::{PasskeyOrigin, Site},
    store, totp, webauthn,
};
use crate::{app::App, secrets::Secrets};

/// Somebody whose password was right.
pub(super) struct FirstStep {
    pub(super) person: Person,
    /// The stored password it was compared with.
    pub(super) password_hash: String,
    /// The invitation to accept with the login, by the hash of its token.
    pub(super) invitation: Option<String>,
}

/// How somebody does the second step.
pub(super) enum Answer {
    /// A code of the authenticator app.
    Code(String),
    RecoveryCode(String),
    /// What the browser's passkey answered.
    Passkey(Value),
}

/// What a person can do the second step with.
struct Ways {
    totp: bool,
    passkeys: Vec<PasskeyRow>,
    recovery_codes: u32,
}

impl Ways {
    fn of(reader: &Reader<'_>, person: PersonId) -> Result<Self> {
        let totp = factor_store::find_totp(reader, person)?;
        Ok(Self {
            totp: totp.is_some_and(|row| row.confirmed_at.is_some()),
            passkeys: factor_store::list_passkeys(reader, person)?,
            recovery_codes: factor_store::count_recovery_codes(reader, person)?,
        })
    }

    fn is_needed(&self) -> bool {
        self.totp || !self.passkeys.is_empty()
    }
}

/// Goes on after a right password: opens a session, or says what is still needed.
///
/// # Errors
/// `second_factor_required`; `no_organisation`; those of accepting an invitation.
pub(super) async fn go_on(
    app: &App,
    first: FirstStep,
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    let person = first.person.id;
    let ways = app.db.read(move |reader| Ways::of(reader, person)).await?;
    if ways.is_needed() {
        return Err(ask(app, first, ways, site)?);
    }
    let parts = invitations::parts(app);
    app.db
        .write(move |tx| {
            open(
                tx,
                &parts,
                (&first.person, first.invitation.as_deref()),
                &origin,
            )
        })
        .await
}

fn open(
    tx: &Tx<'_>,
    parts: &invitations::Parts,
    (person, invitation): (&Person, Option<&str>),
    origin: &Origin,
) -> Result<OpenedSession> {
    match invitation {
        Some(token_hash) => {
            let proof = Proof::of_node(parts.clock.now());
            joining::join(tx, parts, (person, token_hash), (origin, proof))
        }
        None => login::open_first(tx, Arc::clone(&parts.clock), person, origin),
    }
}

fn ask(app: &App, first: FirstStep, ways: Ways, site: &Site) -> Result<Error> {
    let nonce = ceremony::nonce()?;
    let here = site.passkey_origin(app).ok();
    let usable: Vec<webauthn::Described> = ways
        .passkeys
        .into_iter()
        .filter(|row| here.as_ref().is_some_and(|here| here.rp_id == row.rp_id))
        .map(|row| (row.credential_id, row.transports))
        .collect();
    let options = here
        .filter(|_| !usable.is_empty())
        .map_or(Value::Null, |here| {
            webauthn::request_options(&here.rp_id, &nonce, &usable, "preferred")
        });
    let methods = [
        ("totp", ways.totp),
        ("passkey", !usable.is_empty()),
        ("recovery_code", ways.recovery_codes > 0),
    ];
    let challenge = app.ceremonies.second_steps.begin(SecondStep {
        person: first.person.id,
        nonce,
        password_hash: first.password_hash,
        invitation: first.invitation,
    });
    let step = guildhall_kernel::SecondStep {
        challenge,
        methods: methods
            .into_iter()
            .filter_map(|(name, is_there)| is_there.then_some(name))
            .collect(),
        passkey_options: options,
    };
    Ok(Error::unauthenticated(
        "second_factor_required",
        "the password is right; now give the code of your authenticator app, or use your passkey",
    )
    .with_second_step(step))
}

/// Does the second step.
///
/// # Errors
/// `challenge_expired`, `wrong_code`, `too_many_attempts`; those of [`go_on`].
pub(super) async fn finish(
    app: &App,
    challenge: &str,
    answer: Answer,
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    let half = &app.ceremonies.second_steps;
    let entry = half.take(challenge)?;
    let step = entry.what.clone();
    if let Err(error) = app.login_limits.attempt_second_step(step.person) {
        half.keep(challenge, entry);
        return Err(error);
    }
    let here = site.passkey_origin(app).ok();
    let (parts, secrets) = (invitations::parts(app), app.secrets.clone());
    let written = app.db.write(move |tx| {
        // A password that was changed meanwhile was changed for a reason.
        if store::find_password_hash(tx, step.person)?.as_ref() != Some(&step.password_hash) {
            return Err(ceremony::challenge_expired());
        }
        let clock = Arc::clone(&parts.clock);
        if !is_right(tx, (&secrets, &parts), (&step, here.as_ref()), &answer)? {
            note_refusal(tx, clock.as_ref(), &origin, "second_factor")?;
            return Ok(None);
        }
        let person = store::find_person(tx, step.person)?;
        let person = person.ok_or_else(|| Error::not_found("person"))?;
        open(tx, &parts, (&person, step.invitation.as_deref()), &origin).map(Some)
    });
    let person = entry.what.person;
    match written.await {
        Ok(Some(opened)) => {
            app.login_limits.second_step_succeeded(person);
            Ok(opened)
        }
        Ok(None) => {
            half.put_back(challenge, entry);
            Err(wrong_code())
        }
        Err(error) => {
            half.keep(challenge, entry);
            Err(error)
        }
    }
}

fn wrong_code() -> Error {
    Error::unauthenticated(
        "wrong_code",
        "this is not right, or was used before; wait for the next code or use another way",
    )
}

fn is_right(
    tx: &Tx<'_>,
    (secrets, parts): (&Secrets, &invitations::Parts),
    (step, here): (&SecondStep, Option<&PasskeyOrigin>),
    answer: &Answer,
) -> Result<bool> {
    let now = parts.clock.now();
    match answer {
        Answer::Code(code) => check_totp(tx, secrets, step.person, (code, now)),
        Answer::RecoveryCode(code) => {
            factor_store::use_recovery_code(tx, step.person, &recovery::hash(code))
        }
        Answer::Passkey(credential) => {
            let Some(here) = here else {
                return Ok(false);
            };
            let expected = passkey::expected(&step.nonce, here, false);
            let owner = passkey::check(tx, credential, expected, now)?;
            Ok(owner == Ok(step.person))
        }
    }
}

/// Checks a code of a confirmed authenticator app and uses it up.
fn check_totp(
    tx: &Tx<'_>,
    secrets: &Secrets,
    person: PersonId,
    (code, now): (&str, guildhall_kernel::Timestamp),
) -> Result<bool> {
    let row = factor_store::find_totp(tx, person)?;
    let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else {
        return Ok(false);
    };
    let secret = secrets.open_in(tx, row.secret, &person.to_string())?;
    let Some(step) = totp::matching_step(&secret, code, now, row.last_step) else {
        return Ok(false);
    };
    factor_store::use_totp(tx, person, step)?;
    Ok(true)
}
