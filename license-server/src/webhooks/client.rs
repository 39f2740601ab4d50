//! One POST over one connection, within a time.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Uri, header},
};
use guildhall_kernel::{Error, Result};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(10);

/// Checks where a webhook points: `https`, or `http` to this machine when the server itself speaks no
/// TLS (which it does for development only).
///
/// # Errors
/// `invalid_webhook_url`.
pub(super) fn check_url(url: &str, server_has_tls: bool) -> Result<Uri> {
    let parsed = url.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
    let is_good = parsed.as_ref().is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let has_user = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let scheme = uri.scheme_str().unwrap_or_default();
        !has_user && (scheme == "https" || (scheme == "http" && is_here && !server_has_tls))
    });
    parsed
        .filter(|_| is_good && url.len() <= 2000)
        .ok_or_else(|| {
            Error::invalid_field(
                "url",
                "invalid_webhook_url",
                "give an https address without user name, such as https://example.com/hooks",
            )
        })
}

/// Posts `body` and gives the status.
///
/// # Errors
/// One sentence on what failed.
pub(super) async fn post(url: &Uri, headers: HeaderMap, body: Vec<u8>) -> Result<u16, String> {
    let exchange = async {
        let host = url.host().unwrap_or_default();
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let is_tls = url.scheme_str() == Some("https");
        let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        if !is_tls {
            let stream = TcpStream::connect((name, port))
                .await
                .map_err(|error| format!("no connection: {error}"))?;
            return send(stream, request(url, headers, body)?).await;
        }
        let stream = connect_outside(name, port).await?;
        let server = ServerName::try_from(name.to_owned())
            .map_err(|error| format!("the host's name cannot be checked: {error}"))?;
        let stream = TlsConnector::from(tls()?)
            .connect(server, stream)
            .await
            .map_err(|error| format!("no TLS: {error}"))?;
        send(stream, request(url, headers, body)?).await
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Connects to an address of the public network only: a webhook must not reach what stands beside the server.
async fn connect_outside(name: &str, port: u16) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((name, port))
        .await
        .map_err(|error| format!("{name} is not found: {error}"))?;
    let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
    if public.is_empty() {
        return Err(format!(
            "{name} leads to a private address, which webhooks do not reach"
        ));
    }
    TcpStream::connect(public.as_slice())
        .await
        .map_err(|error| format!("no connection: {error}"))
}

/// Whether an address is one of the public network.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_benchmark = first == 198 && (18..20).contains(&second);
            let is_protocol = first == 192 && second == 0 && third == 0;
            !(first == 0
                || first >= 240
                || is_shared
                || is_benchmark
                || is_protocol
                || address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation())
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            // 2000::/3 without what carries an IPv4 address (6to4, Teredo) or is for documents.
            first & 0xe000 == 0x2000
                && first != 0x2002
                && !(first == 0x2001 && (second == 0 || second == 0xdb8))
        }
    }
}

fn tls() -> Result<Arc<ClientConfig>, String> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| format!("no TLS: {error}"))?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}

fn request(url: &Uri, headers: HeaderMap, body: Vec<u8>) -> Result<Request<Body>, String> {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map(ToString::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, host)
        .body(Body::from(body))
        .map_err(|error| format!("the request cannot be built: {error}"))?;
    request.headers_mut().extend(headers);
    Ok(request)
}

async fn send<S>(stream: S, request: Request<Body>) -> Result<u16, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("no HTTP: {error}"))?;
    let driven = tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| format!("no answer: {error}"));
    driven.abort();
    Ok(answer?.status().as_u16())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn webhooks_reach_the_public_network_only() {
        for private in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused() {
        let refused = connect_outside("localhost", 443).await.unwrap_err();
        assert!(refused.contains("private address"), "{refused}");
    }
}
