//! Invitations by link: a secret that lets one person into one organisation, once, for some days.
//!
//! Invariants: the role is one that its giver may give; somebody with an account proves it before the
//! account joins; the link is used up in the transaction that makes the membership ([`super::joining`]). Whether an
//! address has an account is told to nobody who merely holds its link: who invites holds it too.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{
    Clock, Ctx, Entitlements, Error, ErrorKind, InvitationId, OrgId, Page, PageRequest, Result,
    Role, Timestamp, random_token,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    KnownKeys,
    invitation_store::{self, InvitationRow},
    letters::{self, Invited},
    model::checked_email,
    platform, roles, store, token_hash,
};
use crate::{app::App, audit, events::Events, mail};

const TOKEN_BYTES: usize = 20;
/// How many days an invitation is good for unless somebody says otherwise.
pub(super) const DAYS_DEFAULT: u32 = 7;
const DAYS: std::ops::RangeInclusive<u32> = 1..=60;

/// What becomes of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InvitationState {
    Open,
    Used,
    Expired,
    Withdrawn,
}

/// An invitation, without its link.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Invitation {
    id: InvitationId,
    /// The only address it is for; `null`: whoever holds the link.
    #[schema(required)]
    email: Option<String>,
    role: Role,
    state: InvitationState,
    created_at: Timestamp,
    expires_at: Timestamp,
    created_by_name: String,
}

/// A new invitation with its link, shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CreatedInvitation {
    invitation: Invitation,
    /// The link to hand over.
    url: String,
    /// Whether the link is on its way to the address by mail, too.
    mailed: bool,
}

/// Somebody to invite.
pub(super) struct NewInvitation {
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) expires_in_days: u32,
    /// Whether the link is to be sent to the address.
    pub(super) send_mail: bool,
}

/// What an invitation offers, for the page that it leads to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct InvitationOffer {
    organisation: InvitingOrganisation,
    #[schema(required)]
    email: Option<String>,
    role: Role,
    role_title: String,
    expires_at: Timestamp,
}

/// The organisation that invites.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct InvitingOrganisation {
    id: OrgId,
    name: String,
}

/// What joining an organisation needs of the node. A cheap clone.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Events,
    pub(super) known_keys: KnownKeys,
    pub(super) entitlements: Arc<Entitlements>,
}

/// What joining an organisation needs, of this node.
pub(super) fn parts(app: &App) -> Parts {
    Parts {
        clock: Arc::clone(&app.clock),
        events: app.events.clone(),
        known_keys: app.known_keys.clone(),
        entitlements: app.licensing.entitlements(),
    }
}

fn view(row: InvitationRow, now: Timestamp) -> Invitation {
    let state = match (row.used_at, row.withdrawn_at) {
        (Some(_), _) => InvitationState::Used,
        (None, Some(_)) => InvitationState::Withdrawn,
        (None, None) if row.expires_at <= now => InvitationState::Expired,
        (None, None) => InvitationState::Open,
    };
    Invitation {
        id: row.id,
        email: row.email,
        role: row.role,
        state,
        created_at: row.created_at,
        expires_at: row.expires_at,
        created_by_name: row.created_by_name,
    }
}

/// Makes an invitation to the caller's organisation.
///
/// # Errors
/// `invalid_email`, `invalid_expiry`, `unknown_role`, `role_above_yours`, `already_a_member`,
/// `too_many_invitations`; `missing_field` and `mail_off` when the link is to be sent and cannot be.
pub(super) async fn create(
    app: &App,
    ctx: &Ctx,
    input: NewInvitation,
) -> Result<CreatedInvitation> {
    let email = input.email.map(|email| checked_email("email", &email));
    let email = email.transpose()?;
    if !DAYS.contains(&input.expires_in_days) {
        let message = format!("give {} to {} days", DAYS.start(), DAYS.end());
        return Err(Error::invalid_field(
            "expires_in_days",
            "invalid_expiry",
            message,
        ));
    }
    if input.send_mail && email.is_none() {
        let message = "give the address to send the link to";
        return Err(Error::invalid_field("email", "missing_field", message));
    }
    let (caller, node) = (ctx.clone(), app.clone());
    let new = Issue {
        email,
        role: input.role,
        days: input.expires_in_days,
        send_mail: input.send_mail,
    };
    let written = app.write_secret(ctx, move |tx| {
        roles::check_role(tx, &caller, new.role)?;
        platform::check_takes_people(tx, caller.organisation)?;
        check_room(tx, &caller, new.email.as_deref())?;
        issue(tx, &node, &caller, new)
    });
    written.await
}

/// An invitation to issue, checked.
pub(super) struct Issue {
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) days: u32,
    pub(super) send_mail: bool,
}

