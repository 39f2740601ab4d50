//! Whoever is removed, disabled or loses a key loses everything at once: sessions, keys, open streams, answers
//! being written. Nobody does that to themselves.

use std::{task::Poll, time::Duration};

use axum::http::{StatusCode, header};
use futures::StreamExt;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Caller, TestApp},
    providers::{
        self, openai_answer,
        stub::{Reply, Stub, Then},
    },
};

/// Everything stops within this time; the wall clock, since nothing else measures it.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Somebody new with a session and a key.
struct Sacked {
    id: String,
    session: (String, String),
    key: Caller,
}

const NEW_PASSWORD: &str = "a phrase of my own";

impl Sacked {
    async fn hired(test: &TestApp) -> Self {
        let person = json!({ "email": "mo@first.example", "display_name": "Mo", "role": "staff" });
        let added = test.admin().post("/api/admin/people", person).await.json();
        let temporary = added["temporary_password"].as_str().unwrap();
        let first = log_in(test, temporary).await;
        let change = json!({ "current_password": temporary, "new_password": NEW_PASSWORD });
        let change = Some(change);
        let changed = send(
            test,
            ("POST", "/api/account/password"),
            change,
            &credentials(&first),
        )
        .await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
        let session = credentials(&changed);
        let key = Some(json!({ "name": "mine" }));
        let key = send(test, ("POST", "/api/account/api-keys"), key, &session).await;
        Self {
            id: added["member"]["id"].as_str().unwrap().to_owned(),
            key: test.with_key(key.json()["key"].as_str().unwrap()),
            session,
        }
    }

    async fn listen(&self, test: &TestApp) -> axum::body::BodyDataStream {
        let cookie = [("cookie", self.session.0.as_str())];
        let opened = test
            .nobody()
            .open(("GET", "/api/events"), None, &cookie)
            .await;
        assert_eq!(opened.status(), StatusCode::OK);
        opened.into_body().into_data_stream()
    }

    async fn listen_by_key(&self) -> axum::body::BodyDataStream {
        let opened = self.key.open(("GET", "/api/events"), None, &[]).await;
        assert_eq!(opened.status(), StatusCode::OK);
        opened.into_body().into_data_stream()
    }

    async fn is_out(&self, test: &TestApp) {
        let by_session = send(test, ("GET", "/api/session"), None, &self.session).await;
        assert_eq!(
            by_session.status,
            StatusCode::UNAUTHORIZED,
            "{}",
            by_session.text
        );
        assert_eq!(
            self.key.get("/api/ves").await.status,
            StatusCode::UNAUTHORIZED
        );
        let again = log_in(test, NEW_PASSWORD).await;
        assert!(again.status.is_client_error(), "{}", again.text);
    }
}

async fn log_in(test: &TestApp, password: &str) -> Answer {
    let login = json!({ "email": "mo@first.example", "password": password });
    test.nobody().post("/api/session", login).await
}

fn credentials(answer: &Answer) -> (String, String) {
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf = answer.json()["csrf_token"].as_str().unwrap().to_owned();
    (cookie, csrf)
}

async fn send(
    test: &TestApp,
    (method, path): (&str, &str),
    body: Option<Value>,
    (cookie, csrf): &(String, String),
) -> Answer {
    let headers = [("cookie", cookie.as_str()), ("x-csrf-token", csrf)];
    test.nobody().send(method, path, body, &headers).await
}

/// Reads a stream to its end.
async fn ends(mut stream: axum::body::BodyDataStream) {
    let reading = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(AT_ONCE, reading)
        .await
        .expect("the stream is still open");
}

/// Whether the stream is still open: something that happens is heard.
async fn hears(test: &TestApp, stream: &mut axum::body::BodyDataStream) -> bool {
    let mut next = std::pin::pin!(stream.next());
    // A stream listens from its first look on.
    if let Poll::Ready(heard) = futures::poll!(next.as_mut()) {
        return matches!(heard, Some(Ok(_)));
    }
    test.app.events.publish(
        guildhall::events::Audience::Node,
        guildhall::events::Event::PeopleChanged {},
    );
    let heard = tokio::time::timeout(AT_ONCE, next).await;
    matches!(heard, Ok(Some(Ok(_))))
}

#[tokio::test]
async fn a_removed_person_stops_within_a_second() {
    let test = TestApp::new().await;
    let mo = Sacked::hired(&test).await;
    let (mut by_session, by_key) = (mo.listen(&test).await, mo.listen_by_key().await);
    assert!(hears(&test, &mut by_session).await);
    let mut other = test
        .role(Role::Staff)
        .open(("GET", "/api/events"), None, &[])
        .await
        .into_body()
        .into_data_stream();

    let path = format!("/api/admin/people/{}", mo.id);
    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    ends(by_session).await;
    ends(by_key).await;
    mo.is_out(&test).await;
    assert!(hears(&test, &mut other).await, "nobody else is cut off");
}

