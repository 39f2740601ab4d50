//! Joining an organisation by an invitation, once it is proven who somebody is: by a password of the node's own, or by
//! the session that is open already, however it was opened.
//!
//! Invariants: an account joins only by a link and, when the invitation names an address, only the account that has
//! it; a session counts as proof for some minutes after its person logged in, and keeps the proof that it was opened with.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, Principal, Result, Timestamp};
use serde_json::json;

use super::{
    awaited, credential_store,
    credential_store::SessionRow,
    invitation_store,
    invitations::{Parts, already_a_member, another_address, find_open, parts},
    login::{self, OpenedSession, Origin, Proof},
    model::Person,
    reauthenticate::require_session,
    roles, store, token_hash,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

/// How long ago somebody may have logged in to join by their session: a quarter of an hour.
const FRESH_SECONDS: i64 = 900;

/// Has a person who has proven who they are join by an invitation, and opens a session there.
///
/// # Errors
/// Those of [`find_open`]; `another_address`, `already_a_member`, `license_restricted`, `unknown_role`.
pub(super) fn join(
    tx: &Tx<'_>,
    parts: &Parts,
    (person, token_hash): (&Person, &str),
    (origin, proof): (&Origin, Proof),
) -> Result<OpenedSession> {
    let now = parts.clock.now();
    let row = find_open(tx, token_hash, now)?;
    if row
        .email
        .as_ref()
        .is_some_and(|email| *email != person.email)
    {
        return Err(another_address());
    }
    if store::find_member(tx, row.organisation, person.id)?.is_some() {
        return Err(already_a_member(&person.email));
    }
    roles::check_role_exists(tx, row.organisation, row.role)?;
    if !store::has_seat(tx, person.id)? {
        parts.entitlements.admit_seat(|| store::count_seats(tx))?;
    }
    store::insert_membership(tx, row.organisation, person.id, row.role, now)?;
    invitation_store::mark_used(tx, row.id, now)?;
    // Whom a directory awaits there it manages from now on.
    let is_for_this_address = row.email.is_some();
    let source = awaited::hand_over(tx, row.organisation, (person, is_for_this_address), now)?;
    parts.known_keys.forget_after(tx);
    let clock = Arc::clone(&parts.clock);
    let opened = login::open_session_with(tx, clock, (person, row.organisation), origin, proof)?;
    let facts = json!({ "role": row.role, "invited_by": row.created_by, "source": source });
    audit::record_with(tx, &opened.ctx, "invitation.accepted", row.id, facts)?;
    let audience = Audience::Organisation(row.organisation);
    parts
        .events
        .publish_after(tx, audience, Event::PeopleChanged {});
    Ok(opened)
}

/// Has the person of a browser's session join by an invitation, without a password: they may have none here. The session
/// goes on in the organisation that they join.
///
/// # Errors
/// `not_a_session`, `sign_in_again`, `password_change_required`; those of [`join`].
pub(super) async fn join_by_session(
    app: &App,
    ctx: &Ctx,
    (token, origin): (&str, Origin),
) -> Result<OpenedSession> {
    require_session(ctx)?;
    let Principal::Session(current) = ctx.principal else {
        return Err(Error::internal("a session that is none"));
    };
    let (caller, hash) = (ctx.clone(), token_hash(token));
    let (parts, live) = (parts(app), app.live.clone());
    let written = app.write_secret(ctx, move |tx| {
        let session = credential_store::find_session_by_id(tx, current)?;
        let session = session.ok_or_else(|| Error::not_found("session"))?;
        check_fresh(&session, caller.now())?;
        let membership = store::find_membership(tx, caller.organisation, caller.person)?;
        let membership = membership.ok_or_else(|| Error::not_found("membership"))?;
        if membership.must_change_password {
            // Somebody else knows the password that opened this session.
            let message = "choose a password of your own first, then open the link again";
            return Err(Error::forbidden("password_change_required", message));
        }
        let proof = Proof {
            source: session.source,
            logged_in_at: session.logged_in_at,
        };
        credential_store::delete_session(tx, caller.person, current)?;
        live.end_session_after(tx, current);
        join(tx, &parts, (&membership.person, &hash), (&origin, proof))
    });
    written.await
}

/// Refuses a session that was opened long ago: whoever sits at the browser now may be somebody else.
fn check_fresh(session: &SessionRow, now: Timestamp) -> Result<()> {
    if now < session.logged_in_at.plus_seconds(FRESH_SECONDS) {
        return Ok(());
    }
    Err(Error::forbidden(
        "sign_in_again",
        "you signed in a while ago; sign in once more to join an organisation",
    ))
}
