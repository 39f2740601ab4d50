//! Listening, and answering each connection within bounds.

mod activity;
mod connection;
mod patience;

use std::{io::ErrorKind as IoErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, extract::FromRequestParts, http::request::Parts};
use guildhall_kernel::{Error, Result};
use rustls::ServerConfig;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::connection::Connections;
use crate::error::HttpError;

/// Bounds on connections.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Most connections at a time; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Most bytes of a request's head (request line and header fields); at least 8192.
    pub header_bytes_max: usize,
    /// Time for the TLS handshake.
    pub handshake_timeout: Duration,
    /// Time for a request's head to arrive, from when the connection is free for it: also how long
    /// an HTTP/1 connection is kept without a request.
    pub header_timeout: Duration,
    /// How long the other end may take nothing of what is to be sent to it.
    pub write_timeout: Duration,
    /// How long an HTTP/2 connection is kept without a request.
    pub idle_timeout: Duration,
    /// Time that answers under way have at shutdown.
    pub shutdown_grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 16_384,
            header_bytes_max: 32 * 1024,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(75),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// A listening socket that does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    limits: ServerLimits,
}

impl Server {
    /// Takes the address. Without TLS it must be a loopback address.
    ///
    /// # Errors
    /// `insecure_http_not_loopback`, `port_taken`, `port_not_permitted`, `address_not_here`, each
    /// with the way out.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        limits: ServerLimits,
    ) -> Result<Self> {
        if tls.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(Error::invalid(
                "insecure_http_not_loopback",
                format!(
                    "unencrypted HTTP is for this machine only and {} is not a loopback address; \
                     leave out --insecure-http, or listen on 127.0.0.1",
                    address.ip()
                ),
            ));
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| explain(address, error))?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            tls,
            limits,
        })
    }

    /// The address taken, with the port the system chose when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is cancelled; then takes no more connections, lets answers under
    /// way finish within the grace period and cuts what is left.
    pub async fn serve(self, router: Router, shutdown: CancellationToken) {
        let limit = self.limits.connections_max;
        let slots = Arc::new(Semaphore::new(limit));
        let tracker = TaskTracker::new();
        let cut = CancellationToken::new();
        let connections = Arc::new(Connections::new(
            router,
            self.tls,
            self.limits,
            (shutdown.clone(), cut.clone()),
        ));
        while let Some((stream, peer)) = accept(&self.listener, &shutdown).await {
            // The semaphore is never closed, so a slot always comes, unless we stop first.
            let slot = tokio::select! {
                slot = slots.clone().acquire_owned() => slot,
                () = shutdown.cancelled() => break,
            };
            let connections = connections.clone();
            tracker.spawn(async move {
                connections.answer(stream, peer).await;
                drop(slot);
            });
        }
        drop(self.listener);
        tracker.close();
        let grace = self.limits.shutdown_grace;
        if tokio::time::timeout(grace, tracker.wait()).await.is_err() {
            tracing::warn!(
                connections = tracker.len(),
                "cutting connections at shutdown"
            );
            cut.cancel();
            tracker.wait().await;
        }
    }
}

/// The next connection, or `None` at shutdown.
async fn accept(
    listener: &TcpListener,
    shutdown: &CancellationToken,
) -> Option<(tokio::net::TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => return None,
        };
        match accepted {
            Ok(connection) => return Some(connection),
            Err(error) if is_of_one_connection(error.kind()) => {}
            Err(error) => {
                // Such as too many open files: others must finish first.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_one_connection(kind: IoErrorKind) -> bool {
    matches!(
        kind,
        IoErrorKind::ConnectionAborted
            | IoErrorKind::ConnectionRefused
            | IoErrorKind::ConnectionReset
    )
}

fn explain(address: SocketAddr, error: std::io::Error) -> Error {
    let (ip, port) = (address.ip(), address.port());
    let (code, message) = match error.kind() {
        IoErrorKind::AddrInUse => (
            "port_taken",
            format!(
                "port {port} on {ip} is taken by another program; stop that program or choose \
                 another port with --listen {ip}:PORT"
            ),
        ),
        IoErrorKind::PermissionDenied => (
            "port_not_permitted",
            format!("port {port} needs privileges; choose one from 1024 up with --listen"),
        ),
        IoErrorKind::AddrNotAvailable => (
            "address_not_here",
            format!("{ip} is not an address of this machine; choose another with --listen"),
        ),
        _ => {
            return Error::internal(format!("listening on {address}")).with_source(error);
        }
    };
    Error::conflict(code, message).with_source(error)
}

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            return Err(Error::internal("the request carries no peer address").into());
        };
        Ok(Self(*address))
    }
}
