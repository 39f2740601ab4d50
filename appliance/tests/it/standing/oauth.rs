//! Operations of the authorisation server. Its own protocol takes forms, so that what stands here is refused; how
//! it answers forms is tested in `oauth`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Operation,
    Who::{Admin, Everyone, Normal},
    change, read,
};
use crate::{
    harness::TestApp,
    oauth::{Browser, enter, public_client, tokens},
};

const fn refused(path: &'static str, who: super::Who, body: fn() -> Value) -> Operation {
    Operation {
        method: "POST",
        path,
        who,
        audited: false,
        body,
    }
}

fn request() -> Value {
    json!({
        "client_id": "x", "redirect_uri": "x", "code_challenge": "x", "code_challenge_method": "S256",
        "response_type": "code",
    })
}

pub(super) const OPERATIONS: &[Operation] = &[
    read("/.well-known/oauth-authorization-server", Everyone),
    read("/.well-known/oauth-protected-resource", Everyone),
    read("/oauth/jwks.json", Everyone),
    refused("/oauth/token", Everyone, || json!({})),
    refused("/oauth/device_authorization", Everyone, || json!({})),
    refused("/oauth/revoke", Everyone, || json!({})),
    refused("/oauth/introspect", Everyone, || json!({})),
    // Only a person in a browser decides.
    refused("/api/oauth/authorize/check", Normal, request),
    refused("/api/oauth/authorize/decide", Normal, || {
        let mut decision = request();
        decision["allow"] = json!(true);
        decision
    }),
    refused(
        "/api/oauth/device/check",
        Normal,
        || json!({ "user_code": "x" }),
    ),
    refused(
        "/api/oauth/device/decide",
        Normal,
        || json!({ "user_code": "x", "allow": true }),
    ),
    read("/api/account/grants", Normal),
    change("DELETE", "/api/account/grants/{id}", Normal, || Value::Null),
    read("/api/admin/oauth-clients", Admin),
    change(
        "POST",
        "/api/admin/oauth-clients",
        Admin,
        || json!({ "name": "Another", "kind": "public", "grants": ["device"], "scopes": ["read"] }),
    ),
    change(
        "PATCH",
        "/api/admin/oauth-clients/{id}",
        Admin,
        || json!({ "name": "Changed", "kind": "confidential" }),
    ),
    change(
        "POST",
        "/api/admin/oauth-clients/{id}/secret",
        Admin,
        || Value::Null,
    ),
    change("POST", "/api/admin/oauth-key/rotate", Admin, || Value::Null),
    change("DELETE", "/api/admin/oauth-clients/{id}", Admin, || {
        Value::Null
    }),
];

/// An application of the first organisation, and what its administrator let it do.
pub(super) async fn make(test: &TestApp) -> (String, String) {
    let client = enter(test, public_client()).await;
    let browser = Browser::admin(test).await;
    tokens(test, &browser, &client).await;
    let grants = test.admin().get("/api/account/grants").await;
    assert_eq!(grants.status, StatusCode::OK, "{}", grants.text);
    let grant = grants.json()["items"][0]["id"].as_str().unwrap().to_owned();
    (client.id, grant)
}
