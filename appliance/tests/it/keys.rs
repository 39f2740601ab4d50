//! API keys with bounds, and service accounts.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, TestApp};

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

async fn make_key(test: &TestApp, mut key: Value) -> Caller {
    key["name"] = json!("narrow");
    let made = test.admin().post("/api/account/api-keys", key).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    test.with_key(made.json()["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_does_what_its_scopes_name_and_no_more() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let chat = make_key(&test, json!({ "scopes": ["chat"] })).await;
    assert_eq!(chat.get("/api/ves").await.status, StatusCode::OK);
    let path = format!("/api/ves/{ve}/chat");
    let asked = chat.post(&path, json!({ "message": "Hello" })).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let missing = (403, "permission_missing".to_owned());
    assert_eq!(refusal(&chat.get("/api/admin/people").await), missing);
    let wider = chat
        .post("/api/account/api-keys", json!({ "name": "wider" }))
        .await;
    assert_eq!(refusal(&wider), missing);

    let read = make_key(&test, json!({ "scopes": ["read"] })).await;
    assert_eq!(read.get("/api/admin/people").await.status, StatusCode::OK);
    assert_eq!(
        refusal(&read.post(&path, json!({ "message": "Hello" })).await),
        missing
    );
    let one = make_key(&test, json!({ "scopes": ["quotas.manage"] })).await;
    assert_eq!(one.get("/api/admin/quotas").await.status, StatusCode::OK);
    assert_eq!(refusal(&one.get("/api/ves").await), missing);
    assert_eq!(
        one.get("/api/session").await.json()["permissions"],
        json!(["quotas.manage", "session.read"])
    );

    // What the person may not do, no scope gives.
    let key = json!({ "name": "x", "scopes": ["people.manage", "chat"] });
    let made = test
        .role(Role::Normal)
        .post("/api/account/api-keys", key)
        .await
        .json();
    let normal = test.with_key(made["key"].as_str().unwrap());
    let person = json!({ "email": "x@first.example", "display_name": "X", "role": "normal" });
    assert_eq!(
        refusal(&normal.post("/api/admin/people", person).await),
        missing
    );
    let unknown = json!({ "name": "x", "scopes": ["everything"] });
    let unknown = test.admin().post("/api/account/api-keys", unknown).await;
    assert_eq!(refusal(&unknown), (400, "unknown_scope".into()));
    let none = json!({ "name": "x", "scopes": [] });
    let none = test.admin().post("/api/account/api-keys", none).await;
    assert_eq!(refusal(&none), (400, "invalid_scopes".into()));
}

#[tokio::test]
async fn a_key_for_one_employee_knows_of_no_other() {
    let test = TestApp::new().await;
    let (mine, other) = (test.hire().await, test.hire().await);
    let key = make_key(&test, json!({ "ves": [mine] })).await;
    let listed = key.get("/api/ves").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], mine);
    let asked = key
        .post(
            &format!("/api/ves/{mine}/chat"),
            json!({ "message": "Hello" }),
        )
        .await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let said = test
        .admin()
        .post(
            &format!("/api/ves/{other}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    let message = said["message"]["id"].as_str().unwrap();
    let conversation = said["conversation_id"].as_str().unwrap();
    for (method, path) in [
        ("GET", format!("/api/ves/{other}")),
        ("PATCH", format!("/api/ves/{other}")),
        ("DELETE", format!("/api/ves/{other}")),
        ("POST", format!("/api/ves/{other}/chat")),
        ("GET", format!("/api/ves/{other}/conversations")),
        ("GET", format!("/api/ves/{other}/messages")),
        (
            "GET",
            format!("/api/ves/{other}/messages/{message}/versions"),
        ),
        ("GET", format!("/api/ves/{other}/messages/{message}/stream")),
        ("POST", format!("/api/ves/{other}/messages/{message}/stop")),
        (
            "POST",
            format!("/api/ves/{other}/messages/{message}/regenerate"),
        ),
        (
            "DELETE",
            format!("/api/ves/{other}/conversations/{conversation}"),
        ),
        ("GET", format!("/api/billing/usage?ve_id={other}")),
    ] {
        let body = match (method, path.ends_with("/chat")) {
            ("POST", true) => Some(json!({ "message": "Hello" })),
            ("PATCH", _) => Some(json!({ "persona_name": "X" })),
            _ => None,
        };
        let answer = key.send(method, &path, body, &[]).await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            answer.text
        );
        assert!(!answer.text.contains(&other), "{}", answer.text);
    }
    let overview = key.get("/api/overview").await;
    assert!(!overview.text.contains(&other), "{}", overview.text);
}

#[tokio::test]
async fn a_key_for_one_employee_calls_no_other_and_leads_around_no_bound() {
    let test = TestApp::new().await;
    let (mine, other) = (test.hire().await, test.hire().await);
    let key = make_key(&test, json!({ "ves": [mine] })).await;
    let models = key.get("/v1/models").await.json();
    assert_eq!(models["data"].as_array().unwrap().len(), 1);
    let completion = |model: &str| json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] });
    let path = "/v1/chat/completions";
    assert_eq!(
        key.post(path, completion(&mine)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        key.post(path, completion(&other)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        key.post(path, completion("starter")).await.status,
        StatusCode::NOT_FOUND
    );
    let vectors = json!({ "model": "embedding", "input": "Hello" });
    assert_eq!(
        key.post("/v1/embeddings", vectors).await.status,
        StatusCode::NOT_FOUND
    );

    // Nothing that would lead around the bounds.
    for path in [
        "/api/account/api-keys",
        "/api/admin/service-accounts",
        "/api/admin/people",
    ] {
        let made = key.post(path, json!({})).await;
        assert_eq!(made.status, StatusCode::FORBIDDEN, "{path}: {}", made.text);
    }
    let gone = json!({ "name": "x", "ves": ["ve_00000000000000000000000000"] });
    let gone = test.admin().post("/api/account/api-keys", gone).await;
    assert_eq!(refusal(&gone), (400, "unknown_employee".into()));
}

#[tokio::test]
async fn a_key_tells_its_bounds_its_end_and_its_last_use() {
    let test = TestApp::new().await;
    let key = make_key(&test, json!({ "scopes": ["read"], "expires_in_days": 1 })).await;
    assert_eq!(key.get("/api/ves").await.status, StatusCode::OK);
    let mut listed = Value::Null;
    // The use is noted in the background.
    for _ in 0..1000 {
        let keys = test.admin().get("/api/account/api-keys").await.json();
        let keys = keys["items"].as_array().unwrap().clone();
        let narrow = keys.into_iter().find(|key| key["name"] == "narrow");
        listed = narrow.unwrap();
        if !listed["last_used_at"].is_null() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(listed["last_used_at"].is_string(), "{listed}");
    assert_eq!(listed["scopes"], json!(["read"]));
    assert_eq!(listed["ves"], Value::Null);
    assert!(listed["prefix"].as_str().unwrap().starts_with("ghk_"));
    test.clock.advance_seconds(86_401);
    assert_eq!(key.get("/api/ves").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_service_account_works_by_key_takes_no_seat_and_cannot_log_in() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let seats = admin.get("/api/license").await.json()["seats"]["used"].clone();
    let made = json!({ "name": "Nightly import", "role": "staff" });
    let made = admin.post("/api/admin/service-accounts", made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let account = made.json();
    assert_eq!(
        (&account["keys"], &account["disabled"]),
        (&json!(0), &json!(false))
    );
    let id = account["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/service-accounts/{id}");
    let key = admin
        .post(
            &format!("{path}/keys"),
            json!({ "name": "first", "scopes": ["read"] }),
        )
        .await
        .json();
    let program = test.with_key(key["key"].as_str().unwrap());
    assert_eq!(program.get("/api/ves").await.status, StatusCode::OK);
    let session = program.get("/api/session").await.json();
    assert_eq!(session["person"]["display_name"], "Nightly import");
    assert_eq!(
        admin.get("/api/license").await.json()["seats"]["used"],
        seats
    );
    let people = admin.get("/api/admin/people").await;
    assert!(!people.text.contains(&id), "{}", people.text);
    assert_eq!(
        admin.get(&format!("{path}/keys")).await.json()["items"][0]["name"],
        "first"
    );
    let login = json!({ "email": id, "password": "" });
    let login = test.nobody().post("/api/session", login).await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);

    let disabled = admin
        .send("PATCH", &path, Some(json!({ "disabled": true })), &[])
        .await;
    assert_eq!(disabled.json()["disabled"], true, "{}", disabled.text);
    assert_eq!(
        program.get("/api/ves").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_service_account_changes_and_ends() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let made = json!({ "name": "Nightly import", "role": "staff" });
    let made = admin.post("/api/admin/service-accounts", made).await.json();
    let path = format!(
        "/api/admin/service-accounts/{}",
        made["id"].as_str().unwrap()
    );
    let key = json!({ "name": "first", "scopes": ["read"] });
    let key = admin.post(&format!("{path}/keys"), key).await.json();
    let program = test.with_key(key["key"].as_str().unwrap());
    let off = Some(json!({ "disabled": true }));
    admin.send("PATCH", &path, off, &[]).await;
    let smaller = json!({ "disabled": false, "role": "viewer", "name": "Import" });
    let enabled = admin.send("PATCH", &path, Some(smaller), &[]).await.json();
    assert_eq!(
        (&enabled["role"], &enabled["name"], &enabled["keys"]),
        (&json!("viewer"), &json!("Import"), &json!(1))
    );
    assert_eq!(program.get("/api/ves").await.status, StatusCode::OK);

    let stranger = test.stranger().await;
    for (method, path) in [("DELETE", path.clone()), ("GET", format!("{path}/keys"))] {
        assert_eq!(
            stranger.send(method, &path, None, &[]).await.status,
            StatusCode::NOT_FOUND
        );
    }
    let revoke = format!("{path}/keys/{}", key["id"].as_str().unwrap());
    assert_eq!(
        admin.send("DELETE", &revoke, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        program.get("/api/ves").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        admin.send("DELETE", &path, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        admin.send("DELETE", &path, None, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}
