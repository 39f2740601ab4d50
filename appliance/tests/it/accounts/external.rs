//! People whom a directory or an identity provider vouches for.

use std::time::Duration;

use axum::http::{StatusCode, header};
use futures::StreamExt;
use guildhall::identity::{
    self, ExternalChange, ExternalIdentity, Grant, OpenedSession, Origin, external_context,
};
use guildhall_kernel::{OrgId, RequestId, Result, Role};
use serde_json::{Value, json};

use super::{Browser, ada, add_to, listed, log_in, member};
use crate::{
    federation::saml_provider,
    harness::{Caller, PASSWORD, TestApp},
};

const IRIS: &str = "iris@corp.example";

/// Iris, as the directory sees her, with these roles in the first organisation.
pub(super) async fn iris(test: &TestApp, role: Option<&str>) -> ExternalIdentity {
    let organisation = organisation(test).await;
    let grant = |role: &str| Grant {
        organisation,
        role: role.to_owned(),
    };
    ExternalIdentity {
        source: "dir_1".to_owned(),
        subject: "uuid-1".to_owned(),
        email: "Iris@Corp.example".to_owned(),
        display_name: "Iris Intern".to_owned(),
        grants: role.map(grant).into_iter().collect(),
        organisations: vec![organisation],
        active: true,
    }
}

async fn organisation(test: &TestApp) -> OrgId {
    organisation_of(&test.admin()).await
}

