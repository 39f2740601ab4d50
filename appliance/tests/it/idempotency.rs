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

#[tokio::test]
async fn changes_around_models_happen_once() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let provider = json!({
        "kind": "openai", "base_url": "https://api.example.com/v1",
        "credentials": { "kind": "api_key", "api_key": "sk-test-1" },
        "models": [{ "name": "m-1" }],
    });
    let twice = async |method: &str, path: &str, body: Option<serde_json::Value>| {
        let key = format!("{method} {path}");
        let keyed = [("idempotency-key", key.as_str())];
        let first = admin.send(method, path, body.clone(), &keyed).await;
        assert!(first.status.is_success(), "{key}: {}", first.text);
        let audited = test.audit_count().await;
        let second = admin.send(method, path, body, &keyed).await;
        assert_eq!(second.status, first.status, "{key}: {}", second.text);
        assert_eq!(second.json()["id"], first.json()["id"], "{key}");
        assert_eq!(test.audit_count().await, audited, "{key} was done twice");
        first.json()
    };
    let entered = twice("POST", "/api/admin/providers", Some(provider)).await;
    let provider = format!("/api/admin/providers/{}", entered["id"].as_str().unwrap());
    twice("PATCH", &provider, Some(json!({ "title": "Another" }))).await;
    let models =
        json!({ "models": [{ "name": "m-2", "price": { "input": 1, "cached": 1, "output": 2 } }] });
    twice("PUT", &format!("{provider}/models"), Some(models)).await;
    twice(
        "PUT",
        "/api/admin/fallbacks/smart",
        Some(json!({ "steps": ["starter"] })),
    )
    .await;
    twice("DELETE", "/api/admin/fallbacks/smart", None).await;
    let rule = json!({ "applies_to": { "kind": "organisation" }, "keep_within": "node" });
    let rule = twice("POST", "/api/admin/residency", Some(rule)).await;
    let rule = format!("/api/admin/residency/{}", rule["id"].as_str().unwrap());
    twice("DELETE", &rule, None).await;
    twice("DELETE", &provider, None).await;

    let session = admin.get("/api/session").await.json();
    let person = session["person"]["id"].as_str().unwrap();
    let limit = format!("/api/admin/quotas/person/{person}");
    twice("PUT", &limit, Some(json!({ "tokens_per_day": 1000 }))).await;
    twice("DELETE", &limit, None).await;

    let listed = admin.get("/api/admin/models").await.json();
    let starter = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == "starter");
    let starter = format!(
        "/api/admin/models/{}",
        starter.unwrap()["id"].as_str().unwrap()
    );
    twice("PATCH", &starter, Some(json!({ "title": "First" }))).await;
    twice(
        "PUT",
        "/api/admin/models/aliases/quick",
        Some(json!({ "model": "starter" })),
    )
    .await;
    let upload = json!({ "file_name": "a.gguf", "size_bytes": 4096 });
    let upload = twice("POST", "/api/admin/models/uploads", Some(upload)).await;
    let upload = format!(
        "/api/admin/models/uploads/{}",
        upload["id"].as_str().unwrap()
    );
    twice("DELETE", &upload, None).await;
}

#[tokio::test]
async fn a_repeated_limit_does_not_undo_a_later_one() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let session = admin.get("/api/session").await.json();
    let limit = format!(
        "/api/admin/quotas/person/{}",
        session["person"]["id"].as_str().unwrap()
    );
    let keyed = [("idempotency-key", "limit-1")];
    let first = json!({ "tokens_per_day": 1000 });
    admin.send("PUT", &limit, Some(first.clone()), &keyed).await;
    admin
        .send("PUT", &limit, Some(json!({ "tokens_per_day": 2000 })), &[])
        .await;
    let repeated = admin.send("PUT", &limit, Some(first), &keyed).await;
    assert_eq!(repeated.json()["tokens_per_day"], 2000, "{}", repeated.text);
}
