//! Applications as administrators enter them, and grants as people see them.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use super::{Browser, enter, public_client, refresh, refusal, status, tokens, with};
use crate::harness::TestApp;

#[tokio::test]
async fn an_application_is_entered_changed_and_removed() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let made = admin
        .post("/api/admin/oauth-clients", public_client())
        .await
        .json();
    assert_eq!(made["secret"], Value::Null);
    let id = made["client"]["id"].as_str().unwrap();
    let path = format!("/api/admin/oauth-clients/{id}");
    let no_secret = admin
        .send("POST", &format!("{path}/secret"), None, &[])
        .await;
    assert_eq!(no_secret.code(), "public_client");

    let change = json!({ "name": "Other", "kind": "confidential" });
    let changed = admin.send("PATCH", &path, Some(change), &[]).await.json();
    assert_eq!(
        (&changed["name"], &changed["has_secret"]),
        (&json!("Other"), &json!(false))
    );
    let renewed = admin
        .send("POST", &format!("{path}/secret"), None, &[])
        .await;
    assert_eq!(renewed.status, StatusCode::OK);
    let listed = admin.get("/api/admin/oauth-clients").await;
    let secret = renewed.json()["secret"].as_str().unwrap().to_owned();
    assert!(!listed.text.contains(&secret));
    assert_eq!(listed.json()["items"][0]["has_secret"], true);

    assert_eq!(
        admin.send("DELETE", &path, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        admin.send("DELETE", &path, None, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_cannot_work_or_would_be_unsafe_is_not_entered() {
    let test = TestApp::new().await;
    for (field, value, code) in [
        ("name", json!(" "), "invalid_name"),
        // A list is measured as it was sent.
        (
            "grants",
            json!(["device", "device", "device", "device"]),
            "invalid_grants",
        ),
        ("scopes", json!(vec!["chat"; 51]), "invalid_scopes"),
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        (
            "redirect_uris",
            json!(["http://app.example/"]),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uris",
            json!(["javascript:alert(1)"]),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uris",
            json!(["https://app.example/*"]),
            "invalid_redirect_uri",
        ),
        ("grants", json!([]), "invalid_grants"),
        ("grants", json!(["implicit"]), "invalid_field"),
        ("grants", json!(["client_credentials"]), "invalid_kind"),
        ("scopes", json!([]), "invalid_scopes"),
        ("scopes", json!(["everything"]), "unknown_scope"),
        ("scopes", json!(["account.manage"]), "unknown_scope"),
        ("service_account", json!("x"), "invalid_service_account"),
    ] {
        let body = with(public_client(), field, value);
        let refused = test
            .admin()
            .post("/api/admin/oauth-clients", body.clone())
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(refused.text.contains(code), "{body}: {}", refused.text);
    }
    let foreign = json!({
        "name": "X", "kind": "confidential", "grants": ["client_credentials"], "scopes": ["read"],
        "service_account": "x",
    });
    let refused = test.admin().post("/api/admin/oauth-clients", foreign).await;
    assert_eq!(refused.code(), "invalid_service_account");
}

#[tokio::test]
async fn an_application_belongs_to_its_organisation() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let stranger = test.stranger().await;
    let path = format!("/api/admin/oauth-clients/{}", client.id);
    assert_eq!(
        stranger.get("/api/admin/oauth-clients").await.json()["items"],
        json!([])
    );
    for (method, path) in [
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/secret")),
    ] {
        let body = (method == "PATCH").then(|| json!({ "name": "Mine" }));
        let answer = stranger.send(method, &path, body, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let staff = test.role(Role::Staff).get("/api/admin/oauth-clients").await;
    assert_eq!(staff.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn people_see_and_end_what_they_agreed_to() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let (access, refresh_token) = tokens(&test, &browser, &client).await;
    let mine = browser
        .send("GET", "/api/account/grants", None)
        .await
        .json();
    assert_eq!(
        mine["items"][0]["client"],
        json!({ "id": client.id, "name": "Notebook" })
    );
    assert_eq!(mine["items"][0]["scopes"], json!(["chat"]));
    let path = format!(
        "/api/account/grants/{}",
        mine["items"][0]["id"].as_str().unwrap()
    );

    let colleague = test.role(Role::Staff);
    assert_eq!(
        colleague.get("/api/account/grants").await.json()["items"],
        json!([])
    );
    let foreign = colleague.send("DELETE", &path, None, &[]).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(status(&test, &access, "/api/ves").await, StatusCode::OK);

    let ended = browser.send("DELETE", &path, None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    assert_eq!(
        status(&test, &access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        refusal(&refresh(&test, &client, &refresh_token).await),
        "invalid_grant"
    );
    let none = browser
        .send("GET", "/api/account/grants", None)
        .await
        .json();
    assert_eq!(none["items"], json!([]));
}
