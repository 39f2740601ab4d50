//! A new password for who forgot theirs.

use axum::http::{StatusCode, header};
use serde_json::json;

use super::{server::MailServer, with_mail};
use crate::harness::{Answer, PASSWORD, TestApp};

const SAM: &str = "sam@first.example";
const NEW: &str = "a new and better phrase";

async fn ask(test: &TestApp, email: &str) -> Answer {
    let input = json!({ "email": email });
    test.nobody().post("/api/password-reset", input).await
}

async fn check(test: &TestApp, token: &str) -> Answer {
    let link = json!({ "token": token });
    test.nobody().post("/api/password-reset/check", link).await
}

async fn confirm(test: &TestApp, token: &str, password: &str) -> Answer {
    let link = json!({ "token": token, "password": password });
    test.nobody()
        .post("/api/password-reset/confirm", link)
        .await
}

async fn log_in(test: &TestApp, email: &str, password: &str) -> Answer {
    let login = json!({ "email": email, "password": password });
    test.nobody().post("/api/session", login).await
}

async fn link(test: &TestApp, server: &mut MailServer, email: &str) -> String {
    let asked = ask(test, email).await;
    assert_eq!(
        (asked.status, asked.json()),
        (StatusCode::ACCEPTED, json!({ "state": "sent" }))
    );
    let taken = server.next().await;
    assert_eq!(taken.to, email);
    taken.token()
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_every_session() {
    let test = TestApp::new().await;
    assert_eq!(ask(&test, "ada@first.example").await.code(), "mail_off");
    let mut server = with_mail(&test).await;
    let inside = log_in(&test, "ada@first.example", PASSWORD).await;
    let cookie = inside.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = [("cookie", cookie.split(';').next().unwrap())];
    let token = link(&test, &mut server, "ada@first.example").await;
    let offered = check(&test, &token).await.json();
    assert_eq!(
        offered,
        json!({ "email": "ada@first.example", "display_name": "Ada Admin", "password_length_min": 10 })
    );
    let weak = confirm(&test, &token, "short").await;
    assert_eq!(weak.code(), "weak_password");
    let set = confirm(&test, &token, NEW).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text);
    let session = test
        .nobody()
        .send("GET", "/api/session", None, &cookie)
        .await;
    assert_eq!(session.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        log_in(&test, "ada@first.example", PASSWORD).await.code(),
        "wrong_credentials"
    );
    assert!(
        log_in(&test, "ada@first.example", NEW)
            .await
            .status
            .is_success()
    );
    for used in [
        check(&test, &token).await,
        confirm(&test, &token, PASSWORD).await,
    ] {
        assert_eq!(
            (used.status, used.code().as_str()),
            (StatusCode::GONE, "reset_link_unknown")
        );
    }
}

#[tokio::test]
async fn only_the_newest_link_works_and_for_an_hour() {
    let test = TestApp::new().await;
    let mut server = with_mail(&test).await;
    let old = link(&test, &mut server, SAM).await;
    let new = link(&test, &mut server, SAM).await;
    assert_eq!(confirm(&test, &old, NEW).await.code(), "reset_link_unknown");
    test.clock.advance_seconds(3_599);
    assert_eq!(check(&test, &new).await.status, StatusCode::OK);
    test.clock.advance_seconds(1);
    assert_eq!(confirm(&test, &new, NEW).await.code(), "reset_link_expired");
}

#[tokio::test]
async fn nobody_learns_who_has_an_account_and_no_mailbox_is_flooded() {
    let test = TestApp::new().await;
    let mut server = with_mail(&test).await;
    let stranger = ask(&test, "stranger@else.example").await;
    assert_eq!(
        (stranger.status, stranger.json()),
        (StatusCode::ACCEPTED, json!({ "state": "sent" }))
    );
    for _ in 0..3 {
        link(&test, &mut server, SAM).await;
    }
    let fourth = ask(&test, SAM).await;
    assert_eq!(
        (fourth.status, fourth.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    );
    assert!(!server.has_more(), "the stranger got nothing");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_as_ever_and_an_administrator_s_reset_voids_links() {
    let test = TestApp::new().await;
    let mut server = with_mail(&test).await;
    let token = link(&test, &mut server, SAM).await;
    let people = test.admin().get("/api/admin/people").await.json();
    let sam = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["email"] == SAM);
    let id = sam.unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/people/{id}/reset-password");
    let reset = test.admin().send("POST", &path, None, &[]).await;
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.text);
    assert_eq!(
        confirm(&test, &token, NEW).await.code(),
        "reset_link_unknown"
    );

    crate::accounts::second_factor(&test).await;
    let token = link(&test, &mut server, "ada@first.example").await;
    assert_eq!(
        confirm(&test, &token, NEW).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        log_in(&test, "ada@first.example", NEW).await.code(),
        "second_factor_required"
    );
}
