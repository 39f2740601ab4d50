//! Operations on roles, policies, service accounts and who administers the node.

use serde_json::{Value, json};

use crate::harness::Caller;

use super::{
    Operation,
    Who::{Admin, Everyone, Staff},
    change, read,
};

fn authoriser() -> Value {
    // Nobody listens there, and trying says so.
    json!({ "url": "https://127.0.0.1:1/decide", "timeout_ms": 500, "on_failure": "deny", "enabled": false })
}

/// A custom role, a service account and a key of it.
pub(super) async fn make(admin: Caller) -> (String, String, String) {
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let role = json!({ "title": "Guest", "permissions": ["team.read"] });
    let role = text(&admin.post("/api/admin/roles", role).await.json());
    let account = json!({ "name": "Robot", "role": "staff" });
    let account = admin.post("/api/admin/service-accounts", account).await;
    let account = text(&account.json());
    let keys = format!("/api/admin/service-accounts/{account}/keys");
    let key = admin.post(&keys, json!({ "name": "first" })).await;
    (role, account, text(&key.json()))
}

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/admin/permissions", Staff),
    read("/api/admin/roles", Staff),
    change(
        "POST",
        "/api/admin/roles",
        Admin,
        || json!({ "title": "Another", "permissions": ["team.read"] }),
    ),
    change(
        "PATCH",
        "/api/admin/roles/{id}",
        Admin,
        || json!({ "description": "Other" }),
    ),
    change("DELETE", "/api/admin/roles/{id}", Admin, || Value::Null),
    read("/api/admin/policies", Admin),
    change(
        "PUT",
        "/api/admin/policies/{type}/{id}",
        Admin,
        || json!({ "people": [], "roles": ["admin", "staff", "normal"] }),
    ),
    change("DELETE", "/api/admin/policies/{type}/{id}", Admin, || {
        Value::Null
    }),
    change("PUT", "/api/admin/authoriser", Admin, authoriser),
    read("/api/admin/authoriser", Admin),
    change("POST", "/api/admin/authoriser/test", Admin, || Value::Null),
    change("DELETE", "/api/admin/authoriser", Admin, || Value::Null),
    read("/api/admin/service-accounts", Admin),
    change(
        "POST",
        "/api/admin/service-accounts",
        Admin,
        || json!({ "name": "Another", "role": "viewer" }),
    ),
    change(
        "PATCH",
        "/api/admin/service-accounts/{id}",
        Admin,
        || json!({ "name": "Other" }),
    ),
    read("/api/admin/service-accounts/{id}/certificate", Admin),
    change(
        "PUT",
        "/api/admin/service-accounts/{id}/certificate",
        Admin,
        || json!({ "fingerprint": "0a".repeat(32) }),
    ),
    read("/api/admin/service-accounts/{id}/keys", Admin),
    change(
        "POST",
        "/api/admin/service-accounts/{id}/keys",
        Admin,
        || json!({ "name": "second" }),
    ),
    change(
        "DELETE",
        "/api/admin/service-accounts/{id}/keys/{key}",
        Admin,
        || Value::Null,
    ),
    change("DELETE", "/api/admin/service-accounts/{id}", Admin, || {
        Value::Null
    }),
    change(
        "PUT",
        "/api/admin/people/{id}/platform-administrator",
        Admin,
        || Value::Null,
    ),
    change(
        "DELETE",
        "/api/admin/people/{id}/platform-administrator",
        Admin,
        || Value::Null,
    ),
    // Who belongs to no organisation has no session, and so proves who they are in the request itself.
    Operation {
        method: "POST",
        path: "/api/account/organisation",
        who: Everyone,
        audited: false,
        body: || json!({ "email": "x@y.z", "password": "wrong" }),
    },
];
