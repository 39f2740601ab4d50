//! Tokens, settings and resources as data.

use guildhall_kernel::{Error, PersonId, Result, Role, ScimResourceId, ScimTokenId, Timestamp};
use guildhall_scim::{Definition, resource::Resource};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Groups that give a role, at most.
pub(super) const GROUP_ROLES_MAX: usize = 200;
const GROUP_CHARACTERS_MAX: usize = 200;

/// What a directory sends with its requests, without the secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScimToken {
    pub id: ScimTokenId,
    pub name: String,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

/// What provisioned people may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimSettings {
    /// The role of people in no group that gives one; `null`: they get no access.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub default_role: Option<Role>,
    /// Which group gives which role; of several for one person the first counts.
    pub group_roles: Vec<ScimGroupRole>,
}

/// A group of the directory and the role it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimGroupRole {
    /// The group's `displayName`, capitals aside.
    pub group: String,
    pub role: Role,
}

impl ScimSettings {
    /// Brings names into shape.
    ///
    /// # Errors
    /// `invalid_group_roles`.
    pub(super) fn checked(mut self) -> Result<Self> {
        let wrong = |message: &str| {
            Err(Error::invalid_field(
                "group_roles",
                "invalid_group_roles",
                message,
            ))
        };
        if self.group_roles.len() > GROUP_ROLES_MAX {
            return wrong("give at most 200 groups");
        }
        for entry in &mut self.group_roles {
            entry.group = entry.group.trim().to_owned();
            let length = entry.group.chars().count();
            if length == 0 || length > GROUP_CHARACTERS_MAX || entry.group.contains('\u{0}') {
                return wrong("give each group a name of 1 to 200 characters");
            }
        }
        Ok(self)
    }

    /// Every role that these settings give somebody.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        let of_groups = self.group_roles.iter().map(|entry| entry.role);
        self.default_role.into_iter().chain(of_groups)
    }

    /// What somebody in these groups may do.
    pub(super) fn role_in(&self, groups: &[String]) -> Option<Role> {
        let is_in = |entry: &&ScimGroupRole| {
            let wanted = entry.group.to_lowercase();
            groups.iter().any(|group| group.to_lowercase() == wanted)
        };
        let mapped = self.group_roles.iter().find(is_in).map(|entry| entry.role);
        mapped.or(self.default_role)
    }

    /// Whether a group of this name gives a role.
    pub(super) fn counts(&self, group: &str) -> bool {
        let name = group.to_lowercase();
        self.group_roles
            .iter()
            .any(|entry| entry.group.to_lowercase() == name)
    }
}

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(super) fn definition(self) -> &'static Definition {
        match self {
            Self::User => guildhall_scim::user(),
            Self::Group => guildhall_scim::group(),
        }
    }

    /// The attribute that a resource is called by.
    pub(super) fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The attribute that joins users and groups, which is stored apart.
    pub(super) fn joint(self) -> &'static str {
        match self {
            Self::User => "groups",
            Self::Group => "members",
        }
    }
}

/// A user or group as stored.
#[derive(Clone, Debug)]
pub(super) struct ResourceRow {
    pub(super) id: ScimResourceId,
    pub(super) kind: Kind,
    pub(super) person: Option<PersonId>,
    /// In the shape of the schema, without what is stored apart.
    pub(super) attributes: Resource,
    pub(super) version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl ResourceRow {
    /// What it is called.
    pub(super) fn name(&self) -> &str {
        self.text(self.kind.name_attribute()).unwrap_or_default()
    }

    /// A text among its attributes.
    pub(super) fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute)?.as_str()
    }

    /// Whether the directory lets the user in; it does unless it says otherwise.
    pub(super) fn is_active(&self) -> bool {
        self.attributes
            .get("active")
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_that_counts_gives_the_role() {
        let entry = |group: &str, role| ScimGroupRole {
            group: group.to_owned(),
            role,
        };
        let settings = ScimSettings {
            default_role: Some(Role::Normal),
            group_roles: vec![entry("Admins", Role::Admin), entry("staff", Role::Staff)],
        };
        let in_groups = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            settings.role_in(&groups)
        };
        assert_eq!(in_groups(&["Staff", "ADMINS"]), Some(Role::Admin));
        assert_eq!(in_groups(&["STAFF"]), Some(Role::Staff));
        assert_eq!(in_groups(&["others"]), Some(Role::Normal));
        assert_eq!(ScimSettings::default().role_in(&[]), None);
    }
}
