//! Service accounts: people that are programs. They have a role and keys like people, no login and no seat.
//!
//! Invariants: a service account belongs to one organisation; its role allows nothing that whoever made it
//! may not do, and only somebody who may do all that it may gives it keys.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{ApiKeyId, Ctx, Error, OrgId, Page, PersonId, Result, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    api_keys::{self, NewApiKey},
    credential_store,
    model::{ApiKey, CreatedApiKey, Person, checked_name},
    revoke::{self, revoke_access},
    roles, service_store, store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

/// Service accounts of one organisation at most.
const ACCOUNTS_MAX: usize = 200;
/// No password fits it.
const NO_PASSWORD: &str = "";

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccount {
    /// A person's id: programs act, and are metered and audited, as people do.
    pub id: PersonId,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    /// When one of its keys was used last.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    /// None of its keys works while it is.
    pub disabled: bool,
    /// How many keys it has.
    pub keys: u64,
}

/// What to change of a service account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceAccountChange {
    pub(super) name: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) disabled: Option<bool>,
}

/// The service account of this id, if the organisation has it and it is not disabled: for features that let
/// applications act as one.
///
/// # Errors
/// Those of the database.
pub fn find_service_account(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: PersonId,
) -> Result<Option<ServiceAccount>> {
    let found = service_store::find(reader, organisation, id)?;
    Ok(found.filter(|account| !account.disabled))
}

/// The organisation's service accounts, oldest first.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Page<ServiceAccount>> {
    let organisation = ctx.organisation;
    let read = app
        .db
        .read(move |reader| service_store::list(reader, organisation));
    Ok(Page::complete(read.await?))
}

fn find(tx: &Reader<'_>, ctx: &Ctx, id: PersonId) -> Result<ServiceAccount> {
    service_store::find(tx, ctx.organisation, id)?
        .ok_or_else(|| Error::not_found("service account"))
}

fn announce(tx: &Tx<'_>, events: &crate::events::Events, ctx: &Ctx) {
    let audience = Audience::Organisation(ctx.organisation);
    events.publish_after(tx, audience, Event::PeopleChanged {});
}

/// Makes a service account.
///
/// # Errors
/// `invalid_name`, `unknown_role`, `role_above_yours`, `too_many_service_accounts`.
pub(super) async fn create(
    app: &App,
    ctx: &Ctx,
    (name, role): (&str, Role),
) -> Result<ServiceAccount> {
    let name = checked_name("name", name)?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        roles::check_role(tx, &caller, role)?;
        let organisation = caller.organisation;
        if service_store::list(tx, organisation)?.len() >= ACCOUNTS_MAX {
            let message = format!("there are {ACCOUNTS_MAX} service accounts already; remove one");
            return Err(Error::conflict("too_many_service_accounts", message));
        }
        let id = PersonId::new(caller.clock.as_ref());
        let person = Person {
            id,
            // No address, and so no login name.
            email: id.to_string(),
            display_name: name,
        };
        store::insert_person(tx, &person, NO_PASSWORD, false, caller.now())?;
        store::insert_membership(tx, organisation, id, role, caller.now())?;
        service_store::insert(tx, &caller, id)?;
        let facts = json!({ "role": role });
        audit::record_with(tx, &caller, "service_account.created", id, facts)?;
        announce(tx, &events, &caller);
        find(tx, &caller, id)
    });
    written.await
}

/// Changes a service account. Disabling it ends what it is doing, and its keys work again when it comes back.
///
/// # Errors
/// `not_found`, `invalid_name`, `unknown_role`, `role_above_yours`.
pub(super) async fn update(
    app: &App,
    ctx: &Ctx,
    id: PersonId,
    change: ServiceAccountChange,
) -> Result<ServiceAccount> {
    let name = change
        .name
        .as_deref()
        .map(|name| checked_name("name", name));
    let name = name.transpose()?;
    let (caller, inside) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let account = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, account.role)?;
        let role = change.role.unwrap_or(account.role);
        roles::check_role(tx, &caller, role)?;
        let disabled = change.disabled.unwrap_or(account.disabled);
        store::update_membership(tx, caller.organisation, id, role, disabled)?;
        if let Some(name) = name {
            store::update_display_name(tx, id, &name)?;
        }
        inside.known_keys.forget_after(tx);
        if disabled {
            inside.live.end_person_after(tx, id, None);
        } else {
            inside.live.changed_after(tx, caller.organisation, Some(id));
        }
        let facts = json!({ "role": role, "disabled": disabled });
        audit::record_with(tx, &caller, "service_account.changed", id, facts)?;
        announce(tx, &inside.events, &caller);
        find(tx, &caller, id)
    });
    written.await
}

/// Removes a service account with its keys. What it did stays in the records.
///
/// # Errors
/// `not_found`, `role_above_yours`.
pub(super) async fn remove(app: &App, ctx: &Ctx, id: PersonId) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let parts = revoke::revoke_parts(app);
    let written = app.write(ctx, move |tx| {
        let account = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, account.role)?;
        revoke_access(tx, &parts, id, None)?;
        store::delete_membership(tx, caller.organisation, id)?;
        audit::record(tx, &caller, "service_account.removed", id)?;
        announce(tx, &events, &caller);
        Ok(())
    });
    written.await
}

/// The keys of a service account, newest first.
///
/// # Errors
/// `not_found`.
pub(super) async fn list_keys(app: &App, ctx: &Ctx, id: PersonId) -> Result<Page<ApiKey>> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        find(reader, &caller, id)?;
        credential_store::list_api_keys(reader, caller.organisation, id)
    });
    Ok(Page::complete(read.await?))
}

/// Makes a key for a service account.
///
/// # Errors
/// `not_found`, `role_above_yours`; those of a key of one's own.
pub(super) async fn create_key(
    app: &App,
    ctx: &Ctx,
    id: PersonId,
    input: NewApiKey,
) -> Result<CreatedApiKey> {
    let input = input.checked()?;
    let (caller, inside) = (ctx.clone(), app.clone());
    let made = app.write_secret(ctx, move |tx| {
        let account = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, account.role)?;
        let made = api_keys::insert(tx, &caller, inside.resources, (id, input))?;
        announce(tx, &inside.events, &caller);
        Ok(made)
    });
    made.await
}

/// Ends a key of a service account.
///
/// # Errors
/// `not_found`.
pub(super) async fn revoke_key(
    app: &App,
    ctx: &Ctx,
    (id, key): (PersonId, ApiKeyId),
) -> Result<()> {
    let (caller, inside) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        find(tx, &caller, id)?;
        api_keys::delete(tx, &caller, &inside, (id, key))?;
        announce(tx, &inside.events, &caller);
        Ok(())
    });
    written.await
}
