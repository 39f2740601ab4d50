//! People whom an organisation's source names by an address that has an account of another organisation.
//!
//! Invariants: the source gets no other answer than for an address that nobody has, the account is not touched and its
//! holder and organisations hear nothing; the membership is made by the holder alone, who opens the link of an invitation
//! to that very address and proves to have the account ([`super::joining`]); from then on it is the source's to manage.
//! Why a link and not a mere question at the next login: the other organisation may have made the account with an
//! address that is not its holder's (`docs/adr/0016-accounts-of-several-organisations.md`).

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Page, PageRequest, Result, Role, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    awaited_store::{self, AwaitedRow},
    external::{ExternalChange, ExternalContext, ExternalIdentity, apply_external},
    external_plan::{is_elsewhere, named},
    external_store::{self, Link},
    model::{Person, checked_email},
    platform, roles, store,
};
use crate::{
    app::App,
    events::{Audience, Event},
};

/// Somebody whom the organisation's directory names and who comes in by an invitation to their address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AwaitedPerson {
    /// What the directory calls them.
    id: String,
    email: String,
    display_name: String,
    /// The role that the directory's groups give.
    role: Role,
    since: Timestamp,
}

/// [`apply_external`] for a source of one organisation alone. Nothing when the address has an account that is not the
/// source's: whoever has it is awaited, in the organisation that the source is for.
///
/// # Errors
/// Those of [`apply_external`]; `hidden_organisation`.
pub fn apply_or_await(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    identity: &ExternalIdentity,
) -> Result<Option<ExternalChange>> {
    let key = (identity.source.as_str(), identity.subject.as_str());
    let email = checked_email("email", &identity.email)?;
    if !is_elsewhere(tx, identity, &email)? {
        awaited_store::delete(tx, key)?;
        return apply_external(tx, parts, identity).map(Some);
    }
    let account = external_store::find_account_by_email(tx, &email)?;
    let is_in = |organisation| match &account {
        Some(account) => store::has_membership(tx, organisation, account.person),
        None => Ok(false),
    };
    match identity.grants.first() {
        // What was given there by hand stays as it is.
        Some(grant) if !is_in(grant.organisation)? => {
            platform::check_takes_people(tx, grant.organisation)?;
            let role: Role = grant.role.parse()?;
            roles::check_role_exists(tx, grant.organisation, role)?;
            let row = AwaitedRow {
                source: identity.source.clone(),
                subject: identity.subject.clone(),
                display_name: named(&identity.display_name, &email)?,
                email,
                role,
                created_at: parts.clock.now(),
            };
            awaited_store::put(tx, grant.organisation, &row)?;
            announce(tx, parts, identity);
        }
        _ => await_no_more(tx, parts, identity)?,
    }
    Ok(None)
}

/// Forgets that a source awaits somebody.
///
/// # Errors
/// Those of the database.
pub fn await_no_more(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    identity: &ExternalIdentity,
) -> Result<()> {
    let key = (identity.source.as_str(), identity.subject.as_str());
    if awaited_store::delete(tx, key)? {
        announce(tx, parts, identity);
    }
    Ok(())
}

fn announce(tx: &Tx<'_>, parts: &ExternalContext, identity: &ExternalIdentity) {
    for organisation in &identity.organisations {
        let audience = Audience::Organisation(*organisation);
        parts
            .events
            .publish_after(tx, audience, Event::PeopleChanged {});
    }
}

/// Has the source that awaits a person in an organisation manage the membership they have just got. Only an invitation to
/// their very address says that the organisation means them. Names the source.
pub(super) fn hand_over(
    tx: &Tx<'_>,
    organisation: guildhall_kernel::OrgId,
    (person, is_for_this_address): (&Person, bool),
    now: Timestamp,
) -> Result<Option<String>> {
    if !is_for_this_address {
        return Ok(None);
    }
    let Some(row) = awaited_store::find(tx, organisation, &person.email)? else {
        return Ok(None);
    };
    roles::check_role_exists(tx, organisation, row.role)?;
    let key = (row.source.as_str(), row.subject.as_str());
    let link = Link {
        person: person.id,
        is_owner: false,
    };
    external_store::put_link(tx, key, &link, now)?;
    let given = (row.role, row.source.as_str());
    external_store::take_over(tx, (organisation, person.id), given)?;
    awaited_store::delete(tx, key)?;
    Ok(Some(row.source))
}

/// One page of whom the organisation awaits.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, ctx: &Ctx, page: &PageRequest) -> Result<Page<AwaitedPerson>> {
    let (organisation, after, limit) = (ctx.organisation, page.after()?, page.limit());
    let rows = app
        .db
        .read(move |reader| awaited_store::list(reader, organisation, after.as_deref(), limit + 1))
        .await?;
    let views = rows.into_iter().map(|row| AwaitedPerson {
        id: row.subject,
        email: row.email,
        display_name: row.display_name,
        role: row.role,
        since: row.created_at,
    });
    Ok(Page::cut(views.collect(), limit, |one: &AwaitedPerson| {
        one.id.clone()
    }))
}
