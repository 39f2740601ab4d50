//! What administrators enter of a directory: whole ones, changes, and settings to be tried out.

use guildhall_kernel::{
    DirectoryId, Error, Result,
    text::{self, NameText},
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::model::{
    DirectoryAttributes, DirectoryGroupGrant, DirectoryKind, DirectorySecurity, StoredSettings,
};
use crate::secrets::SecretText;

/// A field that may be left out, be `null`, or hold something.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What is entered of a directory, beside its name.
macro_rules! directory_input {
    ($(#[$doc:meta])* $name:ident { $($more:tt)* }) => {
        #[derive(Clone, Debug, Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$doc])*
        pub(super) struct $name {
            $($more)*
            pub(super) enabled: Option<bool>,
            pub(super) kind: Option<DirectoryKind>,
            /// Servers such as `ldaps://ldap.example.org`, the preferred one first.
            #[schema(min_items = 1, max_items = 8)]
            pub(super) urls: Option<Vec<String>>,
            pub(super) security: Option<DirectorySecurity>,
            /// Whether passwords may cross an unencrypted connection.
            pub(super) allow_plain: Option<bool>,
            /// Certificates (PEM) to trust instead of the public authorities.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<String>)]
            pub(super) ca_pem: Option<Option<String>>,
            /// The service account; with `{login}` in it the name that people bind as; `null` to search anonymously.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<String>)]
            pub(super) bind_dn: Option<Option<String>>,
            /// Goes in and never comes out.
            pub(super) bind_password: Option<SecretText>,
            #[schema(max_length = 1024)]
            pub(super) base_dn: Option<String>,
            #[schema(max_length = 4096)]
            pub(super) user_filter: Option<String>,
            #[schema(max_items = 8)]
            pub(super) login_attributes: Option<Vec<String>>,
            pub(super) attributes: Option<DirectoryAttributes>,
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<String>)]
            pub(super) group_base_dn: Option<Option<String>>,
            #[schema(max_length = 4096)]
            pub(super) group_filter: Option<String>,
            pub(super) nested_groups: Option<bool>,
            #[schema(minimum = 10, maximum = 5000)]
            pub(super) page_size: Option<u32>,
            #[schema(max_items = 200)]
            pub(super) group_map: Option<Vec<DirectoryGroupGrant>>,
            #[schema(minimum = 5, maximum = 10080)]
            pub(super) refresh_minutes: Option<u32>,
        }
    };
}

/// The settings among what is entered, as a change.
macro_rules! as_change {
    ($input:ident, $name:expr) => {
        DirectoryChange {
            name: $name,
            enabled: $input.enabled,
            kind: $input.kind,
            urls: $input.urls,
            security: $input.security,
            allow_plain: $input.allow_plain,
            ca_pem: $input.ca_pem,
            bind_dn: $input.bind_dn,
            bind_password: $input.bind_password,
            base_dn: $input.base_dn,
            user_filter: $input.user_filter,
            login_attributes: $input.login_attributes,
            attributes: $input.attributes,
            group_base_dn: $input.group_base_dn,
            group_filter: $input.group_filter,
            nested_groups: $input.nested_groups,
            page_size: $input.page_size,
            group_map: $input.group_map,
            refresh_minutes: $input.refresh_minutes,
        }
    };
}

directory_input! {
    /// A directory to enter; what is left out is what servers of the kind usually have.
    #[schema(examples(json!({
        "name": "Staff directory", "kind": "openldap", "enabled": false,
        "urls": ["ldaps://ldap.example.org"], "security": "ldaps", "base_dn": "dc=example,dc=org",
    })))]
    NewDirectory {
        #[schema(value_type = NameText)]
        pub(super) name: String,
    }
}

directory_input! {
    /// What to change of a directory; what is left out stays.
    DirectoryChange {
        #[schema(value_type = Option<NameText>)]
        pub(super) name: Option<String>,
    }
}

directory_input! {
    /// Settings to try out: those of a directory that is kept, those entered here, or both, where these count more.
    DirectoryTrial {
        #[schema(value_type = Option<NameText>)]
        pub(super) name: Option<String>,
        /// A directory that is kept, whose settings and password fill in what is left out.
        pub(super) id: Option<DirectoryId>,
        /// Somebody to look up.
        pub(super) login: Option<String>,
        /// Their password, to be checked too.
        pub(super) password: Option<SecretText>,
    }
}

impl DirectoryTrial {
    /// The settings among it.
    pub(super) fn into_change(self) -> DirectoryChange {
        as_change!(self, self.name)
    }
}

impl NewDirectory {
    /// Its settings, as a change of what servers of its kind usually have, and its name.
    ///
    /// # Errors
    /// `invalid_name`.
    pub(super) fn into_change(self) -> Result<(String, DirectoryChange)> {
        let name = text::checked_name("name", &self.name, NAME_CHARACTERS_MAX)?;
        Ok((name, as_change!(self, None)))
    }
}

const NAME_CHARACTERS_MAX: usize = 80;
const GROUPS_MAX: usize = 200;
const GROUP_BYTES_MAX: usize = 1024;
const CA_BYTES_MAX: usize = 256 * 1024;
/// Minutes between two refreshes: from five minutes to a week.
const REFRESH_MINUTES: std::ops::RangeInclusive<u32> = 5..=10_080;
pub(super) const REFRESH_MINUTES_USUAL: u32 = 60;

