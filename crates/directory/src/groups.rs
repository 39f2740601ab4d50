//! The groups of one person.

use std::collections::{BTreeMap, BTreeSet};

use guildhall_kernel::Result;
use ldap3::Scope;

use crate::{
    Kind, Settings,
    answer::Found,
    dn, filter,
    search::{Query, search},
    session::Session,
};

/// Members in one filter at most.
const MEMBERS_AT_ONCE: usize = 50;

/// Groups by one spelling of their names, each as the server writes it.
#[derive(Default)]
pub(crate) struct Groups(BTreeMap<String, String>);

impl Groups {
    /// Adds a group; whether it is new.
    pub(crate) fn add(&mut self, dn: String) -> bool {
        self.0.insert(dn::normalise(&dn), dn).is_none()
    }

    pub(crate) fn into_names(self) -> BTreeSet<String> {
        self.0.into_values().collect()
    }
}

/// The groups a person is in: those the entry names, those that name the entry, and with nested groups those that either
/// are in. A circle of groups ends where it began; beyond the bounds groups are left out, which gives less and never more.
///
/// # Errors
/// Those of searching.
pub(crate) async fn of_person(
    session: &mut Session,
    settings: &Settings,
    found: &Found,
) -> Result<BTreeSet<String>> {
    let mut groups = Groups::default();
    let mut newest = Vec::new();
    for dn in found.values.texts(&settings.attributes.member_of) {
        if groups.add(dn.clone()) {
            newest.push(dn);
        }
    }
    if settings.kind == Kind::ActiveDirectory {
        if settings.nested_groups {
            let filter = filter::of_groups_in_chain(settings, &found.dn);
            find(session, settings, &filter, &mut groups).await?;
        }
        return Ok(groups.into_names());
    }
    let uid = found.values.text("uid");
    let own = filter::of_groups_with(settings, std::slice::from_ref(&found.dn), uid.as_deref());
    newest.extend(find(session, settings, &own, &mut groups).await?);
    if settings.nested_groups {
        climb(session, settings, newest, &mut groups).await?;
    }
    Ok(groups.into_names())
}

/// Adds the groups that groups are in, level by level.
async fn climb(
    session: &mut Session,
    settings: &Settings,
    mut newest: Vec<String>,
    groups: &mut Groups,
) -> Result<()> {
    for _ in 0..settings.limits.depth {
        if newest.is_empty() {
            return Ok(());
        }
        let mut next = Vec::new();
        for some in newest.chunks(MEMBERS_AT_ONCE) {
            let filter = filter::of_groups_with(settings, some, None);
            next.extend(find(session, settings, &filter, groups).await?);
            if groups.0.len() >= settings.limits.groups {
                tracing::warn!(
                    groups = groups.0.len(),
                    "a person is in more groups than are read; the rest is left out"
                );
                return Ok(());
            }
        }
        newest = next;
    }
    tracing::warn!(
        levels = settings.limits.depth,
        "groups are nested more deeply than is followed; the rest is left out"
    );
    Ok(())
}

/// Searches for groups and adds them; returns the new ones.
async fn find(
    session: &mut Session,
    settings: &Settings,
    filter: &str,
    groups: &mut Groups,
) -> Result<Vec<String>> {
    let query = Query {
        base: settings.group_base(),
        scope: Scope::Subtree,
        filter,
        attributes: &["1.1".to_owned()],
        page: Some(settings.page_size),
        most: settings.limits.groups,
    };
    let listing = search(session, &query).await?;
    let names = listing.entries.into_iter().map(|entry| entry.dn);
    Ok(names.filter(|dn| groups.add(dn.clone())).collect())
}
