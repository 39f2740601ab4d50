//! Who is in which group, read at once for a whole list of people.

use std::collections::{BTreeMap, BTreeSet};

use guildhall_kernel::Result;
use ldap3::Scope;

use crate::{
    Kind, Settings,
    answer::Found,
    dn, filter,
    groups::Groups,
    search::{Listing, Query, search},
    session::Session,
};

/// Attributes that name members by DN.
const MEMBERS: [&str; 2] = ["member", "uniqueMember"];
/// The attribute that names members by login name.
const MEMBER_NAMES: &str = "memberUid";

/// Who is in which group.
#[derive(Default)]
pub(crate) struct Graph {
    /// Groups by what they hold: the DN of a person or group, or a login name behind [`NAME_MARK`].
    parents: BTreeMap<String, Vec<String>>,
    /// Whether the server gave less than there is.
    pub(crate) truncated: bool,
}

/// Tells login names from DNs, which hold no such letter at their beginning.
const NAME_MARK: char = '\u{0}';

impl Graph {
    /// Reads what is needed to know who is in the `wanted` groups. Active Directory follows nested groups itself, so there
    /// only the wanted ones are asked for; elsewhere every group is read.
    ///
    /// # Errors
    /// Those of searching.
    pub(crate) async fn read(
        session: &mut Session,
        settings: &Settings,
        wanted: &[String],
    ) -> Result<Self> {
        if settings.kind != Kind::ActiveDirectory {
            return Self::read_all(session, settings).await;
        }
        let mut graph = Self::default();
        if settings.nested_groups {
            for group in wanted.iter().filter(|group| group.as_str() != "*") {
                for group in graph.named(session, settings, group).await? {
                    graph.read_chain(session, settings, &group).await?;
                }
            }
        }
        Ok(graph)
    }

    async fn read_all(session: &mut Session, settings: &Settings) -> Result<Self> {
        let mut graph = Self::default();
        let mut attributes: Vec<String> = MEMBERS.map(str::to_owned).into();
        attributes.push(MEMBER_NAMES.to_owned());
        let groups = below_groups(session, settings, &settings.group_filter, &attributes).await?;
        graph.truncated = groups.truncated;
        for group in groups.entries {
            for attribute in MEMBERS {
                for member in group.values.texts(attribute) {
                    graph.add(dn::normalise(&member), &group.dn);
                }
            }
            for name in group.values.texts(MEMBER_NAMES) {
                graph.add(key_of_name(&name), &group.dn);
            }
        }
        Ok(graph)
    }

    /// The DNs of a group that a mapping means.
    async fn named(
        &mut self,
        session: &mut Session,
        settings: &Settings,
        group: &str,
    ) -> Result<Vec<String>> {
        if dn::is_dn(group) {
            return Ok(vec![group.to_owned()]);
        }
        let filter = filter::of_group_named(settings, group);
        let found = below_groups(session, settings, &filter, &["1.1".to_owned()]).await?;
        self.truncated |= found.truncated;
        Ok(found.entries.into_iter().map(|entry| entry.dn).collect())
    }

    async fn read_chain(
        &mut self,
        session: &mut Session,
        settings: &Settings,
        group: &str,
    ) -> Result<()> {
        let filter = filter::of_people_in_chain(settings, group);
        let query = Query {
            base: &settings.base_dn,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &["1.1".to_owned()],
            page: Some(settings.page_size),
            most: settings.limits.people,
        };
        let people = search(session, &query).await?;
        self.truncated |= people.truncated;
        for person in people.entries {
            self.add(dn::normalise(&person.dn), group);
        }
        Ok(())
    }

    fn add(&mut self, member: String, group: &str) {
        self.parents
            .entry(member)
            .or_default()
            .push(group.to_owned());
    }

    /// The groups of a person: those the entry names and those that name the entry.
    pub(crate) fn groups_of(&self, settings: &Settings, found: &Found) -> BTreeSet<String> {
        let mut groups = Groups::default();
        let mut newest = found.values.texts(&settings.attributes.member_of);
        newest.retain(|dn| groups.add(dn.clone()));
        let mut keys = vec![dn::normalise(&found.dn)];
        keys.extend(found.values.text("uid").map(|uid| key_of_name(&uid)));
        let climbs = settings.nested_groups && settings.kind != Kind::ActiveDirectory;
        for _ in 0..=settings.limits.depth {
            let parents = keys
                .iter()
                .filter_map(|key| self.parents.get(key))
                .flatten();
            newest.extend(parents.filter(|dn| groups.add((*dn).clone())).cloned());
            if newest.is_empty() || !climbs {
                break;
            }
            keys = newest.drain(..).map(|dn| dn::normalise(&dn)).collect();
        }
        groups.into_names()
    }
}

fn key_of_name(name: &str) -> String {
    format!("{NAME_MARK}{}", name.to_lowercase())
}

async fn below_groups(
    session: &mut Session,
    settings: &Settings,
    filter: &str,
    attributes: &[String],
) -> Result<Listing> {
    let query = Query {
        base: settings.group_base(),
        scope: Scope::Subtree,
        filter,
        attributes,
        page: Some(settings.page_size),
        most: settings.limits.groups,
    };
    search(session, &query).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer::Values, settings::tests_support::settings};

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (member, group) in edges {
            graph.add(dn::normalise(member), group);
        }
        graph
    }

    fn ana() -> Found {
        Found {
            dn: "UID=Ana,dc=x".into(),
            values: Values::of_one("uid", "ana"),
        }
    }

    #[test]
    fn groups_in_groups_count_only_when_wanted_and_circles_end() {
        let graph = graph(&[
            ("uid=ana,dc=x", "cn=a,dc=x"),
            ("cn=a,dc=x", "cn=b,dc=x"),
            ("cn=b,dc=x", "cn=a,dc=x"),
        ]);
        let mut settings = settings();
        let names = |settings: &Settings| {
            graph
                .groups_of(settings, &ana())
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&settings), ["cn=a,dc=x"]);
        settings.nested_groups = true;
        assert_eq!(names(&settings), ["cn=a,dc=x", "cn=b,dc=x"]);
    }

    #[test]
    fn members_by_login_name_are_members() {
        let mut graph = Graph::default();
        graph.add(key_of_name("Ana"), "cn=unix,dc=x");
        assert_eq!(graph.groups_of(&settings(), &ana()).len(), 1);
    }

    #[test]
    fn a_chain_beyond_the_bound_ends() {
        let mut graph = Graph::default();
        graph.add("uid=ana,dc=x".into(), "cn=g0");
        for level in 0..100 {
            graph.add(format!("cn=g{level}"), &format!("cn=g{}", level + 1));
        }
        let mut settings = settings();
        settings.nested_groups = true;
        assert_eq!(
            graph.groups_of(&settings, &ana()).len(),
            settings.limits.depth + 1
        );
    }
}
