//! Operations of the licence. What is imported is signed with the development keys.

use serde_json::{Value, json};

use super::{Operation, Who::Admin, change, read};
use crate::licensing::vendor;

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/license", Admin),
    Operation {
        method: "POST",
        path: "/api/license/check",
        who: Admin,
        audited: false,
        body: || json!({ "text": vendor::text(&vendor::license()) }),
    },
    change(
        "POST",
        "/api/license/import",
        Admin,
        || json!({ "text": vendor::text(&vendor::license()) }),
    ),
    change("POST", "/api/license/request", Admin, || json!({})),
    read("/api/license/history", Admin),
    read("/api/license/usage", Admin),
    change("POST", "/api/license/usage/export", Admin, || json!({})),
    read("/api/license/server", Admin),
    change(
        "PUT",
        "/api/license/server",
        Admin,
        || json!({ "base_url": "https://licences.example.com", "enabled": true }),
    ),
    // The node is air-gapped, so nothing is sent, and the answer says so; trying is an act all the same.
    change("POST", "/api/license/server/contact", Admin, || Value::Null),
];
