//! Accounts that people ask for themselves, each with an organisation of its own.
//!
//! Invariants: an account is made for who holds the address (a mail with a link proves it) and chose the password, or for
//! whom a platform administrator lets in; without mail nothing proves the address, so an administrator decides in the open
//! mode too. Whether an address has an account already is told to who holds it and to nobody else.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{
    Ctx, Entitlements, Error, ErrorKind, Page, PageRequest, PersonId, Result, Role, SignUpId,
    Timestamp, random_token,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    accept::checked_account,
    invitations, letters,
    login::{self, OpenedSession, Origin},
    model::{Organisation, Person, checked_email, checked_name},
    organisations, password,
    password_login::{note_refusal, wrong_credentials},
    settings::SignUpMode,
    settings_store,
    sign_up_store::{self, Proof, SignUpRow},
    store, token_hash,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
    mail,
};

const WAITING_MAX: u32 = 1000;
const TOKEN_BYTES: usize = 20;
/// How long the link that proves an address works: a day.
const PROOF_SECONDS: i64 = 86_400;

/// Somebody who asks for an account.
pub(super) struct Applicant {
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) password: Zeroizing<String>,
    /// What their organisation is to be called.
    pub(super) organisation: String,
}

/// What became of the request.
pub(super) enum SignedUp {
    /// The account is there.
    In(Box<OpenedSession>),
    /// A platform administrator decides.
    Waiting,
    /// A link was sent to the address.
    VerifyEmail,
}

/// A request for an account that waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SignUp {
    id: SignUpId,
    email: String,
    display_name: String,
    /// What the organisation is to be called.
    organisation: String,
    created_at: Timestamp,
    /// Where the request came from.
    address: String,
    /// Whether a link that was sent to the address was followed.
    email_verified: bool,
}

/// Asks for an account.
///
/// # Errors
/// `sign_up_closed`, `domain_blocked`, `domain_not_allowed`; those of the fields; `too_many_requests`,
/// `too_many_sign_ups`, `mail_queue_full`.
pub(super) async fn ask(app: &App, input: Applicant, origin: Origin) -> Result<SignedUp> {
    let read = app.db.read(|reader| {
        let length_min = settings_store::read_security(reader)?.password_length_min;
        let settings = settings_store::read_sign_up(reader)?;
        Ok((settings, length_min, mail::is_on(reader)?))
    });
    let (settings, length_min, is_mail_on) = read.await?;
    // A closed door says so before it looks at anything.
    settings.admit_anybody()?;
    let email = checked_email("email", &input.email)?;
    settings.admit(&email)?;
    let organisation = checked_name("organisation", &input.organisation)?;
    app.login_limits.attempt_sign_up(&origin.limit_key)?;
    if is_mail_on {
        app.login_limits.attempt_mail(&email)?;
    }
    let rules = (email.as_str(), length_min);
    let (display_name, password_hash) =
        checked_account(Some(input.display_name), input.password, rules).await?;
    let row = SignUpRow {
        id: SignUpId::new(app.clock.as_ref()),
        email,
        display_name,
        password_hash,
        organisation,
        address: origin.address.clone(),
        created_at: app.clock.now(),
        verified_at: None,
    };
    let node = app.clone();
    let written = app.db.write(move |tx| {
        // The door may have closed while the password was hashed.
        settings_store::read_sign_up(tx)?.admit(&row.email)?;
        keep(tx, &node, &row, &origin)
    });
    written.await
}

