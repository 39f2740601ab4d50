//! One POST over one connection, within a time.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Uri, header},
};
use guildhall_kernel::{Error, Result};
use guildhall_web::network::{Reach, reach_of};
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
    let public: Vec<SocketAddr> = found
        .filter(|address| reach_of(address.ip()) == Reach::Internet)
        .collect();
    if public.is_empty() {
        return Err(format!(
            "{name} leads to a private address, which webhooks do not reach"
        ));
    }
    TcpStream::connect(public.as_slice())
        .await
        .map_err(|error| format!("no connection: {error}"))
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

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused() {
        let refused = connect_outside("localhost", 443).await.unwrap_err();
        assert!(refused.contains("private address"), "{refused}");
    }
}
