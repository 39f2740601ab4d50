//! Applications, grants and codes as data, and the rules on what they may hold.

use guildhall_kernel::{
    Error, OauthClientId, OauthGrantId, OrgId, PersonId, Result, Timestamp,
    text::{self, NameText},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity;

/// How long an access token is good for.
pub(super) const ACCESS_SECONDS: i64 = 3600;
/// How long a refresh token is good for.
pub(super) const REFRESH_SECONDS: i64 = 7 * 86_400;
/// How long an authorisation code is good for.
pub(super) const CODE_SECONDS: i64 = 60;
/// How long a device waits for its person.
pub(super) const DEVICE_SECONDS: i64 = 600;
/// How often a device asks at most, until it is told to slow down (RFC 8628, 3.2).
pub(super) const INTERVAL_SECONDS: i64 = 5;

/// Whether an application can keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthClientKind {
    /// Runs on people's machines: it has no secret.
    Public,
    /// Runs on a server: it proves itself with a secret.
    Confidential,
}

/// A way to get tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthGrantType {
    /// A person agrees in their browser.
    AuthorizationCode,
    /// The application acts for its service account.
    ClientCredentials,
    /// A person agrees in a browser elsewhere and types a code.
    Device,
}

impl OauthGrantType {
    /// The stored and shown name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Device => "device",
        }
    }

    pub(super) fn from_stored(text: &str) -> Result<Self> {
        let every = [
            Self::AuthorizationCode,
            Self::ClientCredentials,
            Self::Device,
        ];
        let found = every.into_iter().find(|grant| grant.as_str() == text);
        found.ok_or_else(|| Error::internal("a stored way to get tokens that is not known"))
    }
}

/// An application that asks people for access, or acts for a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthClient {
    pub id: OauthClientId,
    pub name: String,
    pub kind: OauthClientKind,
    /// Where people may be sent back to, each exactly; of loopback addresses any port.
    pub redirect_uris: Vec<String>,
    pub grants: Vec<OauthGrantType>,
    /// What it may ask for at most.
    pub scopes: Vec<String>,
    /// The service account that it acts for with `client_credentials`.
    #[schema(required)]
    pub service_account: Option<String>,
    pub has_secret: bool,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

/// A client with what only the module knows.
#[derive(Clone, Debug)]
pub(super) struct ClientRow {
    pub(super) organisation: OrgId,
    pub(super) secret_hash: Option<String>,
    pub(super) client: OauthClient,
}

impl ClientRow {
    /// Whether the application may get tokens this way.
    pub(super) fn takes(&self, grant: OauthGrantType) -> bool {
        self.client.grants.contains(&grant)
    }
}

/// What an administrator enters.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": "Notebook", "kind": "public", "redirect_uris": ["https://notebook.example.org/back"],
    "grants": ["authorization_code"], "scopes": ["chat"],
})))]
pub struct NewOauthClient {
    #[schema(value_type = NameText)]
    pub name: String,
    pub kind: OauthClientKind,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub redirect_uris: Vec<String>,
    #[schema(min_items = 1, max_items = 3)]
    pub grants: Vec<OauthGrantType>,
    #[schema(min_items = 1, max_items = 50)]
    pub scopes: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Option<PersonId>)]
    pub service_account: Option<String>,
}

/// What to change; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthClientChange {
    #[serde(default)]
    #[schema(value_type = Option<NameText>)]
    pub name: Option<String>,
    #[serde(default)]
    pub kind: Option<OauthClientKind>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub redirect_uris: Option<Vec<String>>,
    #[serde(default)]
    #[schema(min_items = 1, max_items = 3)]
    pub grants: Option<Vec<OauthGrantType>>,
    #[serde(default)]
    #[schema(min_items = 1, max_items = 50)]
    pub scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub service_account: Option<Option<String>>,
}

