//! The switch, where calls may go, and what is known of a call: as data.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use axum::http::Uri;
use guildhall_kernel::{Error, OrgId, PersonId, ProviderId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
        };
        if let Some(address) = destination.literal_address() {
            check_address(address, local_network)
                .map_err(|why| wrong(&format!("cannot be used: {why}")))?;
        }
        Ok(destination)
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

/// Whether an address lies in the network that a provider was declared for. A name that suddenly
/// resolves to the other side (DNS rebinding) is refused; some addresses are of no provider at all.
pub(super) fn check_address(address: IpAddr, local_network: bool) -> Result<(), &'static str> {
    let address = match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    match (reach_of(address), local_network) {
        (Reach::Nowhere, _) => Err("the address is no ordinary host's"),
        (Reach::Local, false) => Err(
            "the address lies on the local network, and the provider is not marked as one there",
        ),
        (Reach::Internet, true) => Err(
            "the address lies on the internet, and the provider is marked as one on the local network",
        ),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nowhere,
    Local,
    Internet,
}

/// Special-purpose addresses: IANA registries of RFC 6890. Link-local ones hold cloud metadata
/// services, so no provider lies there.
fn reach_of(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(four) => reach_of_v4(four),
        IpAddr::V6(six) => reach_of_v6(six),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocol = first == 192 && second == 0 && third == 0;
    let is_benchmark = first == 198 && (second == 18 || second == 19);
    if address.is_loopback() || address.is_private() || is_shared {
        Reach::Local
    } else if address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || is_protocol
        || is_benchmark
        || first == 0
        || first >= 240
    {
        Reach::Nowhere
    } else {
        Reach::Internet
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    let [first, second, ..] = address.segments();
    if address.is_loopback() || address.is_unique_local() {
        Reach::Local
    } else if first & 0xe000 == 0x2000
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        && first != 0x2002
    {
        // 2000::/3 is what is routed; Teredo, 6to4 and documentation in it can hide other addresses.
        Reach::Internet
    } else {
        Reach::Nowhere
    }
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

/// The switch and what happened because of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EgressView {
    pub mode: EgressMode,
    /// Whether the configuration says `egress = "never"`, so that nobody can switch it here.
    pub locked: bool,
    /// When it was switched last.
    #[schema(required)]
    pub changed_at: Option<Timestamp>,
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
    fn addresses_belong_to_one_network() {
        let local = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "100.64.1.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ];
        let internet = ["8.8.8.8", "104.18.6.192", "2606:4700::6812:6c0"];
        let nowhere = [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
        ];
        for address in local {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, true).is_ok() && check_address(address, false).is_err(),
                "{address}"
            );
        }
        for address in internet {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_ok() && check_address(address, true).is_err(),
                "{address}"
            );
        }
        for address in nowhere {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_err() && check_address(address, true).is_err(),
                "{address}"
            );
        }
    }

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
