//! Accounts that people ask for themselves, each with an organisation of its own.
//!
//! Nothing proves the address: this node sends no mail. Where that matters, the mode is `approval` and a
//! platform administrator is the proof. While a request waits, an address that is taken already is answered
//! like any other; in the open mode the answer has to tell.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{
    Ctx, Entitlements, Error, Page, PageRequest, PersonId, Result, Role, SignUpId, Timestamp,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    accept::checked_account,
    invitations,
    login::{self, OpenedSession, Origin},
    model::{Organisation, Person, checked_email, checked_name},
    organisations,
    settings::{SignUpMode, SignUpSettings},
    settings_store,
    sign_up_store::{self, SignUpRow},
    store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

const WAITING_MAX: u32 = 1000;

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
}

/// Asks for an account.
///
/// # Errors
/// `sign_up_closed`, `domain_blocked`, `domain_not_allowed`; those of the fields; `too_many_requests`,
/// `too_many_sign_ups`; in the open mode `account_exists` and `license_restricted`.
pub(super) async fn ask(app: &App, input: Applicant, origin: Origin) -> Result<SignedUp> {
    let read = app.db.read(|reader| {
        let length_min = settings_store::read_security(reader)?.password_length_min;
        Ok((settings_store::read_sign_up(reader)?, length_min))
    });
    let (settings, length_min) = read.await?;
    // A closed door says so before it looks at anything.
    settings.admit_anybody()?;
    let email = checked_email("email", &input.email)?;
    settings.admit(&email)?;
    let organisation = checked_name("organisation", &input.organisation)?;
    app.login_limits.attempt_sign_up(&origin.limit_key)?;
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
    };
    match settings.mode {
        SignUpMode::Open => open(app, settings, row, origin).await,
        SignUpMode::Approval | SignUpMode::Off => wait(app, row, origin).await,
    }
}

async fn open(
    app: &App,
    settings: SignUpSettings,
    row: SignUpRow,
    origin: Origin,
) -> Result<SignedUp> {
    let parts = invitations::parts(app);
    let written = app.db.write(move |tx| {
        // The door may have closed while the password was hashed.
        if settings_store::read_sign_up(tx)? != settings {
            return Err(Error::unavailable(
                "sign_up_changed",
                "the rules for new accounts have just changed; try again",
                1,
            ));
        }
        let clock = Arc::clone(&parts.clock);
        let (organisation, person) = make(tx, &parts, &row)?;
        let opened = login::open_session(tx, clock, (&person, organisation.id), &origin)?;
        let facts = json!({ "organisation": organisation.id });
        audit::record_with(tx, &opened.ctx, "sign_up.accepted", person.id, facts)?;
        Ok(SignedUp::In(Box::new(opened)))
    });
    written.await
}

async fn wait(app: &App, row: SignUpRow, origin: Origin) -> Result<SignedUp> {
    let (clock, events) = (Arc::clone(&app.clock), app.events.clone());
    let written = app.db.write(move |tx| {
        if sign_up_store::count(tx)? >= WAITING_MAX {
            return Err(Error::unavailable(
                "too_many_sign_ups",
                "too many requests wait for an administrator already; try again later",
                3600,
            ));
        }
        let id = row.id.to_string();
        if store::find_credentials(tx, &row.email)?.is_none() {
            sign_up_store::insert(tx, &row)?;
        }
        let facts = json!({ "address": row.address });
        let what = ("sign_up.asked", id.as_str());
        audit::record_anonymous(tx, clock.as_ref(), &origin.request_id, what, facts)?;
        events.publish_after(tx, Audience::Node, Event::PeopleChanged {});
        Ok(SignedUp::Waiting)
    });
    written.await
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
    entitlements.admit_seat(store::count_seats(tx)?)
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
