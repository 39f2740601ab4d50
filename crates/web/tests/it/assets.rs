use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    routing::get,
};
use guildhall_web::{
    assets::Assets,
    layers::{LayerOptions, stack},
    testing::{TestClient, TestResponse},
};
use rust_embed::RustEmbed;
use serde_json::Value;

#[derive(RustEmbed)]
#[folder = "tests/it/fixtures/pages/"]
struct Pages;

const CSS: &str = "/assets/app-5f2c9a1b.css";

fn client() -> TestClient {
    let assets = Assets::new::<Pages>();
    let fallback = move |request: Request| async move { assets.answer(&request) };
    let router = Router::new()
        .route("/api/things", get(|| async { "things" }))
        .fallback(fallback);
    TestClient::new(stack(router, LayerOptions::default()))
}

async fn fetch(path: &str, accept_encoding: &str) -> TestResponse {
    let value = HeaderValue::from_str(accept_encoding).unwrap();
    let client = client().with_header(header::ACCEPT_ENCODING, value);
    client.get(path).await.unwrap()
}

fn browser() -> TestClient {
    let accept = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
    client().with_header(header::ACCEPT, accept)
}

fn file(name: &str) -> Vec<u8> {
    Pages::get(name).unwrap().data.into_owned()
}

#[tokio::test]
async fn the_best_accepted_form_is_sent() {
    for (accepted, encoding, name) in [
        ("gzip, deflate, br, zstd", Some("br"), "index.html.br"),
        ("gzip, deflate", Some("gzip"), "index.html.gz"),
        ("br;q=0.5, gzip;q=0.9", Some("gzip"), "index.html.gz"),
        ("br;q=0, gzip", Some("gzip"), "index.html.gz"),
        ("*", Some("br"), "index.html.br"),
        ("BR", Some("br"), "index.html.br"),
        ("identity", None, "index.html"),
        ("deflate", None, "index.html"),
        ("br;q=0", None, "index.html"),
        ("", None, "index.html"),
    ] {
        let response = fetch("/", accepted).await;
        assert_eq!(response.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(response.body, file(name), "{accepted}");
        assert_eq!(response.header("vary"), Some("accept-encoding"));
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn a_file_without_compressed_forms_is_sent_as_it_is() {
    let response = fetch("/theme-init.js", "br, gzip").await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.body, file("theme-init.js"));
    assert_eq!(
        response.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    // An archive of its own right is not a form of another file.
    let archive = fetch("/backup.gz", "gzip").await;
    assert_eq!(archive.header("content-encoding"), None);
    assert_eq!(archive.body, file("backup.gz"));
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_the_page_is_asked_for_each_time() {
    let hashed = fetch(CSS, "br").await;
    assert_eq!(
        hashed.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(
        hashed.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let page = fetch("/", "br").await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let first = fetch("/", "br").await;
    let etag = first.headers[header::ETAG].clone();
    let client = client().with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
    let again = client
        .clone()
        .with_header(header::IF_NONE_MATCH, etag.clone());
    let again = again.get("/").await.unwrap();
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(again.headers[header::ETAG], etag);

    let other_form = fetch("/", "gzip").await;
    assert_ne!(
        other_form.headers[header::ETAG],
        etag,
        "each form has its own tag"
    );
    let stale = client.with_header(header::IF_NONE_MATCH, HeaderValue::from_static("\"old\""));
    assert_eq!(stale.get("/").await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn navigation_shows_the_application_and_nothing_else_does() {
    let page = browser().get("/team/ve_123").await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.body, file("index.html"));

    for path in [
        "/api/nowhere",
        "/api",
        "/v1/models",
        "/assets/app-00000000.css",
        "/logo.png",
    ] {
        let response = browser().get(path).await.unwrap();
        assert_eq!(response.status, StatusCode::NOT_FOUND, "{path}");
        let body: Value = response.json().unwrap();
        assert_eq!(body["error"]["code"], "not_found", "{path}");
    }
    let program = client().get("/team/ve_123").await.unwrap();
    assert_eq!(
        program.status,
        StatusCode::NOT_FOUND,
        "a program did not ask for a page"
    );
    assert_eq!(browser().get("/api/things").await.unwrap().text(), "things");
}

#[tokio::test]
async fn head_sends_the_head_and_other_methods_are_refused() {
    let client = browser();
    let get = client.get(CSS).await.unwrap();
    let head = client.send(Method::HEAD, CSS, Body::empty()).await.unwrap();
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    assert_eq!(
        head.header("content-length"),
        Some(&*get.body.len().to_string())
    );
    for name in ["etag", "content-type", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let post = client.send(Method::POST, "/", Body::empty()).await.unwrap();
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn paths_do_not_leave_the_embedded_files() {
    for path in [
        "/../Cargo.toml",
        "/assets/../../main.rs",
        "/%2e%2e/main.rs",
        "//etc/passwd",
    ] {
        let response = client().get(path).await.unwrap();
        assert_eq!(response.status, StatusCode::NOT_FOUND, "{path}");
    }
}
