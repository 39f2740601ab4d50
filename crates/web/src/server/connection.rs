//! One connection from its first byte to its last.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
    response::IntoResponse,
};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
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
    patience::Patience,
};
use crate::tls::ClientCertificate;

/// First byte of every TLS connection: a handshake record (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// hyper takes no smaller buffer.
const HEADER_BYTES_MIN: usize = 8192;

/// What all connections of a server share.
pub(super) struct Connections {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: ServerLimits,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
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
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            // The buffer alone is no limit: a head that comes in one piece may fill it and more.
            .max_header_size(limits.header_bytes_max)
            .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_MIN));
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
            .max_concurrent_streams(128)
            .keep_alive_interval(limits.idle_timeout)
            .keep_alive_timeout(limits.header_timeout);
        Self {
            router,
            tls: tls.map(TlsAcceptor::from),
            limits,
            http1,
            http2,
            shutdown: signals.0,
            cut: signals.1,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn answer(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting to fill packets only delays streamed events.
        let _ = stream.set_nodelay(true);
        let patient = |stream| Patience::new(stream, self.limits.write_timeout);
        let Some(acceptor) = &self.tls else {
            return self
                .speak_http1(
                    patient(stream),
                    Caller {
                        peer,
                        certificate: None,
                    },
                    Speaks::Router,
                )
                .await;
        };
        // On the heap, here and below: what one kind of connection needs must not make all larger.
        let handshake = Box::pin(async {
            if !begins_with_tls(&stream).await? {
                return Ok(Err(stream));
            }
            acceptor.accept(patient(stream)).await.map(Ok)
        });
        let opened = tokio::select! {
            opened = tokio::time::timeout(self.limits.handshake_timeout, handshake) => opened,
            () = self.shutdown.cancelled() => return,
        };
        match opened {
            Ok(Ok(Ok(stream))) => {
                let session = stream.get_ref().1;
                let certificate = ClientCertificate::of(session.peer_certificates());
                let caller = Caller { peer, certificate };
                if session.alpn_protocol() == Some(b"h2") {
                    Box::pin(self.speak_http2(stream, caller)).await;
                } else {
                    Box::pin(self.speak_http1(stream, caller, Speaks::Router)).await;
                }
            }
            Ok(Ok(Err(plain))) => {
                let caller = Caller {
                    peer,
                    certificate: None,
                };
                self.speak_http1(patient(plain), caller, Speaks::Redirect)
                    .await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn speak_http1<I>(&self, io: I, caller: Caller, speaks: Speaks)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let service = service(self.router.clone(), activity.clone(), caller, speaks);
        let connection = self.http1.serve_connection(TokioIo::new(io), service);
        self.attend(connection, &activity).await;
    }

    async fn speak_http2<I>(&self, io: I, caller: Caller)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let service = service(
            self.router.clone(),
            activity.clone(),
            caller,
            Speaks::Router,
        );
        let connection = self.http2.serve_connection(TokioIo::new(io), service);
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

/// Who is at the other end of a connection.
#[derive(Clone)]
struct Caller {
    peer: SocketAddr,
    certificate: Option<ClientCertificate>,
}

/// Who answers on a connection.
#[derive(Clone, Copy)]
enum Speaks {
    Router,
    Redirect,
}

/// What answers on a connection, counting requests under way.
fn service(
    router: Router,
    activity: Activity,
    caller: Caller,
    speaks: Speaks,
) -> impl Service<
    Request<Incoming>,
    Response = Response<CountedBody>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<CountedBody>, Infallible>> + Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let under_way = activity.begin();
        let (router, caller) = (router.clone(), caller.clone());
        async move {
            let response = match speaks {
                Speaks::Router => pass_on(router, request, caller).await,
                Speaks::Redirect => redirect_to_https(&request),
            };
            Ok(response.map(|body| CountedBody::new(body, under_way)))
        }
    })
}

async fn begins_with_tls(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0_u8; 1];
    let read = stream.peek(&mut first).await?;
    // An empty read is left to the handshake to report.
    Ok(read == 0 || first == [TLS_HANDSHAKE])
}

async fn pass_on(router: Router, request: Request<Incoming>, caller: Caller) -> Response<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(caller.peer));
    if let Some(certificate) = caller.certificate {
        request.extensions_mut().insert(certificate);
    }
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
