//! Settings of a SAML provider, as stored, entered and shown.

use guildhall_kernel::{Error, IdentityProviderId, Result, Timestamp};
use guildhall_saml::{Certificate, IdpDescription, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{address, store::KeyRow};

const CERTIFICATES_MAX: usize = 10;
const TEXT_BYTES_MAX: usize = 500;

/// As stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SamlSettings {
    pub(super) idp_entity_id: String,
    pub(super) sso_url: String,
    pub(super) slo_url: Option<String>,
    /// PEM.
    pub(super) certificates: Vec<String>,
    pub(super) want_encrypted: bool,
    pub(super) allow_idp_initiated: bool,
    pub(super) sign_requests: bool,
    pub(super) name_id_format: Option<String>,
}

impl SamlSettings {
    /// The certificates, read.
    ///
    /// # Errors
    /// Internal when a stored one does not read.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>> {
        let read = self
            .certificates
            .iter()
            .map(|pem| Certificate::from_text(pem));
        read.collect::<std::result::Result<_, Refusal>>()
            .map_err(|refusal| {
                Error::internal("a stored certificate does not read").with_source(refusal)
            })
    }
}

/// A certificate as entered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateInput {
    /// PEM text.
    pub pem: String,
}

/// A SAML provider as entered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SamlInput {
    #[schema(max_length = 500, min_length = 1, pattern = r"\S")]
    pub idp_entity_id: String,
    /// Where it takes login requests by redirect.
    #[schema(max_length = 2000, pattern = r"^\s*https?://")]
    pub sso_url: String,
    /// Where it takes logout messages by redirect.
    #[schema(max_length = 2000)]
    pub slo_url: Option<String>,
    #[schema(min_items = 1, max_items = 10)]
    pub certificates: Vec<CertificateInput>,
    /// Refuse assertions that are not encrypted.
    #[serde(default)]
    pub want_encrypted: bool,
    /// Let logins begin at the provider. Then nothing ties a login to the browser that asked for it.
    #[serde(default)]
    pub allow_idp_initiated: bool,
    /// Sign login requests; `true` when left out.
    pub sign_requests: Option<bool>,
    /// What kind of name to ask for, as a URI.
    #[schema(max_length = 500)]
    pub name_id_format: Option<String>,
}

/// A certificate of the provider as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IdpCertificate {
    pub pem: String,
    /// SHA-256 in pairs of hexadecimal digits.
    pub fingerprint: String,
    pub not_after: Timestamp,
}

/// A certificate of the node as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpCertificate {
    pub fingerprint: String,
    pub not_after: Timestamp,
    /// Whether the node signs with it; another one waits to be activated.
    pub active: bool,
}

/// A SAML provider as shown, with what is to be entered there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SamlView {
    pub idp_entity_id: String,
    pub sso_url: String,
    #[schema(required)]
    pub slo_url: Option<String>,
    pub certificates: Vec<IdpCertificate>,
    pub sp_entity_id: String,
    pub acs_url: String,
    pub metadata_url: String,
    /// Where the node takes logout messages.
    pub sp_slo_url: String,
    pub want_encrypted: bool,
    pub allow_idp_initiated: bool,
    pub sign_requests: bool,
    #[schema(required)]
    pub name_id_format: Option<String>,
    pub sp_certificates: Vec<SpCertificate>,
}

/// What was read from metadata, to be checked and saved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SamlMetadata {
    pub idp_entity_id: String,
    pub sso_url: String,
    #[schema(required)]
    pub slo_url: Option<String>,
    pub certificates: Vec<IdpCertificate>,
    /// A kind of name that the provider gives and that stays the same.
    #[schema(required)]
    pub name_id_format: Option<String>,
    pub sign_requests: bool,
}

/// The node's addresses towards one provider.
pub(super) struct SpAddresses {
    pub(super) entity_id: String,
    pub(super) acs_url: String,
    pub(super) slo_url: String,
}

impl SpAddresses {
    /// `origin` is where people reach the node, without a final slash.
    pub(super) fn new(origin: &str, id: IdentityProviderId) -> Self {
        Self {
            entity_id: format!("{origin}/saml/{id}/metadata"),
            acs_url: format!("{origin}/saml/{id}/acs"),
            slo_url: format!("{origin}/saml/{id}/logout"),
        }
    }
}

