//! Passkeys, with an authenticator in software.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Browser, ada,
    authenticator::{Authenticator, PRESENT},
    half_log_in, log_in, second_step,
};
use crate::harness::{Answer, PASSWORD, TestApp};

const ADA: &str = "ada@first.example";

async fn register(browser: &Browser, authenticator: &mut Authenticator, name: &str) -> Answer {
    let asked = browser
        .post(
            "/api/account/passkeys/options",
            json!({ "password": PASSWORD }),
        )
        .await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let asked = asked.json();
    let credential = authenticator.create(&asked["options"]);
    let answer = json!({ "challenge": asked["challenge"], "name": name, "credential": credential });
    browser.post("/api/account/passkeys", answer).await
}

async fn ask(test: &TestApp) -> Value {
    let asked = test
        .nobody()
        .post("/api/session/passkey/options", json!({}))
        .await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    asked.json()
}

async fn answer(test: &TestApp, asked: &Value, credential: Value) -> Answer {
    let body = json!({ "challenge": asked["challenge"], "credential": credential });
    test.nobody().post("/api/session/passkey", body).await
}

async fn passkey_log_in(test: &TestApp, authenticator: &mut Authenticator) -> Answer {
    let asked = ask(test).await;
    let credential = authenticator.get(&asked["options"]);
    answer(test, &asked, credential).await
}

#[tokio::test]
async fn a_passkey_logs_in_alone_and_as_second_step() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let authenticators = [
        Authenticator::es256(),
        Authenticator::ed_dsa(),
        Authenticator::rs256(),
    ];
    for (number, mut authenticator) in authenticators.into_iter().enumerate() {
        let made = register(&browser, &mut authenticator, "Laptop").await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let codes = &made.json()["recovery_codes"];
        assert_eq!(codes.is_array(), number == 0, "with the first factor only");

        let opened = passkey_log_in(&test, &mut authenticator).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
        assert_eq!(opened.json()["person"]["email"], ADA);

        let half = half_log_in(&test, ADA).await;
        assert_eq!(half["methods"], json!(["passkey", "recovery_code"]));
        // A key without a PIN is enough beside a password.
        authenticator.flags = PRESENT;
        let credential = authenticator.get(&half["passkey_options"]);
        let opened = second_step(&test, &half, json!({ "passkey": credential })).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    }
    let security = browser.get("/api/account/security").await.json();
    let passkeys = security["passkeys"].as_array().unwrap();
    assert_eq!(passkeys.len(), 3);
    assert!(
        passkeys
            .iter()
            .all(|passkey| passkey["last_used_at"].is_string())
    );
}

#[tokio::test]
async fn what_is_not_proven_is_refused() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let mut authenticator = Authenticator::es256();
    register(&browser, &mut authenticator, "Laptop").await;
    let refused = async |authenticator: &mut Authenticator, why: &str| {
        let answer = passkey_log_in(&test, authenticator).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "passkey_refused"),
            "{why}: {}",
            answer.text
        );
    };

    authenticator.origin = "https://localhost.evil.example".to_owned();
    refused(&mut authenticator, "another page").await;
    authenticator.origin = "http://localhost:8443".to_owned();
    authenticator.rp_id = Some("evil.example".to_owned());
    refused(&mut authenticator, "another relying party").await;
    authenticator.rp_id = None;
    authenticator.flags = PRESENT;
    refused(&mut authenticator, "nobody was verified").await;
    authenticator.flags = 0;
    refused(&mut authenticator, "nobody was there").await;
    let mut stranger = Authenticator::es256();
    stranger.create(
        &json!({ "user": { "id": "AAAA" }, "rp": { "id": "localhost" }, "challenge": "x" }),
    );
    refused(&mut stranger, "an unknown passkey").await;

    let asked = ask(&test).await;
    let mut authenticator = fresh(authenticator);
    let mut credential = authenticator.get(&asked["options"]);
    credential["response"]["signature"] = json!("AAAA");
    let forged = answer(&test, &asked, credential).await;
    assert_eq!(forged.code(), "passkey_refused");
    let again = authenticator.get(&asked["options"]);
    let again = answer(&test, &asked, again).await;
    assert_eq!(
        again.code(),
        "challenge_expired",
        "a challenge is tried once"
    );
    assert_eq!(
        passkey_log_in(&test, &mut authenticator).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_passkey_signs_as_it_was_registered_and_not_otherwise() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    // Offered are EdDSA, ES256 and RS256: RSA with the other padding is none of them.
    let odd = register(&browser, &mut Authenticator::ps256(), "Odd").await;
    assert_eq!(
        (odd.status, odd.code().as_str()),
        (StatusCode::BAD_REQUEST, "passkey_refused"),
        "{}",
        odd.text
    );
    let mut authenticator = Authenticator::rs256();
    register(&browser, &mut authenticator, "Notebook").await;
    let opened = passkey_log_in(&test, &mut authenticator).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    authenticator.turn_to_pss();
    let otherwise = passkey_log_in(&test, &mut authenticator).await;
    assert_eq!(
        (otherwise.status, otherwise.code().as_str()),
        (StatusCode::UNAUTHORIZED, "passkey_refused")
    );
}

