//! Operations of what lies outside the node: providers, chains, residency, the switch.

use serde_json::{Value, json};

use super::{Operation, Who::Admin, change, read};

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/admin/providers", Admin),
    change(
        "POST",
        "/api/admin/providers",
        Admin,
        || json!({ "kind": "anthropic", "credentials": { "kind": "api_key", "api_key": "sk-1" } }),
    ),
    read("/api/admin/providers/{id}", Admin),
    change(
        "PATCH",
        "/api/admin/providers/{id}",
        Admin,
        || json!({ "title": "Other" }),
    ),
    change(
        "PUT",
        "/api/admin/providers/{id}/models",
        Admin,
        || json!({ "models": [{ "name": "gpt-9" }] }),
    ),
    // The node is air-gapped, so the report says so; testing is an act all the same.
    change(
        "POST",
        "/api/admin/providers/{id}/test",
        Admin,
        || json!({}),
    ),
    read("/api/admin/fallbacks", Admin),
    change(
        "PUT",
        "/api/admin/fallbacks/{name}",
        Admin,
        || json!({ "steps": ["starter"] }),
    ),
    change("DELETE", "/api/admin/fallbacks/{name}", Admin, || {
        Value::Null
    }),
    change("DELETE", "/api/admin/providers/{id}", Admin, || Value::Null),
    read("/api/admin/residency", Admin),
    change(
        "POST",
        "/api/admin/residency",
        Admin,
        || json!({ "applies_to": { "kind": "data_class", "data_class": "personal" }, "keep_within": "node" }),
    ),
    change("DELETE", "/api/admin/residency/{id}", Admin, || Value::Null),
    read("/api/admin/egress", Admin),
    change(
        "PUT",
        "/api/admin/egress",
        Admin,
        || json!({ "mode": "local_network", "confirm": "local_network" }),
    ),
];