/// Keeps a request until its address is proven or, without mail, until an administrator decides.
fn keep(tx: &Tx<'_>, app: &App, row: &SignUpRow, origin: &Origin) -> Result<SignedUp> {
    sign_up_store::delete_expired(tx, row.created_at)?;
    if sign_up_store::count(tx)? >= WAITING_MAX {
        return Err(Error::unavailable(
            "too_many_sign_ups",
            "too many requests wait for an administrator already; try again later",
            3600,
        ));
    }
    let is_known = store::find_credentials(tx, &row.email)?.is_some();
    let outcome = if mail::is_on(tx)? {
        ask_for_proof(tx, app, row, is_known)?;
        SignedUp::VerifyEmail
    } else {
        if !is_known {
            sign_up_store::insert(tx, row, None)?;
        }
        app.events
            .publish_after(tx, Audience::Node, Event::PeopleChanged {});
        SignedUp::Waiting
    };
    let (id, facts) = (row.id.to_string(), json!({ "address": row.address }));
    let what = ("sign_up.asked", id.as_str());
    audit::record_anonymous(tx, app.clock.as_ref(), &origin.request_id, what, facts)?;
    Ok(outcome)
}

/// Sends a link to the address; to one that has an account, the news that it has.
fn ask_for_proof(tx: &Tx<'_>, app: &App, row: &SignUpRow, is_known: bool) -> Result<()> {
    let expires_at = row.created_at.plus_seconds(PROOF_SECONDS);
    let to = (row.email.as_str(), expires_at);
    if is_known {
        return mail::queue(tx, app, &letters::has_account(&app.origin, to));
    }
    let token = random_token(TOKEN_BYTES);
    let proof = Proof {
        token_hash: &token_hash(&token),
        expires_at,
    };
    // A request that waits for an administrator has been proven before.
    if sign_up_store::insert(tx, row, Some(&proof))? {
        let letter = letters::verify_address(&app.origin, to, &token);
        mail::queue(tx, app, &letter)?;
    }
    Ok(())
}

/// Goes on with a request by the link that was sent to its address, and the password that was chosen for it: whoever asks
/// in another's name must not get an account because the other follows a link.
///
/// # Errors
/// `sign_up_link_unknown`, `sign_up_link_expired` as gone; `wrong_credentials`, `too_many_attempts`; `account_exists`,
/// `license_restricted`; `sign_up_closed` and the like when the rules have changed.
pub(super) async fn verify(
    app: &App,
    (token, password): (&str, Zeroizing<String>),
    origin: Origin,
) -> Result<SignedUp> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let lookup = hash.clone();
    let read = app.db.read(move |reader| find_proof(reader, &lookup, now));
    let row = read.await?;
    app.login_limits.attempt(&row.email, &origin.limit_key)?;
    if !password::verify(password, Some(row.password_hash)).await? {
        let clock = Arc::clone(&app.clock);
        app.db
            .write(move |tx| note_refusal(tx, clock.as_ref(), &origin, "sign_up"))
            .await?;
        return Err(wrong_credentials());
    }
    app.login_limits.succeeded(&row.email, &origin.limit_key);
    let (parts, events) = (invitations::parts(app), app.events.clone());
    let written = app.db.write(move |tx| {
        let row = find_proof(tx, &hash, now)?;
        let settings = settings_store::read_sign_up(tx)?;
        settings.admit(&row.email)?;
        if settings.mode == SignUpMode::Open {
            return let_in(tx, &parts, &row, &origin);
        }
        sign_up_store::mark_verified(tx, row.id, now)?;
        let (id, facts) = (row.id.to_string(), json!({ "address": origin.address }));
        let what = ("sign_up.verified", id.as_str());
        audit::record_anonymous(tx, parts.clock.as_ref(), &origin.request_id, what, facts)?;
        events.publish_after(tx, Audience::Node, Event::PeopleChanged {});
        Ok(SignedUp::Waiting)
    });
    written.await
}

fn find_proof(reader: &Reader<'_>, token_hash: &str, now: Timestamp) -> Result<SignUpRow> {
    let gone = |code, message: &str| Err(Error::new(ErrorKind::Gone, code, message));
    match sign_up_store::find_by_token(reader, token_hash)? {
        None => gone(
            "sign_up_link_unknown",
            "this link is not known, or was used before; check that it was copied whole, or ask for an account once more",
        ),
        Some((_, expires_at)) if expires_at <= now => gone(
            "sign_up_link_expired",
            "this link has expired; ask for an account once more",
        ),
        Some((row, _)) => Ok(row),
    }
}

