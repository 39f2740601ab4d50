//! Prompt templates: versions, values, two editors, searching, archiving.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

fn reminder() -> Value {
    json!({
        "name": "Payment reminder",
        "description": "A friendly letter about an unpaid invoice",
        "body": "Dear {{customer}},\ninvoice {{number}} of {{amount}} EUR is due.\n{{closing}}",
        "variables": [
            { "name": "customer", "label": "Customer", "type": "text", "characters_max": 20 },
            { "name": "number", "type": "number", "whole": true, "number_min": 1 },
            { "name": "amount", "type": "number" },
            { "name": "closing", "type": "choice", "options": ["Kind regards", "Thanks"], "default": "Thanks" },
        ],
        "note": "First words",
    })
}

async fn create(test: &TestApp, body: Value) -> Value {
    let made = test.admin().post("/api/prompts", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn path(template: &Value, rest: &str) -> String {
    format!("/api/prompts/{}{rest}", template["id"].as_str().unwrap())
}

/// The refused fields as `field code`.
fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let fields = body["error"]["details"]["fields"].as_array().cloned();
    fields
        .unwrap_or_default()
        .iter()
        .map(|field| {
            format!(
                "{} {}",
                field["field"].as_str().unwrap(),
                field["code"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn a_template_is_filled_in_and_every_value_that_does_not_fit_is_named() {
    let test = TestApp::new().await;
    let template = create(&test, reminder()).await;
    let render = path(&template, "/render");
    let member = test.role(Role::Normal);
    let values = json!({ "customer": "{{number}} & Sons", "number": 7, "amount": 1.5 });
    let filled = member.post(&render, json!({ "values": values })).await;
    assert_eq!(
        filled.json(),
        json!({
            "text": "Dear {{number}} & Sons,\ninvoice 7 of 1.5 EUR is due.\nThanks",
            "characters": 59,
            "version": 1,
        })
    );
    let values =
        json!({ "customer": "x".repeat(21), "number": 0.5, "closing": "Bye", "typo": true });
    let refused = member.post(&render, json!({ "values": values })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.code(), "invalid_values");
    assert_eq!(
        fields(&refused),
        [
            "values.customer too_long",
            "values.number not_whole",
            "values.amount missing_value",
            "values.closing not_an_option",
            "values.typo unknown_variable",
        ]
    );
    let refused = member
        .post(&render, json!({ "values": { "number": [1] } }))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("values.number"), "{}", refused.text);
}

#[tokio::test]
async fn a_template_that_does_not_render_is_refused_before_it_is_stored() {
    let test = TestApp::new().await;
    let refused = test
        .admin()
        .post(
            "/api/prompts",
            json!({ "name": "Broken", "body": "ok\n {{Name}}", "variables": [{ "name": "a", "type": "text" }] }),
        )
        .await;
    assert_eq!(refused.code(), "invalid_template");
    assert_eq!(fields(&refused), ["body invalid_place"]);
    assert!(
        refused.text.contains("line 2, column 2"),
        "{}",
        refused.text
    );
    let refused = test
        .admin()
        .post(
            "/api/prompts/preview",
            json!({ "body": "{{a}} {{b}}", "variables": [{ "name": "a", "type": "colour" }] }),
        )
        .await;
    assert!(
        refused.text.contains("variables[0].type"),
        "{}",
        refused.text
    );
    let listed = test.admin().get("/api/prompts").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_draft_is_shown_filled_in_or_what_is_wrong_with_it() {
    let test = TestApp::new().await;
    let preview = async |draft: Value| {
        let shown = test
            .role(Role::Normal)
            .post("/api/prompts/preview", draft)
            .await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        shown.json()
    };
    let draft = json!({ "body": "Dear {{a}}", "variables": [{ "name": "a", "type": "text" }] });
    let shown = preview(draft.clone()).await;
    assert_eq!(
        (shown["text"].clone(), shown["problems"][0]["field"].clone()),
        (Value::Null, json!("values.a"))
    );
    let mut filled = draft;
    filled["values"] = json!({ "a": "Ada" });
    assert_eq!(
        preview(filled).await,
        json!({ "text": "Dear Ada", "problems": [] })
    );
    let shown = preview(json!({ "body": "{{a}}" })).await;
    assert_eq!(shown["problems"][0]["code"], "undeclared_variable");
}

/// Adds a version without the closing words; returns what was sent.
async fn add_second(test: &TestApp, template: &Value) -> Value {
    let second = json!({
        "revision": 1, "note": "No closing",
        "body": "Dear {{customer}},\ninvoice {{number}} is due.",
        "variables": [
            { "name": "customer", "label": "Customer", "type": "text", "characters_max": 20 },
            { "name": "number", "type": "number", "whole": true, "number_min": 1 },
        ],
    });
    let changed = test
        .admin()
        .post(&path(template, "/versions"), second.clone())
        .await;
    assert_eq!(changed.status, StatusCode::CREATED, "{}", changed.text);
    assert_eq!(changed.json()["version"], 2);
    second
}

#[tokio::test]
async fn versions_are_compared_line_by_line_and_the_same_text_is_no_version() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let template = create(&test, reminder()).await;
    let mut again = add_second(&test, &template).await;
    again["revision"] = json!(2);
    let again = admin.post(&path(&template, "/versions"), again).await;
    assert_eq!(again.code(), "nothing_changed");

    let diff = admin
        .get(&path(&template, "/diff?from=1&to=2"))
        .await
        .json();
    let signs = |lines: &Value| {
        let lines = lines.as_array().unwrap().iter();
        lines
            .map(|line| line["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        signs(&diff["body"]),
        ["same", "removed", "removed", "added"]
    );
    assert_eq!(
        signs(&diff["variables"]),
        ["same", "same", "removed", "removed"]
    );
    assert_eq!(
        diff["variables"][1]["text"],
        "number: whole number, from 1, required"
    );
}

#[tokio::test]
async fn versions_stay_and_can_be_brought_back() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let template = create(&test, reminder()).await;
    add_second(&test, &template).await;
    let restored = admin
        .post(
            &path(&template, "/versions/1/restore"),
            json!({ "revision": 2 }),
        )
        .await;
    assert_eq!(restored.json()["version"], 3);
    let versions = admin
        .get(&path(&template, "/versions?limit=2"))
        .await
        .json();
    assert_eq!(versions["items"][0]["restored_from"], 1);
    assert_eq!(versions["items"][0]["body"], reminder()["body"]);
    assert_eq!(versions["items"][0]["author"], "Ada Admin");
    let cursor = versions["next_cursor"].as_str().unwrap();
    let rest = admin
        .get(&path(&template, &format!("/versions?cursor={cursor}")))
        .await
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["items"][0]["note"], "First words");
    let newest = admin
        .post(
            &path(&template, "/versions/3/restore"),
            json!({ "revision": 3 }),
        )
        .await;
    assert_eq!(newest.code(), "already_newest");
    // An older version can still be filled in.
    let values = json!({ "customer": "Ada", "number": 3 });
    let old = admin
        .post(
            &path(&template, "/render"),
            json!({ "version": 2, "values": values }),
        )
        .await;
    assert_eq!(old.json()["text"], "Dear Ada,\ninvoice 3 is due.");

    let altered = test.app.db.write(|tx| {
        tx.execute(
            "UPDATE prompt_template_versions SET body = 'x'",
            guildhall_db::params![],
        )
    });
    assert!(altered.await.is_err(), "a version was changed");
}

#[tokio::test]
async fn two_editors_notice_each_other() {
    let test = TestApp::new().await;
    let template = create(&test, reminder()).await;
    let staff = test.role(Role::Staff);
    let renamed = staff
        .send(
            "PATCH",
            &path(&template, ""),
            Some(json!({ "revision": 1, "name": "Reminder" })),
            &[],
        )
        .await;
    assert_eq!(renamed.json()["name"], "Reminder");
    let late = json!({ "revision": 1, "body": "Mine" });
    let late = test.admin().post(&path(&template, "/versions"), late).await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (StatusCode::CONFLICT, "template_changed")
    );
    let current = test.admin().get(&path(&template, "")).await.json();
    assert_eq!(current["current"]["number"], 1);
    assert_eq!(current["template"]["revision"], 2);
}

#[tokio::test]
async fn names_are_unique_among_templates_in_use_and_archived_ones_are_set_aside() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let first = create(&test, reminder()).await;
    let mut twin = reminder();
    twin["name"] = json!("PAYMENT reminder");
    let refused = admin.post("/api/prompts", twin.clone()).await;
    assert_eq!(refused.code(), "name_taken");
    let archived = admin
        .post(&path(&first, "/archive"), json!({ "revision": 1 }))
        .await;
    assert!(
        archived.json()["archived_at"].is_string(),
        "{}",
        archived.text
    );
    create(&test, twin).await;
    let back = admin
        .post(&path(&first, "/unarchive"), json!({ "revision": 2 }))
        .await;
    assert_eq!(back.code(), "name_taken");
    let edited = admin
        .post(
            &path(&first, "/versions"),
            json!({ "revision": 2, "body": "x" }),
        )
        .await;
    assert_eq!(edited.code(), "template_archived");
    let listed = admin.get("/api/prompts?archived=true").await.json();
    assert_eq!(listed["items"][0]["id"], first["id"]);
    let in_use = admin.get("/api/prompts").await.json();
    assert_eq!(in_use["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_list_is_searched_by_words_and_paged_by_name() {
    let test = TestApp::new().await;
    for name in ["zebra", "Alpha", "beta 100%", "Ärger"] {
        create(
            &test,
            json!({ "name": name, "description": "Kept for TESTS", "body": "x" }),
        )
        .await;
    }
    let names = async |query: &str| {
        let listed = test
            .admin()
            .get(&format!("/api/prompts{query}"))
            .await
            .json();
        let names = listed["items"].as_array().unwrap().iter();
        let names: Vec<String> = names
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect();
        (names, listed["next_cursor"].as_str().map(str::to_owned))
    };
    let (first, cursor) = names("?limit=3").await;
    assert_eq!(first, ["Alpha", "beta 100%", "zebra"]);
    let (second, end) = names(&format!("?limit=3&cursor={}", cursor.unwrap())).await;
    assert_eq!(
        (second.as_slice(), end),
        (["Ärger".to_owned()].as_slice(), None)
    );
    assert_eq!(names("?q=tests%20beta").await.0, ["beta 100%"]);
    assert_eq!(names("?q=0%25").await.0, ["beta 100%"]);
    assert_eq!(names("?q=%C3%A4rg").await.0, ["Ärger"]);
    assert!(names("?q=_").await.0.is_empty());
}
