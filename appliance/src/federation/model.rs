//! Identity providers as stored, entered and shown.

use guildhall_kernel::{
    Error, IdentityProviderId, OrgId, Result, Role, SecretId, Timestamp,
    text::{NameText, one_line},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    oidc_settings::{OidcInput, OidcSettings, OidcView},
    saml_settings::{SamlInput, SamlSettings, SamlView},
};

/// The protocol of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProviderKind {
    /// SAML 2.0.
    Saml,
    /// OpenID Connect.
    Oidc,
}

impl IdentityProviderKind {
    /// The stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::Oidc => "oidc",
        }
    }
}

/// What only one kind of provider has, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Settings {
    Saml(SamlSettings),
    Oidc(OidcSettings),
}

/// Which attributes (SAML) or claims (OpenID Connect) are what. An empty name means the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeNames {
    #[serde(default)]
    #[schema(max_length = 200)]
    pub email: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub display_name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub groups: String,
}

/// Who is in the group gets the role in the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupGrant {
    /// As the provider writes it, letter for letter.
    #[schema(min_length = 1, max_length = 1024)]
    pub group: String,
    pub organisation_id: OrgId,
    pub role: Role,
}

/// A role in an organisation, for whom no group gives anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultGrant {
    pub organisation_id: OrgId,
    pub role: Role,
}

/// An identity provider as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProviderRow {
    pub(super) id: IdentityProviderId,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) settings: Settings,
    pub(super) attributes: AttributeNames,
    pub(super) group_map: Vec<GroupGrant>,
    pub(super) default_grant: Option<DefaultGrant>,
    /// The sealed secret of an OpenID client.
    pub(super) secret: Option<SecretId>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl ProviderRow {
    pub(super) fn kind(&self) -> IdentityProviderKind {
        match self.settings {
            Settings::Saml(_) => IdentityProviderKind::Saml,
            Settings::Oidc(_) => IdentityProviderKind::Oidc,
        }
    }

    /// The settings of a SAML provider.
    ///
    /// # Errors
    /// `not_found` for another kind.
    pub(super) fn saml(&self) -> Result<&SamlSettings> {
        match &self.settings {
            Settings::Saml(settings) => Ok(settings),
            Settings::Oidc(_) => Err(Error::not_found("identity provider")),
        }
    }

    /// The settings of an OpenID provider.
    ///
    /// # Errors
    /// `not_found` for another kind.
    pub(super) fn oidc(&self) -> Result<&OidcSettings> {
        match &self.settings {
            Settings::Oidc(settings) => Ok(settings),
            Settings::Saml(_) => Err(Error::not_found("identity provider")),
        }
    }

    /// Checks what is common to both kinds.
    ///
    /// # Errors
    /// `invalid_provider` on the field.
    pub(super) fn checked(mut self) -> Result<Self> {
        const NAME_CHARACTERS_MAX: usize = 80;
        const ATTRIBUTE_BYTES_MAX: usize = 200;
        const GROUPS_MAX: usize = 500;
        let wrong = |field: &str, message: String| {
            Err(Error::invalid_field(field, "invalid_provider", message))
        };
        let Some(name) = one_line(&self.name, NAME_CHARACTERS_MAX) else {
            return wrong(
                "name",
                format!("give a name of 1 to {NAME_CHARACTERS_MAX} characters"),
            );
        };
        self.name = name.to_owned();
        let AttributeNames {
            email,
            display_name,
            groups,
        } = &self.attributes;
        if [email, display_name, groups]
            .iter()
            .any(|name| name.len() > ATTRIBUTE_BYTES_MAX)
        {
            return wrong(
                "attributes",
                format!("names of attributes have at most {ATTRIBUTE_BYTES_MAX} bytes"),
            );
        }
        let is_group = |rule: &GroupGrant| (1..=1024).contains(&rule.group.len());
        if self.group_map.len() > GROUPS_MAX || !self.group_map.iter().all(is_group) {
            return wrong(
                "group_map",
                format!("at most {GROUPS_MAX} rules, each with the name of a group"),
            );
        }
        Ok(self)
    }

    /// Every organisation and role that the provider can give.
    pub(super) fn grants(&self) -> impl Iterator<Item = (OrgId, Role)> {
        let by_group = self
            .group_map
            .iter()
            .map(|rule| (rule.organisation_id, rule.role));
        let by_default = self.default_grant.iter();
        by_group.chain(by_default.map(|grant| (grant.organisation_id, grant.role)))
    }
}

/// A new identity provider: `saml` or `oidc` as its kind says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "kind": "oidc", "name": "Staff login", "enabled": false,
    "oidc": { "issuer": "https://login.example.org/realms/staff", "client_id": "guildhall", "client_secret": "a secret" },
})))]
pub struct NewIdentityProvider {
    pub kind: IdentityProviderKind,
    /// What the button on the sign-in page says.
    #[schema(value_type = NameText)]
    pub name: String,
    /// Whether people may use it at once; `true` when left out.
    pub enabled: Option<bool>,
    pub saml: Option<SamlInput>,
    pub oidc: Option<OidcInput>,
    #[serde(default)]
    pub attributes: AttributeNames,
    #[serde(default)]
    #[schema(max_items = 500)]
    pub group_map: Vec<GroupGrant>,
    pub default_grant: Option<DefaultGrant>,
}

/// What to change of an identity provider; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderChange {
    #[schema(value_type = Option<NameText>)]
    pub name: Option<String>,
    pub enabled: Option<bool>,
    /// Replaces all SAML settings.
    pub saml: Option<SamlInput>,
    /// Replaces all OpenID settings; the client secret stays when it is left out.
    pub oidc: Option<OidcInput>,
    pub attributes: Option<AttributeNames>,
    #[schema(max_items = 500)]
    pub group_map: Option<Vec<GroupGrant>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DefaultGrant>)]
    pub default_grant: Option<Option<DefaultGrant>>,
}

/// Tells `null` from what is left out.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<DefaultGrant>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An identity provider as shown: never a secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IdentityProvider {
    pub id: IdentityProviderId,
    pub kind: IdentityProviderKind,
    pub name: String,
    pub enabled: bool,
    #[schema(required)]
    pub saml: Option<SamlView>,
    #[schema(required)]
    pub oidc: Option<OidcView>,
    pub attributes: AttributeNames,
    pub group_map: Vec<GroupGrant>,
    #[schema(required)]
    pub default_grant: Option<DefaultGrant>,
    /// The newest refused logins, with reasons that the people themselves do not see.
    pub recent_failures: Vec<SignInFailure>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A login that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignInFailure {
    pub at: Timestamp,
    /// The reference that the person was shown.
    pub request_id: String,
    pub code: String,
    pub reason: String,
}
