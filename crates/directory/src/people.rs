//! Everyone a directory holds.

use guildhall_kernel::Result;
use ldap3::Scope;

use crate::{
    Directory, Entry, connect, filter,
    graph::Graph,
    person,
    search::{Query, search},
    session::contained,
};

/// People of a directory.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The people, in the server's order.
    pub entries: Vec<Entry>,
    /// Whether there are, or may be, more people or groups than were read.
    pub truncated: bool,
}

/// Lists people with their groups, at most `most`. `wanted` names the groups that matter: in Active Directory only these
/// are looked for in nested groups.
///
/// # Errors
/// `directory_needs_account` when people log in under their own names only; `directory_…`; those of the dialling.
pub async fn list_people(directory: &Directory, wanted: &[String], most: usize) -> Result<People> {
    let (directory, wanted) = (directory.clone(), wanted.to_vec());
    let limit = directory.settings.limits.list;
    contained(limit, Box::pin(list(directory, wanted, most))).await
}

async fn list(directory: Directory, wanted: Vec<String>, most: usize) -> Result<People> {
    let settings = &directory.settings;
    let mut session = connect::open_any(&directory, None).await?;
    let filter = filter::of_people(settings);
    let query = Query {
        base: &settings.base_dn,
        scope: Scope::Subtree,
        filter: &filter,
        attributes: &person::attributes(settings),
        page: Some(settings.page_size),
        most: most.min(settings.limits.people),
    };
    let people = search(&mut session, &query).await?;
    let graph = Graph::read(&mut session, settings, &wanted).await?;
    let entries = people.entries.iter().map(|found| {
        Entry::read(settings, found, directory.now).with_groups(graph.groups_of(settings, found))
    });
    Ok(People {
        entries: entries.collect(),
        truncated: people.truncated || graph.truncated,
    })
}
