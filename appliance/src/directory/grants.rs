//! From what a directory says of somebody to what they get here.

use guildhall_directory::{Entry, group_matches};
use guildhall_kernel::{Error, Result};

use super::model::{DirectoryGroupGrant, DirectoryRow};
use crate::identity::{ExternalIdentity, Grant};

/// What stands in a group map for everyone whom the user filter finds.
const EVERYONE: &str = "*";

/// Who an entry is here.
///
/// # Errors
/// `directory_entry_incomplete` when the entry has no e-mail address, or nothing to know it again by.
pub(super) fn identity_of(row: &DirectoryRow, entry: &Entry) -> Result<ExternalIdentity> {
    let names = &row.settings.attributes;
    let lacks = |what: &str, attribute: &str| {
        let message = format!("{} has no {what} (attribute {attribute})", entry.dn);
        Err(Error::conflict("directory_entry_incomplete", message))
    };
    if entry.subject.is_empty() {
        return lacks("value that identifies it", &names.subject);
    }
    if entry.email.is_empty() {
        return lacks("e-mail address", &names.email);
    }
    Ok(ExternalIdentity {
        source: row.source(),
        subject: entry.subject.clone(),
        email: entry.email.clone(),
        display_name: entry.display_name.clone(),
        grants: grants_of(&row.group_map, &entry.groups),
        organisations: row.organisations(),
        active: entry.inactive.is_none(),
    })
}

/// The roles that groups give. Of several rules for one organisation the first that fits counts, so the map's order is
/// its order of precedence.
pub(super) fn grants_of(map: &[DirectoryGroupGrant], groups: &[String]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for rule in map {
        let fits =
            rule.group == EVERYONE || groups.iter().any(|group| group_matches(&rule.group, group));
        let is_first = grants
            .iter()
            .all(|grant| grant.organisation != rule.organisation_id);
        if fits && is_first {
            grants.push(Grant {
                organisation: rule.organisation_id,
                role: rule.role.to_string(),
            });
        }
    }
    grants
}

#[cfg(test)]
mod tests {
    use guildhall_kernel::{OrgId, Role, SystemClock};

    use super::*;

    #[test]
    fn the_first_rule_of_an_organisation_that_fits_counts() {
        let (first, second) = (OrgId::new(&SystemClock), OrgId::new(&SystemClock));
        let rule = |group: &str, organisation_id, role| DirectoryGroupGrant {
            group: group.to_owned(),
            organisation_id,
            role,
        };
        let map = [
            rule("cn=admins,dc=x", first, Role::Admin),
            rule("Staff", first, Role::Staff),
            rule("*", first, Role::Normal),
            rule("staff", second, Role::Viewer),
        ];
        let roles = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            let grants = grants_of(&map, &groups);
            let roles = grants.into_iter().map(|grant| grant.role);
            roles.collect::<Vec<_>>()
        };
        assert_eq!(
            roles(&["CN=Staff, DC=x", "cn=admins,dc=x"]),
            ["admin", "viewer"]
        );
        assert_eq!(roles(&["CN=Staff, DC=x"]), ["staff", "viewer"]);
        assert_eq!(roles(&[]), ["normal"]);
        assert_eq!(
            roles(&["cn=admins,dc=y"]),
            ["normal"],
            "another group of that name"
        );
    }
}
