//! Making, changing and deleting users and groups, each in one transaction with the access it gives or takes.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::HeaderMap;
use guildhall_db::Tx;
use guildhall_kernel::{Clock, Error, Result, ScimResourceId, ScimSourceId};
use guildhall_scim::{
    Problem, ScimType, patch,
    resource::{self, Resource},
};
use serde_json::{Value, json};

use super::{
    access::{self, Access},
    answer::{check_version, joint, refused},
    caller::Provisioner,
    model::{Kind, ResourceRow},
    resource_store, store,
};
use crate::app::App;

/// Users and groups of an organisation, at most.
const RESOURCES_MAX: usize = 50_000;

/// How a resource is to be changed.
pub(super) enum Change {
    /// By what takes its place.
    Replace(Value),
    /// By operations on what it is.
    Patch(Value),
}

/// What a change needs of the node, and who makes it.
#[derive(Clone)]
pub(super) struct Changer {
    by: Provisioner,
    access: Access,
    clock: Arc<dyn Clock>,
    origin: String,
}

impl Changer {
    pub(super) fn new(app: &App, by: Provisioner) -> Self {
        Self {
            access: Access::new(app, by.organisation),
            clock: Arc::clone(&app.clock),
            origin: app.origin.clone(),
            by,
        }
    }

