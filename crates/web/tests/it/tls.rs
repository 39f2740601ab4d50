use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Version, routing::get};
use futures::{StreamExt, stream};
use guildhall_kernel::FixedClock;
use guildhall_web::{server::ServerLimits, tls::Identity};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::running::{PATIENCE, Running};

const DAY: i64 = 24 * 60 * 60;

/// Now, for certificates that a real client checks against the real time.
fn present() -> FixedClock {
    use guildhall_kernel::Clock;
    FixedClock::at_millis(guildhall_kernel::SystemClock.now().as_millis())
}

fn client(
    trusted: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    TlsConnector::from(Arc::new(config))
}

/// Begins to answer at once and ends when told to.
async fn long(go_on: Arc<Notify>) -> Body {
    let end = async move {
        go_on.notified().await;
        Ok::<_, std::io::Error>("done")
    };
    Body::from_stream(stream::iter([Ok("begun, ")]).chain(stream::once(end)))
}

struct Secure {
    running: Running,
    certificate: CertificateDer<'static>,
    go_on: Arc<Notify>,
}

impl Secure {
    async fn start() -> Self {
        Self::start_with(ServerLimits::default()).await
    }

    async fn start_with(limits: ServerLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity::self_made(directory.path(), &[], &present()).unwrap();
        let config = identity.server_config().unwrap();
        let go_on = Arc::new(Notify::new());
        let held = go_on.clone();
        let router = Router::new()
            .route("/api/hello", get(|| async { "hello" }))
            .route("/api/long", get(move || long(held.clone())));
        Self {
            running: Running::start_with(router, limits, Some(config)).await,
            certificate: identity.chain()[0].clone(),
            go_on,
        }
    }

