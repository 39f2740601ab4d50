//! The description of the interface describes itself, and what many operations share is the same in all of them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{harness::TestApp, oauth::public_client};

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(guildhall::http::openapi()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let leads_nowhere = |reference: &&String| {
        let pointer = reference.trim_start_matches('#');
        document.pointer(pointer).is_none()
    };
    let wrong: Vec<&String> = found.iter().filter(leads_nowhere).collect();
    assert!(found.len() > 100, "only {} were found", found.len());
    assert!(
        wrong.is_empty(),
        "name them in `declare_ids` (http/mod.rs): {wrong:?}"
    );
}

/// An operation that takes a name, and what is sent with one.
type Named = (&'static str, fn(&str) -> Value);

const NAMED: &[Named] = &[
    (
        "/api/admin/organisations",
        |name| json!({ "name": name, "join": true }),
    ),
    ("/api/account/api-keys", |name| json!({ "name": name })),
    ("/api/admin/scim-tokens", |name| json!({ "name": name })),
    (
        "/api/prompts",
        |name| json!({ "name": name, "body": "Hello" }),
    ),
    ("/api/admin/oauth-clients", |name| {
        let mut client = public_client();
        client["name"] = json!(name);
        client
    }),
    (
        "/api/admin/directories",
        |name| json!({ "name": name, "urls": ["ldaps://ldap.example.org"], "base_dn": "dc=example,dc=org" }),
    ),
];

#[tokio::test]
async fn a_name_is_one_line_and_measured_as_sent_wherever_one_is_given() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let padded = |letters: usize| format!("  {}", "n".repeat(letters));
    for (path, body) in NAMED {
        for wrong in [
            padded(79),
            "two\nlines".to_owned(),
            " \t".to_owned(),
            String::new(),
        ] {
            let refused = admin.post(path, body(&wrong)).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {wrong:?}");
            let field = refused.json()["error"]["details"]["fields"][0].clone();
            assert_eq!(field["field"], "name", "{path}: {}", refused.text);
            assert_eq!(field["code"], "invalid_name", "{path}: {}", refused.text);
            assert_eq!(field["message"], "give a name of 1 to 80 characters");
        }
        let taken = admin.post(path, body(&padded(78))).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{path}: {}", taken.text);
        assert!(
            taken.text.contains(&format!("\"{}\"", "n".repeat(78))),
            "{}",
            taken.text
        );
    }
    let nameless = json!({ "urls": ["ldaps://ldap.example.org"] });
    let nameless = admin.post("/api/admin/directories", nameless).await;
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        nameless.json()["error"]["details"]["fields"][0]["field"],
        "name"
    );
}
