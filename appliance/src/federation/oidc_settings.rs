//! Settings of an OpenID provider, as stored, entered and shown.

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    egress::{Destination, Egress},
    secrets::SecretText,
};

/// As stored; the client secret is sealed apart from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OidcSettings {
    /// The issuer, without the path of its discovery document and without a final slash.
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    /// Certificates (PEM) to trust beside the public authorities.
    #[serde(default)]
    pub(super) ca_pem: Option<String>,
}

/// An OpenID provider as entered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcInput {
    /// The issuer's address, such as `https://login.example/realms/staff`.
    #[schema(max_length = 2000, pattern = r"^\s*https?://")]
    pub issuer: String,
    #[schema(max_length = 500, min_length = 1, pattern = r"\S")]
    pub client_id: String,
    /// Sealed; the present one stays when this is left out. Public clients have none.
    pub client_secret: Option<SecretText>,
    /// `openid profile email` when left out.
    #[schema(max_items = 20)]
    pub scopes: Option<Vec<String>>,
    /// Certificates (PEM) to trust beside the public authorities, such as a company's own.
    #[schema(max_length = 65536)]
    pub ca_pem: Option<String>,
}

/// An OpenID provider as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OidcView {
    pub issuer: String,
    pub client_id: String,
    pub has_client_secret: bool,
    pub scopes: Vec<String>,
    #[schema(required)]
    pub ca_pem: Option<String>,
    /// To be entered at the provider.
    pub redirect_uri: String,
}

impl OidcInput {
    /// The settings without the secret.
    ///
    /// # Errors
    /// `invalid_provider` on the field.
    pub(super) fn settings(&self) -> Result<OidcSettings> {
        const SCOPES_MAX: usize = 20;
        const TEXT_BYTES_MAX: usize = 500;
        const CA_BYTES_MAX: usize = 64 * 1024;
        let wrong = |field: &str, message: &str| {
            Err(Error::invalid_field(field, "invalid_provider", message))
        };
        let issuer = self.issuer.trim();
        super::address::check("oidc.issuer", issuer)?;
        let client_id = self.client_id.trim();
        if client_id.is_empty() || client_id.len() > TEXT_BYTES_MAX {
            return wrong(
                "oidc.client_id",
                "give the client id that the provider shows",
            );
        }
        let usual = || ["openid", "profile", "email"].map(str::to_owned).to_vec();
        let mut scopes = self
            .scopes
            .clone()
            .filter(|scopes| !scopes.is_empty())
            .unwrap_or_else(usual);
        let is_scope = |scope: &String| {
            (1..=100).contains(&scope.len())
                && scope
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        };
        if scopes.len() > SCOPES_MAX || !scopes.iter().all(is_scope) {
            return wrong(
                "oidc.scopes",
                "scopes are short words without spaces, at most twenty",
            );
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let ca_pem = self.ca_pem.clone().filter(|pem| !pem.trim().is_empty());
        if ca_pem.as_ref().is_some_and(|pem| pem.len() > CA_BYTES_MAX) {
            return wrong(
                "oidc.ca_pem",
                "give the certificates of one authority, at most 64 kB",
            );
        }
        check_ca(issuer, ca_pem.clone())?;
        Ok(OidcSettings {
            issuer: issuer.trim_end_matches('/').to_owned(),
            client_id: client_id.to_owned(),
            scopes,
            ca_pem,
        })
    }
}

/// Whether the certificates read, as the connection will want them.
fn check_ca(issuer: &str, ca_pem: Option<String>) -> Result<()> {
    if ca_pem.is_none() {
        return Ok(());
    }
    let local = Destination::parse(issuer, true, ca_pem.clone());
    let destination = local.or_else(|_| Destination::parse(issuer, false, ca_pem))?;
    Egress::check(&destination)
}
