//! The code flow.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use super::{
    Browser, REDIRECT, VERIFIER, code, enter, parameters, public_client, redeem, refusal, request,
    status, token, tokens, with,
};
use crate::harness::TestApp;

#[tokio::test]
async fn a_person_agrees_and_the_application_acts_within_its_scopes() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let asked = browser
        .post("/api/oauth/authorize/check", request(&client))
        .await
        .json();
    assert_eq!(
        asked,
        json!({
            "client": { "id": client.id, "name": "Notebook", "kind": "public" },
            "organisation": "First Organisation",
            "scopes": [{ "name": "chat", "description": "See your employees and chat with them" }],
        })
    );

    let decided = browser
        .post(
            "/api/oauth/authorize/decide",
            with(request(&client), "allow", true),
        )
        .await;
    let decided = decided.json();
    let address = decided["redirect_to"].as_str().unwrap();
    assert!(address.starts_with(&format!("{REDIRECT}?")), "{address}");
    let answer = parameters(address);
    assert_eq!(
        (&*answer["state"], &*answer["iss"]),
        ("s t&1", &*test.app.origin)
    );

    let given = redeem(&test, &client, &answer["code"]).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    assert_eq!(given.headers["cache-control"], "no-store");
    let body = given.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(3600), &json!("chat"))
    );
    let access = body["access_token"].as_str().unwrap();
    assert_eq!(status(&test, access, "/api/ves").await, StatusCode::OK);
    // Not in the scope, though its person may.
    assert_eq!(
        status(&test, access, "/api/admin/people").await,
        StatusCode::FORBIDDEN
    );
    // Nobody's account is changed by an application.
    assert_eq!(
        status(&test, access, "/api/account/api-keys").await,
        StatusCode::FORBIDDEN
    );
    let session = test.with_key(access).get("/api/session").await.json();
    assert_eq!(session["person"]["email"], "ada@first.example");
}