#[tokio::test]
async fn a_disabled_person_stops_and_has_no_keys_left_when_they_come_back() {
    let test = TestApp::new().await;
    let mo = Sacked::hired(&test).await;
    let stream = mo.listen(&test).await;
    let path = format!("/api/admin/people/{}", mo.id);
    let change = |disabled: bool| Some(json!({ "disabled": disabled }));
    test.admin().send("PATCH", &path, change(true), &[]).await;
    ends(stream).await;
    mo.is_out(&test).await;
    let back = test.admin().send("PATCH", &path, change(false), &[]).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text);
    assert_eq!(
        mo.key.get("/api/ves").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(log_in(&test, NEW_PASSWORD).await.status.is_success());
}

#[tokio::test]
async fn another_role_begins_streams_anew_and_leaves_the_session() {
    let test = TestApp::new().await;
    let mo = Sacked::hired(&test).await;
    let stream = mo.listen(&test).await;
    let path = format!("/api/admin/people/{}", mo.id);
    let changed = Some(json!({ "role": "normal" }));
    test.admin().send("PATCH", &path, changed, &[]).await;
    ends(stream).await;
    assert!(hears(&test, &mut mo.listen(&test).await).await);
}

#[tokio::test]
async fn a_session_or_key_that_ends_takes_its_own_streams_along() {
    let test = TestApp::new().await;
    let mo = Sacked::hired(&test).await;
    let (mut by_session, by_key) = (mo.listen(&test).await, mo.listen_by_key().await);
    let keys = send(&test, ("GET", "/api/account/api-keys"), None, &mo.session)
        .await
        .json();
    let key = format!(
        "/api/account/api-keys/{}",
        keys["items"][0]["id"].as_str().unwrap()
    );
    let revoked = send(&test, ("DELETE", &key), None, &mo.session).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT, "{}", revoked.text);
    ends(by_key).await;
    assert!(hears(&test, &mut by_session).await);
    send(&test, ("DELETE", "/api/session"), None, &mo.session).await;
    ends(by_session).await;
}

/// A model that says a word and falls silent.
async fn endless(test: &TestApp) -> Stub {
    let first = openai_answer("Well");
    let first = first.split("\n\n").next().unwrap().to_owned() + "\n\n";
    let stub = Stub::start(vec![Reply::events(&first).then(Then::Hang)]).await;
    providers::open(test, "local_network").await;
    let patient = json!({ "settings": { "idle_timeout_ms": 600_000 } });
    providers::enter(test, &stub, "openai", patient).await;
    stub
}

#[tokio::test]
async fn an_answer_being_written_for_a_removed_person_is_stopped() {
    let test = TestApp::new().await;
    let _stub = endless(&test).await;
    let hire = json!({ "model": "openai/m-1" });
    let hired = test
        .admin()
        .post("/api/marketplace/agents/invoice-clerk/hire", hire)
        .await;
    assert_eq!(hired.status, StatusCode::CREATED, "{}", hired.text);
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let mo = Sacked::hired(&test).await;

    let chat = format!("/api/ves/{ve}/chat");
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({ "message": "Hello" }));
    let answer = mo.key.open(("POST", &chat), body, &accept).await;
    let mut answer = answer.into_body().into_data_stream();
    let mut heard = String::new();
    while !heard.contains("event: delta") {
        let piece = tokio::time::timeout(Duration::from_secs(60), answer.next()).await;
        let piece = piece.unwrap_or_else(|_| panic!("silence after {heard}"));
        heard.push_str(std::str::from_utf8(&piece.unwrap().unwrap()).unwrap());
    }
    let completion = json!({
        "model": "openai/m-1", "stream": true, "messages": [{ "role": "user", "content": "Hello" }],
    });
    let direct = mo
        .key
        .open(("POST", "/v1/chat/completions"), Some(completion), &[])
        .await;
    assert_eq!(direct.status(), StatusCode::OK);

    let path = format!("/api/admin/people/{}", mo.id);
    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    ends(answer).await;
    ends(direct.into_body().into_data_stream()).await;
}

