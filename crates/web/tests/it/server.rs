use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use futures::{StreamExt, stream};
use guildhall_web::{
    Json,
    server::{Peer, Server, ServerLimits},
    sse::{EventStream, SseEvent},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    time::timeout,
};

use crate::running::{PATIENCE, Running, read_to_end, read_until};

const SHORT: Duration = Duration::from_millis(100);
const GET_HELLO: &[u8] = b"GET /api/hello HTTP/1.1\r\nHost: node\r\n\r\n";

fn router() -> Router {
    Router::new()
        .route("/api/hello", get(|| async { "hello" }))
        .route(
            "/api/peer",
            get(|Peer(peer): Peer| async move { peer.to_string() }),
        )
        .route(
            "/api/echo",
            post(|Json(value): Json<Value>| async { Json(value) }),
        )
        .route("/api/events", get(events))
        .route("/api/never", get(std::future::pending::<()>))
}

async fn events() -> EventStream<impl futures::Stream<Item = SseEvent>> {
    let first = SseEvent {
        name: "first".into(),
        id: None,
        data: "1".into(),
    };
    EventStream::new(stream::iter([first]).chain(stream::pending()))
}

async fn bind(address: SocketAddr) -> Result<Server, guildhall_kernel::Error> {
    Server::bind(address, None, ServerLimits::default()).await
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address).await.err().unwrap();
    assert_eq!(error.code(), "port_taken");
    let message = error.message();
    assert!(
        message.contains(&format!("port {}", address.port())),
        "{message}"
    );
    assert!(message.contains("--listen"), "{message}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let clock = guildhall_kernel::FixedClock::at_millis(1_763_636_568_000);
    let identity = guildhall_web::tls::Identity::self_made(directory.path(), &[], &clock).unwrap();
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 0));
    let tls = Some(identity.server_config().unwrap());
    let error = Server::bind(elsewhere, tls, ServerLimits::default())
        .await
        .err()
        .unwrap();
    assert_eq!(error.code(), "address_not_here");
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = bind(address.parse().unwrap()).await.err().unwrap();
        assert_eq!(error.code(), "insecure_http_not_loopback", "{address}");
    }
    bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn the_peers_address_reaches_the_handler() {
    let server = Running::start(router(), ServerLimits::default()).await;
    let mut stream = server.connect().await;
    let local = stream.local_addr().unwrap().to_string();
    let request = b"GET /api/peer HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with(&local));
}

