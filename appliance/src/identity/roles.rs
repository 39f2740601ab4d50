//! Roles of an organisation: the built-in ones and those that it made for itself.
//!
//! Invariant: nobody gives what they do not have. A role is made, changed and given only by somebody who
//! holds every permission in it, and a person is changed only by somebody who holds all that they may do.

use std::collections::BTreeSet;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Error, OrgId, Page, Principal, Result, Role, RoleId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    model::checked_name,
    permission,
    role_store::{self, RoleRow},
    role_uses,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

/// Custom roles of one organisation at most.
const ROLES_MAX: usize = 100;
const DESCRIPTION_CHARACTERS_MAX: usize = 300;

/// A role with what it allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleView {
    /// The built-in name, or the id of a custom role.
    pub id: Role,
    pub title: String,
    pub description: String,
    /// Whether it ships with the product and cannot be changed.
    pub built_in: bool,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// How many people and service accounts have it.
    pub members: u64,
}

/// A permission that a role can give, or that administering the node gives.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PermissionView {
    pub name: &'static str,
    /// What it is about, such as `team`.
    pub group: &'static str,
    pub description: &'static str,
    /// Whether it comes from administering the node, so that no role can give it.
    pub node: bool,
}

/// What a custom role is to be.
#[derive(Clone, Debug)]
pub(super) struct RoleInput {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) permissions: Vec<String>,
}

/// What to change of a custom role; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub(super) struct RoleChange {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) permissions: Option<Vec<String>>,
}

fn built_in_words(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Admin => ("Administrator", "Runs the organisation: everything in it"),
        Role::Staff => ("Staff", "Hires, manages and works with employees"),
        Role::Normal => ("Member", "Works with the employees that others hired"),
        Role::Developer => ("Developer", "Builds on the interfaces, prompts and models"),
        Role::Operator => (
            "Operator",
            "Keeps employees, collections and limits running",
        ),
        Role::Approver => ("Approver", "Decides what others may go ahead with"),
        Role::Viewer => ("Viewer", "Looks at everything and changes nothing"),
        Role::Auditor => ("Auditor", "Looks at everything, the audit log included"),
        Role::Custom(_) => ("Removed role", "Allows nothing"),
    }
}

/// Every permission but those that everybody has.
pub(super) fn permissions() -> Page<PermissionView> {
    let listed = permission::CATALOGUE.iter().filter(|known| {
        permission::is_role_permission(known.name) || permission::is_node_permission(known.name)
    });
    let view = |known: &permission::Known| PermissionView {
        name: known.name,
        group: known.name.split('.').next().unwrap_or_default(),
        description: known.description,
        node: permission::is_node_permission(known.name),
    };
    Page::complete(listed.map(view).collect())
}

/// What a role gives whose stored permissions (of a custom one that is still there) are these. Names that
/// this version does not know give nothing.
pub(super) fn given_by(role: Role, stored: Option<&str>) -> Result<BTreeSet<&'static str>> {
    let Role::Custom(_) = role else {
        return Ok(permission::of_built_in(role));
    };
    let names: Vec<String> = stored.map_or_else(|| Ok(Vec::new()), serde_json::from_str)?;
    let known = names.iter().filter_map(|name| permission::find(name));
    Ok(known
        .filter(|name| permission::is_role_permission(name))
        .collect())
}

/// What a role gives in the organisation.
fn given_in(
    reader: &Reader<'_>,
    organisation: OrgId,
    role: Role,
) -> Result<Option<BTreeSet<&'static str>>> {
    let Role::Custom(id) = role else {
        return Ok(Some(permission::of_built_in(role)));
    };
    let row = role_store::find(reader, organisation, id)?;
    row.map(|row| given_by(role, Some(&row.permissions)))
        .transpose()
}

/// Whether the caller may give this role: it exists, and allows nothing that they may not do themselves.
///
/// # Errors
/// `unknown_role`, `role_above_yours`.
pub fn check_role(reader: &Reader<'_>, ctx: &Ctx, role: Role) -> Result<()> {
    let given = given_in(reader, ctx.organisation, role)?.ok_or_else(|| unknown_role(role))?;
    within(ctx, &given, || {
        format!(
            "the role `{role}` allows more than you may do yourself; choose a smaller one or ask an administrator"
        )
    })
}

