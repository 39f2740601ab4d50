//! `Idempotency-Key`: the same request twice changes things once.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn the_same_request_twice_hires_once() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let path = "/api/marketplace/agents/invoice-clerk/hire";
    let keyed = [("idempotency-key", "hire-1")];
    let first = admin.send("POST", path, Some(json!({})), &keyed).await;
    let second = admin.send("POST", path, Some(json!({})), &keyed).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(
        admin.get("/api/ves").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let path = "/api/marketplace/agents/invoice-clerk/hire";
    let keyed = [("idempotency-key", "hire-1")];
    admin.send("POST", path, Some(json!({})), &keyed).await;
    let other = admin
        .send(
            "POST",
            path,
            Some(json!({ "persona_name": "Else" })),
            &keyed,
        )
        .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (StatusCode::CONFLICT, "idempotency_key_reused")
    );
}

#[tokio::test]
async fn a_secret_is_shown_once_even_to_a_repeated_request() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let keyed = [("idempotency-key", "key-1")];
    let body = json!({ "name": "robot" });
    let first = admin
        .send("POST", "/api/account/api-keys", Some(body.clone()), &keyed)
        .await;
    let second = admin
        .send("POST", "/api/account/api-keys", Some(body), &keyed)
        .await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(
        (second.status, second.code().as_str()),
        (StatusCode::CONFLICT, "already_done")
    );
}

#[tokio::test]
async fn a_failed_request_may_be_sent_again_with_its_key() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let keyed = [("idempotency-key", "person-1")];
    let ada = json!({ "email": "ada@first.example", "display_name": "Ada", "role": "normal" });
    for _ in 0..2 {
        let refused = admin
            .send("POST", "/api/admin/people", Some(ada.clone()), &keyed)
            .await;
        assert_eq!(refused.code(), "already_a_member");
    }
}

#[tokio::test]
async fn an_unusable_key_is_refused() {
    let test = TestApp::new().await;
    let long = "x".repeat(256);
    let keyed = [("idempotency-key", long.as_str())];
    let refused = test
        .admin()
        .send(
            "POST",
            "/api/account/api-keys",
            Some(json!({ "name": "a" })),
            &keyed,
        )
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_idempotency_key")
    );
}
