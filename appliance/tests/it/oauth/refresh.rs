//! Refresh tokens: good once, for a week.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::json;

use super::{
    Browser, both, code, enter, public_client, redeem, refresh, refusal, request, status, token,
    tokens, with,
};
use crate::harness::TestApp;

#[tokio::test]
async fn each_refresh_gives_new_tokens_and_a_second_use_ends_them_all() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let (first_access, first) = tokens(&test, &browser, &client).await;
    let (other_access, _) = tokens(&test, &browser, &client).await;

    let second = refresh(&test, &client, &first).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    let (second_access, second) = both(&second);
    assert_ne!(first, second);
    for access in [&first_access, &second_access] {
        assert_eq!(status(&test, access, "/api/ves").await, StatusCode::OK);
    }
    // Whoever comes with the first one again, thief or owner: nobody keeps anything.
    assert_eq!(
        refusal(&refresh(&test, &client, &first).await),
        "invalid_grant"
    );
    assert_eq!(
        refusal(&refresh(&test, &client, &second).await),
        "invalid_grant"
    );
    for access in [&first_access, &second_access] {
        assert_eq!(
            status(&test, access, "/api/ves").await,
            StatusCode::UNAUTHORIZED
        );
    }
    // What the person agreed to another time is not concerned.
    assert_eq!(
        status(&test, &other_access, "/api/ves").await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn access_lasts_an_hour_and_refreshing_a_week() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let (access, first) = tokens(&test, &browser, &client).await;
    test.clock.advance_seconds(3599);
    assert_eq!(status(&test, &access, "/api/ves").await, StatusCode::OK);
    test.clock.advance_seconds(1);
    assert_eq!(
        status(&test, &access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );

    test.clock.advance_seconds(6 * 86_400);
    let (access, second) = both(&refresh(&test, &client, &first).await);
    assert_eq!(status(&test, &access, "/api/ves").await, StatusCode::OK);
    test.clock.advance_seconds(7 * 86_400);
    assert_eq!(
        refusal(&refresh(&test, &client, &second).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_refresh_token_is_its_applications_alone_and_never_gives_more() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let other = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let wide = with(request(&client), "scope", "chat read");
    let (_, first) = both(&redeem(&test, &client, &code(&browser, wide).await).await);

    assert_eq!(
        refusal(&refresh(&test, &other, &first).await),
        "invalid_grant"
    );
    let more = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*first),
        ("scope", "manage"),
    ];
    assert_eq!(
        refusal(&token(&test, &client, &more).await),
        "invalid_scope"
    );
    let less = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*first),
        ("scope", "chat"),
    ];
    let less = token(&test, &client, &less).await;
    assert_eq!(less.json()["scope"], "chat", "{}", less.text);
    let (access, second) = both(&less);
    assert_eq!(
        status(&test, &access, "/api/admin/people").await,
        StatusCode::FORBIDDEN
    );
    // The permission itself is as wide as before.
    assert_eq!(
        refresh(&test, &client, &second).await.json()["scope"],
        "chat read"
    );
    assert_eq!(
        refusal(&refresh(&test, &client, "ghr_unknown").await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn what_an_administrator_takes_from_an_application_is_gone_at_once() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let wide = with(request(&client), "scope", "chat read");
    let (access, first) = both(&redeem(&test, &client, &code(&browser, wide).await).await);
    assert_eq!(
        status(&test, &access, "/api/admin/people").await,
        StatusCode::OK
    );

    let path = format!("/api/admin/oauth-clients/{}", client.id);
    let changed = test
        .admin()
        .send("PATCH", &path, Some(json!({ "scopes": ["chat"] })), &[])
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(
        status(&test, &access, "/api/admin/people").await,
        StatusCode::FORBIDDEN
    );
    let again = refresh(&test, &client, &first).await;
    assert_eq!(again.json()["scope"], "chat");

    let (access, second) = both(&again);
    let deleted = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(
        status(&test, &access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        refusal(&refresh(&test, &client, &second).await),
        "invalid_client"
    );
}

#[tokio::test]
async fn who_is_removed_is_removed_from_every_application() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::role(&test, Role::Staff).await;
    let (access, first) = tokens(&test, &browser, &client).await;
    let pending = code(&browser, request(&client)).await;
    assert_eq!(status(&test, &access, "/api/ves").await, StatusCode::OK);
    let person = test.role(Role::Staff).get("/api/session").await.json();
    let person = person["person"]["id"].as_str().unwrap();
    let path = format!("/api/admin/people/{person}");
    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);

    assert_eq!(
        status(&test, &access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        refusal(&refresh(&test, &client, &first).await),
        "invalid_grant"
    );
    assert_eq!(
        refusal(&redeem(&test, &client, &pending).await),
        "invalid_grant"
    );
}
