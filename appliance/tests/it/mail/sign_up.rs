//! Asking for an account with an address that a mail proves.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{server::MailServer, with_mail};
use crate::harness::{Answer, PASSWORD, TestApp};

const OLGA: &str = "olga@bakery.example";

async fn rules(test: &TestApp, mode: &str) {
    let settings = json!({ "mode": mode, "allowed_domains": [], "blocked_domains": [] });
    let changed = test
        .admin()
        .send("PUT", "/api/admin/sign-up", Some(settings), &[])
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
}

async fn ask_with(test: &TestApp, email: &str, password: &str) -> Answer {
    let input = json!({
        "email": email, "display_name": "Olga", "password": password, "organisation": "Olga's Bakery",
    });
    test.nobody().post("/api/sign-up", input).await
}

async fn ask(test: &TestApp, email: &str) {
    let asked = ask_with(test, email, PASSWORD).await;
    assert_eq!(
        (asked.status, asked.json()),
        (StatusCode::ACCEPTED, json!({ "state": "verify_email" }))
    );
}

async fn verify(test: &TestApp, token: &str, password: &str) -> Answer {
    let link = json!({ "token": token, "password": password });
    test.nobody().post("/api/sign-up/verify", link).await
}

async fn waiting(test: &TestApp) -> Vec<Value> {
    let listed = test.admin().get("/api/admin/sign-ups").await.json();
    listed["items"].as_array().unwrap().clone()
}

async fn open(test: &TestApp) -> MailServer {
    let server = with_mail(test).await;
    rules(test, "open").await;
    let mode = test.nobody().get("/api/sign-up").await.json();
    assert_eq!(mode, json!({ "mode": "open", "verifies_email": true }));
    server
}

#[tokio::test]
async fn whoever_holds_the_address_and_the_password_gets_the_account() {
    let test = TestApp::new().await;
    let mut server = open(&test).await;
    ask(&test, OLGA).await;
    let token = server.next().await.token();
    assert!(waiting(&test).await.is_empty(), "no administrator is asked");
    let stranger = verify(&test, &token, "not the password").await;
    assert_eq!(
        (stranger.status, stranger.code().as_str()),
        (StatusCode::UNAUTHORIZED, "wrong_credentials")
    );
    let came = verify(&test, &token, PASSWORD).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text);
    assert_eq!(came.json()["organisation"]["name"], "Olga's Bakery");
    assert_eq!(came.json()["role"], "admin");
    let again = verify(&test, &token, PASSWORD).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (StatusCode::GONE, "sign_up_link_unknown")
    );
    let login = json!({ "email": OLGA, "password": PASSWORD });
    let login = test.nobody().post("/api/session", login).await;
    assert!(login.status.is_success(), "{}", login.text);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_to_its_holder_only() {
    let test = TestApp::new().await;
    let mut server = open(&test).await;
    ask(&test, "ada@first.example").await;
    let taken = server.next().await;
    assert_eq!(taken.to, "ada@first.example");
    assert!(taken.text().contains("has an account"), "{}", taken.text());
    assert!(!taken.text().contains('#'), "no link that opens anything");
    ask(&test, "ada@first.example").await;
    ask(&test, "ada@first.example").await;
    let flooded = ask_with(&test, "ada@first.example", PASSWORD).await;
    assert_eq!(flooded.code(), "too_many_requests");
    ask(&test, OLGA).await;
}

#[tokio::test]
async fn a_stranger_who_asks_in_another_s_name_gets_nothing_by_the_other_s_click() {
    let test = TestApp::new().await;
    let mut server = open(&test).await;
    ask_with(&test, OLGA, "the stranger's password").await;
    let first = server.next().await.token();
    // The holder asks too: the newest request is the one that counts.
    ask(&test, OLGA).await;
    let second = server.next().await.token();
    assert_eq!(
        verify(&test, &first, PASSWORD).await.code(),
        "sign_up_link_unknown"
    );
    let theirs = verify(&test, &second, "the stranger's password").await;
    assert_eq!(theirs.code(), "wrong_credentials");
    assert_eq!(
        verify(&test, &second, PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn links_expire_and_rules_that_changed_count() {
    let test = TestApp::new().await;
    let mut server = open(&test).await;
    ask(&test, OLGA).await;
    let token = server.next().await.token();
    rules(&test, "off").await;
    assert_eq!(
        verify(&test, &token, PASSWORD).await.code(),
        "sign_up_closed"
    );
    rules(&test, "open").await;
    test.clock.advance_seconds(86_400);
    let late = verify(&test, &token, PASSWORD).await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (StatusCode::GONE, "sign_up_link_expired")
    );
}

#[tokio::test]
async fn an_administrator_sees_who_has_proven_their_address() {
    let test = TestApp::new().await;
    let mut server = with_mail(&test).await;
    rules(&test, "approval").await;
    ask(&test, OLGA).await;
    let token = server.next().await.token();
    assert!(waiting(&test).await.is_empty());
    let verified = verify(&test, &token, PASSWORD).await;
    assert_eq!(
        (verified.status, verified.json()),
        (StatusCode::ACCEPTED, json!({ "state": "waiting" }))
    );
    let items = waiting(&test).await;
    assert_eq!(
        (items.len(), &items[0]["email_verified"]),
        (1, &json!(true))
    );
    // Asking again changes nothing about a request that waits, and sends nothing.
    let again = ask_with(&test, OLGA, "the stranger's password").await;
    assert_eq!(again.json()["state"], "verify_email");
    assert_eq!(waiting(&test).await, items);
    let approve = format!(
        "/api/admin/sign-ups/{}/approve",
        items[0]["id"].as_str().unwrap()
    );
    let approved = test.admin().send("POST", &approve, None, &[]).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.text);
    assert!(!server.has_more());
}

#[tokio::test]
async fn without_mail_an_administrator_decides_also_where_the_door_is_open() {
    let test = TestApp::new().await;
    rules(&test, "open").await;
    let mode = test.nobody().get("/api/sign-up").await.json();
    assert_eq!(mode, json!({ "mode": "approval", "verifies_email": false }));
    let asked = ask_with(&test, OLGA, PASSWORD).await;
    assert_eq!(asked.json(), json!({ "state": "waiting" }));
    let items = waiting(&test).await;
    assert_eq!(
        (items.len(), &items[0]["email_verified"]),
        (1, &json!(false))
    );
}