impl DirectoryChange {
    /// The settings with what was entered put in.
    pub(super) fn applied_to(&self, old: StoredSettings) -> StoredSettings {
        let text = |new: &Option<String>, old: String| {
            new.as_deref().map_or(old, |new| new.trim().to_owned())
        };
        let said = |new: &Option<Option<String>>, old: Option<String>| match new {
            None => old,
            Some(new) => {
                let new = new.as_deref().map(str::trim).unwrap_or_default();
                (!new.is_empty()).then(|| new.to_owned())
            }
        };
        StoredSettings {
            kind: self.kind.unwrap_or(old.kind),
            urls: self.urls.clone().unwrap_or(old.urls),
            security: self.security.unwrap_or(old.security),
            allow_plain: self.allow_plain.unwrap_or(old.allow_plain),
            ca_pem: said(&self.ca_pem, old.ca_pem),
            bind_dn: said(&self.bind_dn, old.bind_dn),
            base_dn: text(&self.base_dn, old.base_dn),
            user_filter: text(&self.user_filter, old.user_filter),
            login_attributes: self
                .login_attributes
                .clone()
                .unwrap_or(old.login_attributes),
            attributes: self.attributes.clone().unwrap_or(old.attributes),
            group_base_dn: said(&self.group_base_dn, old.group_base_dn),
            group_filter: text(&self.group_filter, old.group_filter),
            nested_groups: self.nested_groups.unwrap_or(old.nested_groups),
            page_size: self.page_size.unwrap_or(old.page_size),
        }
    }

    /// Refuses what the library does not look at.
    ///
    /// # Errors
    /// `invalid_ca`, `invalid_group`, `invalid_refresh_minutes`.
    pub(super) fn check(&self) -> Result<()> {
        let ca = self.ca_pem.as_ref().and_then(Option::as_ref);
        if ca.is_some_and(|pem| pem.len() > CA_BYTES_MAX) {
            let message =
                "the certificates are longer than 256 kB; enter only those of the authority";
            return Err(Error::invalid_field("ca_pem", "invalid_ca", message));
        }
        let groups = self.group_map.iter().flatten();
        for (place, rule) in groups.enumerate() {
            let length = rule.group.trim().len();
            if length == 0 || length > GROUP_BYTES_MAX || place >= GROUPS_MAX {
                let message =
                    format!("name the group by its DN or its name, in at most {GROUPS_MAX} rules");
                let field = format!("group_map[{place}].group");
                return Err(Error::invalid_field(&field, "invalid_group", message));
            }
        }
        let minutes = self.refresh_minutes.unwrap_or(REFRESH_MINUTES_USUAL);
        if !REFRESH_MINUTES.contains(&minutes) {
            let message = "refresh every 5 minutes to every 10080, which is a week";
            return Err(Error::invalid_field(
                "refresh_minutes",
                "invalid_refresh_minutes",
                message,
            ));
        }
        Ok(())
    }

    /// The name, tidied, if one was entered.
    ///
    /// # Errors
    /// `invalid_name`.
    pub(super) fn checked_name(&self) -> Result<Option<String>> {
        let checked = |name: &str| text::checked_name("name", name, NAME_CHARACTERS_MAX);
        self.name.as_deref().map(checked).transpose()
    }
}

/// What servers of a kind usually have.
pub(super) fn usual(kind: DirectoryKind) -> StoredSettings {
    let is_windows = kind == DirectoryKind::ActiveDirectory;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (user_filter, group_filter) = match kind {
        DirectoryKind::ActiveDirectory => (
            "(&(objectCategory=person)(objectClass=user))",
            "(objectClass=group)",
        ),
        DirectoryKind::OpenLdap => (
            "(objectClass=inetOrgPerson)",
            "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
        ),
        DirectoryKind::Other => (
            "(objectClass=person)",
            "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))",
        ),
    };
    let attribute =
        |windows: &str, other: &str| if is_windows { windows } else { other }.to_owned();
    StoredSettings {
        kind,
        urls: Vec::new(),
        security: DirectorySecurity::Ldaps,
        allow_plain: false,
        ca_pem: None,
        bind_dn: None,
        base_dn: String::new(),
        user_filter: user_filter.to_owned(),
        login_attributes: if is_windows {
            names(&["userPrincipalName", "sAMAccountName", "mail"])
        } else {
            names(&["uid", "mail"])
        },
        attributes: DirectoryAttributes {
            subject: attribute("objectGUID", "entryUUID"),
            email: "mail".to_owned(),
            display_name: attribute("displayName", "cn"),
            member_of: attribute("memberOf", ""),
        },
        group_base_dn: None,
        group_filter: group_filter.to_owned(),
        nested_groups: is_windows,
        page_size: 500,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn change(text: &str) -> DirectoryChange {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        let mut old = usual(DirectoryKind::OpenLdap);
        old.ca_pem = Some("pem".into());
        old.bind_dn = Some("cn=reader".into());
        let new = change(r#"{"ca_pem": null, "base_dn": " dc=x "}"#).applied_to(old);
        assert_eq!(new.ca_pem, None);
        assert_eq!(new.bind_dn.as_deref(), Some("cn=reader"));
        assert_eq!(new.base_dn, "dc=x");
        assert!(serde_json::from_str::<DirectoryChange>(r#"{"id": "x"}"#).is_err());
        assert!(
            serde_json::from_str::<DirectoryTrial>(r#"{"login": "ana", "nested": 1}"#).is_err()
        );
    }

    #[test]
    fn what_servers_usually_have_is_accepted() {
        for kind in [
            DirectoryKind::ActiveDirectory,
            DirectoryKind::OpenLdap,
            DirectoryKind::Other,
        ] {
            let mut settings = usual(kind);
            settings.urls = vec!["ldaps://ldap.example.org".into()];
            settings.base_dn = "dc=example,dc=org".into();
            settings.resolve(None).unwrap().check().unwrap();
        }
    }
}
