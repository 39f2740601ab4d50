//! Addresses of directory servers.

use std::fmt;

use guildhall_kernel::{Error, Result};

use crate::Security;

/// Where a server listens: `ldap://host[:port]` or `ldaps://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// Whether the connection is encrypted from its first byte.
    pub tls: bool,
    /// Name or address, in lower case; IPv6 without brackets.
    pub host: String,
    /// 636 with TLS and 389 without it, unless the URL says otherwise.
    pub port: u16,
}

const HOST_CHARACTERS_MAX: usize = 253;

impl ServerUrl {
    /// Reads a URL. A path, a query or a user name have no place in it: each has a field of its own.
    ///
    /// # Errors
    /// `invalid_url` on the field `urls`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            let shown: String = text.chars().take(120).collect();
            let message = format!("the URL `{shown}` {what}");
            Error::invalid_field("urls", "invalid_url", message)
        };
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| wrong("does not read; give one such as ldaps://ldap.example.org"))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => true,
            "ldap" => false,
            _ => return Err(wrong("begins with neither ldaps:// nor ldap://")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(authority).ok_or_else(|| {
            wrong("holds more than a host and a port; give the base DN and the account in their own fields")
        })?;
        let own = if tls { 636 } else { 389 };
        let port = match port {
            None => own,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| wrong("has a port that is none"))?,
        };
        if host.is_empty() || host.len() > HOST_CHARACTERS_MAX {
            return Err(wrong("names no host"));
        }
        let host = host.to_ascii_lowercase();
        Ok(Self { tls, host, port })
    }

    /// Refuses a URL whose scheme says something else than the setting does.
    ///
    /// # Errors
    /// `invalid_url`.
    pub(crate) fn check(&self, security: Security) -> Result<()> {
        if self.tls == (security == Security::Ldaps) {
            return Ok(());
        }
        let message = if self.tls {
            format!(
                "`{self}` is encrypted from its first byte; choose LDAPS, or begin the URL with ldap://"
            )
        } else {
            format!(
                "`{self}` is not encrypted from its first byte; choose StartTLS, or begin the URL with ldaps://"
            )
        };
        Err(Error::invalid_field("urls", "invalid_url", message))
    }
}

/// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_host =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    host.chars().all(is_host).then_some((host, port))
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "ldaps" } else { "ldap" };
        if self.host.contains(':') {
            write!(formatter, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        let read = |text: &str| ServerUrl::parse(text).unwrap().to_string();
        assert_eq!(
            read("ldaps://DC1.Example.org"),
            "ldaps://dc1.example.org:636"
        );
        assert_eq!(read("ldap://10.0.0.5:1389/"), "ldap://10.0.0.5:1389");
        assert_eq!(read("ldaps://[::1]:6360"), "ldaps://[::1]:6360");
        for wrong in [
            "",
            "ldap.example.org",
            "https://ldap.example.org",
            "ldapi:///var/run/slapd",
            "ldap://",
            "ldap://user@host",
            "ldap://host/dc=example",
            "ldap://host?uid",
            "ldap://host:0",
            "ldap://host:99999",
            "ldap://[::1",
            "ldap://::1",
            "ldap://ho st",
        ] {
            assert_eq!(
                ServerUrl::parse(wrong).unwrap_err().code(),
                "invalid_url",
                "{wrong}"
            );
        }
    }
}