/// Issues an invitation to the caller's organisation, with its link.
///
/// # Errors
/// `mail_off` when the link is to be sent and cannot be.
pub(super) fn issue(tx: &Tx<'_>, app: &App, ctx: &Ctx, new: Issue) -> Result<CreatedInvitation> {
    let token = random_token(TOKEN_BYTES);
    let url = format!("{}/invitation#{token}", app.origin);
    let (now, role, mailed) = (ctx.now(), new.role, new.send_mail);
    let person = store::find_person(tx, ctx.person)?;
    let row = InvitationRow {
        id: InvitationId::new(ctx.clock.as_ref()),
        organisation: ctx.organisation,
        email: new.email,
        role,
        created_by: ctx.person,
        created_by_name: person.map_or_else(String::new, |person| person.display_name),
        created_at: now,
        expires_at: now.plus_seconds(i64::from(new.days) * 86_400),
        used_at: None,
        withdrawn_at: None,
    };
    invitation_store::insert(tx, &token_hash(&token), &row)?;
    if mailed {
        send(tx, app, &row, &url)?;
    }
    let facts = json!({ "role": role, "mailed": mailed });
    audit::record_with(tx, ctx, "invitation.created", row.id, facts)?;
    Ok(CreatedInvitation {
        invitation: view(row, now),
        url,
        mailed,
    })
}

/// Sends an invitation's link to its address.
fn send(tx: &Tx<'_>, app: &App, row: &InvitationRow, url: &str) -> Result<()> {
    mail::check_on(tx)?;
    let organisation = store::find_organisation(tx, row.organisation)?;
    let organisation = organisation.ok_or_else(|| Error::not_found("organisation"))?;
    let invited = Invited {
        organisation: &organisation.name,
        by: &row.created_by_name,
        url,
    };
    let to = (row.email.as_deref().unwrap_or_default(), row.expires_at);
    mail::queue(tx, app, &letters::invitation(to, &invited))
}

fn check_room(tx: &Tx<'_>, ctx: &Ctx, email: Option<&str>) -> Result<()> {
    if invitation_store::is_full(tx, ctx.organisation, ctx.now())? {
        return Err(Error::conflict(
            "too_many_invitations",
            "there are too many open invitations; withdraw some first",
        ));
    }
    let Some(email) = email else {
        return Ok(());
    };
    let known = store::find_credentials(tx, email)?.map(|found| found.person.id);
    if let Some(person) = known
        && store::find_member(tx, ctx.organisation, person)?.is_some()
    {
        return Err(already_a_member(email));
    }
    Ok(())
}

pub(super) fn already_a_member(email: &str) -> Error {
    let message = format!("{email} already belongs to this organisation");
    Error::conflict("already_a_member", message)
}

/// One page of the organisation's invitations, newest first.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, ctx: &Ctx, page: &PageRequest) -> Result<Page<Invitation>> {
    let (organisation, before, limit) = (ctx.organisation, page.after()?, page.limit());
    let rows = app
        .db
        .read(move |reader| {
            invitation_store::list(reader, organisation, before.as_deref(), limit + 1)
        })
        .await?;
    let views = rows.into_iter().map(|row| view(row, ctx.now())).collect();
    Ok(Page::cut(views, limit, |one: &Invitation| {
        one.id.to_string()
    }))
}

/// Makes an open invitation's link useless.
///
/// # Errors
/// `not_found`; `invitation_used` when somebody came in by it.
pub(super) async fn withdraw(app: &App, ctx: &Ctx, id: InvitationId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let row = invitation_store::find(tx, caller.organisation, id)?;
        let row = row.ok_or_else(|| Error::not_found("invitation"))?;
        if row.used_at.is_some() {
            return Err(Error::conflict(
                "invitation_used",
                "somebody has come in by this invitation; remove the person instead",
            ));
        }
        invitation_store::mark_withdrawn(tx, id, caller.now())?;
        audit::record(tx, &caller, "invitation.withdrawn", id)
    });
    written.await
}

/// The open invitation of a token.
///
/// # Errors
/// `invitation_unknown`, `invitation_used`, `invitation_withdrawn`, `invitation_expired`, all as gone.
pub(super) fn find_open(
    reader: &Reader<'_>,
    token_hash: &str,
    now: Timestamp,
) -> Result<InvitationRow> {
    let gone = |code, message: &str| Err(Error::new(ErrorKind::Gone, code, message));
    let Some(row) = invitation_store::find_by_token(reader, token_hash)? else {
        return gone(
            "invitation_unknown",
            "this is not a link of an invitation; check that it was copied whole",
        );
    };
    if row.used_at.is_some() {
        return gone(
            "invitation_used",
            "this invitation was used before; log in instead",
        );
    }
    if row.withdrawn_at.is_some() {
        return gone(
            "invitation_withdrawn",
            "this invitation was withdrawn; ask who sent it for another",
        );
    }
    if row.expires_at <= now {
        return gone(
            "invitation_expired",
            "this invitation has expired; ask who sent it for another",
        );
    }
    Ok(row)
}

/// What the invitation of a token offers.
///
/// # Errors
/// Those of [`find_open`].
pub(super) async fn check(app: &App, token: &str) -> Result<InvitationOffer> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let read = app.db.read(move |reader| {
        let row = find_open(reader, &hash, now)?;
        let organisation = store::find_organisation(reader, row.organisation)?;
        let organisation = organisation.ok_or_else(|| Error::not_found("organisation"))?;
        Ok(InvitationOffer {
            role_title: roles::role_title(reader, row.organisation, row.role)?,
            organisation: InvitingOrganisation {
                id: organisation.id,
                name: organisation.name,
            },
            email: row.email,
            role: row.role,
            expires_at: row.expires_at,
        })
    });
    read.await
}

/// The answer to whoever comes with another address than the one invited.
pub(super) fn another_address() -> Error {
    let message = "this invitation is for another e-mail address; give the one it was sent to";
    Error::invalid_field("email", "another_address", message)
}
