use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
    routing::{get, post},
};
use guildhall_kernel::Error;
use guildhall_web::{
    HttpResult, Json, Path,
    layers::{CONTENT_SECURITY_POLICY, LayerOptions, not_found, stack},
    limits::extend_deadline,
    request_id,
    testing::TestClient,
};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::running::PATIENCE;

fn router() -> Router {
    Router::new()
        .route(
            "/api/id",
            get(|| async { Json(json!(request_id().as_str())) }),
        )
        .route(
            "/api/items/{id}",
            get(|Path(id): Path<String>| async { id }),
        )
        .route("/api/panic", get(panics))
        .route("/api/broken", get(breaks))
        .route("/api/busy", get(busy))
        .route("/api/slow", get(std::future::pending::<()>))
        .route("/api/patient", get(patient))
        .route("/page", post(|| async {}))
        .fallback(not_found)
}

async fn panics() {
    panic!("a value that is not there");
}

async fn breaks() -> HttpResult<()> {
    let cause = std::io::Error::other("sector 7 is bad");
    Err(Error::internal("reading the ledger").with_source(cause))?
}

async fn busy() -> HttpResult<()> {
    Err(Error::unavailable(
        "queue_full",
        "the queue is full; try again soon",
        3,
    ))?
}

/// Takes longer than the stack's limit and says so.
async fn patient() -> &'static str {
    extend_deadline(Duration::from_secs(600));
    tokio::time::sleep(Duration::from_secs(300)).await;
    "done"
}

fn client() -> TestClient {
    TestClient::new(stack(router(), LayerOptions::default()))
}

async fn code(client: &TestClient, method: Method, path: &str) -> (u16, String) {
    let response = client.send(method, path, Body::empty()).await.unwrap();
    let body: Value = response.json().unwrap();
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (response.status.as_u16(), code.to_owned())
}

#[tokio::test]
async fn every_answer_has_an_id_of_our_own_making() {
    let first = client().get("/api/id").await.unwrap();
    let id = first.header("x-request-id").unwrap().to_owned();
    assert!(id.starts_with("req_"));
    assert_eq!(
        first.json::<String>().unwrap(),
        id,
        "the handler sees the same id"
    );

    let name = "x-request-id".parse().unwrap();
    let forged = client().with_header(name, "req_forged".parse().unwrap());
    let second = forged.get("/api/id").await.unwrap();
    assert_ne!(second.header("x-request-id"), Some("req_forged"));
    assert_ne!(second.header("x-request-id"), Some(&*id));
}

