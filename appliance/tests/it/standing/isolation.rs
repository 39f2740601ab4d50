//! Every operation of the OpenAPI document, carried out by another organisation's administrator on the first
//! organisation's things: none succeeds, none tells that a thing is there, and no list shows one.
//!
//! A new operation is covered by standing in the table. Its path parameters must be filled in with the ids of
//! real things: make one in `Things::make` and name it in `Things::fill`.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{Operation, Things, call, operations};
use crate::harness::{Answer, Caller, TestApp};

/// Things that belong to the node or to everybody, by the prefix of their ids, and why.
const OF_THE_NODE: &[(&str, &str)] = &[
    ("agt", "the catalogue is the same for everybody"),
    ("mdl", "models are the node's"),
    ("upl", "uploads of models are the node's"),
    ("prv", "providers of models are the node's"),
    ("req", "every request has an id of its own"),
    ("dir", "directories are the node's"),
    ("idp", "identity providers are the node's"),
    ("sgn", "who asks for an account asks the node"),
];

/// Parameters that name nothing of an organisation, by path and why their value is the same for everybody.
const NAMES: &[(&str, &str)] = &[
    (
        "/api/marketplace/agents/",
        "the catalogue is the same for everybody",
    ),
    ("/api/admin/models/", "models are the node's"),
    ("/api/admin/fallbacks/", "chains of models are the node's"),
    (
        "/api/admin/collections/",
        "named by what they hold: each organisation has its own of the same name",
    ),
    (
        "/api/admin/policies/",
        "named by what they are about, which is filled in",
    ),
    ("/v1/models/", "models are the node's"),
    ("/scim/v2/ResourceTypes/", "part of the protocol"),
    ("/scim/v2/Schemas/", "part of the protocol"),
];

fn any_id() -> Regex {
    Regex::new(r"\b([a-z]{2,6})_[0-7][0-9a-hjkmnp-tv-z]{25}\b").unwrap()
}

fn is_of_the_node(id: &str) -> bool {
    let prefix = id.split('_').next().unwrap_or_default();
    OF_THE_NODE.iter().any(|(known, _)| *known == prefix)
}

/// Ids of an organisation's things in a text.
fn ids_in(text: &str) -> BTreeSet<String> {
    let found = any_id()
        .find_iter(text)
        .map(|found| found.as_str().to_owned())
        .collect::<Vec<_>>();
    found.into_iter().filter(|id| !is_of_the_node(id)).collect()
}

/// The path with every id of an organisation's thing replaced by one that nobody has.
fn elsewhere(path: &str) -> String {
    let replaced = any_id().replace_all(path, |found: &regex::Captures<'_>| {
        match is_of_the_node(&found[0]) {
            true => found[0].to_owned(),
            false => format!("{}_7zzzzzzzzzzzzzzzzzzzzzzzzz", &found[1]),
        }
    });
    replaced.into_owned()
}

/// What the caller learns from an answer: status and body, without what differs from request to request.
fn learnt(answer: &Answer) -> String {
    let text = any_id().replace_all(&answer.text, "ID").into_owned();
    let request_id = Regex::new(r#""request_id":"[^"]*""#).unwrap();
    let own = Regex::new(r#"req_[a-z2-7]{16}"#).unwrap();
    let text = request_id.replace_all(&text, "").into_owned();
    format!("{} {}", answer.status, own.replace_all(&text, ""))
}

/// What is wrong with how the parameters of an operation were filled in.
fn unprepared(operation: &Operation, path: &str) -> Option<String> {
    if !operation.path.contains('{') {
        return None;
    }
    let what = format!("{} {}", operation.method, operation.path);
    let how = "make a real thing in `Things::make` (standing.rs), and name its id in `Things::fill`; \
               if the parameter names nothing of an organisation, say why in `NAMES` (standing/isolation.rs)";
    if path.contains('{')
        || path.contains("//")
        || path.ends_with('/')
        || path.contains("_0000000000000")
    {
        return Some(format!(
            "{what} is filled in as {path}, which is no real thing: {how}"
        ));
    }
    let is_named = NAMES
        .iter()
        .any(|(begin, _)| operation.path.starts_with(begin));
    if any_id().is_match(path) || is_named {
        return None;
    }
    Some(format!(
        "{what} is filled in as {path}, without an id: {how}"
    ))
}

#[tokio::test]
async fn every_parameter_is_filled_in_with_a_real_thing() {
    let test = TestApp::new().await;
    let things = Things::make(&test).await;
    let wrong: Vec<String> = operations()
        .filter_map(|operation| unprepared(operation, &things.fill(operation.path)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn another_organisation_learns_nothing_and_changes_nothing() {
    let test = TestApp::new().await;
    let things = Things::make(&test).await;
    let before = readable(&test.admin(), &things).await;
    assert!(before.len() > 15, "only {before:?} was found");
    let stranger = test.stranger().await;
    let own = own_ids(&stranger).await;
    for operation in operations() {
        let path = things.fill(operation.path);
        let body = things.body_of(operation);
        let answer = send(&stranger, operation, (&path, &body)).await;
        let what = format!(
            "{} {path}: {} {}",
            operation.method, answer.status, answer.text
        );
        // What the caller sends may come back to them.
        let is_news = |id: &String| !own.contains(id) && !path.contains(id) && !body.contains(id);
        let shown: Vec<String> = ids_in(&answer.text)
            .into_iter()
            .filter(|id| before.contains(id) && is_news(id))
            .collect();
        assert!(shown.is_empty(), "shows {shown:?}: {what}");
        let nowhere = (elsewhere(&path), elsewhere(&body));
        if nowhere == (path.clone(), body.clone()) {
            continue;
        }
        assert!(!answer.status.is_success(), "succeeds: {what}");
        let nothing = send(&stranger, operation, (&nowhere.0, &nowhere.1)).await;
        assert_eq!(
            learnt(&answer),
            learnt(&nothing),
            "tells that it exists: {what}"
        );
    }
    let after = readable(&test.admin(), &things).await;
    let gone: Vec<&String> = before
        .difference(&after)
        .filter(|id| !id.starts_with("aud_"))
        .collect();
    assert!(gone.is_empty(), "changed or removed: {gone:?}");
}

async fn send(caller: &Caller, operation: &Operation, (path, body): (&str, &str)) -> Answer {
    let body: Value = serde_json::from_str(body).unwrap();
    let body = Some(body).filter(|body| !body.is_null());
    caller.send(operation.method, path, body, &[]).await
}

/// Every id that the first organisation's administrator reads anywhere.
async fn readable(admin: &Caller, things: &Things) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for operation in operations().filter(|operation| operation.method == "GET") {
        found.extend(ids_in(&call(admin, things, operation).await.text));
    }
    found
}

/// What the stranger is and has themselves.
async fn own_ids(stranger: &Caller) -> BTreeSet<String> {
    let mut own = ids_in(&stranger.get("/api/session").await.text);
    own.extend(ids_in(&stranger.get("/api/account/api-keys").await.text));
    own
}
