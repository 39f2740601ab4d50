//! Entering a mail server and trying it out.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    SETTINGS, entered, put,
    server::{MailServer, Options, Tls},
    state, with_mail,
};
use crate::harness::TestApp;

async fn trial(test: &TestApp, settings: Value) -> Value {
    let tried = test.admin().post("/api/admin/mail/test", settings).await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
    tried.json()
}

/// The names of the steps that went, and the first that failed.
fn outcome(tried: &Value) -> (Vec<String>, Option<Value>) {
    let steps = tried["steps"].as_array().unwrap();
    let went = steps.iter().filter(|step| step["state"] == "ok");
    let names = went.map(|step| step["name"].as_str().unwrap().to_owned());
    let failed = steps.iter().find(|step| step["state"] == "failed");
    (names.collect(), failed.cloned())
}

#[tokio::test]
async fn a_server_is_entered_shown_without_its_password_and_forgotten() {
    let test = TestApp::new().await;
    let nothing =
        json!({ "settings": null, "waiting": 0, "last_sent_at": null, "last_failure": null });
    assert_eq!(state(&test).await, nothing);
    let ways = test.nobody().get("/api/sign-in").await.json();
    assert_eq!(ways["password_reset"], false);
    let server = MailServer::start(Options::default()).await;
    let saved = put(&test, entered(&server)).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    assert!(!saved.text.contains("mail password"));
    let settings = &saved.json()["settings"];
    assert_eq!(settings["has_password"], true);
    assert_eq!(settings["sender_name"], "Guildhall");
    assert_eq!(state(&test).await["settings"], *settings);
    let ways = test.nobody().get("/api/sign-in").await.json();
    assert_eq!(ways["password_reset"], true);

    let mut off = entered(&server);
    off["enabled"] = json!(false);
    assert_eq!(put(&test, off).await.json()["settings"]["enabled"], false);
    let ways = test.nobody().get("/api/sign-in").await.json();
    assert_eq!(ways["password_reset"], false);
    let gone = test.admin().send("DELETE", SETTINGS, None, &[]).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(state(&test).await, nothing);
}

#[tokio::test]
async fn a_kept_password_goes_nowhere_else() {
    let test = TestApp::new().await;
    let server = MailServer::start(Options::default()).await;
    let without = |change: Value| {
        let mut settings = entered(&server);
        settings.as_object_mut().unwrap().remove("password");
        settings
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        settings
    };
    assert_eq!(
        put(&test, without(json!({}))).await.code(),
        "password_needed",
        "there is none yet"
    );
    put(&test, entered(&server)).await;
    let kept = put(&test, without(json!({ "sender": "other@first.example" }))).await;
    assert_eq!(
        kept.json()["settings"]["has_password"],
        true,
        "{}",
        kept.text
    );
    let thief = MailServer::start(Options::default()).await;
    for change in [
        json!({ "port": thief.port }),
        json!({ "host": "127.0.0.1" }),
        json!({ "ca_pem": thief.ca_pem }),
        json!({ "security": "plain" }),
        json!({ "user": "somebody" }),
    ] {
        let refused = put(&test, without(change.clone())).await;
        assert_eq!(refused.code(), "password_needed", "{change}");
        let tried = test
            .admin()
            .post("/api/admin/mail/test", without(change.clone()))
            .await;
        assert_eq!(tried.code(), "password_needed", "{change}");
    }
    assert!(thief.commands().is_empty());
    let anonymous = put(&test, without(json!({ "user": null }))).await;
    assert_eq!(anonymous.json()["settings"]["has_password"], false);
    assert_eq!(
        put(&test, without(json!({}))).await.code(),
        "password_needed"
    );
}

