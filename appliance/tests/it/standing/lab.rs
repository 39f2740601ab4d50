//! Operations of prompt templates, the playground and ratings.

use serde_json::{Value, json};

use super::{
    Operation,
    Who::{Normal, Staff},
    change, read,
};

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/prompts", Normal),
    change(
        "POST",
        "/api/prompts",
        Staff,
        || json!({ "name": "Another", "body": "Hello" }),
    ),
    read("/api/prompts/{id}", Normal),
    read("/api/prompts/{id}/versions", Normal),
    read("/api/prompts/{id}/versions/{version}", Normal),
    read("/api/prompts/{id}/diff", Normal),
    // Filling in changes nothing.
    Operation {
        method: "POST",
        path: "/api/prompts/{id}/render",
        who: Normal,
        audited: false,
        body: || json!({ "values": { "name": "Ada" } }),
    },
    Operation {
        method: "POST",
        path: "/api/prompts/preview",
        who: Normal,
        audited: false,
        body: || json!({ "body": "Hello" }),
    },
    // Each change makes the next revision, so their order is the order of the revisions.
    change(
        "PATCH",
        "/api/prompts/{id}",
        Staff,
        || json!({ "revision": 1, "description": "Other" }),
    ),
    change(
        "POST",
        "/api/prompts/{id}/versions",
        Staff,
        || json!({ "revision": 2, "body": "Good day" }),
    ),
    change(
        "POST",
        "/api/prompts/{id}/versions/{version}/restore",
        Staff,
        || json!({ "revision": 3 }),
    ),
    change(
        "POST",
        "/api/prompts/{id}/archive",
        Staff,
        || json!({ "revision": 4 }),
    ),
    change(
        "POST",
        "/api/prompts/{id}/unarchive",
        Staff,
        || json!({ "revision": 5 }),
    ),
    read("/api/playground/runs", Staff),
    change("POST", "/api/playground/runs", Staff, run),
    read("/api/playground/runs/{id}", Staff),
    read("/api/playground/runs/{id}/stream", Staff),
    change("POST", "/api/playground/runs/{id}/stop", Staff, || {
        Value::Null
    }),
    change(
        "POST",
        "/api/playground/runs/{id}/answers/{answer}/stop",
        Staff,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/playground/runs/{id}/answers/{answer}/rating",
        Staff,
        || json!({ "verdict": "down", "reason": "Wrong." }),
    ),
    change(
        "DELETE",
        "/api/playground/runs/{id}/answers/{answer}/rating",
        Staff,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/playground/runs/{id}/best",
        Staff,
        || json!({ "answer_id": null }),
    ),
    change("DELETE", "/api/playground/runs/{id}", Staff, || Value::Null),
    read("/api/ratings/results", Staff),
    read("/api/ratings/reasons", Staff),
];

/// A prompt for two columns of the smallest model, answered in a few tokens.
pub(super) fn run() -> Value {
    let column = json!({ "model": "starter", "parameters": { "max_tokens": 8 } });
    json!({ "messages": [{ "role": "user", "content": "Hello" }], "columns": [column, column] })
}
