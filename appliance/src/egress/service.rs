//! Calls of services that an administrator entered: identity providers and other parts of the organisation's own
//! network. They are no way out to the internet: unless the switch lets everything through, only addresses of the
//! local network are connected to, so they work while the node is air-gapped.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, Method, Uri};
use guildhall_kernel::{Error, ProviderId, Result};
use sha2::{Digest, Sha256};

use super::{
    Call, CallTimeouts, Destination, Egress, EgressMode, Origin, Reply, Route, connect::Connector,
    pool::Pool,
};

const TIMEOUTS: CallTimeouts = CallTimeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(10),
    idle: Duration::from_secs(5),
};

/// A call of a service.
pub struct ServiceCall {
    pub origin: Origin,
    /// The id of what the administrator entered, such as `idp_…`: calls are recorded under it.
    pub service: String,
    pub method: Method,
    /// The whole address, with its query.
    pub url: String,
    /// Whether `http` will do, on this machine's loopback only.
    pub plain_loopback: bool,
    /// Certificates (PEM) to trust beside the public authorities.
    pub ca_pem: Option<String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Under which id calls of a service are recorded: the module names destinations by provider.
pub fn service_id(service: &str) -> ProviderId {
    let digest = Sha256::digest(format!("guildhall service {service}").as_bytes());
    let mut first = [0_u8; 16];
    first.copy_from_slice(digest.as_slice().get(..16).unwrap_or(&[0; 16]));
    ProviderId::from_digest(first)
}

impl Egress {
    /// Calls a service and waits for the head of its answer. Redirections are answers like any other.
    ///
    /// # Errors
    /// `invalid_base_url` for an address that may not be called; otherwise as [`Egress::call`].
    pub async fn call_service(&self, service: ServiceCall) -> Result<Reply> {
        let (route, path) = self.service_route(&service)?;
        let call = Call {
            origin: service.origin,
            provider: service_id(&service.service),
            method: service.method,
            path,
            headers: service.headers,
            body: service.body,
            timeouts: TIMEOUTS,
        };
        let (record, everywhere) = (self.begin(&call), route.destination.any_network);
        let host = route.destination.authority();
        let answer = self.send(record, route, call).await;
        answer.map_err(|error| match error.code() {
            "egress_address_refused" if !everywhere => beyond(&host),
            _ => error,
        })
    }

    /// A route of its own for one call: logins are rare, so nothing is kept open between them.
    fn service_route(&self, service: &ServiceCall) -> Result<(Route, String)> {
        let (base, path) = split(&service.url)?;
        let plain = service.plain_loopback && is_loopback(&base);
        let mut destination = Destination::parse(&base, true, service.ca_pem.clone())
            .or_else(|_| Destination::parse(&base, false, service.ca_pem.clone()))?;
        if !destination.tls && !plain {
            let message = format!("`{base}` is not encrypted; use https");
            return Err(Error::invalid_field("url", "invalid_base_url", message));
        }
        // Read together: what the switch allows now ends when it is turned, as with providers.
        let (mode, open) = {
            let state = self.state();
            (state.mode, state.services.clone())
        };
        destination.local_network = true;
        destination.any_network = mode == EgressMode::Allowed;
        let destination = Arc::new(destination);
        let connector = Connector::new(Arc::clone(&destination), TIMEOUTS.connect)?.until(&open);
        let route = Route {
            slug: service.service.clone(),
            destination,
            pool: Pool::new(connector.clone()),
            connector,
            open,
        };
        Ok((route, path))
    }
}

/// The refusal of an address outside the local network: names the switch and who can turn it.
fn beyond(host: &str) -> Error {
    let message = format!(
        "{host} does not lie on the local network, and the egress switch does not let calls go further; a platform administrator can turn it to `allowed` under Administration"
    );
    Error::forbidden("egress_address_refused", message)
}

/// Scheme and authority, and what comes after them.
fn split(url: &str) -> Result<(String, String)> {
    let wrong = || {
        let shown: String = url.chars().take(120).collect();
        let message = format!("`{shown}` is no address such as https://login.example.org/");
        Error::invalid_field("url", "invalid_base_url", message)
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Ok((format!("{scheme}://{authority}"), path))
}

fn is_loopback(base: &str) -> bool {
    let host = base.parse::<Uri>().ok();
    let host = host.as_ref().and_then(Uri::host).unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_split_into_place_and_path() {
        assert_eq!(
            split("https://login.example.org:8443/a/b?c=d").unwrap(),
            (
                "https://login.example.org:8443".to_owned(),
                "/a/b?c=d".to_owned()
            )
        );
        assert_eq!(split("https://login.example.org").unwrap().1, "/");
        for wrong in ["login.example.org", "/a", "", "https:///x"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for local in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:9000",
        ] {
            assert!(is_loopback(local), "{local}");
        }
        for other in ["http://localhost.example", "http://10.0.0.1"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
