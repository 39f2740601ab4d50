//! Coming in by an invitation: with the account one has, or with a new one.

use guildhall_db::Tx;
use guildhall_kernel::{Error, PersonId, Result};
use zeroize::Zeroizing;

use super::{
    invitations::{self, Parts},
    joining,
    login::{OpenedSession, Origin, Proof},
    model::{Person, all_checked, checked_email, checked_name, checked_password},
    password,
    password_login::{note_refusal, wrong_credentials},
    second_step::{self, FirstStep},
    settings_store,
    site::Site,
    store::{self, Credentials},
    token_hash,
};
use crate::app::App;

/// What somebody who was invited says.
pub(super) struct Acceptance {
    pub(super) token: String,
    /// Needed when the invitation names no address.
    pub(super) email: Option<String>,
    /// Given by who wants a new account.
    pub(super) display_name: Option<String>,
    /// Of the account that is there, or for the new one.
    pub(super) password: Option<Zeroizing<String>>,
}

/// Joins the organisation and logs in. What is wrong with the answer is said before anything is looked up, and in the
/// same words whether the address has an account or not.
///
/// # Errors
/// Those of the invitation (`invitation_…`, `another_address`, `already_a_member`, `license_restricted`);
/// those of the fields for a new account; `wrong_credentials` and `second_factor_required`; `too_many_attempts`.
pub(super) async fn accept(
    app: &App,
    input: Acceptance,
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    let (hash, now) = (token_hash(&input.token), app.clock.now());
    let (lookup, given) = (hash.clone(), input.email.clone());
    let read = app.db.read(move |reader| {
        let row = invitations::find_open(reader, &lookup, now)?;
        let email = address(row.email, given)?;
        let found = store::find_credentials(reader, &email)?;
        let length_min = settings_store::read_security(reader)?.password_length_min;
        Ok((email, found, length_min))
    });
    let (email, found, length_min) = read.await?;
    let password = input.password.unwrap_or_default();
    let new = match input.display_name {
        Some(name) => {
            let account = checked_account(Some(name), password.clone(), (&email, length_min));
            Some(account.await?)
        }
        None => None,
    };
    match (found, new) {
        (None, Some((display_name, password_hash))) => {
            let parts = invitations::parts(app);
            let account = (email, display_name, password_hash);
            app.db
                .write(move |tx| with_new_account(tx, &parts, (account, &hash), &origin))
                .await
        }
        (found, _) => with_account(app, (email, found, hash), password, (origin, site)).await,
    }
}

/// The address to come in with: the invited one, or the given one when nobody in particular was invited.
fn address(invited: Option<String>, given: Option<String>) -> Result<String> {
    let given = given
        .map(|email| checked_email("email", &email))
        .transpose()?;
    match (invited, given) {
        (Some(invited), Some(given)) if invited != given => Err(invitations::another_address()),
        (Some(email), _) | (None, Some(email)) => Ok(email),
        (None, None) => Err(Error::invalid_field(
            "email",
            "missing_field",
            "give your e-mail address",
        )),
    }
}

/// Name and hashed password of a new account.
///
/// # Errors
/// `invalid_name`, `weak_password`, or both as `invalid_fields`.
pub(super) async fn checked_account(
    display_name: Option<String>,
    password: Zeroizing<String>,
    (email, length_min): (&str, u32),
) -> Result<(String, String)> {
    let name = checked_name("display_name", &display_name.unwrap_or_default());
    let fits = checked_password("password", &password, (email, length_min));
    match (name, fits) {
        (Ok(name), Ok(())) => Ok((name, password::hash(password).await?)),
        (name, fits) => {
            all_checked([("display_name", name.err()), ("password", fits.err())])?;
            Err(Error::internal("a refused field without a reason"))
        }
    }
}

/// Goes on with the account of the address. One that has no password here, or is not there, answers as to a wrong
/// password: its holder signs in the way they know and joins by the session.
async fn with_account(
    app: &App,
    (email, found, invitation): (String, Option<Credentials>, String),
    password: Zeroizing<String>,
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    app.login_limits.attempt(&email, &origin.limit_key)?;
    let stored = found.as_ref().map(|found| found.password_hash.clone());
    let stored = stored.filter(|hash| !hash.is_empty());
    let is_right = password::verify(password, stored).await?;
    let Some(found) = found.filter(|_| is_right) else {
        let clock = app.clock.clone();
        app.db
            .write(move |tx| note_refusal(tx, clock.as_ref(), &origin, "invitation"))
            .await?;
        return Err(wrong_credentials());
    };
    app.login_limits.succeeded(&email, &origin.limit_key);
    let first = FirstStep {
        person: found.person,
        password_hash: found.password_hash,
        invitation: Some(invitation),
    };
    second_step::go_on(app, first, (origin, site)).await
}

fn with_new_account(
    tx: &Tx<'_>,
    parts: &Parts,
    ((email, display_name, password_hash), invitation): ((String, String, String), &str),
    origin: &Origin,
) -> Result<OpenedSession> {
    // Somebody may have made the account since it was looked for.
    if store::find_credentials(tx, &email)?.is_some() {
        return Err(wrong_credentials());
    }
    let now = parts.clock.now();
    invitations::find_open(tx, invitation, now)?;
    let person = Person {
        id: PersonId::new(parts.clock.as_ref()),
        email,
        display_name,
    };
    store::insert_person(tx, &person, &password_hash, false, now)?;
    let proof = Proof::of_node(now);
    joining::join(tx, parts, (&person, invitation), (origin, proof))
}
