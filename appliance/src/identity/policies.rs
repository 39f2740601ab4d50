//! Who may use one employee, one model, one collection.
//!
//! Invariants: without a policy everybody with the permission may; with one, only the people and roles it
//! names, whatever else they may do; a policy never gives a permission. Policies are few and asked about with
//! every request, so all of them are held in memory and replaced when a change is durable.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use guildhall_db::{Db, Reader, Tx};
use guildhall_kernel::{Ctx, Error, OrgId, Page, PersonId, ResourceType, Result, Role, VeId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{policy_store, roles, store};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
};

/// People and roles that one policy names at most.
const NAMED_MAX: usize = 1000;
/// Policies of one organisation at most.
const POLICIES_MAX: usize = 10_000;

/// What other features know of the things that policies and keys name. Registered in `app.rs`.
#[derive(Clone, Copy)]
pub struct Resources {
    /// What an employee of the organisation is called; nothing when it has none such.
    pub ve: fn(&Reader<'_>, OrgId, VeId) -> Result<Option<String>>,
    /// What people call the model that is chosen by this name.
    pub model: fn(&App, &str) -> Option<String>,
    /// What people call a collection.
    pub collection: fn(&str) -> Option<&'static str>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) kind: ResourceType,
    pub(super) id: String,
    pub(super) people: BTreeSet<PersonId>,
    pub(super) roles: BTreeSet<Role>,
}

impl Rule {
    fn allows(&self, person: PersonId, role: Role) -> bool {
        self.people.contains(&person) || self.roles.contains(&role)
    }
}

/// The policies of every organisation. A cheap clone.
#[derive(Clone, Default)]
pub struct Policies(Arc<RwLock<HashMap<OrgId, Vec<Rule>>>>);

impl Policies {
    /// Reads all of them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(db: &Db) -> Result<Self> {
        let mut rules: HashMap<OrgId, Vec<Rule>> = HashMap::new();
        for (organisation, rule) in db.read(policy_store::list_all).await? {
            rules.entry(organisation).or_default().push(rule);
        }
        Ok(Self(Arc::new(RwLock::new(rules))))
    }

    /// What the person may not use.
    pub(super) fn denied(
        &self,
        organisation: OrgId,
        person: PersonId,
        role: Role,
    ) -> Arc<BTreeSet<(ResourceType, String)>> {
        let rules = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(rules) = rules.get(&organisation) else {
            return Arc::default();
        };
        let denied = rules.iter().filter(|rule| !rule.allows(person, role));
        Arc::new(denied.map(|rule| (rule.kind, rule.id.clone())).collect())
    }

    /// Takes the organisation's policies as they are in the transaction, once it is durable.
    fn replace_after(&self, tx: &Tx<'_>, organisation: OrgId) -> Result<()> {
        let (policies, rules) = (self.clone(), policy_store::list(tx, organisation)?);
        tx.after_commit(move || {
            let mut all = policies.0.write().unwrap_or_else(PoisonError::into_inner);
            if rules.is_empty() {
                all.remove(&organisation);
            } else {
                all.insert(organisation, rules);
            }
        });
        Ok(())
    }
}

/// Somebody a policy names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyPerson {
    pub id: PersonId,
    pub display_name: String,
}

/// Who may use one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    pub resource_type: ResourceType,
    /// An employee's id, a model by the name it is chosen by, `handbook` or `files`.
    pub resource_id: String,
    /// What people call it; the id when it is no longer there.
    pub resource_name: String,
    pub people: Vec<PolicyPerson>,
    /// Built-in names and ids of custom roles.
    pub roles: Vec<Role>,
}

/// What a policy is about.
pub(super) type Resource = (ResourceType, String);

/// What people call the thing; nothing when it is not there.
fn name_of(
    reader: &Reader<'_>,
    app: &App,
    organisation: OrgId,
    (kind, id): (ResourceType, &str),
) -> Result<Option<String>> {
    let resources = app.resources;
    match kind {
        ResourceType::Ve => match id.parse() {
            Ok(ve) => (resources.ve)(reader, organisation, ve),
            Err(_) => Ok(None),
        },
        ResourceType::Model => Ok((resources.model)(app, id)),
        ResourceType::Collection => Ok((resources.collection)(id).map(str::to_owned)),
    }
}

fn view(reader: &Reader<'_>, app: &App, organisation: OrgId, rule: &Rule) -> Result<Policy> {
    let mut people = Vec::new();
    for id in &rule.people {
        // Who left is named no more, though the policy keeps them for the day they come back.
        if store::has_membership(reader, organisation, *id)?
            && let Some(person) = store::find_person(reader, *id)?
        {
            people.push(PolicyPerson {
                id: *id,
                display_name: person.display_name,
            });
        }
    }
    let name = name_of(reader, app, organisation, (rule.kind, &rule.id))?;
    Ok(Policy {
        resource_type: rule.kind,
        resource_name: name.unwrap_or_else(|| rule.id.clone()),
        resource_id: rule.id.clone(),
        people,
        roles: rule.roles.iter().copied().collect(),
    })
}

