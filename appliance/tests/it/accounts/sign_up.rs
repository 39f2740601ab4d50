//! Accounts that people ask for themselves.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Browser, log_in, member};
use crate::harness::{Answer, PASSWORD, TestApp};

async fn rules(test: &TestApp, mode: &str, allowed: Value, blocked: Value) {
    let settings = json!({ "mode": mode, "allowed_domains": allowed, "blocked_domains": blocked });
    let changed = test
        .admin()
        .send("PUT", "/api/admin/sign-up", Some(settings), &[])
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
}

async fn ask(test: &TestApp, email: &str) -> Answer {
    let input = json!({
        "email": email, "display_name": "Olga", "password": PASSWORD, "organisation": "Olga's Bakery",
    });
    test.nobody().post("/api/sign-up", input).await
}

#[tokio::test]
async fn nobody_signs_up_unless_the_node_lets_them() {
    let test = TestApp::new().await;
    let mode = test.nobody().get("/api/sign-up").await.json();
    assert_eq!(mode, json!({ "mode": "off", "verifies_email": false }));
    let closed = ask(&test, "olga@bakery.example").await;
    assert_eq!(
        (closed.status, closed.code().as_str()),
        (StatusCode::FORBIDDEN, "sign_up_closed")
    );
    let nell = member(&test, "nell@first.example", "admin").await;
    let refused = nell.get("/api/admin/sign-up").await;
    assert_eq!(
        refused.code(),
        "permission_missing",
        "the node's, not an organisation's"
    );
}

#[tokio::test]
async fn blocked_domains_stay_out_and_only_allowed_ones_come_in() {
    let test = TestApp::new().await;
    rules(&test, "open", json!([]), json!(["Throwaway.example"])).await;
    assert_eq!(
        ask(&test, "olga@throwaway.example").await.code(),
        "domain_blocked"
    );
    assert_eq!(
        ask(&test, "olga@mx.throwaway.example").await.code(),
        "domain_blocked"
    );
    rules(&test, "open", json!(["bakery.example"]), json!([])).await;
    assert_eq!(
        ask(&test, "olga@else.example").await.code(),
        "domain_not_allowed"
    );

    let came = ask(&test, "olga@bakery.example").await;
    assert_eq!(came.status, StatusCode::ACCEPTED, "{}", came.text);
    let wrong =
        json!({ "mode": "open", "allowed_domains": ["not a domain"], "blocked_domains": [] });
    let wrong = test
        .admin()
        .send("PUT", "/api/admin/sign-up", Some(wrong), &[])
        .await;
    assert_eq!(wrong.code(), "invalid_domain");
}

#[tokio::test]
async fn an_administrator_lets_in_or_refuses_who_waits() {
    let test = TestApp::new().await;
    rules(&test, "approval", json!([]), json!([])).await;
    for email in [
        "olga@bakery.example",
        "otto@bakery.example",
        "ada@first.example",
    ] {
        let waiting = ask(&test, email).await;
        assert_eq!(waiting.status, StatusCode::ACCEPTED, "{}", waiting.text);
        assert_eq!(
            waiting.json(),
            json!({ "state": "waiting" }),
            "the same for known addresses"
        );
    }
    let before = log_in(&test, "olga@bakery.example", PASSWORD).await;
    assert_eq!(before.code(), "wrong_credentials");
    let waiting = test.admin().get("/api/admin/sign-ups").await.json();
    let items = waiting["items"].as_array().unwrap().clone();
    assert_eq!(
        items.len(),
        2,
        "who has an account does not wait: {waiting}"
    );
    assert_eq!(items[0]["organisation"], "Olga's Bakery");
    assert!(!waiting.to_string().contains("argon2"));

    let path = |email: &str, what: &str| {
        let item = items.iter().find(|item| item["email"] == email).unwrap();
        format!(
            "/api/admin/sign-ups/{}/{what}",
            item["id"].as_str().unwrap()
        )
    };
    let (olga, otto) = ("olga@bakery.example", "otto@bakery.example");
    let approved = test
        .admin()
        .send("POST", &path(olga, "approve"), None, &[])
        .await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.text);
    let opened = log_in(&test, "olga@bakery.example", PASSWORD).await;
    assert_eq!(
        opened.json()["organisation"]["name"],
        "Olga's Bakery",
        "{}",
        opened.text
    );
    assert_eq!(opened.json()["role"], "admin");
    assert_eq!(opened.json()["node_permissions"], json!([]));
    let people = Browser::of(&test, &opened).get("/api/admin/people").await;
    let people = people.json()["items"].as_array().unwrap().len();
    assert_eq!(people, 1, "an organisation of one's own");
    let refused = test
        .admin()
        .send("POST", &path(otto, "refuse"), None, &[])
        .await;
    assert_eq!(refused.status, StatusCode::NO_CONTENT);
    let gone = test
        .admin()
        .send("POST", &path(otto, "approve"), None, &[])
        .await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(
        log_in(&test, "otto@bakery.example", PASSWORD).await.code(),
        "wrong_credentials"
    );
}

#[tokio::test]
async fn one_address_does_not_fill_the_queue() {
    let test = TestApp::new().await;
    rules(&test, "approval", json!([]), json!([])).await;
    for number in 0..5 {
        let asked = ask(&test, &format!("olga{number}@bakery.example")).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
    }
    let slowed = ask(&test, "olga5@bakery.example").await;
    assert_eq!(slowed.code(), "too_many_requests");
    test.clock.advance_seconds(600);
    assert_eq!(
        ask(&test, "olga5@bakery.example").await.status,
        StatusCode::ACCEPTED
    );
}