#[tokio::test]
async fn the_security_headers_are_exactly_these() {
    let response = client().get("/elsewhere").await.unwrap();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                  img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; \
                  manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                  form-action 'self'; object-src 'none'; require-trusted-types-for 'script'; \
                  trusted-types 'none'";
    assert_eq!(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        ("content-security-policy", policy),
        ("strict-transport-security", "max-age=31536000"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    let denied = response.header("permissions-policy").unwrap();
    assert!(denied.contains("camera=()") && denied.contains("microphone=()"));
    assert_eq!(
        response
            .headers
            .get_all("content-security-policy")
            .iter()
            .count(),
        1
    );
}

#[tokio::test]
async fn only_tls_promises_tls_and_only_the_api_forbids_storing() {
    let options = LayerOptions {
        tls: false,
        ..LayerOptions::default()
    };
    let plain = TestClient::new(stack(router(), options));
    let api = plain.get("/api/id").await.unwrap();
    assert_eq!(api.header("strict-transport-security"), None);
    assert_eq!(api.header("cache-control"), Some("no-store"));
    let page = plain.get("/elsewhere").await.unwrap();
    assert_eq!(page.header("cache-control"), None);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_are_error_bodies() {
    let client = client();
    assert_eq!(
        code(&client, Method::GET, "/api/nowhere").await,
        (404, "not_found".into())
    );
    let refused = code(&client, Method::DELETE, "/api/id").await;
    assert_eq!(refused, (405, "method_not_allowed".into()));
    let response = client
        .send(Method::DELETE, "/api/id", Body::empty())
        .await
        .unwrap();
    assert_eq!(response.header("allow"), Some("GET,HEAD"));
    assert!(response.header("content-security-policy").is_some());
}

#[tokio::test]
async fn a_panic_is_500_and_the_next_request_works() {
    let client = client();
    let answer = code(&client, Method::GET, "/api/panic").await;
    assert_eq!(answer, (500, "internal".into()));
    let text = client.get("/api/panic").await.unwrap().text();
    assert!(!text.contains("a value that is not there"), "{text}");
    assert_eq!(client.get("/api/id").await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_busy_answer_says_when_to_come_back() {
    let response = client().get("/api/busy").await.unwrap();
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.header("retry-after"), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_has_thirty_seconds_unless_it_asks_for_more() {
    let client = client();
    let began = tokio::time::Instant::now();
    let answer = code(&client, Method::GET, "/api/slow").await;
    assert_eq!(answer, (503, "request_timed_out".into()));
    assert_eq!(began.elapsed().as_secs(), 30);

    let patient = client.get("/api/patient").await.unwrap();
    assert_eq!(patient.text(), "done");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Runs `work` and gives its log events.
    async fn of(work: impl Future<Output = ()>) -> Vec<Value> {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(log.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        log.warm_up().await;
        work.await;
        drop(guard);
        log.take()
    }

    /// Comes back when the events looked for reach this log. tracing remembers for each place in
    /// the code whether anybody listens, and a place first met by another thread while this log
    /// was being set up may have it wrong until the next look.
    async fn warm_up(&self) {
        let began = Instant::now();
        loop {
            tracing::callsite::rebuild_interest_cache();
            client().get("/api/broken").await.unwrap();
            let seen = self.take();
            let seen = |level: &str| seen.iter().any(|event| event["level"] == level);
            if seen("ERROR") && seen("INFO") {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the log stays silent");
            tokio::task::yield_now().await;
        }
    }

    fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = String::from_utf8(bytes).unwrap();
        let events = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        events.collect()
    }
}

#[tokio::test]
async fn the_log_has_one_event_per_request_and_no_query() {
    let events = Log::of(async {
        client().get("/api/items/42?token=secret").await.unwrap();
    })
    .await;
    let [event] = events.as_slice() else {
        panic!("not one event: {events:?}");
    };
    assert_eq!(event["fields"]["http.status"], 200);
    assert_eq!(event["span"]["http.method"], "GET");
    assert_eq!(event["span"]["http.path"], "/api/items/{id}");
    assert!(
        event["span"]["request.id"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
    let text = event.to_string();
    assert!(
        !text.contains("secret") && !text.contains("items/42"),
        "{text}"
    );
}

#[tokio::test]
async fn an_internal_error_is_logged_once_with_its_causes_and_told_to_nobody() {
    let mut id = String::new();
    let events = Log::of(async {
        let response = client().get("/api/broken").await.unwrap();
        assert!(!response.text().contains("ledger"));
        id = response.header("x-request-id").unwrap().to_owned();
    })
    .await;
    let errors: Vec<&Value> = events
        .iter()
        .filter(|event| event["level"] == "ERROR")
        .collect();
    let [error] = errors.as_slice() else {
        panic!("not one error: {events:?}");
    };
    assert_eq!(
        error["fields"]["error"],
        "internal: reading the ledger: sector 7 is bad"
    );
    assert_eq!(error["fields"]["request.id"], json!(id));
}

#[test]
fn requests_are_counted_by_route_and_never_by_address() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let client = client();
            for path in ["/api/items/1", "/api/items/2", "/made/up/1", "/made/up/2"] {
                client.get(path).await.unwrap();
            }
        });
    });
    let text = handle.render();
    for line in [
        r#"http_requests_total{method="GET",path="/api/items/{id}",status="200"} 2"#,
        r#"http_requests_total{method="GET",path="(none)",status="404"} 2"#,
        r#"http_request_duration_seconds_count{method="GET",path="/api/items/{id}"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("made"), "{text}");
}
