//! One connection from its first byte to its last.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
    response::IntoResponse,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    ServerLimits,
    activity::{Activity, CountedBody},
};

/// First byte of every TLS connection: a handshake record (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// hyper takes no smaller buffer.
const HEADER_BYTES_MIN: usize = 8192;

/// What all connections of a server share.
pub(super) struct Connections {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: ServerLimits,
    http1: Builder<TokioExecutor>,
    http2: Builder<TokioExecutor>,
    shutdown: CancellationToken,
    cut: CancellationToken,
}

impl Connections {
    /// `signals` are the start and the end of the shutdown.
    pub(super) fn new(
        router: Router,
        tls: Option<Arc<ServerConfig>>,
        limits: ServerLimits,
        signals: (CancellationToken, CancellationToken),
    ) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_MIN));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
            .max_concurrent_streams(128)
            .keep_alive_interval(limits.idle_timeout)
            .keep_alive_timeout(limits.header_timeout);
        Self {
            router,
            tls: tls.map(TlsAcceptor::from),
            limits,
            http1: builder.clone().http1_only(),
            http2: builder.http2_only(),
            shutdown: signals.0,
            cut: signals.1,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn answer(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting to fill packets only delays streamed events.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = &self.tls else {
            return self.drive(stream, peer, &self.http1, Speaks::Router).await;
        };
        let handshake = async {
            if !begins_with_tls(&stream).await? {
                return Ok(Err(stream));
            }
            acceptor.accept(stream).await.map(Ok)
        };
        let opened = tokio::select! {
            opened = tokio::time::timeout(self.limits.handshake_timeout, handshake) => opened,
            () = self.shutdown.cancelled() => return,
        };
        match opened {
            Ok(Ok(Ok(stream))) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let builder = if http2 { &self.http2 } else { &self.http1 };
                self.drive(stream, peer, builder, Speaks::Router).await;
            }
            Ok(Ok(Err(plain))) => self.drive(plain, peer, &self.http1, Speaks::Redirect).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn drive<I>(
        &self,
        io: I,
        peer: SocketAddr,
        builder: &Builder<TokioExecutor>,
        speaks: Speaks,
    ) where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let service = service_fn(|request: Request<Incoming>| {
            let under_way = activity.begin();
            let router = self.router.clone();
            async move {
                let response = match speaks {
                    Speaks::Router => pass_on(router, request, peer).await,
                    Speaks::Redirect => redirect_to_https(&request),
                };
                Ok::<_, Infallible>(response.map(|body| CountedBody::new(body, under_way)))
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
        self.attend(connection, &activity).await;
    }

    /// Runs a connection until it ends, is idle for too long, or the server stops.
    async fn attend<C>(&self, connection: C, activity: &Activity)
    where
        C: GracefulConnection,
        C::Error: std::fmt::Display,
    {
        let mut connection = std::pin::pin!(connection);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended early");
                    }
                    return;
                }
                () = self.shutdown.cancelled(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.cut.cancelled() => return,
                () = activity.idle(self.limits.header_timeout, self.limits.idle_timeout) => return,
            }
        }
    }
}

/// Who answers on a connection.
#[derive(Clone, Copy)]
enum Speaks {
    Router,
    Redirect,
}

async fn begins_with_tls(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0_u8; 1];
    let read = stream.peek(&mut first).await?;
    // An empty read is left to the handshake to report.
    Ok(read == 0 || first == [TLS_HANDSHAKE])
}

async fn pass_on(router: Router, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Sends somebody who typed `http://` to the same address with `https://`.
fn redirect_to_https<B>(request: &Request<B>) -> Response<Body> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let hint = "this port speaks https; use https:// in place of http://\n";
    match host {
        Some(host) => {
            let location = [(header::LOCATION, format!("https://{host}{path}"))];
            (StatusCode::PERMANENT_REDIRECT, location, hint).into_response()
        }
        None => (StatusCode::BAD_REQUEST, hint).into_response(),
    }
}