/// Whether an organisation has this role.
///
/// # Errors
/// `unknown_role`.
pub fn check_role_exists(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<()> {
    given_in(reader, organisation, role)?
        .map(|_| ())
        .ok_or_else(|| unknown_role(role))
}

fn unknown_role(role: Role) -> Error {
    let message = format!("there is no role `{role}` in this organisation; choose another one");
    Error::invalid_field("role", "unknown_role", message)
}

/// Whether the caller may change somebody with this role: who may do more is out of their hands.
///
/// # Errors
/// `role_above_yours`.
pub fn check_over(reader: &Reader<'_>, ctx: &Ctx, role: Role) -> Result<()> {
    let given = given_in(reader, ctx.organisation, role)?.unwrap_or_default();
    within(ctx, &given, || {
        "this person may do more than you; ask an administrator".to_owned()
    })
}

fn within(ctx: &Ctx, given: &BTreeSet<&'static str>, says: impl Fn() -> String) -> Result<()> {
    // Who stands at the machine answers to nobody on it.
    if ctx.principal == Principal::Operator || given.is_subset(&ctx.permissions) {
        return Ok(());
    }
    Err(Error::forbidden("role_above_yours", says()))
}

/// How people call a role.
///
/// # Errors
/// Those of the database.
pub fn role_title(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<String> {
    let custom = match role {
        Role::Custom(id) => role_store::find(reader, organisation, id)?,
        _ => None,
    };
    Ok(custom.map_or_else(|| built_in_words(role).0.to_owned(), |row| row.title))
}

/// The organisation's roles: built-in ones first.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Page<RoleView>> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let mut roles = Vec::new();
        for role in Role::BUILT_IN {
            roles.push(built_in_view(reader, organisation, role)?);
        }
        for row in role_store::list(reader, organisation)? {
            roles.push(custom_view(reader, organisation, row)?);
        }
        Ok(roles)
    });
    Ok(Page::complete(read.await?))
}

fn names(permissions: BTreeSet<&'static str>) -> Vec<String> {
    permissions.into_iter().map(str::to_owned).collect()
}

fn built_in_view(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<RoleView> {
    let (title, description) = built_in_words(role);
    Ok(RoleView {
        id: role,
        title: title.to_owned(),
        description: description.to_owned(),
        built_in: true,
        permissions: names(permission::of_built_in(role)),
        members: role_store::count_members(reader, organisation, role)?,
    })
}

fn custom_view(reader: &Reader<'_>, organisation: OrgId, row: RoleRow) -> Result<RoleView> {
    let id = Role::Custom(row.id);
    Ok(RoleView {
        id,
        permissions: names(given_by(id, Some(&row.permissions))?),
        title: row.title,
        description: row.description,
        built_in: false,
        members: role_store::count_members(reader, organisation, id)?,
    })
}

fn checked_description(text: &str) -> Result<String> {
    let (length, text) = (text.chars().count(), text.trim());
    if length > DESCRIPTION_CHARACTERS_MAX {
        let message = format!("use at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(Error::invalid_field(
            "description",
            "text_too_long",
            message,
        ));
    }
    Ok(text.to_owned())
}

/// The permissions of these names, all of which the caller has.
fn checked_permissions(ctx: &Ctx, names: &[String]) -> Result<String> {
    let mut chosen = BTreeSet::new();
    for name in names {
        let known = permission::find(name).filter(|name| permission::is_role_permission(name));
        let known = known.ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            let message = format!(
                "no role can give `{shown}`; GET /api/admin/permissions lists what one can"
            );
            Error::invalid_field("permissions", "unknown_permission", message)
        })?;
        chosen.insert(known);
    }
    within(ctx, &chosen, || {
        let missing = chosen.iter().find(|name| !ctx.may(name)).copied();
        format!(
            "you cannot give `{}`, which you do not have yourself; leave it out or ask an administrator",
            missing.unwrap_or_default()
        )
    })?;
    Ok(serde_json::to_string(&chosen)?)
}

