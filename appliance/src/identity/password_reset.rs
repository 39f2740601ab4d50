//! A new password for who forgot theirs, by a link that is sent to their address.
//!
//! Invariants: the answer to asking is the same whether the address has an account or not; a link works once, for an hour,
//! and only the newest of a person does; setting a password ends every session of the person and logs nobody in, so second
//! factors are asked for as ever.

use guildhall_db::Reader;
use guildhall_kernel::{Error, ErrorKind, Result, Timestamp, random_token};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    credential_store, letters,
    login::Origin,
    model::{Person, checked_email, checked_password},
    password, password_reset_store, settings_store, store, token_hash,
};
use crate::{app::App, audit, mail};

const TOKEN_BYTES: usize = 20;
const LINK_SECONDS: i64 = 3_600;

/// Whose password a link sets, and how long the new one must be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetOffer {
    email: String,
    display_name: String,
    /// Fewest characters of the new password.
    password_length_min: u32,
}

/// Sends a link to the address if somebody with a password here has it.
///
/// # Errors
/// `mail_off`, `invalid_email`, `too_many_requests`, `mail_queue_full`.
pub(super) async fn ask(app: &App, email: &str, origin: Origin) -> Result<()> {
    let email = checked_email("email", email)?;
    app.db.read(mail::check_on).await?;
    app.login_limits.attempt_password_reset(&origin.limit_key)?;
    app.login_limits.attempt_mail(&email)?;
    let (node, token) = (app.clone(), random_token(TOKEN_BYTES));
    let written = app.db.write(move |tx| {
        mail::check_on(tx)?;
        let now = node.clock.now();
        let expires_at = now.plus_seconds(LINK_SECONDS);
        let found = store::find_credentials(tx, &email)?;
        let found = found.filter(|found| !found.password_hash.is_empty());
        if let Some(found) = &found {
            let (person, hash) = (found.person.id, token_hash(&token));
            password_reset_store::put(tx, person, &hash, (now, expires_at))?;
            let letter = letters::password_reset(&node.origin, (&email, expires_at), &token);
            mail::queue(tx, &node, &letter)?;
        }
        let subject =
            found.map_or_else(|| "nobody".to_owned(), |found| found.person.id.to_string());
        let what = ("password_reset.asked", subject.as_str());
        let facts = json!({ "address": origin.address });
        audit::record_anonymous(tx, node.clock.as_ref(), &origin.request_id, what, facts)
    });
    written.await
}

/// Whose password the link sets.
///
/// # Errors
/// `reset_link_unknown`, `reset_link_expired`, both as gone.
pub(super) async fn check(app: &App, token: &str) -> Result<PasswordResetOffer> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let read = app.db.read(move |reader| {
        let person = find(reader, &hash, now)?;
        Ok(PasswordResetOffer {
            email: person.email,
            display_name: person.display_name,
            password_length_min: settings_store::read_security(reader)?.password_length_min,
        })
    });
    read.await
}

/// Sets the new password and ends every session of the person.
///
/// # Errors
/// `weak_password` on `password`; those of [`check`].
pub(super) async fn confirm(
    app: &App,
    (token, new): (&str, Zeroizing<String>),
    origin: Origin,
) -> Result<()> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let offer = check(app, token).await?;
    let rules = (offer.email.as_str(), offer.password_length_min);
    checked_password("password", &new, rules)?;
    let password_hash = password::hash(new).await?;
    let node = app.clone();
    let written = app.db.write(move |tx| {
        let person = find(tx, &hash, now)?;
        store::update_password(tx, person.id, &password_hash, false)?;
        password_reset_store::delete(tx, person.id)?;
        credential_store::delete_other_sessions(tx, person.id, None)?;
        node.live.end_sessions_after(tx, person.id, None);
        let subject = person.id.to_string();
        let what = ("password_reset.done", subject.as_str());
        let clock = node.clock.as_ref();
        audit::record_anonymous(tx, clock, &origin.request_id, what, Value::Null)?;
        let limits = node.clone();
        tx.after_commit(move || {
            limits.login_limits.forgive_password(&person.email);
        });
        Ok(())
    });
    written.await
}

fn find(reader: &Reader<'_>, token_hash: &str, now: Timestamp) -> Result<Person> {
    let gone = |code, message: &str| Err(Error::new(ErrorKind::Gone, code, message));
    let unknown = || {
        gone(
            "reset_link_unknown",
            "this link is not known, was used, or a newer one was sent; check that it was copied whole, or ask for another",
        )
    };
    let Some((person, expires_at)) = password_reset_store::find(reader, token_hash)? else {
        return unknown();
    };
    if expires_at <= now {
        return gone(
            "reset_link_expired",
            "this link has expired; ask for another",
        );
    }
    // Somebody may have come under a directory or an identity provider since.
    let has_password = store::find_password_hash(reader, person)?.is_some_and(|it| !it.is_empty());
    match store::find_person(reader, person)?.filter(|_| has_password) {
        Some(person) => Ok(person),
        None => unknown(),
    }
}
