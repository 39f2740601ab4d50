//! Directories as stored and shown.

use guildhall_directory::{
    Attributes, Bind, Kind, LOGIN_PLACE, Limits, Security, ServerUrl, Settings,
};
use guildhall_kernel::{DirectoryId, OrgId, Result, Role, SecretId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What sort of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// Active Directory and Samba.
    ActiveDirectory,
    /// OpenLDAP.
    #[serde(rename = "openldap")]
    OpenLdap,
    /// Anything else that speaks LDAP version 3.
    Other,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectorySecurity {
    /// TLS from the first byte.
    Ldaps,
    /// TLS after the StartTLS operation.
    StartTls,
    /// Not at all; needs `allow_plain` too.
    Plain,
}

/// Which attributes hold what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAttributes {
    /// What stays when everything else changes, such as `entryUUID` or `objectGUID`.
    pub subject: String,
    pub email: String,
    pub display_name: String,
    /// The groups a person is in; empty when the directory does not keep them with the person.
    #[serde(default)]
    pub member_of: String,
}

/// Who is in the group gets the role in the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryGroupGrant {
    /// The group's DN, or its name alone; `*` for everyone whom the user filter finds.
    #[schema(max_length = 1024, min_length = 1, pattern = r"\S")]
    pub group: String,
    pub organisation_id: OrgId,
    pub role: Role,
}

/// Where a directory is and how it is asked, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredSettings {
    pub(super) kind: DirectoryKind,
    pub(super) urls: Vec<String>,
    pub(super) security: DirectorySecurity,
    pub(super) allow_plain: bool,
    pub(super) ca_pem: Option<String>,
    pub(super) bind_dn: Option<String>,
    pub(super) base_dn: String,
    pub(super) user_filter: String,
    pub(super) login_attributes: Vec<String>,
    pub(super) attributes: DirectoryAttributes,
    pub(super) group_base_dn: Option<String>,
    pub(super) group_filter: String,
    pub(super) nested_groups: bool,
    pub(super) page_size: u32,
}

impl StoredSettings {
    /// Whether a service account is used, whose password is needed.
    pub(super) fn has_account(&self) -> bool {
        self.bind_dn
            .as_deref()
            .is_some_and(|dn| !dn.contains(LOGIN_PLACE))
    }

    /// As the directory's own library takes them.
    ///
    /// # Errors
    /// `invalid_url`.
    pub(super) fn resolve(&self, password: Option<Zeroizing<String>>) -> Result<Settings> {
        let bind = match self.bind_dn.clone() {
            None => Bind::Anonymous,
            Some(template) if template.contains(LOGIN_PLACE) => Bind::Person { template },
            Some(dn) => Bind::Account {
                dn,
                password: password.unwrap_or_default(),
            },
        };
        let urls: Result<Vec<ServerUrl>> =
            self.urls.iter().map(|url| ServerUrl::parse(url)).collect();
        let names = &self.attributes;
        Ok(Settings {
            kind: match self.kind {
                DirectoryKind::ActiveDirectory => Kind::ActiveDirectory,
                DirectoryKind::OpenLdap => Kind::OpenLdap,
                DirectoryKind::Other => Kind::Other,
            },
            urls: urls?,
            security: match self.security {
                DirectorySecurity::Ldaps => Security::Ldaps,
                DirectorySecurity::StartTls => Security::StartTls,
                DirectorySecurity::Plain => Security::Plain,
            },
            allow_plain: self.allow_plain,
            ca_pem: self.ca_pem.clone(),
            bind,
            base_dn: self.base_dn.clone(),
            user_filter: self.user_filter.clone(),
            login_attributes: self.login_attributes.clone(),
            attributes: Attributes {
                subject: names.subject.clone(),
                email: names.email.clone(),
                display_name: names.display_name.clone(),
                member_of: names.member_of.clone(),
            },
            group_base_dn: self.group_base_dn.clone(),
            group_filter: self.group_filter.clone(),
            nested_groups: self.nested_groups,
            page_size: self.page_size,
            limits: Limits::default(),
        })
    }
}