/// A field that was given, be it `null`.
fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A new client; the secret is in this answer only.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CreatedOauthClient {
    pub client: OauthClient,
    /// `null` for public clients, which have none.
    #[schema(required)]
    pub secret: Option<String>,
}

/// What a person let an application do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountGrant {
    pub id: OauthGrantId,
    pub client: GrantedClient,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

/// An application, as far as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantedClient {
    pub id: OauthClientId,
    pub name: String,
}

/// A grant as stored.
#[derive(Clone, Debug)]
pub(super) struct GrantRow {
    pub(super) id: OauthGrantId,
    pub(super) client: OauthClientId,
    pub(super) organisation: OrgId,
    pub(super) person: PersonId,
    pub(super) grant_type: OauthGrantType,
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) expires_at: Timestamp,
}

/// An authorisation code as stored.
#[derive(Clone, Debug)]
pub(super) struct CodeRow {
    pub(super) client: OauthClientId,
    pub(super) organisation: OrgId,
    pub(super) person: PersonId,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) expires_at: Timestamp,
    pub(super) grant: Option<OauthGrantId>,
}

/// How far a device's request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceState {
    Waiting,
    Allowed,
    Refused,
}

impl DeviceState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }

    /// What is not understood gives nothing.
    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "waiting" => Self::Waiting,
            "allowed" => Self::Allowed,
            _ => Self::Refused,
        }
    }
}

/// A device's request as stored.
#[derive(Clone, Debug)]
pub(super) struct DeviceRow {
    pub(super) device_hash: String,
    pub(super) client: OauthClientId,
    pub(super) organisation: OrgId,
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) expires_at: Timestamp,
    pub(super) interval_seconds: i64,
    pub(super) polled_at: Option<Timestamp>,
    pub(super) state: DeviceState,
    pub(super) person: Option<PersonId>,
}

/// As many as there are.
const GRANTS_MAX: usize = 3;
const REDIRECTS_MAX: usize = 20;
const NAME_CHARACTERS_MAX: usize = 80;

/// Checks what single fields of a client cannot say.
///
/// # Errors
/// `invalid_grants`, `invalid_redirect_uri`, `invalid_scopes`, `unknown_scope`, `invalid_kind`,
/// `invalid_service_account`.
pub(super) fn check_client(client: &OauthClient) -> Result<()> {
    let wrong = |field: &str, code, message: &str| Err(Error::invalid_field(field, code, message));
    let takes = |grant| client.grants.contains(&grant);
    if client.grants.is_empty() || client.grants.len() > GRANTS_MAX {
        return wrong(
            "grants",
            "invalid_grants",
            "choose at least one way to get tokens, and each once",
        );
    }
    if takes(OauthGrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        let message = "give at least one address that people are sent back to";
        return wrong("redirect_uris", "invalid_redirect_uri", message);
    }
    if client.redirect_uris.len() > REDIRECTS_MAX {
        let message = "give at most 20 addresses";
        return wrong("redirect_uris", "invalid_redirect_uri", message);
    }
    for uri in &client.redirect_uris {
        super::redirect::check(uri)?;
    }
    let acts_alone = takes(OauthGrantType::ClientCredentials);
    if acts_alone && client.kind == OauthClientKind::Public {
        let message =
            "only a confidential client, which has a secret, may act for a service account";
        return wrong("kind", "invalid_kind", message);
    }
    if acts_alone != client.service_account.is_some() {
        let message = "a service account and the grant client_credentials belong together";
        return wrong("service_account", "invalid_service_account", message);
    }
    if client.scopes.is_empty() {
        let message = "choose at least one thing that the application may ask for";
        return wrong("scopes", "invalid_scopes", message);
    }
    identity::check_scopes(&client.scopes)
}

/// The name of an application: 1 to 80 characters, trimmed, no control characters.
///
/// # Errors
/// `invalid_name`.
pub(super) fn checked_name(name: &str) -> Result<String> {
    text::checked_name("name", name, NAME_CHARACTERS_MAX)
}
