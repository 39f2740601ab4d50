//! Authenticator apps and recovery codes.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{Browser, ada, code_of, half_log_in, log_in, second_step, set_totp_up};
use crate::harness::{PASSWORD, TestApp};

const ADA: &str = "ada@first.example";

#[tokio::test]
async fn a_login_takes_the_code_of_an_authenticator_app_and_each_code_once() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let (secret, codes) = set_totp_up(&test, &browser).await;
    assert_eq!(codes.len(), 10);
    let half = half_log_in(&test, ADA).await;
    assert_eq!(half["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(half["passkey_options"], Value::Null);

    let code = code_of(&test, &secret);
    let opened = second_step(&test, &half, json!({ "code": code })).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    assert!(Browser::of(&test, &opened).is_in().await);
    let again = second_step(&test, &half, json!({ "code": code })).await;
    assert_eq!(again.code(), "challenge_expired", "a challenge opens once");

    let half = half_log_in(&test, ADA).await;
    let replayed = second_step(&test, &half, json!({ "code": code })).await;
    assert_eq!(
        (replayed.status, replayed.code().as_str()),
        (StatusCode::UNAUTHORIZED, "wrong_code")
    );
    assert!(!replayed.headers.contains_key(header::SET_COOKIE));
    test.clock.advance_seconds(30);
    let fresh = json!({ "code": code_of(&test, &secret) });
    assert_eq!(
        second_step(&test, &half, fresh).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_recovery_code_opens_once_however_it_is_typed() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let (_, codes) = set_totp_up(&test, &browser).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    let half = half_log_in(&test, ADA).await;
    let opened = second_step(&test, &half, json!({ "recovery_code": typed })).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let half = half_log_in(&test, ADA).await;
    let again = second_step(&test, &half, json!({ "recovery_code": codes[0] })).await;
    assert_eq!(again.code(), "wrong_code");

    let security = browser.get("/api/account/security").await.json();
    assert_eq!(security["recovery_codes_left"], 9);
    assert_eq!(security["totp"]["enabled"], true);
    let renewed = browser
        .post(
            "/api/account/recovery-codes",
            json!({ "password": PASSWORD }),
        )
        .await;
    assert_eq!(
        renewed.json()["recovery_codes"].as_array().unwrap().len(),
        10
    );
    let old = second_step(&test, &half, json!({ "recovery_code": codes[1] })).await;
    assert_eq!(old.code(), "wrong_code", "new codes replace the old ones");
}

#[tokio::test]
async fn a_challenge_ends_after_five_minutes_and_after_five_wrong_codes() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let (secret, _) = set_totp_up(&test, &browser).await;
    let half = half_log_in(&test, ADA).await;
    test.clock.advance_seconds(5 * 60);
    let late = second_step(&test, &half, json!({ "code": code_of(&test, &secret) })).await;
    assert_eq!(late.code(), "challenge_expired");

    let half = half_log_in(&test, ADA).await;
    for _ in 0..5 {
        let wrong = second_step(&test, &half, json!({ "code": "12345" })).await;
        assert_eq!(wrong.code(), "wrong_code");
    }
    let spent = second_step(&test, &half, json!({ "code": code_of(&test, &secret) })).await;
    assert_eq!(spent.code(), "challenge_expired");
    // The password is known, and yet guessing on is slowed down.
    let half = half_log_in(&test, ADA).await;
    let slowed = second_step(&test, &half, json!({ "code": code_of(&test, &secret) })).await;
    assert_eq!(
        (slowed.status, slowed.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
    );
    assert!(slowed.headers.contains_key(header::RETRY_AFTER));
    test.clock.advance_seconds(60);
    let right = json!({ "code": code_of(&test, &secret) });
    assert_eq!(
        second_step(&test, &half, right).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_app_is_set_up_with_the_password_and_its_first_code() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let wrong = json!({ "password": "not it at all" });
    let refused = browser.post("/api/account/totp", wrong).await;
    assert_eq!(refused.code(), "wrong_password");
    let early = browser
        .post("/api/account/totp/confirm", json!({ "code": "123456" }))
        .await;
    assert_eq!(early.code(), "totp_not_begun");

    let password = || json!({ "password": PASSWORD });
    let begun = browser.post("/api/account/totp", password()).await.json();
    let uri = begun["uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Guildhall:ada%40first.example?secret="),
        "{uri}"
    );
    assert!(begun["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let wrong = browser
        .post("/api/account/totp/confirm", json!({ "code": "000000" }))
        .await;
    assert_eq!(wrong.code(), "wrong_code");
    assert!(
        log_in(&test, ADA, PASSWORD).await.status.is_success(),
        "not confirmed yet"
    );

    let (_, _) = set_totp_up(&test, &browser).await;
    let twice = browser.post("/api/account/totp", password()).await;
    assert_eq!(twice.code(), "totp_enabled");
    let removed = browser.post("/api/account/totp/remove", password()).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert!(log_in(&test, ADA, PASSWORD).await.status.is_success());
    let security = browser.get("/api/account/security").await.json();
    assert_eq!(
        security["recovery_codes_left"], 0,
        "they go with the last factor"
    );
}

#[tokio::test]
async fn a_key_and_half_a_form_change_nothing() {
    let test = TestApp::new().await;
    let by_key = test
        .admin()
        .post("/api/account/totp", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(by_key.code(), "not_a_session");
    let neither = test
        .nobody()
        .post("/api/session/second-factor", json!({ "challenge": "x" }))
        .await;
    assert_eq!(neither.code(), "invalid_fields");
    let unknown = json!({ "challenge": "x", "code": "123456" });
    let unknown = test
        .nobody()
        .post("/api/session/second-factor", unknown)
        .await;
    assert_eq!(unknown.code(), "challenge_expired");
}

#[tokio::test]
async fn a_changed_password_voids_a_login_that_is_half_done() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let (secret, _) = set_totp_up(&test, &browser).await;
    let half = half_log_in(&test, ADA).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another good phrase" });
    let changed = browser.post("/api/account/password", change).await;
    assert_eq!(changed.status, StatusCode::OK);
    let late = second_step(&test, &half, json!({ "code": code_of(&test, &secret) })).await;
    assert_eq!(late.code(), "challenge_expired");
}