impl SamlInput {
    /// The settings, checked.
    ///
    /// # Errors
    /// `invalid_provider`, `invalid_address`, or what is wrong with a certificate, on the field.
    pub(super) fn settings(&self) -> Result<SamlSettings> {
        let wrong = |field: &str, message: &str| {
            Err(Error::invalid_field(field, "invalid_provider", message))
        };
        let entity_id = self.idp_entity_id.trim();
        if entity_id.is_empty() || entity_id.len() > TEXT_BYTES_MAX {
            return wrong(
                "saml.idp_entity_id",
                "give the provider's entity id as its metadata name it",
            );
        }
        address::check("saml.sso_url", self.sso_url.trim())?;
        let slo_url = self
            .slo_url
            .as_deref()
            .map(str::trim)
            .filter(|url| !url.is_empty());
        if let Some(url) = slo_url {
            address::check("saml.slo_url", url)?;
        }
        if self.certificates.is_empty() || self.certificates.len() > CERTIFICATES_MAX {
            return wrong(
                "saml.certificates",
                "give the provider's signing certificate; two while it changes keys, at most ten",
            );
        }
        let format = self
            .name_id_format
            .as_deref()
            .map(str::trim)
            .filter(|format| !format.is_empty());
        if format.is_some_and(|format| {
            format.len() > TEXT_BYTES_MAX || format.contains(char::is_whitespace)
        }) {
            return wrong(
                "saml.name_id_format",
                "a NameID format is a URI, such as urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            );
        }
        Ok(SamlSettings {
            idp_entity_id: entity_id.to_owned(),
            sso_url: self.sso_url.trim().to_owned(),
            slo_url: slo_url.map(str::to_owned),
            certificates: self.pems()?,
            want_encrypted: self.want_encrypted,
            allow_idp_initiated: self.allow_idp_initiated,
            sign_requests: self.sign_requests.unwrap_or(true),
            name_id_format: format.map(str::to_owned),
        })
    }

    fn pems(&self) -> Result<Vec<String>> {
        let mut pems: Vec<String> = Vec::new();
        for certificate in &self.certificates {
            let read = Certificate::from_text(&certificate.pem).map_err(|refusal| {
                Error::invalid_field("saml.certificates", refusal.code(), refusal.message())
            })?;
            let pem = read.to_pem();
            if !pems.contains(&pem) {
                pems.push(pem);
            }
        }
        Ok(pems)
    }
}

impl SamlView {
    /// # Errors
    /// Internal when a stored certificate does not read.
    pub(super) fn new(settings: &SamlSettings, sp: SpAddresses, keys: &[KeyRow]) -> Result<Self> {
        let certificates = settings.certificates()?;
        Ok(Self {
            idp_entity_id: settings.idp_entity_id.clone(),
            sso_url: settings.sso_url.clone(),
            slo_url: settings.slo_url.clone(),
            certificates: certificates.iter().map(IdpCertificate::new).collect(),
            metadata_url: sp.entity_id.clone(),
            sp_entity_id: sp.entity_id,
            acs_url: sp.acs_url,
            sp_slo_url: sp.slo_url,
            want_encrypted: settings.want_encrypted,
            allow_idp_initiated: settings.allow_idp_initiated,
            sign_requests: settings.sign_requests,
            name_id_format: settings.name_id_format.clone(),
            sp_certificates: keys.iter().map(SpCertificate::new).collect(),
        })
    }
}

impl IdpCertificate {
    fn new(certificate: &Certificate) -> Self {
        Self {
            pem: certificate.to_pem(),
            fingerprint: certificate.fingerprint(),
            not_after: certificate.not_after(),
        }
    }
}

impl SpCertificate {
    fn new(key: &KeyRow) -> Self {
        Self {
            fingerprint: key.fingerprint.clone(),
            not_after: key.not_after,
            active: key.active,
        }
    }
}

impl From<IdpDescription> for SamlMetadata {
    fn from(found: IdpDescription) -> Self {
        let persistent = |format: &&String| format.ends_with(":persistent");
        Self {
            name_id_format: found.name_id_formats.iter().find(persistent).cloned(),
            idp_entity_id: found.entity_id,
            sso_url: found.sso_url,
            slo_url: found.slo_url,
            certificates: found.certificates.iter().map(IdpCertificate::new).collect(),
            // Signing never hurts; a provider that does not look at it ignores it.
            sign_requests: true,
        }
    }
}