/// As it was made.
fn fresh(mut authenticator: Authenticator) -> Authenticator {
    authenticator.flags = PRESENT | super::authenticator::VERIFIED;
    authenticator
}

#[tokio::test]
async fn an_answer_cannot_be_replayed_and_a_counter_cannot_go_back() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let mut authenticator = Authenticator::es256();
    register(&browser, &mut authenticator, "Laptop").await;
    let asked = ask(&test).await;
    let credential = authenticator.get(&asked["options"]);
    assert_eq!(
        answer(&test, &asked, credential.clone()).await.status,
        StatusCode::OK
    );
    let replayed = answer(&test, &asked, credential.clone()).await;
    assert_eq!(replayed.code(), "challenge_expired");
    let elsewhere = ask(&test).await;
    let replayed = answer(&test, &elsewhere, credential).await;
    assert_eq!(
        replayed.code(),
        "passkey_refused",
        "signed for another challenge"
    );

    authenticator.count = 1;
    let copied = passkey_log_in(&test, &mut authenticator).await;
    assert_eq!(copied.code(), "passkey_refused", "it may have been copied");
}

#[tokio::test]
async fn passkeys_are_named_removed_and_registered_once() {
    let test = TestApp::new().await;
    let browser = ada(&test).await;
    let mut authenticator = Authenticator::es256();
    authenticator.count = 0;
    let made = register(&browser, &mut authenticator, "Laptop")
        .await
        .json();
    let path = format!("/api/account/passkeys/{}", made["id"].as_str().unwrap());
    let twice = register(&browser, &mut authenticator, "Again").await;
    assert_eq!(twice.code(), "passkey_taken");
    let renamed = browser
        .send("PATCH", &path, Some(json!({ "name": "Desk" })))
        .await;
    assert_eq!(renamed.json()["name"], "Desk", "{}", renamed.text);
    // One that does not count keeps working.
    for _ in 0..2 {
        let opened = passkey_log_in(&test, &mut authenticator).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    }

    let removed = browser.send("DELETE", &path, None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(
        browser.send("DELETE", &path, None).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        passkey_log_in(&test, &mut authenticator).await.code(),
        "passkey_refused"
    );
    assert!(log_in(&test, ADA, PASSWORD).await.status.is_success());
}

#[tokio::test]
async fn a_registration_belongs_to_its_person_and_its_address() {
    let test = TestApp::new().await;
    let (ada, eve) = (
        ada(&test).await,
        super::member(&test, "eve@first.example", "normal").await,
    );
    let password = json!({ "password": PASSWORD });
    let asked = ada
        .post("/api/account/passkeys/options", password.clone())
        .await
        .json();
    let credential = Authenticator::es256().create(&asked["options"]);
    let body = json!({ "challenge": asked["challenge"], "name": "Mine", "credential": credential });
    let stolen = eve.post("/api/account/passkeys", body).await;
    assert_eq!(stolen.code(), "challenge_expired");

    let asked = ada
        .post("/api/account/passkeys/options", password)
        .await
        .json();
    let mut elsewhere = Authenticator::es256();
    elsewhere.origin = "https://evil.example".to_owned();
    let credential = elsewhere.create(&asked["options"]);
    let body = json!({ "challenge": asked["challenge"], "name": "Mine", "credential": credential });
    let refused = ada.post("/api/account/passkeys", body).await;
    assert_eq!(refused.code(), "passkey_refused", "{}", refused.text);

    let by_address = [("host", "127.0.0.1:8443")];
    let options = test
        .nobody()
        .send(
            "POST",
            "/api/session/passkey/options",
            Some(json!({})),
            &by_address,
        )
        .await;
    assert_eq!(options.code(), "passkey_origin", "passkeys need a name");
    let ways = test
        .nobody()
        .send("GET", "/api/sign-in", None, &by_address)
        .await
        .json();
    assert_eq!(
        (&ways["passkey"], &ways["password"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn junk_is_refused_and_breaks_nothing() {
    let test = TestApp::new().await;
    for credential in [
        json!(null),
        json!({}),
        json!({ "id": "", "type": "public-key", "response": {} }),
        json!({ "id": "AAAA", "type": "public-key", "response": { "clientDataJSON": "!", "authenticatorData": "AA", "signature": "AA" } }),
        json!({ "id": "AAAA", "type": "public-key", "response": { "clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": null } }),
    ] {
        let asked = ask(&test).await;
        let refused = answer(&test, &asked, credential).await;
        assert_eq!(refused.code(), "passkey_refused", "{}", refused.text);
    }
}
