//! Operations on directories that people log in with.

use serde_json::{Value, json};

use crate::harness::Caller;

use super::{Operation, Who::Admin, change, read};

/// A directory that is switched off, at an address where nobody listens.
fn nowhere(name: &str) -> Value {
    json!({ "name": name, "enabled": false, "urls": ["ldaps://127.0.0.1:1"], "base_dn": "dc=example,dc=org" })
}

pub(super) async fn make(admin: &Caller) -> String {
    let made = admin.post("/api/admin/directories", nowhere("First")).await;
    made.json()["id"].as_str().unwrap().to_owned()
}

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/admin/directories", Admin),
    change("POST", "/api/admin/directories", Admin, || {
        nowhere("Second")
    }),
    // Nobody answers there, and trying says so.
    change("POST", "/api/admin/directories/test", Admin, || {
        nowhere("Third")
    }),
    read("/api/admin/directories/{id}", Admin),
    read("/api/admin/directories/{id}/refusals", Admin),
    change(
        "PATCH",
        "/api/admin/directories/{id}",
        Admin,
        || json!({ "refresh_minutes": 30 }),
    ),
    Operation {
        method: "POST",
        path: "/api/admin/directories/{id}/dry-run",
        who: Admin,
        audited: false,
        body: || json!({}),
    },
    change("POST", "/api/admin/directories/{id}/refresh", Admin, || {
        Value::Null
    }),
    change("DELETE", "/api/admin/directories/{id}", Admin, || {
        Value::Null
    }),
];
