//! What stands at the door: client certificates, limits on requests, whom to tell about weaknesses.

use std::path::PathBuf;

use guildhall_kernel::{Error, Result};
use guildhall_web::tls::Clients;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TlsConfig;

/// Whether programs may, or must, show a certificate of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificates {
    /// Nobody is asked for one.
    #[default]
    Off,
    /// Who shows one must have it from `tls.client_ca`.
    Optional,
    /// Nobody is let in without one from `tls.client_ca`, not even to the pages.
    Required,
}

/// How many requests one caller may make. Beyond it they are refused with the seconds to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Requests a second that one session, key or token may make in the long run; 0 for no limit.
    pub principal_per_second: u32,
    /// Requests that one session, key or token may make at once.
    pub principal_burst: u32,
    /// Requests a second that one address may make in the long run; 0 for no limit.
    pub address_per_second: u32,
    /// Requests that one address may make at once.
    pub address_burst: u32,
    /// Whether this holds for callers on the machine itself too. Behind a proxy on the same machine every
    /// caller has its address: then switch this on and `address_per_second` off.
    pub loopback: bool,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            principal_per_second: 300,
            principal_burst: 600,
            address_per_second: 600,
            address_burst: 1200,
            loopback: false,
        }
    }
}

/// Whom to tell about weaknesses, as `/.well-known/security.txt` says it (RFC 9116).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityConfig {
    /// Addresses such as `mailto:security@example.org` or `https://example.org/security`, best first. Without
    /// one there is no `security.txt`.
    pub contact: Vec<String>,
    /// Where the rules for reporting are published.
    pub policy: Option<String>,
    /// Languages that are spoken there, such as `en, de`.
    pub preferred_languages: Option<String>,
}

impl TlsConfig {
    /// What clients are asked for.
    ///
    /// # Errors
    /// `invalid_config`.
    pub fn clients(&self) -> Result<Clients> {
        let authority = || -> Result<PathBuf> {
            let message = "`tls.client_certificates` needs `tls.client_ca`, the authority that they come from";
            self.client_ca
                .clone()
                .ok_or_else(|| Error::invalid("invalid_config", message))
        };
        Ok(match self.client_certificates {
            ClientCertificates::Off => Clients::None,
            ClientCertificates::Optional => Clients::Optional(authority()?),
            ClientCertificates::Required => Clients::Required(authority()?),
        })
    }
}

impl SecurityConfig {
    /// Refuses what would not read as a line of the file.
    ///
    /// # Errors
    /// `invalid_config`.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::invalid("invalid_config", message));
        let is_uri = |text: &String| {
            let known = ["mailto:", "https://", "tel:"];
            known.iter().any(|scheme| text.starts_with(scheme))
                && !text.contains(char::is_whitespace)
        };
        if !self.contact.iter().all(is_uri) {
            return wrong(
                "`security.contact` takes addresses that begin with mailto:, https:// or tel:",
            );
        }
        if self.policy.as_ref().is_some_and(|policy| !is_uri(policy)) {
            return wrong("`security.policy` takes an address that begins with https://");
        }
        let languages = self.preferred_languages.as_deref().unwrap_or_default();
        if languages.contains(char::is_control) {
            return wrong("`security.preferred_languages` is one line such as `en, de`");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Config;

    #[test]
    fn certificates_need_an_authority_and_contacts_an_address() {
        let config = |text: &str| toml::from_str::<Config>(text).unwrap().check();
        assert!(config("[tls]\nclient_certificates = 'optional'").is_err());
        assert!(config("[tls]\nclient_certificates = 'required'\nclient_ca = 'ca.pem'").is_ok());
        assert!(config("[security]\ncontact = ['mailto:a@b.c']").is_ok());
        for bad in ["a@b.c", "http://x", "mailto:a@b.c\\nHiring: x"] {
            assert!(
                config(&format!("[security]\ncontact = [\"{bad}\"]")).is_err(),
                "{bad}"
            );
        }
    }
}
