//! Who administers the node, apart from any role in an organisation; and organisations of one person alone.
//!
//! Invariant: the node always keeps one administrator who can log in, and with a password if anybody had one.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Entitlements, Error, OrgId, PersonId, Result, Role};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    login::Origin,
    model::{CreatedMember, Organisation, Person, checked_email},
    organisations, password,
    people::{self, NewMember},
    platform_store,
    settings::SignUpMode,
    settings_store, store,
};
use crate::{app::App, audit};

/// Has somebody administer the node.
///
/// # Errors
/// `not_found`; nothing for who does already.
pub(super) async fn grant(app: &App, ctx: &Ctx, person: PersonId) -> Result<()> {
    let (caller, known_keys, live) = (ctx.clone(), app.known_keys.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        if !platform_store::can_administer(tx, person)? {
            return Err(Error::not_found("person"));
        }
        platform_store::insert(tx, person, caller.now())?;
        known_keys.forget_after(tx);
        live.end_person_streams_after(tx, person);
        audit::record(tx, &caller, "platform_administrator.granted", person)
    });
    written.await
}

/// Has somebody administer the node whom the operator at the machine names, a new member of the organisation or one who is
/// in it: the way back when nobody who administers it can log in.
///
/// # Errors
/// Those of [`people::add_member`] and [`grant`].
pub async fn add_platform_administrator(
    app: &App,
    ctx: &Ctx,
    input: NewMember,
) -> Result<CreatedMember> {
    let (email, organisation) = (checked_email("email", &input.email)?, ctx.organisation);
    let read = app.db.read(move |reader| {
        let known = store::find_credentials(reader, &email)?;
        let known = known.map(|found| store::find_member(reader, organisation, found.person.id));
        Ok(known.transpose()?.flatten())
    });
    let mut created = match read.await? {
        Some(member) => CreatedMember {
            member,
            temporary_password: None,
        },
        None => people::add_member(app, ctx, input).await?,
    };
    grant(app, ctx, created.member.id).await?;
    created.member.platform_administrator = true;
    Ok(created)
}

/// Has somebody administer the node no more.
///
/// # Errors
/// `not_found` for who does not; `last_platform_administrator`, `not_yourself`.
pub(super) async fn revoke(app: &App, ctx: &Ctx, person: PersonId) -> Result<()> {
    let (caller, known_keys, live) = (ctx.clone(), app.known_keys.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        if !platform_store::is_administrator(tx, person)? {
            return Err(Error::not_found("platform administrator"));
        }
        if is_last(tx, person, None)? {
            return Err(last());
        }
        if person == caller.person {
            return Err(Error::conflict(
                "not_yourself",
                "you cannot take the node's administration from yourself; ask another administrator",
            ));
        }
        platform_store::delete(tx, person)?;
        known_keys.forget_after(tx);
        live.end_person_streams_after(tx, person);
        audit::record(tx, &caller, "platform_administrator.revoked", person)
    });
    written.await
}

/// Whether nobody else who administers the node could log in as this person can, a password here or none.
fn is_last(reader: &Reader<'_>, person: PersonId, leaving: Option<OrgId>) -> Result<bool> {
    let others = platform_store::others(reader, person, leaving)?;
    Ok(!others.suffice(store::has_password(reader, person)?))
}

fn last() -> Error {
    let message = "this is the node's last administrator who can log in, or the last with a password here; make somebody else one first";
    Error::conflict("last_platform_administrator", message)
}

/// Refuses that a person loses their place in an organisation when it is the last through which anybody who
/// administers the node can log in.
///
/// # Errors
/// `last_platform_administrator`.
pub(super) fn keep_one(tx: &Tx<'_>, person: PersonId, leaving: OrgId) -> Result<()> {
    let is_administrator = platform_store::is_administrator(tx, person)?;
    if is_administrator && is_last(tx, person, Some(leaving))? {
        return Err(last());
    }
    Ok(())
}

/// Ends the administration of the node with the last place through which a person can log in: were they let in again
/// somewhere, as anything, they would administer the node again. The last administrator stays one, so that a
/// directory which takes them away by mistake can give them back.
///
/// # Errors
/// Those of the database.
pub(super) fn end_without_a_place(
    tx: &Tx<'_>,
    person: PersonId,
    leaving: Option<OrgId>,
) -> Result<()> {
    let has_a_place = platform_store::has_place(tx, person, leaving)?;
    if !has_a_place && !is_last(tx, person, None)? {
        platform_store::delete(tx, person)?;
    }
    Ok(())
}

/// Makes an organisation for somebody who belongs to none, theirs alone and shown to nobody else: for who
/// works for themselves. Only where people may make accounts by themselves, and only once. The person logs in
/// as ever afterwards.
///
/// # Errors
/// `wrong_credentials`, `too_many_attempts`; `sign_up_closed`, `domain_blocked`, `domain_not_allowed`;
/// `already_a_member`; `license_restricted`.
pub(super) async fn create_own_organisation(
    app: &App,
    email: &str,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<Organisation> {
    let email = email.trim().to_lowercase();
    app.login_limits.attempt(&email, &origin.limit_key)?;
    let lookup = email.clone();
    let found = app
        .db
        .read(move |reader| store::find_credentials(reader, &lookup))
        .await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let hash = hash.filter(|hash| !hash.is_empty());
    let is_right = password::verify(password, hash).await?;
    let found = found.filter(|_| is_right).ok_or_else(|| {
        Error::unauthenticated(
            "wrong_credentials",
            "the e-mail address or the password is wrong",
        )
    })?;
    app.login_limits.succeeded(&email, &origin.limit_key);
    let (inside, entitlements) = (app.clone(), app.licensing.entitlements());
    let written = app.db.write(move |tx| {
        let settings = settings_store::read_sign_up(tx)?;
        if settings.mode != SignUpMode::Open {
            let message = "only an administrator can add you to an organisation here; ask one";
            return Err(Error::forbidden("sign_up_closed", message));
        }
        settings.admit(&found.person.email)?;
        insert_own(tx, &inside, &entitlements, (&found.person, &origin))
    });
    written.await
}

fn insert_own(
    tx: &Tx<'_>,
    app: &App,
    entitlements: &Arc<Entitlements>,
    (person, origin): (&Person, &Origin),
) -> Result<Organisation> {
    if platform_store::has_any_membership(tx, person.id)? {
        let message = "you belong to an organisation on this node already; log in to it";
        return Err(Error::conflict("already_a_member", message));
    }
    entitlements.admit_seat(|| store::count_seats(tx))?;
    let (clock, now) = (app.clock.as_ref(), app.clock.now());
    let organisation = organisations::insert(tx, clock, person.display_name.clone())?;
    store::hide_organisation(tx, organisation.id)?;
    store::insert_membership(tx, organisation.id, person.id, Role::Admin, now)?;
    audit::record_anonymous(
        tx,
        clock,
        &origin.request_id,
        ("organisation.created_own", &organisation.id.to_string()),
        json!({ "person": person.id }),
    )?;
    Ok(organisation)
}

/// Refuses to let more people into an organisation that is one person's alone.
///
/// # Errors
/// `hidden_organisation`.
pub fn check_takes_people(reader: &Reader<'_>, organisation: OrgId) -> Result<()> {
    if store::is_hidden(reader, organisation)? {
        let message = "this organisation is one person's alone; ask the node's administrator for one for several people";
        return Err(Error::conflict("hidden_organisation", message));
    }
    Ok(())
}
