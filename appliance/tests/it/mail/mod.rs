//! Mail: the server's settings and its trial, what waits and is tried again, and what is sent for sign-up, forgotten
//! passwords and invitations.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

use server::{MailServer, Options};

mod outbox;
mod password_reset;
mod settings;
mod sign_up;

#[path = "../../../../crates/smtp/tests/it/server.rs"]
mod server;

const SETTINGS: &str = "/api/admin/mail";

/// What an administrator enters for this server.
fn entered(server: &MailServer) -> Value {
    json!({
        "host": "localhost", "port": server.port, "security": "start_tls", "ca_pem": server.ca_pem,
        "user": "guildhall", "password": "mail password", "sender": "guildhall@first.example",
    })
}

async fn put(test: &TestApp, settings: Value) -> Answer {
    test.admin()
        .send("PUT", SETTINGS, Some(settings), &[])
        .await
}

/// A mail server that wants a login, which the node knows, and a node that sends what waits.
async fn with_mail(test: &TestApp) -> MailServer {
    let server = MailServer::start(Options {
        login: Some(("guildhall", "mail password")),
        ..Options::default()
    })
    .await;
    let saved = put(test, entered(&server)).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    guildhall::mail::start(&test.app);
    server
}

/// How sending goes.
async fn state(test: &TestApp) -> Value {
    let state = test.admin().get(SETTINGS).await;
    assert_eq!(state.status, StatusCode::OK, "{}", state.text);
    state.json()
}
