//! The node's rules on passwords, second factors and sessions, and lock-out.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Browser, ada, id_of, listed, log_in, member, set_totp_up};
use crate::harness::{PASSWORD, TestApp};

const ADA: &str = "ada@first.example";

/// Changes one of the node's rules.
async fn rule(test: &TestApp, name: &str, value: Value) {
    let mut settings = test.admin().get("/api/admin/security").await.json();
    settings[name] = value;
    let changed = test
        .admin()
        .send("PUT", "/api/admin/security", Some(settings), &[])
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
}

#[tokio::test]
async fn administrators_set_a_second_factor_up_before_anything_else() {
    let test = TestApp::new().await;
    let nell = member(&test, "nell@first.example", "normal").await;
    let browser = ada(&test).await;
    assert_eq!(browser.get("/api/ves").await.status, StatusCode::OK);
    rule(&test, "second_factor", json!("administrators")).await;

    let refused = browser.get("/api/ves").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::FORBIDDEN, "second_factor_setup_required")
    );
    let key = browser
        .post("/api/account/api-keys", json!({ "name": "around" }))
        .await;
    assert_eq!(
        key.code(),
        "second_factor_setup_required",
        "a key would outlive the demand"
    );
    let session = browser.get("/api/session").await.json();
    assert_eq!(session["must_set_up_second_factor"], true);
    assert!(
        !session["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("team.read"))
    );
    assert_eq!(
        nell.get("/api/ves").await.status,
        StatusCode::OK,
        "no administrator"
    );

    set_totp_up(&test, &browser).await;
    assert_eq!(browser.get("/api/ves").await.status, StatusCode::OK);
    let session = browser.get("/api/session").await.json();
    assert_eq!(session["must_set_up_second_factor"], false);
    let security = browser.get("/api/account/security").await.json();
    assert_eq!(security["second_factor_required"], true);
    let kept = browser
        .post("/api/account/totp/remove", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(kept.code(), "last_factor");

    rule(&test, "second_factor", json!("everyone")).await;
    assert_eq!(
        nell.get("/api/ves").await.code(),
        "second_factor_setup_required"
    );
}

#[tokio::test]
async fn the_length_of_passwords_is_the_nodes_to_say() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    rule(&test, "password_length_min", json!(30)).await;
    let change = |new: &str| json!({ "current_password": PASSWORD, "new_password": new });
    let short = browser
        .post("/api/account/password", change("a phrase of my own"))
        .await;
    assert_eq!(short.code(), "weak_password");
    assert!(
        short.text.contains("at least 30 characters"),
        "{}",
        short.text
    );
    let long = change("a phrase of my own that is long enough");
    let changed = browser.post("/api/account/password", long).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);

    let mut settings = test.admin().get("/api/admin/security").await.json();
    settings["session_idle_minutes"] = json!(1);
    let refused = test
        .admin()
        .send("PUT", "/api/admin/security", Some(settings), &[])
        .await;
    assert_eq!(refused.code(), "out_of_range");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case() {
    let test = TestApp::new().await;
    rule(&test, "session_idle_minutes", json!(30)).await;
    rule(&test, "session_max_hours", json!(2)).await;
    let idle = ada(&test).await;
    test.clock.advance_seconds(31 * 60);
    assert!(!idle.is_in().await);

    let busy = ada(&test).await;
    for _ in 0..5 {
        test.clock.advance_seconds(20 * 60);
        assert!(busy.is_in().await);
        settle(&test).await;
    }
    test.clock.advance_seconds(20 * 60);
    assert!(!busy.is_in().await, "two hours are over");

    let old = ada(&test).await;
    test.clock.advance_seconds(10 * 60);
    rule(&test, "session_idle_minutes", json!(5)).await;
    assert!(
        !old.is_in().await,
        "stricter rules count for those who are in"
    );
}

/// Waits until uses noted in the background are written.
async fn settle(test: &TestApp) {
    for _ in 0..100 {
        tokio::task::yield_now().await;
        test.app.db.write(|_| Ok(())).await.unwrap();
    }
}

#[tokio::test]
async fn too_many_wrong_logins_show_and_an_administrator_helps() {
    let test = TestApp::new().await;
    let nell = member(&test, "nell@first.example", "normal").await;
    assert_eq!(
        listed(&test, "nell@first.example").await["locked_until"],
        Value::Null
    );
    for _ in 0..5 {
        let wrong = log_in(&test, "nell@first.example", "not it at all").await;
        assert_eq!(wrong.code(), "wrong_credentials");
    }
    let locked = log_in(&test, "nell@first.example", PASSWORD).await;
    assert_eq!(locked.code(), "too_many_attempts");
    assert!(listed(&test, "nell@first.example").await["locked_until"].is_string());
    assert_eq!(listed(&test, ADA).await["locked_until"], Value::Null);

    let path = format!("/api/admin/people/{}/reset-password", id_of(&nell).await);
    let reset = test.admin().post(&path, Value::Null).await;
    let temporary = reset.json()["temporary_password"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        log_in(&test, "nell@first.example", &temporary)
            .await
            .status
            .is_success()
    );
}

#[tokio::test]
async fn an_administrator_resets_factors_and_ends_sessions_but_not_their_own() {
    let test = TestApp::new().await;
    let nell = member(&test, "nell@first.example", "normal").await;
    set_totp_up(&test, &nell).await;
    let entry = listed(&test, "nell@first.example").await;
    assert_eq!(
        (&entry["second_factor"], &entry["source"]),
        (&json!(true), &Value::Null)
    );
    let base = format!("/api/admin/people/{}", id_of(&nell).await);
    let browser = ada(&test).await;

    let by_member = nell
        .post(&format!("{base}/end-sessions"), Value::Null)
        .await;
    assert_eq!(by_member.code(), "permission_missing");
    let ended = browser
        .send("POST", &format!("{base}/end-sessions"), None)
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    assert!(!nell.is_in().await);
    assert_eq!(
        log_in(&test, "nell@first.example", PASSWORD).await.code(),
        "second_factor_required"
    );

    let reset = browser
        .send("POST", &format!("{base}/reset-second-factors"), None)
        .await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT, "{}", reset.text);
    let opened = log_in(&test, "nell@first.example", PASSWORD).await;
    assert!(Browser::of(&test, &opened).is_in().await);
    assert_eq!(
        listed(&test, "nell@first.example").await["second_factor"],
        false
    );

    let own = format!(
        "/api/admin/people/{}/reset-second-factors",
        id_of(&browser).await
    );
    assert_eq!(
        browser.send("POST", &own, None).await.code(),
        "not_yourself"
    );
}
