//! What waits for the mail server: tried again, dropped, sealed.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    SETTINGS, entered, put,
    server::{MailServer, Options},
    state, with_mail,
};
use crate::harness::{Answer, TestApp};

async fn invite(test: &TestApp, email: &str) -> Answer {
    let input = json!({ "role": "normal", "email": email, "send_mail": true });
    test.admin().post("/api/admin/invitations", input).await
}

/// A mail server that is known but from which nothing is sent by itself.
async fn quiet(test: &TestApp) -> MailServer {
    let server = MailServer::start(Options {
        login: Some(("guildhall", "mail password")),
        ..Options::default()
    })
    .await;
    assert_eq!(put(test, entered(&server)).await.status, StatusCode::OK);
    server
}

async fn deliver(test: &TestApp) {
    guildhall::mail::deliver_due(&test.app).await.unwrap();
}

#[tokio::test]
async fn an_invitation_goes_out_by_mail_and_its_link_works() {
    let test = TestApp::new().await;
    assert_eq!(invite(&test, "gus@guest.example").await.code(), "mail_off");
    let mut server = with_mail(&test).await;
    let to_nobody = json!({ "role": "normal", "send_mail": true });
    let to_nobody = test.admin().post("/api/admin/invitations", to_nobody).await;
    assert_eq!(to_nobody.code(), "missing_field");
    let invited = invite(&test, "gus@guest.example").await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
    assert_eq!(invited.json()["mailed"], true);
    let taken = server.next().await;
    assert_eq!(
        (taken.from.as_str(), taken.to.as_str()),
        ("guildhall@first.example", "gus@guest.example")
    );
    let url = invited.json()["url"].as_str().unwrap().to_owned();
    assert!(taken.text().contains(&url), "{}", taken.text());
    assert!(
        taken
            .data
            .contains("Subject: Ada Admin invites you to First Organisation")
    );
    let accepted = json!({ "token": taken.token(), "display_name": "Gus", "password": crate::harness::PASSWORD });
    let accepted = test
        .nobody()
        .post("/api/invitations/accept", accepted)
        .await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text);
    assert_eq!(accepted.json()["person"]["email"], "gus@guest.example");
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_with_growing_pauses_and_once_only() {
    let test = TestApp::new().await;
    let mut server = quiet(&test).await;
    server.answer("RCPT", "451 4.7.1 come back later");
    invite(&test, "gus@guest.example").await;
    deliver(&test).await;
    let waits = state(&test).await;
    assert_eq!(waits["waiting"], 1);
    let message = waits["last_failure"]["message"].as_str().unwrap();
    assert!(message.contains("come back later"), "{message}");
    let tries = |server: &MailServer| {
        let said = server.commands();
        said.iter().filter(|line| line.starts_with("RCPT")).count()
    };
    assert_eq!(tries(&server), 1);
    deliver(&test).await;
    assert_eq!(tries(&server), 1, "its time has not come");
    test.clock.advance_seconds(60);
    deliver(&test).await;
    assert_eq!(tries(&server), 2);
    test.clock.advance_seconds(60);
    deliver(&test).await;
    assert_eq!(tries(&server), 2, "the pause has grown");
    server.behave();
    test.clock.advance_seconds(300);
    deliver(&test).await;
    assert_eq!(server.next().await.to, "gus@guest.example");
    deliver(&test).await;
    assert!(!server.has_more());
    let after = state(&test).await;
    assert_eq!(
        (&after["waiting"], &after["last_failure"]),
        (&json!(0), &Value::Null)
    );
    assert!(after["last_sent_at"].is_string(), "{after}");
}

#[tokio::test]
async fn what_is_refused_for_good_or_comes_too_late_is_dropped() {
    let test = TestApp::new().await;
    let mut server = quiet(&test).await;
    server.answer("RCPT", "550 5.1.1 no such mailbox");
    invite(&test, "gus@guest.example").await;
    deliver(&test).await;
    let dropped = state(&test).await;
    assert_eq!(dropped["waiting"], 0);
    let message = dropped["last_failure"]["message"].as_str().unwrap();
    assert!(message.contains("no such mailbox"), "{message}");

    server.answer("RCPT", "451 later");
    invite(&test, "gil@guest.example").await;
    deliver(&test).await;
    server.behave();
    test.clock.advance_seconds(7 * 86_400);
    deliver(&test).await;
    assert_eq!(state(&test).await["waiting"], 0, "the link has expired");
    assert!(!server.has_more());
}

#[tokio::test]
async fn a_server_that_fails_is_asked_once_and_not_for_every_mail() {
    let test = TestApp::new().await;
    let mut server = quiet(&test).await;
    server.answer("EHLO", "421 too busy");
    for number in 0..5 {
        invite(&test, &format!("guest{number}@guest.example")).await;
    }
    deliver(&test).await;
    assert_eq!(server.commands().len(), 1, "{:?}", server.commands());
    assert_eq!(state(&test).await["waiting"], 5);
    server.behave();
    // Entering the settings anew has everything tried at once.
    put(&test, entered(&server)).await;
    deliver(&test).await;
    for _ in 0..5 {
        server.next().await;
    }
    assert_eq!(state(&test).await["waiting"], 0);
}

#[tokio::test]
async fn what_waits_survives_a_restart_and_is_readable_nowhere() {
    let mut test = TestApp::new().await;
    let mut server = quiet(&test).await;
    let invited = invite(&test, "gus@guest.example").await.json();
    let url = invited["url"].as_str().unwrap();
    let token = url.split('#').nth(1).unwrap().to_owned();
    let secret = token.clone();
    test.restart_after(move |data_dir| {
        for entry in std::fs::read_dir(data_dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(!found, "the link lies open in {}", path.display());
            }
        }
    })
    .await;
    guildhall::mail::start(&test.app);
    assert_eq!(server.next().await.token(), token);
}

#[tokio::test]
async fn forgetting_the_server_drops_what_waits() {
    let test = TestApp::new().await;
    let mut server = quiet(&test).await;
    invite(&test, "gus@guest.example").await;
    let mut off = entered(&server);
    off["enabled"] = json!(false);
    put(&test, off).await;
    deliver(&test).await;
    assert_eq!(
        state(&test).await["waiting"],
        1,
        "it waits for mail to be on again"
    );
    assert!(server.commands().is_empty());
    test.admin().send("DELETE", SETTINGS, None, &[]).await;
    put(&test, entered(&server)).await;
    deliver(&test).await;
    assert!(!server.has_more());
    assert_eq!(state(&test).await["waiting"], 0);
}
