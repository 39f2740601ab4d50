//! The switch, where calls may go, and what is known of a call: as data.

use std::{net::IpAddr, time::Duration};

use axum::http::Uri;
use guildhall_kernel::{Error, OrgId, PersonId, ProviderId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::check_address;

/// How far calls may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EgressMode {
    /// Nowhere: every call is refused before a socket exists.
    #[default]
    AirGapped,
    /// To configured providers on the local network.
    LocalNetwork,
    /// To every configured provider.
    Allowed,
}

impl EgressMode {
    /// The mode's stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AirGapped => "air_gapped",
            Self::LocalNetwork => "local_network",
            Self::Allowed => "allowed",
        }
    }

    /// What is not understood keeps the node closed.
    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "allowed" => Self::Allowed,
            "local_network" => Self::LocalNetwork,
            _ => Self::AirGapped,
        }
    }

    pub(super) fn admits(self, destination: &Destination) -> bool {
        match self {
            Self::AirGapped => false,
            Self::LocalNetwork => destination.local_network,
            Self::Allowed => true,
        }
    }
}

/// The one place a provider's calls may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Name or IP address, lower case.
    pub host: String,
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Whether it lies on the local network: then every address must, otherwise none may.
    pub local_network: bool,
    /// What stands before the path of every call; empty or `/…` without a final slash.
    pub base_path: String,
    /// Certificates (PEM) to trust beside the public authorities, such as a company's own.
    pub ca_pem: Option<String>,
    /// Whether addresses of either network will do: for services, when the switch lets everything through.
    pub(super) any_network: bool,
}

impl Destination {
    /// Reads a base URL such as `https://api.openai.com/v1`.
    ///
    /// # Errors
    /// `invalid_base_url`: no such URL, plain HTTP to the internet, or an address of the other network.
    pub fn parse(base_url: &str, local_network: bool, ca_pem: Option<String>) -> Result<Self> {
        let wrong = |what: &str| {
            let message = format!("the base URL `{}` {what}", shorten(base_url));
            Error::invalid_field("base_url", "invalid_base_url", message)
        };
        let uri: Uri = base_url
            .parse()
            .map_err(|_| wrong("does not read; give one such as https://api.example.com/v1"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if local_network => false,
            Some("http") => {
                return Err(wrong(
                    "is not encrypted; use https, or mark the provider as one on the local network",
                ));
            }
            _ => return Err(wrong("does not begin with https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "holds a user name; give credentials in their own field",
            ));
        }
        if uri.query().is_some() {
            return Err(wrong("holds a query; leave it out"));
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(wrong("names no host"));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let destination = Self {
            host,
            port,
            tls,
            local_network,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            ca_pem,
            any_network: false,
        };
        if let Some(address) = destination.literal_address() {
            check_address(address, local_network)
                .map_err(|why| wrong(&format!("cannot be used: {why}")))?;
        }
        Ok(destination)
    }

    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), &'static str> {
        if self.any_network {
            return check_address(address, true).or_else(|_| check_address(address, false));
        }
        check_address(address, self.local_network)
    }

    /// The address when the host is one.
    pub(super) fn literal_address(&self) -> Option<IpAddr> {
        self.host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    }

    /// Host and port, as in the `Host` header (RFC 9110, 7.2): without the scheme's own port.
    pub fn authority(&self) -> String {
        let own = if self.tls { 443 } else { 80 };
        if self.port == own {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}

/// For whom a call is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub organisation: Option<OrgId>,
    pub person: Option<PersonId>,
}

/// How long a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTimeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// From sending to the head of the answer, the connection included.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The answer was read to its end.
    Complete,
    /// The caller went away first.
    Abandoned,
    /// Refused by the switch, the list of destinations or an address; nothing was sent.
    Denied,
    /// No connection, no answer in time, or it was cut.
    Failed,
}

impl CallOutcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Abandoned => "abandoned",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "complete" => Self::Complete,
            "abandoned" => Self::Abandoned,
            "denied" => Self::Denied,
            _ => Self::Failed,
        }
    }
}

/// One call as recorded: never what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EgressCall {
    pub at: Timestamp,
    #[schema(required)]
    pub organisation_id: Option<OrgId>,
    #[schema(required)]
    pub person_id: Option<PersonId>,
    pub provider_id: ProviderId,
    pub host: String,
    pub outcome: CallOutcome,
    /// The answer's HTTP status, when there was one.
    #[schema(required)]
    pub status: Option<u16>,
    /// Bytes of the request's body.
    pub bytes_out: u64,
    /// Bytes of the answer's body.
    pub bytes_in: u64,
    pub duration_ms: u64,
}

/// What the calls of one provider come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EgressTotals {
    pub provider_id: ProviderId,
    pub calls: u64,
    pub denied: u64,
    pub failed: u64,
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub last_at: Timestamp,
}

/// A destination as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AllowedDestination {
    pub provider_id: ProviderId,
    pub provider: String,
    pub host: String,
    pub port: u16,
    pub tls: bool,
    pub local_network: bool,
    /// Whether the switch lets calls go there right now.
    pub open: bool,
}

/// Who turned the switch, with the command line also the one whom it acted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SwitchedBy {
    pub person_id: PersonId,
    /// Nothing for somebody who is gone.
    #[schema(required)]
    pub name: Option<String>,
}

/// The switch and what happened because of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EgressView {
    pub mode: EgressMode,
    /// Whether the configuration says `egress = "never"`, so that nobody can switch it here.
    pub locked: bool,
    /// When it was switched last.
    #[schema(required)]
    pub changed_at: Option<Timestamp>,
    /// Who switched it last.
    #[schema(required)]
    pub changed_by: Option<SwitchedBy>,
    /// Where calls could go: the enabled providers and nothing else.
    pub destinations: Vec<AllowedDestination>,
    /// Sums over the calls that are kept.
    pub totals: Vec<EgressTotals>,
    /// The newest calls, newest first, at most 100.
    pub recent: Vec<EgressCall>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn base_urls_are_read_strictly() {
        let whole = Destination::parse("https://API.example.com/v1/", false, None).unwrap();
        assert_eq!(
            (whole.host.as_str(), whole.port, whole.base_path.as_str()),
            ("api.example.com", 443, "/v1")
        );
        assert_eq!(whole.authority(), "api.example.com");
        let lan = Destination::parse("http://127.0.0.1:11434", true, None).unwrap();
        assert_eq!(
            (lan.authority().as_str(), lan.tls),
            ("127.0.0.1:11434", false)
        );
        for wrong in [
            "http://api.example.com",
            "ftp://x",
            "api.example.com",
            "https://",
            "https://u:p@x.example",
            "https://x.example/?a=b",
            "https://127.0.0.1",
            "https://169.254.169.254",
            "https://[::1]:8000",
            "",
        ] {
            let refused = Destination::parse(wrong, false, None).unwrap_err();
            assert_eq!(refused.code(), "invalid_base_url", "{wrong}");
        }
        assert!(Destination::parse("https://8.8.8.8", true, None).is_err());
    }
}
