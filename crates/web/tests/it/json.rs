use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, header},
    routing::{get, post},
};
use futures::StreamExt;
use guildhall_web::{
    HttpError, Json, Path, Query,
    json::parse,
    layers::{LayerOptions, not_found, stack},
    limits::body_limit,
    testing::{TestClient, TestResponse},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    customer: String,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    quantity: u32,
    article_number: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Search {
    text: Option<String>,
    limit: Option<u32>,
}

fn client() -> TestClient {
    let router = Router::new()
        .route(
            "/api/orders",
            post(|Json(order): Json<Order>| async { Json(order) }),
        )
        .route(
            "/api/optional",
            post(|order: Option<Json<Order>>| async move { Json(json!(order.is_some())) }),
        )
        .route(
            "/api/small",
            post(|Json(value): Json<Value>| async { Json(value) }).layer(body_limit(10)),
        )
        .route(
            "/api/large",
            post(|Json(value): Json<Value>| async { Json(value) }).layer(body_limit(4096)),
        )
        .route(
            "/api/search",
            get(|Query(search): Query<Search>| async { Json(search) }),
        )
        .route(
            "/api/items/{id}",
            get(|Path(id): Path<u32>| async move { Json(id) }),
        )
        .fallback(not_found);
    let options = LayerOptions {
        body_bytes_max: 1024,
        ..LayerOptions::default()
    };
    TestClient::new(stack(router, options))
}

async fn send(path: &str, body: impl Into<Body>) -> TestResponse {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    let client = client().with_header(header::CONTENT_TYPE, json);
    client.send(Method::POST, path, body.into()).await.unwrap()
}

/// Status, code, path of the first refused field, message.
fn refusal(response: &TestResponse) -> (u16, String, String, String) {
    let body: Value = response.json().unwrap();
    let error = &body["error"];
    assert_eq!(
        error["request_id"].as_str(),
        response.header("x-request-id"),
        "the body names the request"
    );
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        response.status.as_u16(),
        text(&error["code"]),
        text(&error["details"]["fields"][0]["field"]),
        text(&error["message"]),
    )
}

