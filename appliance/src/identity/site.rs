//! Under which address of the node a request came in.

use std::net::IpAddr;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts, uri::Authority},
};
use guildhall_kernel::{Error, Result};

use crate::app::App;

/// The address that a request was sent to, as the caller names it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Host and port.
    host: Option<String>,
}

/// An address that passkeys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PasskeyOrigin {
    /// Scheme, host and port as a browser writes them.
    pub(super) origin: String,
    /// The host's name (WebAuthn: relying party id).
    pub(super) rp_id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Site {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> std::result::Result<Self, Self::Rejection> {
        // `:authority` in HTTP/2, `Host` in HTTP/1.
        let named = parts.uri.authority().map(Authority::as_str);
        let host = named.or_else(|| parts.headers.get(header::HOST)?.to_str().ok());
        Ok(Self {
            host: host.map(str::to_lowercase),
        })
    }
}

impl Site {
    /// The origin a passkey of this request must come from. The caller names the host, so only names that
    /// the node is known under count.
    ///
    /// # Errors
    /// `passkey_origin` where passkeys do not work: under an IP address or a name the node does not know.
    pub(super) fn passkey_origin(&self, app: &App) -> Result<PasskeyOrigin> {
        let known = normal(&app.origin);
        let (scheme, known_host) = known.split_once("://").unwrap_or(("https", &known));
        let host = self.host.as_deref().unwrap_or(known_host);
        let origin = normal(&format!("{scheme}://{host}"));
        let name = name_of(host);
        let names = [
            app.config.host_name.as_str(),
            "localhost",
            name_of(known_host),
        ];
        let is_ours = names.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        if !is_ours || is_address(name) {
            let message = format!(
                "passkeys belong to the node's name; open {} and try again there",
                app.origin
            );
            return Err(Error::conflict("passkey_origin", message));
        }
        Ok(PasskeyOrigin {
            origin,
            rp_id: name.to_owned(),
        })
    }
}

/// In lower case and without the port that the scheme implies.
fn normal(origin: &str) -> String {
    let origin = origin.to_lowercase();
    let implied = [("https://", ":443"), ("http://", ":80")];
    for (scheme, port) in implied {
        if origin.starts_with(scheme)
            && let Some(shorter) = origin.strip_suffix(port)
        {
            return shorter.to_owned();
        }
    }
    origin
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_address(name: &str) -> bool {
    name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        assert_eq!(normal("https://Node.example:443"), "https://node.example");
        assert_eq!(normal("http://node.example:443"), "http://node.example:443");
        assert_eq!(name_of("node.example:8443"), "node.example");
        assert_eq!(name_of("[::1]:8443"), "[::1]");
        assert!(is_address("[::1]") && is_address("127.0.0.1") && !is_address("localhost"));
    }
}