fn let_in(
    tx: &Tx<'_>,
    parts: &invitations::Parts,
    row: &SignUpRow,
    origin: &Origin,
) -> Result<SignedUp> {
    let clock = Arc::clone(&parts.clock);
    let (organisation, person) = make(tx, parts, row)?;
    sign_up_store::delete(tx, row.id)?;
    let opened = login::open_session(tx, clock, (&person, organisation.id), origin)?;
    let facts = json!({ "organisation": organisation.id });
    audit::record_with(tx, &opened.ctx, "sign_up.accepted", person.id, facts)?;
    Ok(SignedUp::In(Box::new(opened)))
}

/// Makes the organisation and its administrator.
fn make(
    tx: &Tx<'_>,
    parts: &invitations::Parts,
    row: &SignUpRow,
) -> Result<(Organisation, Person)> {
    if store::find_credentials(tx, &row.email)?.is_some() {
        let message = format!("{} has an account here already; log in instead", row.email);
        return Err(Error::conflict("account_exists", message));
    }
    admit(tx, &parts.entitlements)?;
    let now = parts.clock.now();
    let clock = parts.clock.as_ref();
    let organisation = organisations::insert(tx, clock, row.organisation.clone())?;
    let person = Person {
        id: PersonId::new(clock),
        email: row.email.clone(),
        display_name: row.display_name.clone(),
    };
    store::insert_person(tx, &person, &row.password_hash, false, now)?;
    store::insert_membership(tx, organisation.id, person.id, Role::Admin, now)?;
    Ok((organisation, person))
}

fn admit(tx: &Tx<'_>, entitlements: &Entitlements) -> Result<()> {
    entitlements.admit_feature("organisations")?;
    entitlements.admit_seat(|| store::count_seats(tx))
}

/// One page of the requests that wait, oldest first.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, page: &PageRequest) -> Result<Page<SignUp>> {
    let (after, limit) = (page.after()?, page.limit());
    let rows = app
        .db
        .read(move |reader| sign_up_store::list(reader, after.as_deref(), limit + 1))
        .await?;
    let views = rows.into_iter().map(|row| SignUp {
        id: row.id,
        email: row.email,
        display_name: row.display_name,
        organisation: row.organisation,
        created_at: row.created_at,
        address: row.address,
        email_verified: row.verified_at.is_some(),
    });
    Ok(Page::cut(views.collect(), limit, |one: &SignUp| {
        one.id.to_string()
    }))
}

/// Lets somebody in who waits: makes their organisation and account.
///
/// # Errors
/// `not_found`, `account_exists`, `license_restricted`.
pub(super) async fn approve(app: &App, ctx: &Ctx, id: SignUpId) -> Result<Organisation> {
    let (caller, parts) = (ctx.clone(), invitations::parts(app));
    let written = app.write(ctx, move |tx| {
        let row = find(tx, id)?;
        let (organisation, person) = make(tx, &parts, &row)?;
        sign_up_store::delete(tx, id)?;
        let facts = json!({ "organisation": organisation.id, "person": person.id });
        audit::record_with(tx, &caller, "sign_up.approved", id, facts)?;
        parts
            .events
            .publish_after(tx, Audience::Node, Event::PeopleChanged {});
        Ok(organisation)
    });
    written.await
}

/// Refuses somebody who waits; nothing of the request is kept but the audit entry.
///
/// # Errors
/// `not_found`.
pub(super) async fn refuse(app: &App, ctx: &Ctx, id: SignUpId) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        find(tx, id)?;
        sign_up_store::delete(tx, id)?;
        audit::record(tx, &caller, "sign_up.refused", id)?;
        events.publish_after(tx, Audience::Node, Event::PeopleChanged {});
        Ok(())
    });
    written.await
}

fn find(tx: &Tx<'_>, id: SignUpId) -> Result<SignUpRow> {
    sign_up_store::find(tx, id)?.ok_or_else(|| Error::not_found("request for an account"))
}
