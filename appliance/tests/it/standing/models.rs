//! Operations of models, quotas and the foreign protocols.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Operation,
    Who::{Admin, Normal, Staff},
    change, read,
};
use crate::harness::TestApp;

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/models", Normal),
    read("/api/admin/models", Staff),
    change("POST", "/api/admin/models/{id}/load", Admin, || Value::Null),
    change("POST", "/api/admin/models/{id}/unload", Admin, || {
        Value::Null
    }),
    change(
        "PATCH",
        "/api/admin/models/{id}",
        Admin,
        || json!({ "title": "Other" }),
    ),
    change("POST", "/api/admin/models/{id}/verify", Admin, || {
        Value::Null
    }),
    read("/api/admin/models/{id}/users", Staff),
    read("/api/admin/models/refused-files", Admin),
    // The test's file is refused again, which is noted.
    change(
        "POST",
        "/api/admin/models/refused-files/{file}/retry",
        Admin,
        || json!({}),
    ),
    change(
        "DELETE",
        "/api/admin/models/refused-files/{file}",
        Admin,
        || Value::Null,
    ),
    read("/api/admin/models/runtime", Staff),
    read("/api/admin/models/known", Staff),
    read("/api/admin/models/aliases", Staff),
    change(
        "PUT",
        "/api/admin/models/aliases/{alias}",
        Admin,
        || json!({ "model": "starter" }),
    ),
    change(
        "POST",
        "/api/admin/models/uploads",
        Admin,
        || json!({ "file_name": "other.gguf", "size_bytes": 1000 }),
    ),
    read("/api/admin/models/uploads", Admin),
    read("/api/admin/models/uploads/{id}", Admin),
    // Begun, completed and given up uploads are recorded; the pieces in between are too many.
    Operation {
        method: "PATCH",
        path: "/api/admin/models/uploads/{id}",
        who: Admin,
        audited: false,
        body: || json!({}),
    },
    // Nothing has arrived of the test's upload.
    Operation {
        method: "POST",
        path: "/api/admin/models/uploads/{id}/complete",
        who: Admin,
        audited: false,
        body: || json!({}),
    },
    change("DELETE", "/api/admin/models/uploads/{id}", Admin, || {
        Value::Null
    }),
    read("/api/admin/collections", Admin),
    change(
        "PUT",
        "/api/admin/collections/{collection}",
        Admin,
        || json!({ "model": "minilm" }),
    ),
    read("/api/admin/quotas", Admin),
    change(
        "PUT",
        "/api/admin/quotas/{scope}/{subject}",
        Admin,
        || json!({ "requests_per_minute": 1000 }),
    ),
    change(
        "DELETE",
        "/api/admin/quotas/{scope}/{subject}",
        Admin,
        || Value::Null,
    ),
    // The only models of a test node ship with it and stay.
    Operation {
        method: "DELETE",
        path: "/api/admin/models/{id}",
        who: Admin,
        audited: false,
        body: || Value::Null,
    },
    // The foreign protocols: a call leaves the entry of its metering.
    change(
        "POST",
        "/v1/chat/completions",
        Normal,
        || json!({ "model": "starter", "max_tokens": 2, "messages": [{ "role": "user", "content": "Hello" }] }),
    ),
    change(
        "POST",
        "/v1/completions",
        Normal,
        || json!({ "model": "{ve}", "prompt": "Hello" }),
    ),
    change(
        "POST",
        "/v1/responses",
        Normal,
        || json!({ "model": "{ve}", "input": "Hello" }),
    ),
    change(
        "POST",
        "/v1/embeddings",
        Normal,
        || json!({ "model": "minilm", "input": "Hello" }),
    ),
    change(
        "POST",
        "/v1/messages",
        Normal,
        || json!({ "model": "{ve}", "max_tokens": 2, "messages": [{ "role": "user", "content": "Hello" }] }),
    ),
    // Counting calls no model to answer, and so meters nothing.
    Operation {
        method: "POST",
        path: "/v1/messages/count_tokens",
        who: Normal,
        audited: false,
        body: || json!({ "model": "{ve}", "messages": [{ "role": "user", "content": "Hello" }] }),
    },
    read("/v1/models", Normal),
    read("/v1/models/{id}", Normal),
];

/// A file in the models' folder that is refused.
pub(super) async fn drop_broken(test: &TestApp) {
    std::fs::write(test.app.path("models/broken.gguf"), b"no model").unwrap();
    let dropped = test.app.inference.take_in_dropped(Duration::ZERO);
    dropped.await.unwrap();
}