    async fn connect(
        &self,
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = self.running.connect().await;
        let connector = client(&self.certificate, versions, protocols);
        connector.connect(name, stream).await
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_gets_tls_1_3_under_each_local_name() {
    let server = Secure::start().await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let stream = server.connect(name, &[&TLS13], &[]).await.unwrap();
        let version = stream.get_ref().1.protocol_version();
        assert_eq!(version, Some(rustls::ProtocolVersion::TLSv1_3));
    }
    server
        .connect("elsewhere.example", &[&TLS13], &[])
        .await
        .unwrap_err();
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let server = Secure::start().await;
    let error = server
        .connect("localhost", &[&TLS12], &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
}

#[tokio::test]
async fn http_2_is_negotiated_and_answers() {
    let server = Secure::start().await;
    let stream = server
        .connect("localhost", &[&TLS13], &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("https://localhost/api/hello").body(Empty::<Bytes>::new());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    assert!(response.headers().contains_key("strict-transport-security"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "hello");

    drop(sender);
    server.running.shutdown.cancel();
    server.running.stopped().await;
}

const SHORT: Duration = Duration::from_millis(100);

async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    // Closing without a TLS farewell is an error to the client, and closed all the same.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the server closes");
}

#[tokio::test]
async fn a_client_that_never_shakes_hands_is_cut_off() {
    let limits = ServerLimits {
        handshake_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = Secure::start_with(limits).await;
    is_closed(&mut server.running.connect().await).await;
    let mut half_way = server.running.connect().await;
    half_way.write_all(&[22, 3, 1]).await.unwrap();
    is_closed(&mut half_way).await;
}

#[tokio::test]
async fn an_http_2_client_that_asks_nothing_is_cut_off() {
    let limits = ServerLimits {
        header_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = Secure::start_with(limits).await;
    let mut stream = server
        .connect("localhost", &[&TLS13], &["h2"])
        .await
        .unwrap();
    is_closed(&mut stream).await;
}

#[tokio::test]
async fn an_idle_http_2_connection_is_closed_and_a_busy_one_is_not() {
    let limits = ServerLimits {
        idle_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = Secure::start_with(limits).await;
    let stream = server
        .connect("localhost", &[&TLS13], &["h2"])
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let mut request = async |path: &str| {
        let request = hyper::Request::get(format!("https://localhost{path}"));
        sender
            .send_request(request.body(Empty::<Bytes>::new()).unwrap())
            .await
            .unwrap()
    };
    let mut long = request("/api/long").await.into_body();
    long.frame().await.unwrap().unwrap();
    let early = timeout(5 * SHORT, long.frame()).await;
    assert!(
        early.is_err(),
        "a connection with an answer under way stays"
    );
    server.go_on.notify_one();
    let rest = timeout(PATIENCE, long.collect())
        .await
        .unwrap()
        .unwrap()
        .to_bytes();
    assert_eq!(rest, "done");
    let closed = timeout(PATIENCE, connection).await;
    closed.expect("the idle connection is closed").unwrap().ok();
}

#[tokio::test]
async fn http_1_1_is_there_for_who_asks() {
    let server = Secure::start().await;
    let stream = server
        .connect("localhost", &[&TLS13], &["http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("/api/hello").header("host", "localhost");
    let response = sender
        .send_request(request.body(Empty::<Bytes>::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn plain_http_is_sent_to_https() {
    let server = Secure::start().await;
    let address = server.running.address;
    let request = format!("GET /team?x=1 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = server.running.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(
        answer.contains(&format!("location: https://{address}/team?x=1\r\n")),
        "{answer}"
    );
}

#[test]
fn the_certificate_is_made_once_and_only_its_owner_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tls");
    let clock = FixedClock::at_millis(1_763_636_568_000);
    let made = Identity::self_made(&path, &[], &clock).unwrap();
    let again = Identity::self_made(&path, &[], &clock).unwrap();
    assert_eq!(made.fingerprint(), again.fingerprint());
    assert_eq!(made.fingerprint().len(), 32 * 3 - 1);
    for name in ["cert.pem", "key.pem"] {
        let mode = fs::metadata(path.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let names: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn it_is_renewed_in_its_last_thirty_days_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let clock = FixedClock::at_millis(1_763_636_568_000);
    let fingerprint = || {
        Identity::self_made(directory.path(), &[], &clock)
            .unwrap()
            .fingerprint()
    };
    let first = fingerprint();
    clock.advance_seconds(793 * DAY);
    assert_eq!(fingerprint(), first, "31 days left");
    clock.advance_seconds(2 * DAY);
    let second = fingerprint();
    assert_ne!(second, first, "29 days left");
    clock.advance_seconds(-795 * DAY);
    assert_ne!(fingerprint(), second, "not valid yet by this clock");
}

#[test]
fn a_new_name_makes_a_new_certificate_and_fewer_names_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let clock = FixedClock::at_millis(1_763_636_568_000);
    let fingerprint = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Identity::self_made(directory.path(), &names, &clock)
            .unwrap()
            .fingerprint()
    };
    let plain = fingerprint(&[]);
    let named = fingerprint(&["node.example", "192.0.2.7", "not a name"]);
    assert_ne!(named, plain);
    assert_eq!(fingerprint(&["192.0.2.7"]), named);
    assert_eq!(fingerprint(&[]), named);
}

#[test]
fn damaged_or_mismatched_files_of_our_own_are_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let clock = FixedClock::at_millis(1_763_636_568_000);
    let make = || {
        Identity::self_made(directory.path(), &[], &clock)
            .unwrap()
            .fingerprint()
    };
    let first = make();
    fs::write(directory.path().join("cert.pem"), "half a fi").unwrap();
    let second = make();
    assert_ne!(first, second);
    Identity::self_made(other.path(), &[], &clock).unwrap();
    fs::copy(
        other.path().join("key.pem"),
        directory.path().join("key.pem"),
    )
    .unwrap();
    assert_ne!(make(), second);
}

#[test]
fn the_operators_files_are_taken_or_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let clock = FixedClock::at_millis(1_763_636_568_000);
    let made = Identity::self_made(directory.path(), &[], &clock).unwrap();
    Identity::self_made(other.path(), &[], &clock).unwrap();
    let (certificate, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    let taken = Identity::from_pem_files(&certificate, &key).unwrap();
    assert_eq!(taken.fingerprint(), made.fingerprint());

    let refuse = |certificate: &std::path::Path, key: &std::path::Path| {
        let error = Identity::from_pem_files(certificate, key).err().unwrap();
        (error.code(), error.message().to_owned())
    };
    let (code, _) = refuse(&certificate, &other.path().join("key.pem"));
    assert_eq!(code, "tls_key_mismatch");
    let (code, message) = refuse(&directory.path().join("absent.pem"), &key);
    assert_eq!(code, "tls_certificate_unreadable");
    assert!(message.contains("absent.pem"), "{message}");
    let (code, _) = refuse(&key, &key);
    assert_eq!(code, "tls_certificate_unreadable");
    let (code, _) = refuse(&certificate, &certificate);
    assert_eq!(code, "tls_key_unreadable");
}