#[tokio::test]
async fn a_scope_never_gives_more_than_the_person_has() {
    let test = TestApp::new().await;
    let wide = with(public_client(), "scopes", json!(["manage"]));
    let client = enter(&test, wide).await;
    let browser = Browser::role(&test, Role::Normal).await;
    let request = with(request(&client), "scope", "");
    let given = redeem(&test, &client, &code(&browser, request).await)
        .await
        .json();
    assert_eq!(given["scope"], "manage");
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(status(&test, access, "/api/ves").await, StatusCode::OK);
    assert_eq!(
        status(&test, access, "/api/admin/people").await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn what_an_application_may_not_ask_for_never_reaches_the_person() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let good = request(&client);
    for (field, value, code) in [
        (
            "client_id",
            "ocl_00000000000000000000000000",
            "invalid_client",
        ),
        ("client_id", "x", "invalid_client"),
        (
            "redirect_uri",
            "https://app.example/back/",
            "invalid_redirect_uri",
        ),
        (
            "redirect_uri",
            "https://app.example/back?x=1",
            "invalid_redirect_uri",
        ),
        (
            "redirect_uri",
            "https://evil.example/back",
            "invalid_redirect_uri",
        ),
        (
            "redirect_uri",
            "http://127.0.0.1:9/other",
            "invalid_redirect_uri",
        ),
        ("redirect_uri", "", "invalid_redirect_uri"),
        ("scope", "chat manage", "invalid_scope"),
        ("scope", "nonsense", "invalid_scope"),
        ("response_type", "token", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", VERIFIER, "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("resource", "https://elsewhere.example/", "invalid_target"),
    ] {
        let wrong = with(good.clone(), field, value);
        let checked = browser
            .post("/api/oauth/authorize/check", wrong.clone())
            .await;
        assert_eq!(checked.code(), code, "{field}={value}: {}", checked.text);
        let decided = browser
            .post("/api/oauth/authorize/decide", with(wrong, "allow", true))
            .await;
        assert_eq!(decided.code(), code, "{field}={value}: {}", decided.text);
    }
    let loopback = with(good, "redirect_uri", "http://127.0.0.1:51004/back");
    let checked = browser.post("/api/oauth/authorize/check", loopback).await;
    assert_eq!(checked.status, StatusCode::OK, "{}", checked.text);
}

#[tokio::test]
async fn only_a_person_of_the_organisation_in_a_browser_decides() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let body = with(request(&client), "allow", true);
    for path in ["/api/oauth/authorize/check", "/api/oauth/authorize/decide"] {
        let body = if path.ends_with("check") {
            request(&client)
        } else {
            body.clone()
        };
        let by_key = test.admin().post(path, body).await;
        assert_eq!(by_key.code(), "not_a_session", "{path}");
    }
    let browser = Browser::admin(&test).await;
    let (access, _) = tokens(&test, &browser, &client).await;
    let by_token = test
        .with_key(&access)
        .post("/api/oauth/authorize/decide", body.clone())
        .await;
    assert_eq!(by_token.status, StatusCode::FORBIDDEN);

    // An administrator of another organisation does not even learn that the application exists.
    let stranger = test.stranger().await;
    let sten = Browser::member(&test, &stranger, "sten@second.example").await;
    assert_eq!(
        sten.post("/api/oauth/authorize/decide", body).await.code(),
        "invalid_client"
    );
}

#[tokio::test]
async fn a_refusal_goes_back_to_the_application() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let refused = with(request(&client), "allow", false);
    let refused = browser
        .post("/api/oauth/authorize/decide", refused)
        .await
        .json();
    let answer = parameters(refused["redirect_to"].as_str().unwrap());
    assert_eq!(answer["error"], "access_denied");
    assert!(!answer.contains_key("code"));
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_ends_what_it_gave() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let code = code(&browser, request(&client)).await;
    let first = redeem(&test, &client, &code).await.json();
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(status(&test, access, "/api/ves").await, StatusCode::OK);

    let second = redeem(&test, &client, &code).await;
    assert_eq!(
        (second.status, &*refusal(&second)),
        (StatusCode::BAD_REQUEST, "invalid_grant")
    );
    assert_eq!(
        status(&test, access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
    let refreshed = super::refresh(&test, &client, first["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refusal(&refreshed), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_for_its_own_application_address_verifier_and_minute() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let other = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let fresh = async || code(&browser, request(&client)).await;

    let stolen = redeem(&test, &other, &fresh().await).await;
    assert_eq!(refusal(&stolen), "invalid_grant");
    for (field, value, code) in [
        ("redirect_uri", "http://127.0.0.1/back", "invalid_grant"),
        (
            "code_verifier",
            "another-verifier-of-at-least-forty-three-letters",
            "invalid_grant",
        ),
        ("code_verifier", "", "invalid_request"),
        ("code", "", "invalid_request"),
        ("code", "gha_unknown", "invalid_grant"),
        ("resource", "https://elsewhere.example/", "invalid_target"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let code_now = fresh().await;
        fields.push(("code", &code_now));
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let refused = token(&test, &client, &fields).await;
        assert_eq!(refusal(&refused), code, "{field}={value}");
    }
    let late = fresh().await;
    test.clock.advance_seconds(60);
    assert_eq!(
        refusal(&redeem(&test, &client, &late).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_token_is_for_the_resource_that_was_asked_for() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let resource = format!("{}/mcp", test.app.origin);
    let asked = with(request(&client), "resource", resource.as_str());
    let given = redeem(&test, &client, &code(&browser, asked).await)
        .await
        .json();
    let payload = given["access_token"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap();
    let payload = data_encoding::BASE64URL_NOPAD
        .decode(payload.as_bytes())
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["aud"], json!([resource]));
    assert_eq!(claims["iss"], json!(test.app.origin));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
}

#[tokio::test]
async fn requests_that_are_no_forms_are_refused_in_oauths_words() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let json = test
        .nobody()
        .post("/oauth/token", json!({ "grant_type": "x" }))
        .await;
    assert_eq!(refusal(&json), "invalid_request");
    let fields = [
        ("grant_type", "x"),
        ("grant_type", "y"),
        ("client_id", &*client.id),
    ];
    let twice = test.nobody().post_form("/oauth/token", &fields, &[]).await;
    assert_eq!(refusal(&twice), "invalid_request");
    for id in ["", "x", "ocl_00000000000000000000000000"] {
        let unknown = [("grant_type", "refresh_token"), ("client_id", id)];
        let unknown = test.nobody().post_form("/oauth/token", &unknown, &[]).await;
        assert_eq!(
            (unknown.status, &*refusal(&unknown)),
            (StatusCode::UNAUTHORIZED, "invalid_client")
        );
    }
    let get = test.nobody().get("/oauth/token").await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
}