/// The organisation's policies.
///
/// # Errors
/// Those of the database.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Page<Policy>> {
    let (inside, organisation) = (app.clone(), ctx.organisation);
    let read = app.db.read(move |reader| {
        let rules = policy_store::list(reader, organisation)?;
        let views = rules
            .iter()
            .map(|rule| view(reader, &inside, organisation, rule));
        views.collect::<Result<Vec<_>>>()
    });
    Ok(Page::complete(read.await?))
}

/// Says who may use a thing, in place of an earlier policy.
///
/// # Errors
/// `not_found` for a thing that is not there; `unknown_person`, `unknown_role`, `too_many_named`,
/// `too_many_policies`.
pub(super) async fn set(
    app: &App,
    ctx: &Ctx,
    (kind, id): Resource,
    (people, roles): (Vec<PersonId>, Vec<Role>),
) -> Result<Policy> {
    if people.len() + roles.len() > NAMED_MAX {
        let message = format!("name at most {NAMED_MAX} people and roles; make a role for more");
        return Err(Error::invalid("too_many_named", message));
    }
    let rule = Rule {
        kind,
        id,
        people: people.into_iter().collect(),
        roles: roles.into_iter().collect(),
    };
    let (caller, inside, events) = (ctx.clone(), app.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        check(tx, &inside, &caller, &rule)?;
        policy_store::save(tx, &caller, &rule)?;
        inside.policies.replace_after(tx, caller.organisation)?;
        inside.live.changed_after(tx, caller.organisation, None);
        let facts = json!({ "people": rule.people, "roles": rule.roles });
        let subject = format!("{}/{}", rule.kind.as_str(), rule.id);
        audit::record_with(tx, &caller, "policy.set", subject, facts)?;
        announce(tx, &events, &caller, (rule.kind, &rule.id));
        view(tx, &inside, caller.organisation, &rule)
    });
    written.await
}

fn check(tx: &Tx<'_>, app: &App, ctx: &Ctx, rule: &Rule) -> Result<()> {
    let organisation = ctx.organisation;
    if name_of(tx, app, organisation, (rule.kind, &rule.id))?.is_none() {
        return Err(Error::not_found(rule.kind.as_str()));
    }
    for person in &rule.people {
        if !store::has_membership(tx, organisation, *person)? {
            let message = format!("{person} does not belong to this organisation");
            return Err(Error::invalid_field("people", "unknown_person", message));
        }
    }
    for role in &rule.roles {
        roles::check_role_exists(tx, organisation, *role)?;
    }
    if policy_store::list(tx, organisation)?.len() >= POLICIES_MAX {
        let message = format!("there are {POLICIES_MAX} policies already; remove some first");
        return Err(Error::conflict("too_many_policies", message));
    }
    Ok(())
}

fn announce(tx: &Tx<'_>, events: &Events, ctx: &Ctx, (kind, id): (ResourceType, &str)) {
    let event = match (kind, id.parse()) {
        (ResourceType::Ve, Ok(ve_id)) => Event::VeChanged { ve_id },
        (ResourceType::Collection, _) => Event::CollectionsChanged {},
        _ => Event::PeopleChanged {},
    };
    events.publish_after(tx, Audience::Organisation(ctx.organisation), event);
}

/// Lets everybody with the permission use a thing again.
///
/// # Errors
/// `not_found` without a policy.
pub(super) async fn remove(app: &App, ctx: &Ctx, (kind, id): Resource) -> Result<()> {
    let (caller, policies, events) = (ctx.clone(), app.policies.clone(), app.events.clone());
    let live = app.live.clone();
    let written = app.write(ctx, move |tx| {
        if !policy_store::delete(tx, caller.organisation, (kind, &id))? {
            return Err(Error::not_found("policy"));
        }
        policies.replace_after(tx, caller.organisation)?;
        live.changed_after(tx, caller.organisation, None);
        let subject = format!("{}/{id}", kind.as_str());
        audit::record(tx, &caller, "policy.removed", subject)?;
        announce(tx, &events, &caller, (kind, &id));
        Ok(())
    });
    written.await
}

/// 403: the caller sees the thing and may not use it.
pub fn not_in_policy(thing: &str) -> Error {
    let message = format!(
        "a policy of your organisation keeps {thing} for others; ask an administrator to add you"
    );
    Error::forbidden("not_in_policy", message)
}

#[cfg(test)]
mod tests {
    use guildhall_kernel::SystemClock;

    use super::*;

    #[test]
    fn who_is_not_named_may_not_use_it() {
        let clock = &SystemClock;
        let (organisation, named, other) = (
            OrgId::new(clock),
            PersonId::new(clock),
            PersonId::new(clock),
        );
        let rule = Rule {
            kind: ResourceType::Model,
            id: "starter".into(),
            people: BTreeSet::from([named]),
            roles: BTreeSet::from([Role::Operator]),
        };
        let all = HashMap::from([(organisation, vec![rule])]);
        let policies = Policies(Arc::new(RwLock::new(all)));
        let denied = |person, role| policies.denied(organisation, person, role).len();
        assert_eq!(denied(named, Role::Normal), 0);
        assert_eq!(denied(other, Role::Operator), 0);
        assert_eq!(denied(other, Role::Admin), 1);
        let elsewhere = policies.denied(OrgId::new(clock), other, Role::Normal);
        assert!(
            elsewhere.is_empty(),
            "a policy binds its own organisation only"
        );
    }
}
