//! Set-up, login, sessions and people.

use axum::http::{StatusCode, header};
use guildhall::identity;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, PASSWORD, TestApp};

async fn log_in(test: &TestApp, email: &str, password: &str) -> Answer {
    test.nobody()
        .post(
            "/api/session",
            json!({ "email": email, "password": password }),
        )
        .await
}

/// The cookie and CSRF token of a login.
fn credentials(answer: &Answer) -> (String, String) {
    let cookie = answer.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    (
        cookie,
        answer.json()["csrf_token"].as_str().unwrap().to_owned(),
    )
}

async fn with_session(
    caller: &Caller,
    (method, path): (&str, &str),
    body: Option<Value>,
    (cookie, csrf): &(String, String),
) -> Answer {
    caller
        .send(
            method,
            path,
            body,
            &[("cookie", cookie), ("x-csrf-token", csrf)],
        )
        .await
}

#[tokio::test]
async fn a_session_cookie_is_strict_and_a_change_needs_its_csrf_token() {
    let test = TestApp::new().await;
    let login = log_in(&test, "ADA@first.example", PASSWORD).await;
    assert_eq!(login.status, StatusCode::CREATED, "{}", login.text);
    let set = login.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );

    let session = credentials(&login);
    let nobody = test.nobody();
    let rename = ("PATCH", "/api/account");
    let body = || Some(json!({ "display_name": "Ada" }));
    let bare = nobody
        .send("PATCH", "/api/account", body(), &[("cookie", &session.0)])
        .await;
    assert_eq!(bare.code(), "csrf_token_missing");
    let renamed = with_session(&nobody, rename, body(), &session).await;
    assert_eq!(renamed.status, StatusCode::OK);
    let foreign = [
        ("cookie", session.0.as_str()),
        ("x-csrf-token", &session.1),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(
        nobody
            .send("PATCH", "/api/account", body(), &foreign)
            .await
            .code(),
        "cross_site_request"
    );
}