#[tokio::test]
async fn oversize_headers_are_431() {
    let server = Running::start(router(), ServerLimits::default()).await;
    let padding = "x".repeat(40 * 1024);
    let request = format!("GET /api/hello HTTP/1.1\r\nHost: node\r\nX-Padding: {padding}\r\n\r\n");
    let answer = server.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn an_oversize_body_is_refused_before_it_is_sent() {
    let server = Running::start(router(), ServerLimits::default()).await;
    let request = b"POST /api/echo HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n\
                    Content-Length: 2000000\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
    assert!(answer.contains("1048576 bytes"), "{answer}");
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_headers_is_cut_off() {
    let limits = ServerLimits {
        header_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = Running::start(router(), limits).await;
    for start in [&b""[..], b"GET /api/hello HTTP/1.1\r\nHost:"] {
        let answer = server.exchange(start).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    let mut later = server.connect().await;
    later.write_all(GET_HELLO).await.unwrap();
    read_until(&mut later, "hello").await;
    later
        .write_all(b"GET /api/hello HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    assert_eq!(
        read_to_end(&mut later).await,
        "",
        "the second head took too long"
    );
}

#[tokio::test]
async fn a_slow_reader_gets_the_whole_of_a_large_answer() {
    // More than the buffers of both ends hold, so that most of it waits with the server.
    const BYTES: usize = 64 * 1024 * 1024;
    let large = get(|| async { vec![b'x'; BYTES] });
    let limits = ServerLimits {
        header_timeout: 5 * SHORT,
        idle_timeout: 5 * SHORT,
        ..ServerLimits::default()
    };
    let server = Running::start(router().route("/api/large", large), limits).await;
    let mut stream = server.connect().await;
    let request = b"GET /api/large HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.read_exact(&mut [0; 16]).await.unwrap();
    let pause = timeout(10 * SHORT, std::future::pending::<()>()).await;
    assert!(pause.is_err());
    let answer = read_to_end(&mut stream).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {BYTES}")), "{head}");
    assert_eq!(body.len(), BYTES);
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let limits = ServerLimits {
        write_timeout: Duration::from_millis(200),
        ..ServerLimits::default()
    };
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let ended = std::sync::Arc::new(std::sync::Mutex::new(Some(ended)));
    let endless = move || {
        let held = ended.lock().unwrap().take();
        // Dropped with the answer, which tells the test.
        let pieces = futures::stream::repeat_with(move || {
            let _ = &held;
            Ok::<_, std::convert::Infallible>(vec![0_u8; 1 << 16])
        });
        async { axum::body::Body::from_stream(pieces) }
    };
    let router = Router::new().route("/endless", get(endless));
    let server = Running::start(router, limits).await;
    let mut stream = server.connect().await;
    let request = b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    // Nothing is read, and the connection stays open on this side.
    let told = tokio::time::timeout(PATIENCE, end).await;
    assert!(told.unwrap().is_err(), "the answer was given up");
    drop(stream);
}

#[tokio::test]
async fn at_the_connection_limit_the_next_one_waits() {
    let limits = ServerLimits {
        connections_max: 1,
        ..ServerLimits::default()
    };
    let server = Running::start(router(), limits).await;
    let mut first = server.connect().await;
    first.write_all(GET_HELLO).await.unwrap();
    read_until(&mut first, "hello").await;

    let mut second = server.connect().await;
    second.write_all(GET_HELLO).await.unwrap();
    let early = timeout(SHORT, second.read_u8()).await;
    assert!(early.is_err(), "the first connection has the only slot");
    drop(first);
    read_until(&mut second, "hello").await;
}

#[tokio::test]
async fn shutdown_closes_open_event_streams_and_idle_connections() {
    let limits = ServerLimits {
        header_timeout: 10 * PATIENCE,
        shutdown_grace: 10 * PATIENCE,
        ..ServerLimits::default()
    };
    let server = Running::start(router(), limits).await;
    let mut idle = server.connect().await;
    idle.write_all(GET_HELLO).await.unwrap();
    read_until(&mut idle, "hello").await;
    let mut fresh = server.connect().await;
    let mut events = server.connect().await;
    events
        .write_all(b"GET /api/events HTTP/1.1\r\nHost: node\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut events, "data: 1\n\n\r\n").await;

    server.shutdown.cancel();
    let rest = read_to_end(&mut events).await;
    assert_eq!(rest, "0\r\n\r\n", "the stream ends in order");
    assert_eq!(read_to_end(&mut idle).await, "");
    assert_eq!(read_to_end(&mut fresh).await, "");
    let address = server.address;
    server.stopped().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_answer_under_way_is_finished_at_shutdown() {
    let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (reached, go_on) = (reached.clone(), go_on.clone());
        move || async move {
            reached.notify_one();
            go_on.notified().await;
            "finished"
        }
    };
    let server = Running::start(
        router().route("/api/work", get(handler)),
        ServerLimits::default(),
    );
    let server = server.await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /api/work HTTP/1.1\r\nHost: node\r\n\r\n")
        .await
        .unwrap();
    timeout(PATIENCE, reached.notified()).await.unwrap();
    server.shutdown.cancel();
    go_on.notify_one();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.ends_with("finished"), "{answer}");
    server.stopped().await;
}

#[tokio::test]
async fn what_does_not_finish_in_the_grace_period_is_cut() {
    let limits = ServerLimits {
        shutdown_grace: SHORT,
        ..ServerLimits::default()
    };
    let server = Running::start(router(), limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /api/never HTTP/1.1\r\nHost: node\r\n\r\n")
        .await
        .unwrap();
    // An answer on a later connection shows that the earlier one was accepted.
    let other = b"GET /api/hello HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    server.exchange(other).await;
    server.shutdown.cancel();
    assert_eq!(read_to_end(&mut stream).await, "");
    server.stopped().await;
}