fn refuse_taken(tx: &Tx<'_>, ctx: &Ctx, row: &RoleRow) -> Result<()> {
    let title = row.title.to_lowercase();
    let is_built_in = Role::BUILT_IN
        .iter()
        .any(|role| built_in_words(*role).0.to_lowercase() == title);
    let others = role_store::list(tx, ctx.organisation)?;
    let is_taken = others
        .iter()
        .any(|other| other.id != row.id && other.title.to_lowercase() == title);
    if is_built_in || is_taken {
        let message = format!(
            "there is a role called `{}` already; choose another title",
            row.title
        );
        return Err(Error::conflict("title_taken", message));
    }
    Ok(())
}

/// Makes a custom role.
///
/// # Errors
/// `invalid_name`, `text_too_long`, `unknown_permission`, `role_above_yours`, `title_taken`,
/// `too_many_roles`.
pub(super) async fn create(app: &App, ctx: &Ctx, input: RoleInput) -> Result<RoleView> {
    let row = RoleRow {
        id: RoleId::new(ctx.clock.as_ref()),
        title: checked_name("title", &input.title)?,
        description: checked_description(&input.description)?,
        permissions: checked_permissions(ctx, &input.permissions)?,
    };
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        if role_store::list(tx, caller.organisation)?.len() >= ROLES_MAX {
            let message =
                format!("there are {ROLES_MAX} roles already; remove one that nobody has");
            return Err(Error::conflict("too_many_roles", message));
        }
        refuse_taken(tx, &caller, &row)?;
        role_store::save(tx, caller.organisation, &row, caller.now())?;
        let facts = json!({ "permissions": row.permissions });
        audit::record_with(tx, &caller, "role.created", row.id, facts)?;
        announce(tx, &events, &caller);
        custom_view(tx, caller.organisation, row)
    });
    written.await
}

fn announce(tx: &Tx<'_>, events: &crate::events::Events, ctx: &Ctx) {
    let audience = Audience::Organisation(ctx.organisation);
    events.publish_after(tx, audience, Event::PeopleChanged {});
}

fn find(tx: &Tx<'_>, ctx: &Ctx, id: RoleId) -> Result<RoleRow> {
    let row = role_store::find(tx, ctx.organisation, id)?;
    let row = row.ok_or_else(|| Error::not_found("role"))?;
    check_over(tx, ctx, Role::Custom(id))?;
    Ok(row)
}

/// Changes a custom role; whoever has it may do the new things at once.
///
/// # Errors
/// `not_found`; those of [`create`].
pub(super) async fn update(
    app: &App,
    ctx: &Ctx,
    id: RoleId,
    change: RoleChange,
) -> Result<RoleView> {
    let title = change
        .title
        .as_deref()
        .map(|title| checked_name("title", title));
    let title = title.transpose()?;
    let description = change.description.as_deref().map(checked_description);
    let description = description.transpose()?;
    let permissions = change.permissions.as_deref();
    let permissions = permissions.map(|names| checked_permissions(ctx, names));
    let permissions = permissions.transpose()?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let (known_keys, live) = (app.known_keys.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        let mut row = find(tx, &caller, id)?;
        row.title = title.unwrap_or(row.title);
        row.description = description.unwrap_or(row.description);
        row.permissions = permissions.unwrap_or(row.permissions);
        refuse_taken(tx, &caller, &row)?;
        role_store::save(tx, caller.organisation, &row, caller.now())?;
        known_keys.forget_after(tx);
        live.changed_after(tx, caller.organisation, None);
        let facts = json!({ "permissions": row.permissions });
        audit::record_with(tx, &caller, "role.changed", id, facts)?;
        announce(tx, &events, &caller);
        custom_view(tx, caller.organisation, row)
    });
    written.await
}

/// Removes a custom role that nobody has and nothing gives.
///
/// # Errors
/// `not_found`, `role_above_yours`, `role_in_use`.
pub(super) async fn delete(app: &App, ctx: &Ctx, id: RoleId) -> Result<()> {
    let (caller, events, uses) = (ctx.clone(), app.events.clone(), app.role_uses);
    let written = app.write(ctx, move |tx| {
        let row = find(tx, &caller, id)?;
        let role = (caller.organisation, Role::Custom(id), row.title.as_str());
        role_uses::check_unused(tx, role, uses, caller.now())?;
        role_store::delete(tx, caller.organisation, id)?;
        audit::record(tx, &caller, "role.removed", id)?;
        announce(tx, &events, &caller);
        Ok(())
    });
    written.await
}
