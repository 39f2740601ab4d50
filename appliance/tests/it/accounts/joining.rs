//! Joining an organisation as whoever is signed in, however they signed in.

use axum::http::StatusCode;
use guildhall::identity::ExternalIdentity;
use serde_json::{Value, json};

use super::{
    Browser, code_of,
    external::{browser, enter, iris},
    log_in, member, set_totp_up,
};
use crate::harness::{Answer, Caller, PASSWORD, TestApp};

const IRIS: &str = "iris@corp.example";

/// Invites and gives the token of the link.
pub(super) async fn invite(admin: &Caller, input: Value) -> String {
    let made = admin.post("/api/admin/invitations", input).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    url.split_once('#').unwrap().1.to_owned()
}

pub(super) async fn join(browser: &Browser, token: &str) -> Answer {
    let body = json!({ "token": token });
    browser.post("/api/account/invitation", body).await
}

fn with_role(email: Option<&str>, role: &str) -> Value {
    json!({ "role": role, "email": email })
}

/// Iris, whom a directory of the first organisation vouches for: she has no password here.
pub(super) async fn signed_in(test: &TestApp) -> (Browser, ExternalIdentity) {
    let identity = iris(test, Some("normal")).await;
    let opened = enter(test, &identity).await.unwrap();
    (browser(test, &opened), identity)
}

#[tokio::test]
async fn somebody_without_a_password_joins_another_organisation_by_their_session() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let (iris, identity) = signed_in(&test).await;
    let token = invite(&beta, with_role(Some(IRIS), "staff")).await;
    // No password is asked for, and none that is made up lets anybody in.
    let made_up = json!({ "token": token, "display_name": "Iris", "password": PASSWORD });
    let made_up = test.nobody().post("/api/invitations/accept", made_up).await;
    assert_eq!(made_up.code(), "wrong_credentials", "{}", made_up.text);

    let came = join(&iris, &token).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text);
    let came = (Browser::of(&test, &came), came.json());
    assert_eq!(came.1["organisation"]["name"], "Second Organisation");
    assert_eq!(came.1["role"], "staff");
    assert_eq!(came.1["organisations"].as_array().unwrap().len(), 2);
    assert_eq!(came.1["source"], identity.source.as_str());
    assert!(!iris.is_in().await, "the session goes on as another one");
    assert!(came.0.is_in().await);
    let again = join(&came.0, &token).await;
    assert_eq!(again.code(), "invitation_used", "{}", again.text);
    let unknown = join(&came.0, "nonsense").await;
    assert_eq!(unknown.code(), "invitation_unknown", "{}", unknown.text);
    assert!(came.0.is_in().await, "a refusal ends nothing");
    // What opened the session still ends it.
    let (parts, key) = (
        guildhall::identity::external_context(&test.app),
        (identity.source.clone(), identity.subject.clone()),
    );
    let ended = test.app.db.write(move |tx| {
        guildhall::identity::end_external_sessions(tx, &parts.revoke.live, (&key.0, &key.1))
    });
    assert_eq!(ended.await.unwrap(), 1);
    assert!(!came.0.is_in().await);
}

#[tokio::test]
async fn only_the_account_of_the_invited_address_joins() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let token = invite(&beta, with_role(Some(IRIS), "admin")).await;
    let nell = member(&test, "nell@first.example", "normal").await;
    let other = join(&nell, &token).await;
    assert_eq!(other.code(), "another_address", "{}", other.text);
    assert!(nell.is_in().await);
    // An invitation for nobody in particular is for whoever holds the link.
    let anybody = invite(&beta, with_role(None, "normal")).await;
    let came = join(&nell, &anybody).await;
    assert_eq!(came.json()["role"], "normal", "{}", came.text);
    let (iris, _) = signed_in(&test).await;
    assert_eq!(join(&iris, &token).await.json()["role"], "admin");
}

#[tokio::test]
async fn a_session_counts_for_a_quarter_of_an_hour_and_from_its_own_pages_only() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let token = invite(&beta, with_role(Some(IRIS), "normal")).await;
    let (iris, identity) = signed_in(&test).await;
    let body = Some(json!({ "token": token }));
    let path = "/api/account/invitation";
    let headers = [("cookie", iris.cookie.as_str())];
    let forged = iris.caller.send("POST", path, body.clone(), &headers).await;
    assert_eq!(forged.code(), "csrf_token_missing", "{}", forged.text);
    let from_elsewhere = [
        ("cookie", iris.cookie.as_str()),
        ("x-csrf-token", iris.csrf.as_str()),
        ("origin", "https://elsewhere.example"),
    ];
    let forged = iris.caller.send("POST", path, body, &from_elsewhere).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.text);

    test.clock.advance_seconds(15 * 60);
    let stale = join(&iris, &token).await;
    assert_eq!(
        (stale.status, stale.code().as_str()),
        (StatusCode::FORBIDDEN, "sign_in_again"),
        "{}",
        stale.text
    );
    // Another organisation does not make it any fresher.
    let here = iris.get("/api/session").await.json()["organisation"]["id"].clone();
    let moved = json!({ "organisation_id": here });
    let moved = iris.post("/api/session/organisation", moved).await;
    let stale = join(&Browser::of(&test, &moved), &token).await;
    assert_eq!(stale.code(), "sign_in_again", "{}", stale.text);
    let again = browser(&test, &enter(&test, &identity).await.unwrap());
    assert_eq!(join(&again, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn neither_a_key_nor_a_password_that_somebody_else_knows_joins() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let token = invite(&beta, with_role(None, "normal")).await;
    let key = test.admin();
    let key = key.post("/api/account/invitation", json!({ "token": token }));
    assert_eq!(key.await.code(), "not_a_session");
    let nina = json!({ "email": "nina@first.example", "display_name": "Nina", "role": "normal" });
    let nina = test.admin().post("/api/admin/people", nina).await.json();
    let temporary = nina["temporary_password"].as_str().unwrap();
    let nina = Browser::of(&test, &log_in(&test, "nina@first.example", temporary).await);
    let refused = join(&nina, &token).await;
    assert_eq!(
        refused.code(),
        "password_change_required",
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn who_has_a_second_factor_has_given_it() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let token = invite(&beta, with_role(Some("nell@first.example"), "normal")).await;
    let nell = member(&test, "nell@first.example", "normal").await;
    let (secret, _) = set_totp_up(&test, &nell).await;
    test.clock.advance_seconds(60);
    let half = log_in(&test, "nell@first.example", PASSWORD).await;
    assert_eq!(half.code(), "second_factor_required", "{}", half.text);
    let half = half.json()["error"]["details"].clone();
    let code = json!({ "code": code_of(&test, &secret) });
    let whole = super::second_step(&test, &half, code).await;
    let came = join(&Browser::of(&test, &whole), &token).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text);
}
