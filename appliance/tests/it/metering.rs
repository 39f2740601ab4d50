//! One row per call of a model, and the report made of them.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use guildhall_engine_protocol::testing::write_tiny_model;
use guildhall_kernel::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Caller, TestApp};

async fn usage(test: &TestApp, caller: &Caller, query: &str) -> Value {
    test.app.meter.flush().await;
    let answer = caller.get(&format!("/api/billing/usage{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 3, "messages": [{ "role": "user", "content": "Hello" }] })
}

/// Calls a model through every door, once each; the answer of the chat completion.
async fn knock_everywhere(test: &TestApp, ve: &str) -> Value {
    let (admin, normal) = (test.admin(), test.role(Role::Normal));
    let said = admin.post("/v1/chat/completions", hello("starter")).await;
    normal.post("/v1/messages", hello(ve)).await;
    let response = json!({ "model": ve, "input": "Hello" });
    normal.post("/v1/responses", response).await;
    let completion = json!({ "model": ve, "prompt": "Hello" });
    normal.post("/v1/completions", completion).await;
    let embedding = json!({ "model": "minilm", "input": "Hello" });
    admin.post("/v1/embeddings", embedding).await;
    let message = json!({ "message": "Hello" });
    admin.post(&format!("/api/ves/{ve}/chat"), message).await;
    let refused = admin.post("/v1/chat/completions", hello("gpt-9")).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    said.json()
}

#[tokio::test]
async fn every_door_leaves_its_row() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let said = knock_everywhere(&test, &ve).await;
    let report = usage(&test, &test.admin(), "").await;
    let rows = report["items"].as_array().unwrap();
    let kinds = rows.iter().map(|row| row["kind"].as_str().unwrap());
    let mut kinds: Vec<&str> = kinds.collect();
    kinds.sort_unstable();
    let doors = "chat completion embedding employee_chat message response";
    assert_eq!(kinds.join(" "), doors);
    assert!(rows.iter().all(|row| row["outcome"] == "complete"));
    assert!(rows.iter().all(|row| row["api_key_id"].is_string()));

    let of_kind = |kind: &str| rows.iter().find(|row| row["kind"] == kind).unwrap();
    let chat = of_kind("chat");
    assert_eq!(chat["model"], "starter");
    assert_eq!(chat["mode"], "generative");
    assert_eq!(chat["output_tokens"], said["usage"]["completion_tokens"]);
    assert_eq!(chat["input_tokens"], said["usage"]["prompt_tokens"]);
    assert_eq!(chat["ve_id"], Value::Null);
    assert_eq!(chat["provider"], Value::Null);
    assert_eq!(chat["cost_micro_credits"], 0);
    assert!(chat["first_token_ms"].as_u64() <= chat["latency_ms"].as_u64());
    let message = of_kind("message");
    assert_eq!(message["ve_id"], ve);
    assert_eq!(message["mode"], "extractive");
}

#[tokio::test]
async fn the_sums_are_those_of_the_rows() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    knock_everywhere(&test, &ve).await;
    let report = usage(&test, &test.admin(), "").await;
    let (rows, totals) = (report["items"].as_array().unwrap(), &report["totals"]);
    let sum = |field: &str| {
        rows.iter()
            .map(|row| row[field].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(totals["calls"], 6);
    assert_eq!(totals["messages"], 1);
    assert_eq!(totals["output_tokens"], sum("output_tokens"));
    assert_eq!(totals["input_tokens"], sum("input_tokens"));
    assert_eq!(totals["failed"], 0);
    assert_eq!(totals["cancelled"], 0);
}

#[tokio::test]
async fn the_report_is_narrowed_and_grouped() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let (admin, normal) = (test.admin(), test.role(Role::Normal));
    let ask = || json!({ "model": ve, "input": "Hello" });
    admin.post("/v1/responses", ask()).await;
    normal.post("/v1/responses", ask()).await;
    test.clock.advance_seconds(86_400);
    normal.post("/v1/chat/completions", hello("starter")).await;

    let keys = |report: &Value| -> Vec<Value> {
        let groups = report["groups"].as_array().unwrap();
        groups
            .iter()
            .map(|group| json!([group["key"], group["calls"]]))
            .collect()
    };
    let by_model = usage(&test, &admin, "?group_by=model").await;
    assert_eq!(
        keys(&by_model),
        [json!(["extractive", 2]), json!(["starter", 1])]
    );
    let by_day = usage(&test, &admin, "?group_by=day").await;
    assert_eq!(
        keys(&by_day),
        [json!(["2026-01-06", 1]), json!(["2026-01-05", 2])]
    );
    let by_ve = usage(&test, &admin, "?group_by=ve").await;
    assert_eq!(keys(&by_ve), [json!([ve, 2]), json!([null, 1])]);
    let by_kind = usage(&test, &admin, "?group_by=kind&kind=chat").await;
    assert_eq!(keys(&by_kind), [json!(["chat", 1])]);
    let by_person = usage(&test, &admin, "?group_by=person").await;
    assert_eq!(by_person["groups"][0]["label"], "nora@first.example");
    assert_eq!(by_person["groups"][0]["calls"], 2);
    let by_key = usage(&test, &admin, "?group_by=api_key").await;
    assert_eq!(by_key["groups"][0]["label"], "tests");

    let person = by_person["groups"][0]["key"].as_str().unwrap();
    for (query, calls) in [
        ("?model=starter".to_owned(), 1),
        (format!("?ve_id={ve}"), 2),
        (format!("?person_id={person}&kind=response"), 1),
        ("?outcome=failed".to_owned(), 0),
        ("?from=2026-01-06T00:00:00Z".to_owned(), 1),
        ("?to=2026-01-06T00:00:00Z".to_owned(), 2),
    ] {
        let report = usage(&test, &admin, &query).await;
        assert_eq!(report["totals"]["calls"], calls, "{query}");
        assert_eq!(report["items"].as_array().unwrap().len(), calls, "{query}");
    }
    let page = usage(&test, &admin, "?limit=2").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = usage(&test, &admin, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    for wrong in [
        "?group_by=colour",
        "?from=yesterday",
        "?kind=magic",
        "?ve_id=7",
    ] {
        let refused = admin.get(&format!("/api/billing/usage{wrong}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let stranger = test.stranger().await;
    assert_eq!(usage(&test, &stranger, "").await["totals"]["calls"], 0);
}

#[tokio::test]
async fn a_caller_who_leaves_stops_the_model_and_is_metered_as_cancelled() {
    let test = TestApp::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    write_tiny_model(&path, 7).unwrap();
    test.app.inference.import(&path, None).await.unwrap();
    let made = test
        .admin()
        .post("/api/account/api-keys", json!({ "name": "leaver" }))
        .await
        .json();
    let body = json!({ "model": "tiny", "max_tokens": 8000, "temperature": 0, "stream": true,
                       "messages": [{ "role": "user", "content": "Hello" }] });
    let request = Request::post("/v1/chat/completions")
        .header(
            "authorization",
            format!("Bearer {}", made["key"].as_str().unwrap()),
        )
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let router = guildhall::http::router(&test.app).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"data: {"));
    drop(body);

    let mut report = usage(&test, &test.admin(), "").await;
    while report["items"][0].is_null() {
        tokio::task::yield_now().await;
        report = usage(&test, &test.admin(), "").await;
    }
    let row = &report["items"][0];
    assert_eq!(
        (&row["outcome"], &row["error_code"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert!(row["output_tokens"].as_u64().unwrap() < 8000, "{row}");
    assert_eq!(report["totals"]["cancelled"], 1);
}

#[tokio::test]
async fn a_call_that_fails_is_metered_with_its_reason() {
    let test = TestApp::new().await;
    let long = json!({ "model": "starter", "messages": [{ "role": "user", "content": "word ".repeat(20_000) }] });
    let refused = test.admin().post("/v1/chat/completions", long).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let report = usage(&test, &test.admin(), "?outcome=failed").await;
    let row = &report["items"][0];
    assert_eq!(
        (&row["kind"], &row["model"]),
        (&json!("chat"), &json!("starter"))
    );
    assert!(row["error_code"].is_string(), "{row}");
    assert_eq!(report["totals"]["failed"], 1);
}

#[tokio::test]
async fn organisations_are_compared_by_who_administers_the_node_and_nobody_else() {
    let test = TestApp::new().await;
    let (admin, stranger) = (test.admin(), test.stranger().await);
    let ve = test.hire().await;
    admin
        .post("/v1/responses", json!({ "model": ve, "input": "Hello" }))
        .await;
    for _ in 0..2 {
        stranger
            .post("/v1/chat/completions", hello("starter"))
            .await;
    }
    let report = usage(&test, &admin, "?group_by=organisation").await;
    let groups = report["groups"].as_array().unwrap();
    let named: Vec<_> = groups
        .iter()
        .map(|group| (&group["label"], &group["calls"]))
        .collect();
    let first = admin.get("/api/session").await.json();
    assert_eq!(
        named,
        [
            (&json!("Second Organisation"), &json!(2)),
            (&first["organisation"]["name"], &json!(1))
        ]
    );
    assert_eq!(groups[1]["key"], first["organisation"]["id"]);
    assert_eq!(report["totals"]["calls"], 3);
    let sum: u64 = groups
        .iter()
        .map(|group| group["output_tokens"].as_u64().unwrap())
        .sum();
    assert_eq!(report["totals"]["output_tokens"], sum);
    // Whose calls they were stays with the organisations.
    assert_eq!(
        (&report["items"], &report["next_cursor"]),
        (&json!([]), &Value::Null)
    );

    let narrowed = usage(&test, &admin, "?group_by=organisation&model=starter").await;
    assert_eq!(narrowed["groups"].as_array().unwrap().len(), 1);
    assert_eq!(narrowed["totals"]["calls"], 2);
    let person = first["person"]["id"].as_str().unwrap();
    for (narrowing, field) in [("ve_id", &*ve), ("person_id", person)] {
        let path = format!("/api/billing/usage?group_by=organisation&{narrowing}={field}");
        let refused = admin.get(&path).await;
        assert_eq!(
            refused.code(),
            "not_across_organisations",
            "{}",
            refused.text
        );
    }
    let restricted = test.service("admin", json!({ "ves": [ve] })).await;
    for caller in [
        stranger,
        test.role(Role::Staff),
        test.role(Role::Normal),
        restricted,
    ] {
        let refused = caller.get("/api/billing/usage?group_by=organisation").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
        assert_eq!(refused.code(), "permission_missing");
    }
    let own = usage(&test, &test.admin(), "").await;
    assert_eq!(own["totals"]["calls"], 1);
}
