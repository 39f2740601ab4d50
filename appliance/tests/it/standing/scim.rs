//! Operations of provisioning. The users here may not come in, so that each change leaves the one entry of its
//! own and none of an access given.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Operation, Who::Admin, change, read};
use crate::harness::TestApp;

/// A search changes nothing.
const fn search(path: &'static str) -> Operation {
    Operation {
        method: "POST",
        path,
        who: Admin,
        audited: false,
        body: || json!({ "filter": "id pr" }),
    }
}

fn patch(path: &str, value: &str) -> Value {
    json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] })
}

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/admin/scim-tokens", Admin),
    change(
        "POST",
        "/api/admin/scim-tokens",
        Admin,
        || json!({ "name": "Another directory" }),
    ),
    read("/api/admin/scim", Admin),
    change(
        "PUT",
        "/api/admin/scim",
        Admin,
        || json!({ "default_role": "normal", "group_roles": [{ "group": "Staff", "role": "staff" }] }),
    ),
    read("/scim/v2/ServiceProviderConfig", Admin),
    read("/scim/v2/ResourceTypes", Admin),
    read("/scim/v2/ResourceTypes/{resource_type}", Admin),
    read("/scim/v2/Schemas", Admin),
    read("/scim/v2/Schemas/{schema}", Admin),
    search("/scim/v2/.search"),
    read("/scim/v2/Users", Admin),
    search("/scim/v2/Users/.search"),
    change(
        "POST",
        "/scim/v2/Users",
        Admin,
        || json!({ "userName": "new@first.example", "active": false }),
    ),
    read("/scim/v2/Users/{id}", Admin),
    change(
        "PUT",
        "/scim/v2/Users/{id}",
        Admin,
        || json!({ "userName": "put@first.example", "active": false }),
    ),
    change("PATCH", "/scim/v2/Users/{id}", Admin, || {
        patch("title", "Clerk")
    }),
    read("/scim/v2/Groups", Admin),
    search("/scim/v2/Groups/.search"),
    change(
        "POST",
        "/scim/v2/Groups",
        Admin,
        || json!({ "displayName": "Another group" }),
    ),
    read("/scim/v2/Groups/{id}", Admin),
    change(
        "PUT",
        "/scim/v2/Groups/{id}",
        Admin,
        || json!({ "displayName": "Put group" }),
    ),
    change("PATCH", "/scim/v2/Groups/{id}", Admin, || {
        patch("displayName", "Patched group")
    }),
    change("DELETE", "/scim/v2/Groups/{id}", Admin, || Value::Null),
    change("DELETE", "/scim/v2/Users/{id}", Admin, || Value::Null),
    change("DELETE", "/api/admin/scim-tokens/{id}", Admin, || {
        Value::Null
    }),
];

/// A user, a group and a token.
pub(super) struct Provisioned {
    pub(super) user: String,
    pub(super) group: String,
    pub(super) token: String,
}

impl Provisioned {
    pub(super) async fn make(test: &TestApp) -> Self {
        let made = async |path: &str, body: Value, pointer: &str| {
            let made = test.admin().post(path, body).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            let id = made
                .json()
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned);
            id.unwrap()
        };
        let user = json!({ "userName": "known@first.example", "active": false });
        let user = made("/scim/v2/Users", user, "/id").await;
        let group = json!({ "displayName": "Known group", "members": [{ "value": user }] });
        Self {
            group: made("/scim/v2/Groups", group, "/id").await,
            token: made(
                "/api/admin/scim-tokens",
                json!({ "name": "Directory" }),
                "/token/id",
            )
            .await,
            user,
        }
    }
}