#[tokio::test]
async fn playground_runs_of_a_removed_person_are_stopped() {
    let test = TestApp::new().await;
    let _stub = endless(&test).await;
    let mo = Sacked::hired(&test).await;
    let column = json!({ "model": "openai/m-1" });
    let run = json!({ "messages": [{ "role": "user", "content": "Hello" }], "columns": [column, column] });
    let run = mo.key.post("/api/playground/runs", run).await;
    assert_eq!(run.status, StatusCode::CREATED, "{}", run.text);
    let run = format!(
        "/api/playground/runs/{}",
        run.json()["id"].as_str().unwrap()
    );
    let stream = format!("{run}/stream");
    let stream = mo.key.open(("GET", &stream), None, &[]).await;
    let mut stream = stream.into_body().into_data_stream();
    let mut heard = String::new();
    while heard.matches("event: delta").count() < 2 {
        let piece = tokio::time::timeout(Duration::from_secs(60), stream.next()).await;
        let piece = piece.unwrap_or_else(|_| panic!("silence after {heard}"));
        heard.push_str(std::str::from_utf8(&piece.unwrap().unwrap()).unwrap());
    }

    let path = format!("/api/admin/people/{}", mo.id);
    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    ends(stream).await;
    let stopped = async {
        loop {
            // An administrator sees the run's figures, though not its words.
            let shown = test.admin().get(&run).await.json();
            let answers = shown["answers"].as_array().unwrap().clone();
            if answers.iter().all(|answer| answer["state"] == "stopped") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(AT_ONCE, stopped)
        .await
        .expect("the run goes on");
}

#[tokio::test]
async fn a_removed_administrator_comes_back_by_nothing_they_left_behind() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let mo = Sacked::hired(&test).await;
    let person = format!("/api/admin/people/{}", mo.id);
    let promoted = Some(json!({ "role": "admin" }));
    admin.send("PATCH", &person, promoted, &[]).await;
    let platform = format!("{person}/platform-administrator");
    let granted = admin.send("PUT", &platform, None, &[]).await;
    assert_eq!(granted.status, StatusCode::NO_CONTENT, "{}", granted.text);
    let link = json!({ "role": "admin" });
    let link = mo.key.post("/api/admin/invitations", link).await.json();
    let token = link["url"].as_str().unwrap().rsplit('#').next().unwrap();
    let token = json!({ "token": token });
    let check = "/api/invitations/check";
    assert_eq!(
        test.nobody().post(check, token.clone()).await.status,
        StatusCode::OK
    );

    let removed = admin.send("DELETE", &person, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    let refused = test.nobody().post(check, token).await;
    assert_eq!(refused.code(), "invitation_withdrawn", "{}", refused.text);
    // Let in again as anything, they are that and no more.
    let again = json!({ "email": "mo@first.example", "display_name": "Mo", "role": "normal" });
    let again = admin.post("/api/admin/people", again).await.json();
    assert_eq!(again["member"]["id"], mo.id.as_str());
    assert_eq!(again["member"]["platform_administrator"], false, "{again}");
}

#[tokio::test]
async fn nobody_takes_from_themselves_what_they_could_not_give_back() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let ada = admin.get("/api/session").await.json();
    let path = format!(
        "/api/admin/people/{}",
        ada["person"]["id"].as_str().unwrap()
    );
    let other = json!({ "email": "otto@first.example", "display_name": "Otto", "role": "admin" });
    let other = admin.post("/api/admin/people", other).await.json();
    let other = format!(
        "/api/admin/people/{}",
        other["member"]["id"].as_str().unwrap()
    );
    let platform = format!("{other}/platform-administrator");
    admin.send("PUT", &platform, None, &[]).await;
    for change in [json!({ "role": "operator" }), json!({ "disabled": true })] {
        let refused = admin.send("PATCH", &path, Some(change), &[]).await;
        assert_eq!(refused.code(), "not_yourself", "{}", refused.text);
    }
    for gone in [path.clone(), format!("{path}/platform-administrator")] {
        let refused = admin.send("DELETE", &gone, None, &[]).await;
        assert_eq!(refused.code(), "not_yourself", "{}", refused.text);
    }
    // One's own name, and the role that one has, are no such thing.
    let kept = Some(json!({ "role": "admin", "display_name": "Ada A." }));
    let kept = admin.send("PATCH", &path, kept, &[]).await;
    assert_eq!(kept.json()["display_name"], "Ada A.", "{}", kept.text);
    let still = admin.get("/api/session").await.json();
    assert_eq!(still["permissions"], ada["permissions"]);
    assert_eq!(still["node_permissions"], ada["node_permissions"]);
    // Another administrator may do all of it.
    let demoted = Some(json!({ "role": "normal" }));
    let demoted = admin.send("PATCH", &other, demoted, &[]).await;
    assert_eq!(demoted.json()["role"], "normal", "{}", demoted.text);
}
