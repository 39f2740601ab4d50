//! Organisations on the node, as its platform administrator manages them.

use guildhall_db::Tx;
use guildhall_kernel::{Clock, Ctx, Error, OrgId, Page, Result, Role};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    invitations::{self, CreatedInvitation},
    model::{
        CreatedMember, ListedOrganisation, Organisation, all_checked, checked_email, checked_name,
        slug,
    },
    people::{self, NewMember},
    platform_store, store,
};
use crate::{app::App, audit, mail};

const SLUG_TRIES: u32 = 1000;

/// An organisation to make.
pub struct NewOrganisation {
    /// Its name.
    pub name: String,
    /// Address of its first administrator: somebody who is here already, or who is invited.
    pub administrator_email: Option<String>,
    /// Whether its maker becomes an administrator of it.
    pub join: bool,
}

/// An organisation that was just made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CreatedOrganisation {
    id: OrgId,
    name: String,
    /// The name in lower case with hyphens; unique on the node.
    slug: String,
    /// The invitation of its first administrator; `null` when there was nobody to invite.
    #[schema(required)]
    invitation: Option<CreatedInvitation>,
}

/// Every organisation on the node, by name.
///
/// # Errors
/// Those of the database.
pub async fn list_organisations(app: &App) -> Result<Page<ListedOrganisation>> {
    let now = app.clock.now();
    let read =
        move |reader: &guildhall_db::Reader<'_>| platform_store::list_organisations(reader, now);
    Ok(Page::complete(app.db.read(read).await?))
}

/// Makes an organisation with a first administrator: its maker, somebody who belongs to an organisation of the node, or
/// somebody who is invited, by a link that is sent when the node sends mail.
///
/// # Errors
/// `invalid_name`, `invalid_email`; `missing_field` without anybody to administer it; `license_restricted`.
pub async fn create_organisation(
    app: &App,
    ctx: &Ctx,
    input: NewOrganisation,
) -> Result<CreatedOrganisation> {
    let name = checked_name("name", &input.name);
    let field = "administrator_email";
    let email = input.administrator_email.as_deref();
    let email = email.map(|email| checked_email(field, email)).transpose();
    let (name, email) = match (name, email) {
        (Ok(name), Ok(email)) => (name, email),
        (name, email) => {
            all_checked([("name", name.err()), (field, email.err())])?;
            return Err(Error::internal("a refused field without a reason"));
        }
    };
    if email.is_none() && !input.join {
        let message = "give the e-mail address of its first administrator, or join it yourself";
        return Err(Error::invalid_field(field, "missing_field", message));
    }
    ctx.entitlements.admit_feature("organisations")?;
    let (caller, node) = (ctx.clone(), app.clone());
    let written = app.write_secret(ctx, move |tx| {
        let (organisation, inside) = begin(tx, &caller, name)?;
        if input.join {
            let (id, role) = (organisation.id, Role::Admin);
            store::insert_membership(tx, id, caller.person, role, caller.now())?;
        }
        let invitation = match &email {
            Some(email) => let_administer(tx, &node, &inside, email)?,
            None => None,
        };
        audit::record(tx, &caller, "organisation.created", organisation.id)?;
        Ok(CreatedOrganisation {
            id: organisation.id,
            name: organisation.name,
            slug: organisation.slug,
            invitation,
        })
    });
    written.await
}

/// Has whoever holds the address administer the new organisation, or invites them to.
fn let_administer(
    tx: &Tx<'_>,
    app: &App,
    inside: &Ctx,
    email: &str,
) -> Result<Option<CreatedInvitation>> {
    let known = store::find_credentials(tx, email)?.map(|found| found.person.id);
    if let Some(person) = known
        && platform_store::can_administer(tx, person)?
    {
        if store::find_member(tx, inside.organisation, person)?.is_none() {
            let (id, role) = (inside.organisation, Role::Admin);
            store::insert_membership(tx, id, person, role, inside.now())?;
            audit::record_with(tx, inside, "person.added", person, json!({ "role": role }))?;
        }
        return Ok(None);
    }
    let new = invitations::Issue {
        email: Some(email.to_owned()),
        role: Role::Admin,
        days: invitations::DAYS_DEFAULT,
        send_mail: mail::is_on(tx)?,
    };
    invitations::issue(tx, app, inside, new).map(Some)
}

/// Makes an organisation with a new account that administers it, for the operator at the machine.
///
/// # Errors
/// `invalid_name`, `invalid_email`, `license_restricted`.
pub async fn create_organisation_for(
    app: &App,
    ctx: &Ctx,
    (name, administrator): (&str, NewMember),
) -> Result<(Organisation, CreatedMember)> {
    let name = checked_name("name", name)?;
    let prepared = people::prepare(administrator).await?;
    ctx.entitlements.admit_feature("organisations")?;
    let (caller, node) = (ctx.clone(), app.clone());
    let written = app.write_secret(ctx, move |tx| {
        let (organisation, inside) = begin(tx, &caller, name)?;
        let created = people::add(tx, &inside, prepared, &node)?;
        audit::record(tx, &caller, "organisation.created", organisation.id)?;
        Ok((organisation, created))
    });
    written.await
}

/// Inserts an organisation for somebody, with what they do within it.
fn begin(tx: &Tx<'_>, caller: &Ctx, name: String) -> Result<(Organisation, Ctx)> {
    let organisation = insert(tx, caller.clock.as_ref(), name)?;
    let inside = Ctx {
        organisation: organisation.id,
        ..caller.clone()
    };
    Ok((organisation, inside))
}

/// Inserts an organisation under a slug that is still free.
pub(super) fn insert(tx: &Tx<'_>, clock: &dyn Clock, name: String) -> Result<Organisation> {
    let base = slug(&name);
    for number in 1..=SLUG_TRIES {
        let slug = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        if !store::slug_is_taken(tx, &slug)? {
            let organisation = Organisation {
                id: OrgId::new(clock),
                name,
                slug,
            };
            store::insert_organisation(tx, &organisation, clock.now())?;
            return Ok(organisation);
        }
    }
    Err(Error::conflict(
        "name_taken",
        "too many organisations have this name; choose another",
    ))
}