#[tokio::test]
async fn a_trial_sends_one_mail_and_says_every_step() {
    let test = TestApp::new().await;
    let mut server = MailServer::start(Options {
        login: Some(("guildhall", "mail password")),
        ..Options::default()
    })
    .await;
    let tried = trial(&test, entered(&server)).await;
    assert_eq!(tried["ok"], true, "{tried}");
    let every = [
        "connect",
        "greeting",
        "start_tls",
        "tls",
        "login",
        "sender",
        "recipient",
        "message",
    ];
    assert_eq!(outcome(&tried).0, every);
    let taken = server.next().await;
    assert_eq!(taken.to, "ada@first.example", "the caller's own address");
    assert!(taken.text().contains(&test.app.origin));
    let unsaved = state(&test).await;
    assert_eq!(unsaved["settings"], Value::Null, "nothing is kept");

    let mut elsewhere = entered(&server);
    elsewhere["to"] = json!("ops@first.example");
    trial(&test, elsewhere.clone()).await;
    assert_eq!(server.next().await.to, "ops@first.example");
    server.answer("RCPT", "550 5.1.1 no such mailbox");
    let (_, failed) = outcome(&trial(&test, elsewhere.clone()).await);
    let failed = failed.unwrap();
    assert_eq!(failed["name"], "recipient");
    assert!(
        failed["detail"]
            .as_str()
            .unwrap()
            .contains("no such mailbox")
    );
    assert!(failed["hint"].is_string());

    elsewhere["to"] = json!("nobody");
    let refused = test.admin().post("/api/admin/mail/test", elsewhere).await;
    assert_eq!(refused.code(), "invalid_email");
    let mut wrong = entered(&server);
    wrong["password"] = json!("wrong");
    let (_, failed) = outcome(&trial(&test, wrong).await);
    assert_eq!(failed.unwrap()["name"], "login");
    let mut untrusted = entered(&server);
    untrusted["ca_pem"] = Value::Null;
    let (_, failed) = outcome(&trial(&test, untrusted).await);
    assert_eq!(failed.unwrap()["name"], "tls");

    let mut plain = MailServer::start(Options {
        tls: Tls::Never,
        ..Options::default()
    })
    .await;
    let on_this_machine = json!({
        "host": "localhost", "port": plain.port, "security": "plain", "sender": "guildhall@first.example",
    });
    assert_eq!(trial(&test, on_this_machine).await["ok"], true);
    assert_eq!(plain.next().await.from, "guildhall@first.example");
}

#[tokio::test]
async fn a_server_beyond_the_local_network_needs_the_switch() {
    let test = TestApp::new().await;
    let far = json!({ "host": "192.0.2.1", "sender": "guildhall@first.example" });
    let (went, failed) = outcome(&trial(&test, far).await);
    assert!(went.is_empty());
    let failed = failed.unwrap();
    assert_eq!(failed["name"], "connect");
    assert!(
        failed["detail"].as_str().unwrap().contains("egress switch"),
        "{failed}"
    );
    let view = test.admin().get("/api/admin/egress").await.json();
    assert_eq!(view["mode"], "air_gapped");
    // A server of this machine is reached all the same, and the connection stands in the list.
    let server = with_mail(&test).await;
    assert_eq!(trial(&test, entered(&server)).await["ok"], true);
    test.app.egress.flush().await;
    let view = test.admin().get("/api/admin/egress").await.json();
    let hosts: Vec<&str> = view["recent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["host"].as_str().unwrap())
        .collect();
    assert!(
        hosts.contains(&format!("localhost:{}", server.port).as_str()),
        "{hosts:?}"
    );
    assert!(hosts.contains(&"192.0.2.1:587"), "{hosts:?}");
}

#[tokio::test]
async fn an_organisation_s_administrator_has_no_say_in_the_node_s_mail() {
    let test = TestApp::new().await;
    let stranger = test.stranger().await;
    for (method, path) in [("GET", SETTINGS), ("DELETE", SETTINGS)] {
        let refused = stranger.send(method, path, None, &[]).await;
        assert_eq!(refused.code(), "permission_missing");
    }
}