#[tokio::test]
async fn a_wrong_login_says_the_same_for_everyone_and_slows_down() {
    let test = TestApp::new().await;
    let unknown = log_in(&test, "who@first.example", "whatever it is").await;
    let wrong = log_in(&test, "ada@first.example", "whatever it is").await;
    assert_eq!(
        (unknown.status, unknown.code()),
        (wrong.status, wrong.code())
    );
    assert_eq!(
        wrong.json()["error"]["message"],
        unknown.json()["error"]["message"]
    );
    for _ in 0..4 {
        log_in(&test, "ada@first.example", "whatever it is").await;
    }
    let slowed = log_in(&test, "ada@first.example", PASSWORD).await;
    assert_eq!(
        (slowed.status, slowed.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
    );
    assert!(slowed.headers.contains_key(header::RETRY_AFTER));
    test.clock.advance_seconds(3600);
    assert_eq!(
        log_in(&test, "ada@first.example", PASSWORD).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_session_ends_by_log_out_by_revocation_and_by_time() {
    let test = TestApp::new().await;
    let nobody = test.nobody();
    let first = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let second = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let read = ("GET", "/api/session");

    with_session(&nobody, ("DELETE", "/api/session"), None, &first).await;
    assert_eq!(
        with_session(&nobody, read, None, &first).await.status,
        StatusCode::UNAUTHORIZED
    );

    let third = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let ended = with_session(&nobody, ("DELETE", "/api/account/sessions"), None, &third).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(
        with_session(&nobody, read, None, &second).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        with_session(&nobody, read, None, &third).await.status,
        StatusCode::OK
    );

    test.clock.advance_seconds(13 * 3600);
    assert_eq!(
        with_session(&nobody, read, None, &third).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_new_password_rotates_this_session_and_ends_the_others() {
    let test = TestApp::new().await;
    let nobody = test.nobody();
    let other = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let mine = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let change = ("POST", "/api/account/password");

    let wrong =
        json!({ "current_password": "not it at all", "new_password": "another good phrase" });
    assert_eq!(
        with_session(&nobody, change, Some(wrong), &mine)
            .await
            .code(),
        "wrong_password"
    );
    let weak = json!({ "current_password": PASSWORD, "new_password": "short" });
    assert_eq!(
        with_session(&nobody, change, Some(weak), &mine)
            .await
            .code(),
        "weak_password"
    );
    let good = json!({ "current_password": PASSWORD, "new_password": "another good phrase" });
    let changed = with_session(&nobody, change, Some(good), &mine).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);

    let read = ("GET", "/api/session");
    for old in [&other, &mine] {
        assert_eq!(
            with_session(&nobody, read, None, old).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        with_session(&nobody, read, None, &credentials(&changed))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        log_in(&test, "ada@first.example", "another good phrase")
            .await
            .status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_temporary_password_opens_only_its_own_change() {
    let test = TestApp::new().await;
    let added = json!({ "email": "zoe@first.example", "display_name": "Zoe", "role": "admin" });
    let added = test.admin().post("/api/admin/people", added).await.json();
    let temporary = added["temporary_password"].as_str().unwrap();
    let login = log_in(&test, "zoe@first.example", temporary).await;
    assert_eq!(login.json()["must_change_password"], Value::Bool(true));
    let session = credentials(&login);
    let refused = with_session(&test.nobody(), ("GET", "/api/ves"), None, &session).await;
    assert_eq!(refused.code(), "permission_missing");
    let good = json!({ "current_password": temporary, "new_password": "a phrase of my own" });
    let changed = with_session(
        &test.nobody(),
        ("POST", "/api/account/password"),
        Some(good),
        &session,
    )
    .await;
    assert_eq!(changed.json()["must_change_password"], Value::Bool(false));
    let session = credentials(&changed);
    assert_eq!(
        with_session(&test.nobody(), ("GET", "/api/ves"), None, &session)
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_disabled_or_removed_person_loses_access_at_once() {
    let test = TestApp::new().await;
    let (staff, normal) = (test.role(Role::Staff), test.role(Role::Normal));
    let id_of = async |caller: &Caller| {
        caller.get("/api/session").await.json()["person"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (sam, nora) = (id_of(&staff).await, id_of(&normal).await);
    let admin = test.admin();
    admin
        .send(
            "PATCH",
            &format!("/api/admin/people/{sam}"),
            Some(json!({ "disabled": true })),
            &[],
        )
        .await;
    admin
        .send("DELETE", &format!("/api/admin/people/{nora}"), None, &[])
        .await;
    for caller in [staff, normal] {
        assert_eq!(
            caller.get("/api/session").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let ada = admin.get("/api/session").await.json()["person"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/admin/people/{ada}");
    let demoted = admin
        .send("PATCH", &path, Some(json!({ "role": "normal" })), &[])
        .await;
    assert_eq!(demoted.code(), "last_admin");
    assert_eq!(
        admin.send("DELETE", &path, None, &[]).await.code(),
        "not_yourself"
    );
}

#[tokio::test]
async fn a_person_of_two_organisations_changes_between_them() {
    let test = TestApp::new().await;
    let made = test
        .admin()
        .post(
            "/api/admin/organisations",
            json!({ "name": "Other", "join": true }),
        )
        .await
        .json();
    let session = credentials(&log_in(&test, "ada@first.example", PASSWORD).await);
    let body = Some(json!({ "organisation_id": made["id"] }));
    let moved = with_session(
        &test.nobody(),
        ("POST", "/api/session/organisation"),
        body,
        &session,
    )
    .await;
    assert_eq!(
        moved.json()["organisation"]["name"],
        "Other",
        "{}",
        moved.text
    );
    let there = credentials(&moved);
    let people = with_session(&test.nobody(), ("GET", "/api/admin/people"), None, &there)
        .await
        .json();
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        with_session(&test.nobody(), ("GET", "/api/session"), None, &session)
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_set_up_node_refuses_the_wizard() {
    let test = TestApp::new().await;
    assert!(
        identity::create_setup_link(&test.app)
            .await
            .unwrap()
            .is_none()
    );
    let checked = test
        .nobody()
        .post("/api/setup/check", json!({ "token": "anything" }))
        .await;
    assert_eq!(
        (checked.status, checked.code().as_str()),
        (StatusCode::CONFLICT, "setup_done")
    );
}

#[tokio::test]
async fn refused_fields_are_named_together_and_unknown_ones_with_a_suggestion() {
    let test = TestApp::new().await;
    let both = json!({ "email": "nobody", "display_name": "", "role": "normal" });
    let both = test.admin().post("/api/admin/people", both).await.json();
    let fields: Vec<_> = both["error"]["details"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["field"].clone())
        .collect();
    assert_eq!(fields, ["email", "display_name"]);
    let unknown = test
        .admin()
        .post("/api/admin/people", json!({ "e_mail": "a@b.c" }))
        .await;
    assert_eq!(unknown.code(), "unknown_field");
    assert!(
        unknown.text.contains("did you mean `email`?"),
        "{}",
        unknown.text
    );
}

#[tokio::test]
async fn broken_and_oversize_bodies_are_refused() {
    let test = TestApp::new().await;
    let broken = test
        .admin()
        .send("POST", "/api/account/api-keys", Some(Value::Null), &[])
        .await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    let large = json!({ "name": "x".repeat(2 << 20) });
    let large = test.admin().post("/api/account/api-keys", large).await;
    assert_eq!(
        (large.status, large.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
    );
}
