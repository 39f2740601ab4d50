//! Devices without a browser.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Browser, Client, enter, form, public_client, refusal, status, token, with};
use crate::harness::{Answer, TestApp};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(test: &TestApp, client: &Client) -> Value {
    let started = form(
        test,
        client,
        "/oauth/device_authorization",
        &[("scope", "chat")],
    )
    .await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text);
    started.json()
}

async fn poll(test: &TestApp, client: &Client, started: &Value) -> Answer {
    let code = started["device_code"].as_str().unwrap();
    token(
        test,
        client,
        &[("grant_type", GRANT), ("device_code", code)],
    )
    .await
}

fn typed(started: &Value) -> Value {
    // As people type it.
    json!({ "user_code": started["user_code"].as_str().unwrap().to_lowercase().replace('-', " ") })
}

#[tokio::test]
async fn a_person_lets_a_device_in() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let started = start(&test, &client).await;
    assert_eq!(
        (&started["interval"], &started["expires_in"]),
        (&json!(5), &json!(600))
    );
    assert_eq!(
        started["verification_uri"],
        format!("{}/device", test.app.origin)
    );
    let shown = started["user_code"].as_str().unwrap();
    assert!(
        shown.len() == 9 && !shown.contains(['A', 'E', 'I', 'O', 'U', '0', '1']),
        "{shown}"
    );

    assert_eq!(
        refusal(&poll(&test, &client, &started).await),
        "authorization_pending"
    );
    let asked = browser
        .post("/api/oauth/device/check", typed(&started))
        .await
        .json();
    assert_eq!(asked["client"]["name"], "Notebook");
    assert_eq!(asked["scopes"][0]["name"], "chat");
    let decision = with(typed(&started), "allow", true);
    let decided = browser
        .post("/api/oauth/device/decide", decision.clone())
        .await;
    assert_eq!(decided.status, StatusCode::NO_CONTENT, "{}", decided.text);
    assert_eq!(
        browser
            .post("/api/oauth/device/decide", decision)
            .await
            .code(),
        "unknown_user_code"
    );

    test.clock.advance_seconds(5);
    let given = poll(&test, &client, &started).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    let given = given.json();
    assert!(given["refresh_token"].is_string());
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(status(&test, access, "/api/ves").await, StatusCode::OK);
    test.clock.advance_seconds(5);
    assert_eq!(
        refusal(&poll(&test, &client, &started).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_slowed_down() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let started = start(&test, &client).await;
    let answers = [
        (0, "authorization_pending"),
        (4, "slow_down"),
        // Ten seconds now.
        (6, "slow_down"),
        (15, "authorization_pending"),
        (15, "authorization_pending"),
        (600, "expired_token"),
    ];
    for (seconds, expected) in answers {
        test.clock.advance_seconds(seconds);
        let answer = poll(&test, &client, &started).await;
        assert_eq!(
            (answer.status, &*refusal(&answer)),
            (StatusCode::BAD_REQUEST, expected)
        );
    }
}

#[tokio::test]
async fn a_person_refuses_a_device() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let started = start(&test, &client).await;
    let refused = with(typed(&started), "allow", false);
    let refused = browser.post("/api/oauth/device/decide", refused).await;
    assert_eq!(refused.status, StatusCode::NO_CONTENT);
    assert_eq!(
        refusal(&poll(&test, &client, &started).await),
        "access_denied"
    );
    assert_eq!(
        refusal(&poll(&test, &client, &started).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn codes_belong_to_one_application_and_one_organisation_and_are_not_guessed() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let other = enter(&test, public_client()).await;
    let started = start(&test, &client).await;
    assert_eq!(
        refusal(&poll(&test, &other, &started).await),
        "invalid_grant"
    );

    let stranger = test.stranger().await;
    let sten = Browser::member(&test, &stranger, "sten@second.example").await;
    let elsewhere = sten.post("/api/oauth/device/check", typed(&started)).await;
    assert_eq!(elsewhere.code(), "unknown_user_code");
    let by_key = test
        .admin()
        .post("/api/oauth/device/check", typed(&started))
        .await;
    assert_eq!(by_key.code(), "not_a_session");

    let browser = Browser::admin(&test).await;
    let guess = || json!({ "user_code": "BBBB-BBBB" });
    for _ in 0..5 {
        let wrong = browser.post("/api/oauth/device/check", guess()).await;
        assert_eq!(wrong.code(), "unknown_user_code");
    }
    let slowed = browser
        .post("/api/oauth/device/check", typed(&started))
        .await;
    assert_eq!(slowed.code(), "too_many_attempts");
    test.clock.advance_seconds(2);
    let waited = browser
        .post("/api/oauth/device/check", typed(&started))
        .await;
    assert_eq!(waited.status, StatusCode::OK, "{}", waited.text);
}

#[tokio::test]
async fn an_application_that_is_not_for_devices_gets_no_code() {
    let test = TestApp::new().await;
    let entered = with(public_client(), "grants", json!(["authorization_code"]));
    let client = enter(&test, entered).await;
    let refused = form(&test, &client, "/oauth/device_authorization", &[]).await;
    assert_eq!(refusal(&refused), "unauthorized_client");
    let refused = token(
        &test,
        &client,
        &[("grant_type", GRANT), ("device_code", "x")],
    )
    .await;
    assert_eq!(refusal(&refused), "unauthorized_client");
}