    /// Makes a resource.
    ///
    /// # Errors
    /// Refusals of SCIM; those of [`crate::identity::apply_external`].
    pub(super) fn create(&self, tx: &Tx<'_>, kind: Kind, sent: &Value) -> Result<ResourceRow> {
        let organisation = self.by.organisation;
        let source = ScimSourceId::new(self.clock.as_ref());
        store::ensure_source(tx, (source, organisation), self.clock.now())?;
        let attributes = resource::read(sent, kind.definition()).map_err(refused)?;
        if resource_store::count(tx, (organisation, kind))? >= RESOURCES_MAX {
            let message = format!("an organisation has at most {RESOURCES_MAX} of these");
            return Err(refused(Problem::plain(413, message)));
        }
        let now = self.clock.now();
        let row = ResourceRow {
            id: ScimResourceId::new(self.clock.as_ref()),
            kind,
            person: None,
            attributes,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.keep(tx, None, row)
    }

    /// Changes a resource.
    ///
    /// # Errors
    /// 404, 412 for another version than `If-Match` names; as [`Changer::create`].
    pub(super) fn change(
        &self,
        tx: &Tx<'_>,
        (kind, id): (Kind, ScimResourceId),
        headers: &HeaderMap,
        change: &Change,
    ) -> Result<ResourceRow> {
        let before = self.find(tx, kind, id)?;
        check_version(headers, &before)?;
        let mut row = before.clone();
        row.attributes = match change {
            Change::Replace(sent) => replaced(&before, sent)?,
            Change::Patch(operations) => {
                let mut attributes = before.attributes.clone();
                if kind == Kind::Group {
                    let members = joint(tx, &before, &self.origin)?;
                    put_list(&mut attributes, kind.joint(), members);
                }
                patch::apply(&mut attributes, operations, kind.definition()).map_err(refused)?;
                attributes
            }
        };
        row.version = row.version.saturating_add(1);
        row.updated_at = self.clock.now();
        self.keep(tx, Some(&before), row)
    }

    /// Deletes a resource; what it gave is taken away.
    ///
    /// # Errors
    /// 404, 412; those of [`crate::identity::apply_external`].
    pub(super) fn delete(
        &self,
        tx: &Tx<'_>,
        (kind, id): (Kind, ScimResourceId),
        headers: &HeaderMap,
    ) -> Result<()> {
        let row = self.find(tx, kind, id)?;
        check_version(headers, &row)?;
        match kind {
            Kind::User => {
                self.access.withdraw(tx, &row)?;
                resource_store::delete(tx, self.by.organisation, id)?;
            }
            Kind::Group => {
                let members = resource_store::members(tx, id)?;
                resource_store::delete(tx, self.by.organisation, id)?;
                let settings = store::find_settings(tx, self.by.organisation)?;
                if settings.counts(row.name()) {
                    self.access.settle_all(tx, members)?;
                }
            }
        }
        self.record(tx, &row, "deleted")
    }

    fn find(&self, tx: &Tx<'_>, kind: Kind, id: ScimResourceId) -> Result<ResourceRow> {
        let found = resource_store::find(tx, (self.by.organisation, kind), id)?;
        found.ok_or_else(|| refused(Problem::not_found()))
    }

    /// Stores a resource and gives the access that follows from it.
    fn keep(
        &self,
        tx: &Tx<'_>,
        before: Option<&ResourceRow>,
        mut row: ResourceRow,
    ) -> Result<ResourceRow> {
        let members = row.attributes.remove(Kind::Group.joint());
        self.check_name(tx, &row)?;
        match before {
            None => resource_store::insert(tx, self.by.organisation, &row)?,
            Some(_) => resource_store::update(tx, self.by.organisation, &row)?,
        }
        match row.kind {
            Kind::User => self.keep_user(tx, before, &row)?,
            Kind::Group => self.keep_members(tx, before, &row, members.as_ref())?,
        }
        self.record(
            tx,
            &row,
            if before.is_some() {
                "changed"
            } else {
                "created"
            },
        )?;
        Ok(row)
    }

    /// Gives a user access. Another name for an account that other organisations have too is refused, but never together
    /// with an end of access: that always counts.
    fn keep_user(
        &self,
        tx: &Tx<'_>,
        before: Option<&ResourceRow>,
        row: &ResourceRow,
    ) -> Result<()> {
        let is_kept = self.access.settle(tx, row)?;
        let is_renamed = before.is_some_and(|before| access::is_renamed(before, row));
        if is_kept && is_renamed && row.is_active() {
            let message = "this person's account is not this organisation's alone, so name and e-mail address stay as they are";
            return Err(refused(Problem::invalid(ScimType::Mutability, message)));
        }
        Ok(())
    }

    /// User names are unique in the organisation, capitals aside (RFC 7643, 4.1.1).
    fn check_name(&self, tx: &Tx<'_>, row: &ResourceRow) -> Result<()> {
        if row.kind != Kind::User {
            return Ok(());
        }
        let same = resource_store::find_by_name(tx, (self.by.organisation, row.kind), row.name())?;
        if same.iter().any(|other| other.id != row.id) {
            return Err(refused(Problem::taken("another user has this userName")));
        }
        Ok(())
    }

    fn keep_members(
        &self,
        tx: &Tx<'_>,
        before: Option<&ResourceRow>,
        group: &ResourceRow,
        members: Option<&Value>,
    ) -> Result<()> {
        let organisation = self.by.organisation;
        let held: BTreeSet<ScimResourceId> =
            resource_store::members(tx, group.id)?.into_iter().collect();
        let wanted = self.users_named(tx, members, &held)?;
        for user in held.difference(&wanted) {
            resource_store::remove_member(tx, (group.id, *user))?;
        }
        for user in wanted.difference(&held) {
            resource_store::add_member(tx, organisation, (group.id, *user))?;
        }
        let settings = store::find_settings(tx, organisation)?;
        let old_name = before.map_or(group.name(), ResourceRow::name);
        if !settings.counts(group.name()) && !settings.counts(old_name) {
            return Ok(());
        }
        let is_renamed = old_name.to_lowercase() != group.name().to_lowercase();
        let concerned: Vec<ScimResourceId> = match is_renamed {
            true => held.union(&wanted).copied().collect(),
            false => held.symmetric_difference(&wanted).copied().collect(),
        };
        self.access.settle_all(tx, concerned)
    }

    /// The users that a list of members names. Those who were members before are known.
    fn users_named(
        &self,
        tx: &Tx<'_>,
        members: Option<&Value>,
        held: &BTreeSet<ScimResourceId>,
    ) -> Result<BTreeSet<ScimResourceId>> {
        let mut users = BTreeSet::new();
        for entry in members.and_then(Value::as_array).into_iter().flatten() {
            let value = entry
                .get("value")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let id = value.parse::<ScimResourceId>().ok();
            let is_user = |id: &ScimResourceId| -> Result<bool> {
                Ok(held.contains(id)
                    || resource_store::find(tx, (self.by.organisation, Kind::User), *id)?.is_some())
            };
            match id {
                Some(id) if is_user(&id)? => users.insert(id),
                _ => {
                    let message = "a member is no user; groups in groups are not kept";
                    return Err(refused(Problem::invalid(ScimType::InvalidValue, message)));
                }
            };
        }
        Ok(users)
    }

    fn record(&self, tx: &Tx<'_>, row: &ResourceRow, what: &str) -> Result<()> {
        let action = match row.kind {
            Kind::User => format!("scim_user.{what}"),
            Kind::Group => format!("scim_group.{what}"),
        };
        let facts = match row.kind {
            Kind::User => json!({ "active": row.is_active() }),
            Kind::Group => json!({ "group": row.name() }),
        };
        let subject = row.id.to_string();
        self.by
            .record(tx, self.clock.as_ref(), (&action, &subject), facts)
    }
}

/// What takes a resource's place. Whether a user may come in stays as it was when nothing is said of it.
fn replaced(before: &ResourceRow, sent: &Value) -> Result<Resource, Error> {
    let mut attributes = resource::read(sent, before.kind.definition()).map_err(refused)?;
    if let (Kind::User, Some(active)) = (before.kind, before.attributes.get("active")) {
        attributes.entry("active").or_insert_with(|| active.clone());
    }
    Ok(attributes)
}

fn put_list(attributes: &mut Resource, name: &str, entries: Vec<Value>) {
    if !entries.is_empty() {
        attributes.insert(name.to_owned(), Value::Array(entries));
    }
}