#[tokio::test]
async fn a_good_body_comes_through_and_goes_out() {
    let order = json!({"customer": "Ada", "lines": [{"quantity": 2, "article_number": "A-1"}]});
    let response = send("/api/orders", order.to_string()).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json::<Value>().unwrap(), order);
    assert_eq!(response.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_unknown_field_is_named_with_its_path_and_a_suggestion() {
    let body = json!({"customer": "Ada", "lines": [{"quantity": 1, "article_nubmer": "A-1"}]});
    let (status, code, field, message) = refusal(&send("/api/orders", body.to_string()).await);
    assert_eq!((status, code.as_str()), (400, "unknown_field"));
    assert_eq!(field, "lines[0].article_nubmer");
    assert_eq!(
        message,
        "`lines[0].article_nubmer` is not a field of this request; did you mean `article_number`?"
    );
}

#[tokio::test]
async fn an_unknown_field_like_no_other_lists_what_there_is() {
    let (_, _, field, message) = refusal(&send("/api/orders", r#"{"colour":"red"}"#).await);
    assert_eq!(field, "colour");
    assert_eq!(
        message,
        "`colour` is not a field of this request; it takes `customer` or `lines`"
    );
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let response = send(
        "/api/orders",
        r#"{"customer":"Ada","lines":[{"quantity":1}]}"#,
    )
    .await;
    let (status, code, field, message) = refusal(&response);
    assert_eq!((status, code.as_str()), (400, "missing_field"));
    assert_eq!(field, "lines[0].article_number");
    assert_eq!(message, "`lines[0].article_number` is missing");
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let body = r#"{"customer":"Ada","lines":[{"quantity":"two","article_number":"A-1"}]}"#;
    let (status, code, field, message) = refusal(&send("/api/orders", body).await);
    assert_eq!((status, code.as_str()), (400, "invalid_field"));
    assert_eq!(field, "lines[0].quantity");
    assert_eq!(
        message,
        "`lines[0].quantity` is not as it should be: invalid type: string \"two\", expected u32"
    );
}

#[tokio::test]
async fn what_is_not_json_is_refused_with_the_position() {
    for (body, position) in [
        ("{\"customer\":\n  \"Ada\",,}", "line 2 column 9"),
        ("", "line 1 column 0"),
        ("{\"customer\":\"Ada\"} {}", "line 1 column 20"),
    ] {
        let (status, code, _, message) = refusal(&send("/api/orders", body).await);
        assert_eq!((status, code.as_str()), (400, "malformed_json"), "{body}");
        assert!(message.ends_with(position), "{message}");
    }
}

#[tokio::test]
async fn another_content_type_is_415() {
    for value in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
    ] {
        let other = HeaderValue::from_str(value).unwrap();
        let client = client().with_header(header::CONTENT_TYPE, other);
        let response = client
            .send(Method::POST, "/api/orders", "{}".into())
            .await
            .unwrap();
        let (status, code, ..) = refusal(&response);
        assert_eq!((status, code.as_str()), (415, "unsupported_media_type"));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_names_the_limit() {
    let large = format!("\"{}\"", "x".repeat(2000));
    let (status, code, _, message) = refusal(&send("/api/orders", large.clone()).await);
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
    assert!(message.contains("1024 bytes"), "{message}");

    // A route may have a limit of its own, smaller or larger.
    let (status, _, _, message) = refusal(&send("/api/small", "\"0123456789\"").await);
    assert_eq!(status, 413);
    assert!(message.contains("10 bytes"), "{message}");
    assert_eq!(send("/api/large", large.clone()).await.status, 200);

    // Without a content length the limit counts what comes.
    let chunks =
        futures::stream::iter(large.into_bytes()).map(|byte| Ok::<_, std::io::Error>(vec![byte]));
    let (status, code, ..) = refusal(&send("/api/orders", Body::from_stream(chunks)).await);
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn an_optional_body_may_be_absent_but_not_wrong() {
    let client = client();
    let send_bare = async |body: &'static str| {
        client
            .send(Method::POST, "/api/optional", body.into())
            .await
            .unwrap()
    };
    assert_eq!(send_bare("").await.text(), "false");
    assert_eq!(send_bare("{}").await.status, 415);
    assert_eq!(send("/api/optional", "").await.text(), "false");
    assert_eq!(
        send("/api/optional", r#"{"customer":"Ada"}"#).await.text(),
        "true"
    );
    assert_eq!(send("/api/optional", "{").await.status, 400);
}

#[tokio::test]
async fn query_parameters_are_read_and_refused_like_fields() {
    let client = client();
    let good = client.get("/api/search?text=a%20b&limit=3").await.unwrap();
    assert_eq!(
        good.json::<Value>().unwrap(),
        json!({"text": "a b", "limit": 3})
    );

    let (status, code, field, message) = refusal(&client.get("/api/search?limt=3").await.unwrap());
    assert_eq!((status, code.as_str()), (400, "unknown_field"));
    assert_eq!(field, "limt");
    assert!(message.ends_with("did you mean `limit`?"), "{message}");

    let (_, code, field, _) = refusal(&client.get("/api/search?limit=many").await.unwrap());
    assert_eq!((code.as_str(), field.as_str()), ("invalid_field", "limit"));
}

#[tokio::test]
async fn a_path_parameter_that_does_not_read_is_404() {
    let client = client();
    assert_eq!(client.get("/api/items/7").await.unwrap().text(), "7");
    let (status, code, ..) = refusal(&client.get("/api/items/seven").await.unwrap());
    assert_eq!((status, code.as_str()), (404, "not_found"));
    let (status, ..) = refusal(&client.get("/api/items/%ff").await.unwrap());
    assert_eq!(status, 404);
}

#[test]
fn anything_that_becomes_a_kernel_error_becomes_an_http_error() {
    fn reading() -> Result<(), HttpError> {
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull))?
    }
    assert_eq!(reading().unwrap_err().0.code(), "disk_full");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse::<Order>(&bytes) {
            prop_assert_eq!(error.status(), 400);
        }
    }

    #[test]
    fn any_unknown_name_is_named(name in "[^\"\\\\\\p{C}]{1,30}") {
        prop_assume!(name != "customer" && name != "lines");
        let error = parse::<Order>(json!({ name: 1 }).to_string().as_bytes()).unwrap_err();
        prop_assert_eq!(error.code(), "unknown_field");
    }
}

#[test]
fn objects_are_read_from_objects_and_whole_numbers_from_whole_numbers() {
    let line = |text: &str| parse::<Line>(text.as_bytes());
    assert_eq!(
        line(r#"{"quantity": 3.0, "article_number": "a"}"#)
            .unwrap()
            .quantity,
        3
    );
    assert_eq!(
        line(r#"{"quantity": 3e2, "article_number": "a"}"#)
            .unwrap()
            .quantity,
        300
    );
    for refused in [
        r#"[3, "a"]"#,
        r#"{"quantity": 3.5, "article_number": "a"}"#,
        r#"{"quantity": -3.0, "article_number": "a"}"#,
        r#"{"quantity": 1e30, "article_number": "a"}"#,
    ] {
        assert_eq!(
            line(refused).unwrap_err().code(),
            "invalid_field",
            "{refused}"
        );
    }
    let nested = parse::<Order>(br#"{"customer": "c", "lines": [[3, "a"]]}"#).unwrap_err();
    assert!(
        nested
            .message()
            .starts_with("`lines[0]` is not as it should be"),
        "{}",
        nested.message()
    );
    let order = parse::<Order>(
        br#"{"customer": "c", "lines": [{"quantity": 1.0, "article_number": "a"}]}"#,
    );
    assert_eq!(order.unwrap().lines.len(), 1);
}
