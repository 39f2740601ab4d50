//! Invitations by link.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Browser, ada, code_of, listed, member, second_step, set_totp_up};
use crate::harness::{Answer, PASSWORD, TestApp};

/// Invites and gives the token of the link.
async fn invite(test: &TestApp, input: Value) -> String {
    let made = test.admin().post("/api/admin/invitations", input).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let (page, token) = url.split_once('#').unwrap();
    assert_eq!(page, "http://localhost:8443/invitation");
    token.to_owned()
}

async fn accept(test: &TestApp, body: Value) -> Answer {
    test.nobody().post("/api/invitations/accept", body).await
}

fn newcomer(token: &str) -> Value {
    json!({ "token": token, "email": "ines@else.example", "display_name": "Ines", "password": PASSWORD })
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_once() {
    let test = TestApp::new().await;
    let token = invite(&test, json!({ "role": "staff" })).await;
    let offer = test
        .nobody()
        .post("/api/invitations/check", json!({ "token": token }))
        .await;
    let offer = offer.json();
    assert_eq!(offer["organisation"]["name"], "First Organisation");
    assert_eq!(
        (&offer["email"], &offer["role"]),
        (&Value::Null, &json!("staff"))
    );
    assert_eq!(offer["role_title"], "Staff");

    let weak = json!({ "token": token, "email": "ines@else.example", "display_name": "", "password": "short" });
    let weak = accept(&test, weak).await;
    assert_eq!(weak.code(), "invalid_fields", "{}", weak.text);
    let came = accept(&test, newcomer(&token)).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text);
    assert_eq!(came.json()["role"], "staff");
    assert!(Browser::of(&test, &came).is_in().await);

    let mut second = newcomer(&token);
    second["email"] = json!("ivo@else.example");
    let again = accept(&test, second).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (StatusCode::GONE, "invitation_used")
    );
    let list = test.admin().get("/api/admin/invitations").await.json();
    assert_eq!(list["items"][0]["state"], "used");
    assert_eq!(list["items"][0]["created_by_name"], "Ada Admin");
}

#[tokio::test]
async fn a_link_ends_by_time_and_by_withdrawal() {
    let test = TestApp::new().await;
    let token = invite(&test, json!({ "role": "normal", "expires_in_days": 1 })).await;
    test.clock.advance_seconds(86_400);
    assert_eq!(
        accept(&test, newcomer(&token)).await.code(),
        "invitation_expired"
    );

    let token = invite(&test, json!({ "role": "normal" })).await;
    let list = test.admin().get("/api/admin/invitations").await.json();
    assert_eq!(list["items"][1]["state"], "expired");
    let path = format!(
        "/api/admin/invitations/{}",
        list["items"][0]["id"].as_str().unwrap()
    );
    let withdrawn = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(withdrawn.status, StatusCode::NO_CONTENT);
    assert_eq!(
        accept(&test, newcomer(&token)).await.code(),
        "invitation_withdrawn"
    );
    assert_eq!(
        accept(&test, newcomer("nonsense")).await.code(),
        "invitation_unknown"
    );
    let long = json!({ "role": "normal", "expires_in_days": 61 });
    assert_eq!(
        test.admin()
            .post("/api/admin/invitations", long)
            .await
            .code(),
        "invalid_expiry"
    );
}

#[tokio::test]
async fn an_invitation_for_somebody_is_for_nobody_else() {
    let test = TestApp::new().await;
    let token = invite(
        &test,
        json!({ "role": "normal", "email": "Ines@Else.example" }),
    )
    .await;
    let mut other = newcomer(&token);
    other["email"] = json!("ivo@else.example");
    assert_eq!(accept(&test, other).await.code(), "another_address");
    let unnamed = json!({ "token": token, "display_name": "Ines", "password": PASSWORD });
    let came = accept(&test, unnamed).await;
    assert_eq!(
        came.json()["person"]["email"],
        "ines@else.example",
        "{}",
        came.text
    );
    let member = json!({ "role": "normal", "email": "ines@else.example" });
    assert_eq!(
        test.admin()
            .post("/api/admin/invitations", member)
            .await
            .code(),
        "already_a_member"
    );
}

#[tokio::test]
async fn somebody_with_an_account_proves_it() {
    let test = TestApp::new().await;
    // A person of another organisation.
    let stranger = test.stranger().await;
    let invited = stranger
        .post(
            "/api/admin/invitations",
            json!({ "role": "normal", "email": "nell@first.example" }),
        )
        .await;
    let nell = member(&test, "nell@first.example", "normal").await;
    let (secret, _) = set_totp_up(&test, &nell).await;
    let invited = invited.json();
    let token = invited["url"].as_str().unwrap().split_once('#').unwrap().1;
    let wrong = json!({ "token": token, "password": "not it at all" });
    assert_eq!(accept(&test, wrong).await.code(), "wrong_credentials");
    let half = accept(&test, json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(half.code(), "second_factor_required", "{}", half.text);
    let half = half.json()["error"]["details"].clone();
    let came = second_step(&test, &half, json!({ "code": code_of(&test, &secret) })).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.text);
    assert_eq!(came.json()["organisation"]["name"], "Second Organisation");
    assert_eq!(came.json()["organisations"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_holds_a_link_does_not_learn_whether_the_address_has_an_account() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    member(&test, "nell@first.example", "normal").await;
    let mut answers = Vec::new();
    for email in ["nell@first.example", "nobody@first.example"] {
        let invited = json!({ "role": "normal", "email": email });
        let invited = beta.post("/api/admin/invitations", invited).await;
        assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
        let url = invited.json()["url"].as_str().unwrap().to_owned();
        let token = url.split_once('#').unwrap().1.to_owned();
        let offer = json!({ "token": token });
        let offer = test.nobody().post("/api/invitations/check", offer).await;
        let mut offer = offer.json();
        offer["email"] = Value::Null;
        let tried = [
            json!({ "token": token, "password": "not the password" }),
            json!({ "token": token, "display_name": "", "password": "x" }),
            json!({ "token": token }),
        ];
        let mut said = vec![offer];
        for body in tried {
            let refused = accept(&test, body).await;
            let mut error = refused.json()["error"].clone();
            error["request_id"] = Value::Null;
            said.push(json!([refused.status.as_u16(), error]));
        }
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_may_give() {
    let test = TestApp::new().await;
    let role = json!({ "title": "Host", "description": "", "permissions": ["people.read", "people.manage"] });
    let role = test.admin().post("/api/admin/roles", role).await;
    assert_eq!(role.status, StatusCode::CREATED, "{}", role.text);
    let host = member(
        &test,
        "hugo@first.example",
        role.json()["id"].as_str().unwrap(),
    )
    .await;
    let above = host
        .post("/api/admin/invitations", json!({ "role": "admin" }))
        .await;
    assert_eq!(above.code(), "role_above_yours", "{}", above.text);
    let normal = member(&test, "nell@first.example", "normal").await;
    let refused = normal
        .post("/api/admin/invitations", json!({ "role": "normal" }))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(listed(&test, "hugo@first.example").await.is_object());
    assert!(ada(&test).await.is_in().await);
}