/// A directory as stored.
#[derive(Clone, Debug)]
pub(super) struct DirectoryRow {
    pub(super) id: DirectoryId,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) settings: StoredSettings,
    pub(super) group_map: Vec<DirectoryGroupGrant>,
    pub(super) refresh_minutes: u32,
    pub(super) secret: Option<SecretId>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) last_refresh: Option<LastRefresh>,
    pub(super) refreshed_at: Option<Timestamp>,
}

impl DirectoryRow {
    /// What the directory is called where people come from: memberships name it.
    pub(super) fn source(&self) -> String {
        self.id.to_string()
    }

    /// The organisations that it lets people into.
    pub(super) fn organisations(&self) -> Vec<OrgId> {
        let rules = self.group_map.iter();
        rules.map(|rule| rule.organisation_id).collect()
    }

    /// The groups that give anything.
    pub(super) fn wanted_groups(&self) -> Vec<String> {
        let groups = self.group_map.iter();
        groups.map(|rule| rule.group.clone()).collect()
    }
}

/// How a refresh went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshState {
    /// It is going on.
    Running,
    /// Everybody is as the directory says.
    Ok,
    /// The directory could not be asked, so nothing was changed.
    Failed,
    /// The directory answered with nobody or with a part, so nothing was changed.
    Doubtful,
    /// People log in under their own names only, so nobody can be asked about.
    Skipped,
}

/// The last refresh of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DirectoryRefresh)]
pub struct LastRefresh {
    /// When it ended, or began while it is going on.
    pub at: Timestamp,
    pub state: RefreshState,
    /// What went wrong or what was changed.
    #[schema(required)]
    pub message: Option<String>,
    /// How many people the directory holds.
    #[schema(required)]
    pub people: Option<u64>,
}

/// A directory as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Directory)]
pub struct DirectoryView {
    pub id: DirectoryId,
    pub name: String,
    pub enabled: bool,
    pub kind: DirectoryKind,
    /// Servers, the preferred one first.
    pub urls: Vec<String>,
    pub security: DirectorySecurity,
    /// Whether passwords may cross an unencrypted connection.
    pub allow_plain: bool,
    /// Certificates (PEM) that are trusted instead of the public authorities.
    #[schema(required)]
    pub ca_pem: Option<String>,
    /// The service account; with `{login}` in it the name that people bind as; nothing to search anonymously.
    #[schema(required)]
    pub bind_dn: Option<String>,
    pub has_bind_password: bool,
    pub base_dn: String,
    pub user_filter: String,
    pub login_attributes: Vec<String>,
    pub attributes: DirectoryAttributes,
    /// Below which entry groups are looked for; the base DN when `null`.
    #[schema(required)]
    pub group_base_dn: Option<String>,
    pub group_filter: String,
    pub nested_groups: bool,
    pub page_size: u32,
    pub group_map: Vec<DirectoryGroupGrant>,
    pub refresh_minutes: u32,
    #[schema(required)]
    pub last_refresh: Option<LastRefresh>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<DirectoryRow> for DirectoryView {
    fn from(row: DirectoryRow) -> Self {
        let settings = row.settings;
        Self {
            id: row.id,
            name: row.name,
            enabled: row.enabled,
            kind: settings.kind,
            urls: settings.urls,
            security: settings.security,
            allow_plain: settings.allow_plain,
            ca_pem: settings.ca_pem,
            bind_dn: settings.bind_dn,
            has_bind_password: row.secret.is_some(),
            base_dn: settings.base_dn,
            user_filter: settings.user_filter,
            login_attributes: settings.login_attributes,
            attributes: settings.attributes,
            group_base_dn: settings.group_base_dn,
            group_filter: settings.group_filter,
            nested_groups: settings.nested_groups,
            page_size: settings.page_size,
            group_map: row.group_map,
            refresh_minutes: row.refresh_minutes,
            last_refresh: row.last_refresh,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