pub(super) async fn organisation_of(caller: &Caller) -> OrgId {
    let session = caller.get("/api/session").await.json();
    session["organisation"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

pub(super) async fn apply(test: &TestApp, identity: &ExternalIdentity) -> Result<ExternalChange> {
    let (parts, identity) = (external_context(&test.app), identity.clone());
    test.app
        .db
        .write(move |tx| identity::apply_external(tx, &parts, &identity))
        .await
}

pub(super) async fn enter(test: &TestApp, identity: &ExternalIdentity) -> Result<OpenedSession> {
    let origin = Origin {
        address: "192.0.2.1".to_owned(),
        limit_key: "192.0.2.1".to_owned(),
        user_agent: "tests".to_owned(),
        request_id: RequestId::new(),
    };
    identity::log_in_external(&test.app, identity.clone(), origin).await
}

pub(super) fn browser(test: &TestApp, opened: &OpenedSession) -> Browser {
    Browser {
        caller: test.nobody(),
        cookie: format!("guildhall={}", opened.token),
        csrf: opened.view.csrf_token.clone().unwrap(),
    }
}

#[tokio::test]
async fn a_person_is_made_changed_and_withdrawn_as_the_source_says() {
    let test = TestApp::new().await;
    let opened = enter(&test, &iris(&test, Some("normal")).await)
        .await
        .unwrap();
    let inside = browser(&test, &opened);
    assert!(inside.is_in().await);
    let entry = listed(&test, IRIS).await;
    assert_eq!(
        (&entry["source"], &entry["role"]),
        (&json!("dir_1"), &json!("normal"))
    );
    assert_eq!(entry["display_name"], "Iris Intern");

    let mut changed = iris(&test, Some("staff")).await;
    changed.display_name = "Iris Lead".to_owned();
    changed.email = "iris.lead@corp.example".to_owned();
    let change = apply(&test, &changed).await.unwrap();
    assert!(!change.created && change.granted.len() == 1 && change.withdrawn.is_empty());
    let entry = listed(&test, "iris.lead@corp.example").await;
    assert_eq!(
        (&entry["role"], &entry["display_name"]),
        (&json!("staff"), &json!("Iris Lead"))
    );
    let again = apply(&test, &changed).await.unwrap();
    assert!(
        again.granted.is_empty(),
        "the same word twice changes nothing"
    );

    changed.grants.clear();
    let change = apply(&test, &changed).await.unwrap();
    assert_eq!(change.withdrawn.len(), 1);
    assert!(!inside.is_in().await, "access ends at once");
    assert_eq!(listed(&test, "iris.lead@corp.example").await, Value::Null);
    let refused = enter(&test, &changed).await.err().unwrap();
    assert_eq!(refused.code(), "no_grant");
}

#[tokio::test]
async fn who_may_not_come_in_leaves_no_account() {
    let test = TestApp::new().await;
    let nobody = iris(&test, None).await;
    assert_eq!(
        enter(&test, &nobody).await.err().unwrap().code(),
        "no_grant"
    );
    let mut disabled = iris(&test, Some("normal")).await;
    disabled.active = false;
    assert_eq!(
        enter(&test, &disabled).await.err().unwrap().code(),
        "account_disabled"
    );
    let known = test
        .app
        .db
        .read(|reader| identity::find_by_email(reader, IRIS))
        .await;
    assert!(known.unwrap().is_none());
    let mut wrong = iris(&test, Some("emperor")).await;
    assert_eq!(
        apply(&test, &wrong).await.unwrap_err().code(),
        "unknown_role"
    );
    wrong.email = "no address".to_owned();
    assert_eq!(
        apply(&test, &wrong).await.unwrap_err().code(),
        "invalid_email"
    );
}

#[tokio::test]
async fn a_disabled_account_loses_everything_and_what_was_given_by_hand_stays() {
    let test = TestApp::new().await;
    let mut identity = iris(&test, Some("normal")).await;
    let inside = browser(&test, &enter(&test, &identity).await.unwrap());
    let made = inside
        .post("/api/account/api-keys", json!({ "name": "script" }))
        .await;
    let script = test.with_key(made.json()["key"].as_str().unwrap());
    assert_eq!(script.get("/api/session").await.status, StatusCode::OK);
    // The second organisation takes her in by hand.
    let stranger = test.stranger().await;
    add_to(&test, organisation_of(&stranger).await, (IRIS, Role::Staff)).await;

    identity.active = false;
    apply(&test, &identity).await.unwrap();
    assert!(!inside.is_in().await);
    assert_eq!(
        script.get("/api/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(listed(&test, IRIS).await, Value::Null);
    let people = stranger.get("/api/admin/people").await.json();
    let hers = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["email"] == IRIS);
    assert_eq!(hers.unwrap()["role"], "staff", "{people}");
    assert_eq!(
        enter(&test, &identity).await.err().unwrap().code(),
        "account_disabled"
    );
}

#[tokio::test]
async fn a_source_takes_no_administrator_over_and_no_hand_given_role() {
    let test = TestApp::new().await;
    let mut identity = iris(&test, Some("normal")).await;
    identity.email = "ada@first.example".to_owned();
    assert_eq!(
        enter(&test, &identity).await.err().unwrap().code(),
        "account_exists"
    );
    member(&test, "anna@first.example", "admin").await;
    identity.email = "anna@first.example".to_owned();
    assert_eq!(
        apply(&test, &identity).await.unwrap_err().code(),
        "account_exists"
    );

    // Somebody else is linked, and keeps name, role and password.
    let nell = member(&test, "nell@first.example", "staff").await;
    identity.email = "nell@first.example".to_owned();
    let change = apply(&test, &identity).await.unwrap();
    assert!(!change.created && change.granted.is_empty());
    let entry = listed(&test, "nell@first.example").await;
    assert_eq!(
        (&entry["role"], &entry["source"]),
        (&json!("staff"), &Value::Null)
    );
    assert_eq!(entry["display_name"], "nell@first.example");
    identity.active = false;
    apply(&test, &identity).await.unwrap();
    assert!(
        nell.is_in().await,
        "the node's own login is not the source's to end"
    );
    let security = nell.get("/api/account/security").await.json();
    assert_eq!(
        security["sources"],
        json!([{ "source": "dir_1", "name": "dir_1" }])
    );
}

#[tokio::test]
async fn who_has_no_password_here_logs_in_elsewhere_only() {
    let test = TestApp::new().await;
    let identity = iris(&test, Some("normal")).await;
    let inside = browser(&test, &enter(&test, &identity).await.unwrap());
    for guess in ["", PASSWORD] {
        assert_eq!(log_in(&test, IRIS, guess).await.code(), "wrong_credentials");
    }
    let begun = inside
        .post("/api/account/totp", json!({ "password": "" }))
        .await;
    assert_eq!(begun.code(), "no_local_password");
    let change = json!({ "current_password": "", "new_password": PASSWORD });
    let changed = inside.post("/api/account/password", change).await;
    assert_eq!(changed.code(), "no_local_password");
    let path = format!(
        "/api/admin/people/{}/reset-password",
        super::id_of(&inside).await
    );
    let reset = test.admin().send("POST", &path, None, &[]).await;
    assert_eq!(reset.code(), "no_local_password");
    // A second factor is the source's business.
    let mut rules = test.admin().get("/api/admin/security").await.json();
    rules["second_factor"] = json!("everyone");
    test.admin()
        .send("PUT", "/api/admin/security", Some(rules), &[])
        .await;
    assert_eq!(inside.get("/api/ves").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_preview_changes_nothing_and_a_logout_ends_what_the_source_opened() {
    let test = TestApp::new().await;
    let mut identity = iris(&test, Some("normal")).await;
    let preview = async |identity: ExternalIdentity| {
        let read = test
            .app
            .db
            .read(move |reader| identity::preview_external(reader, &identity));
        read.await
    };
    let change = preview(identity.clone()).await.unwrap();
    assert!(change.created && change.granted.len() == 1);
    assert_eq!(listed(&test, IRIS).await, Value::Null);

    let inside = browser(&test, &enter(&test, &identity).await.unwrap());
    identity.grants.clear();
    assert_eq!(preview(identity.clone()).await.unwrap().withdrawn.len(), 1);
    assert!(inside.is_in().await);
    let known = test
        .app
        .db
        .read(|reader| identity::external_subjects(reader, "dir_1"));
    assert_eq!(known.await.unwrap()[0].0, "uuid-1");

    let live = test.app.live.clone();
    let ended = test
        .app
        .db
        .write(move |tx| identity::end_external_sessions(tx, &live, ("dir_1", "uuid-1")))
        .await;
    assert_eq!(ended.unwrap(), 1);
    assert!(!inside.is_in().await);
    identity.subject = "uuid-2".to_owned();
    identity.email = "ivan@corp.example".to_owned();
    assert_eq!(preview(identity).await.unwrap_err().code(), "no_grant");
}

/// Makes an identity provider, and gives its id and the address to log out by.
async fn provider(test: &TestApp, settings: Value) -> (String, String) {
    let made = test
        .admin()
        .post("/api/admin/identity-providers", settings)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let ways = test.nobody().get("/api/sign-in").await.json();
    let offered = ways["providers"].as_array().unwrap().iter();
    let own = offered.clone().find(|way| way["id"] == *id).unwrap();
    (id, own["logout_path"].as_str().unwrap().to_owned())
}

/// Logs out by a change of page: where the browser is sent, once its cookie is gone.
async fn leave(browser: &Browser, logout_path: &str) -> String {
    let left = browser.get(logout_path).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.text);
    let cookie = left.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    left.headers[header::LOCATION].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_logs_out_at_the_address_of_a_provider_is_logged_out_here() {
    let test = TestApp::new().await;
    let organisation = organisation(&test).await.to_string();
    // Its logout address is asked for at the provider, which is not there: that keeps nobody in.
    let oidc = json!({ "kind": "oidc", "name": "Partners",
        "oidc": { "issuer": "https://127.0.0.1:9", "client_id": "guildhall" } });
    for settings in [saml_provider(&organisation), oidc] {
        let (id, logout_path) = provider(&test, settings).await;
        let mut identity = iris(&test, Some("normal")).await;
        identity.source.clone_from(&id);
        let inside = browser(&test, &enter(&test, &identity).await.unwrap());
        let session = inside.get("/api/session").await.json();
        assert_eq!(session["source"], *id);
        assert_eq!(leave(&inside, &logout_path).await, "/signin");
        assert!(!inside.is_in().await, "{logout_path}");

        let own = ada(&test).await;
        assert_eq!(own.get("/api/session").await.json()["source"], Value::Null);
        leave(&own, &logout_path).await;
        assert!(!own.is_in().await, "{logout_path}");
    }
}

/// Listens to what happens, in a browser's session.
async fn listen(browser: &Browser) -> axum::body::BodyDataStream {
    let cookie = [("cookie", browser.cookie.as_str())];
    let opened = browser
        .caller
        .open(("GET", "/api/events"), None, &cookie)
        .await;
    assert_eq!(opened.status(), StatusCode::OK);
    opened.into_body().into_data_stream()
}

/// Whether the stream ends within a second.
async fn ends(mut stream: axum::body::BodyDataStream) -> bool {
    let reading = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(1), reading)
        .await
        .is_ok()
}

#[tokio::test]
async fn streams_end_with_the_session_that_a_provider_opened() {
    let test = TestApp::new().await;
    let identity = iris(&test, Some("normal")).await;
    let inside = browser(&test, &enter(&test, &identity).await.unwrap());
    let (mine, theirs) = (listen(&inside).await, listen(&ada(&test).await).await);
    let live = test.app.live.clone();
    let ended = test
        .app
        .db
        .write(move |tx| identity::end_external_sessions(tx, &live, ("dir_1", "uuid-1")))
        .await;
    assert_eq!(ended.unwrap(), 1);
    assert!(ends(mine).await);
    assert!(!ends(theirs).await, "nobody else is cut off");

    let organisation = organisation(&test).await.to_string();
    let oidc = json!({ "kind": "oidc", "name": "Partners",
        "oidc": { "issuer": "https://127.0.0.1:9", "client_id": "guildhall" } });
    for settings in [saml_provider(&organisation), oidc] {
        let (id, logout_path) = provider(&test, settings).await;
        let mut identity = iris(&test, Some("normal")).await;
        identity.source = id;
        let inside = browser(&test, &enter(&test, &identity).await.unwrap());
        let stream = listen(&inside).await;
        leave(&inside, &logout_path).await;
        assert!(ends(stream).await, "{logout_path}");
    }
}
