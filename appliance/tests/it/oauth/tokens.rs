//! Metadata, keys, ending tokens and looking at them.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use guildhall_kernel::Role;
use serde_json::{Value, json};

use super::{
    Browser, Client, REDIRECT, enter, form, public_client, refresh, refusal, status, tokens,
};
use crate::harness::TestApp;

#[tokio::test]
async fn the_server_describes_itself() {
    let test = TestApp::new().await;
    let described = test
        .nobody()
        .get("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!(described.headers["content-type"], "application/json");
    assert!(
        !described
            .headers
            .contains_key("access-control-allow-origin")
    );
    let described = described.json();
    let origin = &test.app.origin;
    assert_eq!(described["issuer"], json!(origin));
    assert_eq!(described["token_endpoint"], format!("{origin}/oauth/token"));
    assert_eq!(
        described["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(described["response_types_supported"], json!(["code"]));
}

#[tokio::test]
async fn a_program_that_is_refused_learns_who_gives_tokens() {
    let test = TestApp::new().await;
    let origin = test.app.origin.clone();
    let refused = |path: &'static str, token: Option<&'static str>| {
        let caller = token.map_or_else(|| test.nobody(), |token| test.with_key(token));
        async move {
            let answer = caller.get(path).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{path}: {}",
                answer.text
            );
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            challenge.to_owned()
        }
    };
    let bare =
        format!("Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource\"");
    for path in [
        "/v1/models",
        "/api/session",
        "/api/ves",
        "/scim/v2/Users",
        "/metrics",
    ] {
        assert_eq!(refused(path, None).await, bare, "{path}");
        // RFC 6750, 3.1: what is wrong is the token.
        let wrong = refused(path, Some("no token at all")).await;
        assert_eq!(wrong, format!("{bare}, error=\"invalid_token\""), "{path}");
    }
    // The address in the challenge leads to who gives tokens.
    let address = bare.split('"').nth(1).unwrap();
    let described = test
        .nobody()
        .get(address.strip_prefix(&origin).unwrap())
        .await;
    assert_eq!(described.status, StatusCode::OK, "{}", described.text);
    let described = described.json();
    assert_eq!(described["resource"], json!(origin));
    assert_eq!(described["authorization_servers"], json!([origin]));
    assert_eq!(described["bearer_methods_supported"], json!(["header"]));
    let server = test
        .nobody()
        .get("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!(
        server.json()["issuer"],
        described["authorization_servers"][0]
    );
    assert_eq!(
        server.json()["scopes_supported"],
        described["scopes_supported"]
    );
}

/// Whether a token verifies with the published keys, as any program would do it.
async fn verifies(test: &TestApp, token: &str) -> bool {
    let keys = test.nobody().get("/oauth/jwks.json").await.json();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let header: Value = serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap();
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    let keys = keys["keys"].as_array().unwrap();
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let x: [u8; 32] = decode(key["x"].as_str().unwrap()).try_into().unwrap();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    VerifyingKey::from_bytes(&x)
        .unwrap()
        .verify_strict(message.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn tokens_verify_with_the_published_keys_also_after_the_key_was_changed() {
    let mut test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let (old, _) = tokens(&test, &browser, &client).await;
    assert!(verifies(&test, &old).await);
    let path = "/api/admin/oauth-key/rotate";
    let staff = test.role(Role::Staff).send("POST", path, None, &[]).await;
    assert_eq!(staff.code(), "permission_missing");
    let rotated = test.admin().send("POST", path, None, &[]).await;
    assert_eq!(rotated.status, StatusCode::NO_CONTENT, "{}", rotated.text);
    let (new, _) = tokens(&test, &browser, &client).await;
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(&old), kid(&new));
    let again = test.admin().send("POST", path, None, &[]).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (StatusCode::CONFLICT, "rotated_already")
    );

    test.restart().await;
    for token in [&old, &new] {
        assert!(verifies(&test, token).await);
        assert_eq!(status(&test, token, "/api/ves").await, StatusCode::OK);
    }
    test.clock.advance_seconds(3600);
    assert!(!verifies(&test, &old).await);
}

#[tokio::test]
async fn a_token_that_was_forged_or_touched_lets_nobody_in() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    let (access, _) = tokens(&test, &browser, &client).await;
    let parts: Vec<&str> = access.split('.').collect();
    let claims = BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["scope"] = json!("manage");
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    let none = BASE64URL_NOPAD.encode(br#"{"typ":"at+jwt","alg":"none","kid":""}"#);
    for forged in [
        format!("{}.{claims}.{}", parts[0], parts[2]),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{}", parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        "..".to_owned(),
    ] {
        assert_eq!(
            status(&test, &forged, "/api/ves").await,
            StatusCode::UNAUTHORIZED,
            "{forged}"
        );
    }
    // A node of another name does not take it either: each has keys of its own.
    let other = TestApp::new().await;
    assert_eq!(
        status(&other, &access, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn ending_one_token_ends_all_of_the_same_permission() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let other = enter(&test, public_client()).await;
    let browser = Browser::admin(&test).await;
    for by_refresh in [true, false] {
        let (access, refresh_token) = tokens(&test, &browser, &client).await;
        let ended = if by_refresh { &refresh_token } else { &access };
        let fields = [
            ("token", ended.as_str()),
            ("token_type_hint", "refresh_token"),
        ];
        // Somebody else's token is left alone, and nobody learns of it.
        let foreign = form(&test, &other, "/oauth/revoke", &fields).await;
        assert_eq!((foreign.status, &*foreign.text), (StatusCode::OK, ""));
        assert_eq!(status(&test, &access, "/api/ves").await, StatusCode::OK);

        let revoked = form(&test, &client, "/oauth/revoke", &fields).await;
        assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.text);
        assert_eq!(
            status(&test, &access, "/api/ves").await,
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(
            refusal(&refresh(&test, &client, &refresh_token).await),
            "invalid_grant"
        );
    }
    let unknown = form(&test, &client, "/oauth/revoke", &[("token", "x")]).await;
    assert_eq!(unknown.status, StatusCode::OK);
    assert_eq!(
        refusal(&form(&test, &client, "/oauth/revoke", &[]).await),
        "invalid_request"
    );
}

#[tokio::test]
async fn only_an_application_with_a_secret_looks_at_tokens_of_its_organisation() {
    let test = TestApp::new().await;
    let client = enter(&test, public_client()).await;
    let server = json!({
        "name": "Gateway", "kind": "confidential", "redirect_uris": [REDIRECT],
        "grants": ["authorization_code"], "scopes": ["read"],
    });
    let gateway = enter(&test, server.clone()).await;
    let browser = Browser::admin(&test).await;
    let (access, refresh_token) = tokens(&test, &browser, &client).await;
    let look = async |who: &Client, token: &str| {
        form(&test, who, "/oauth/introspect", &[("token", token)]).await
    };
    let seen = look(&gateway, &access).await.json();
    assert_eq!(
        (&seen["active"], &seen["scope"]),
        (&json!(true), &json!("chat"))
    );
    assert_eq!(seen["client_id"], json!(client.id));
    assert_eq!(
        look(&gateway, &refresh_token).await.json()["token_type"],
        "refresh_token"
    );
    assert_eq!(look(&gateway, "x").await.json(), json!({ "active": false }));
    assert_eq!(
        refusal(&look(&client, &access).await),
        "unauthorized_client"
    );

    let stranger = test.stranger().await;
    let made = stranger
        .post("/api/admin/oauth-clients", server)
        .await
        .json();
    let foreign = Client {
        id: made["client"]["id"].as_str().unwrap().to_owned(),
        secret: made["secret"].as_str().map(str::to_owned),
    };
    assert_eq!(
        look(&foreign, &access).await.json(),
        json!({ "active": false })
    );

    // The owner of both tokens left with the stranger's arrival nothing behind: end one, and look again.
    form(&test, &client, "/oauth/revoke", &[("token", &access)]).await;
    assert_eq!(
        look(&gateway, &access).await.json(),
        json!({ "active": false })
    );
    assert_eq!(
        look(&gateway, &refresh_token).await.json(),
        json!({ "active": false })
    );
}
