//! Provider models through `/v1`: refusals in their own words, vectors, figures, streams that break.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    enter, open, openai_answer,
    stub::{Reply, Stub, Then},
};
use crate::harness::{Answer, TestApp};

const CHAT: &str = "/v1/chat/completions";

/// A provider that takes a moment to think.
fn thinking(asked: &Value) -> Reply {
    std::thread::sleep(Duration::from_millis(40));
    let Some(texts) = asked["input"].as_array() else {
        return Reply::events(&openai_answer("Hello"));
    };
    let vector = |(index, _): (usize, &Value)| json!({ "object": "embedding", "index": index, "embedding": [3.0, 0.0, 4.0, 0.0] });
    let data: Vec<Value> = texts.iter().enumerate().map(vector).collect();
    Reply::json(
        200,
        &json!({ "object": "list", "data": data, "usage": { "prompt_tokens": 11, "total_tokens": 11 } }),
    )
}

async fn enter_thinking(test: &TestApp) -> Stub {
    let stub = Stub::answering(thinking).await;
    let models = json!([
        { "name": "m-1", "price": { "input": 2_000_000, "cached": 500_000, "output": 8_000_000 } },
        { "name": "e-1", "kind": "embedding", "price": { "input": 1_000_000 } },
    ]);
    let more = json!({ "slug": "lan", "models": models });
    enter(test, &stub, "openai_compatible", more).await;
    stub
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 50, "messages": [{ "role": "user", "content": "Hi" }] })
}

async fn rows(test: &TestApp, query: &str) -> Vec<Value> {
    test.app.meter.flush().await;
    let path = format!("/api/billing/usage{query}");
    let report = test.admin().get(&path).await.json();
    report["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn behind_a_closed_switch_the_gateway_says_so() {
    let test = TestApp::new().await;
    let stub = enter_thinking(&test).await;
    let admin = test.admin();
    let refused = |answer: &Answer| {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        assert!(answer.text.contains("air-gapped"), "{}", answer.text);
    };
    let chat = admin.post(CHAT, hello("lan/m-1")).await;
    refused(&chat);
    assert_eq!(chat.code(), "egress_denied");
    refused(&admin.post("/v1/messages", hello("lan/m-1")).await);
    let vectors = json!({ "model": "lan/e-1", "input": "x" });
    let vectors = admin.post("/v1/embeddings", vectors).await;
    refused(&vectors);
    assert_eq!(vectors.code(), "egress_denied");
    // What is not there stays unknown.
    let unknown = admin.post(CHAT, hello("lan/m-2")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.text);
    assert_eq!(stub.connections(), 0);

    let listed = admin.get("/v1/models").await.json();
    let listed = listed["data"].as_array().unwrap();
    for name in ["lan/m-1", "lan/e-1"] {
        assert!(listed.iter().any(|model| model["id"] == name), "{name}");
    }
    let count = admin
        .post("/v1/messages/count_tokens", hello("lan/m-1"))
        .await;
    assert_eq!(count.status, StatusCode::OK, "{}", count.text);
    let tokens = count.json()["input_tokens"].as_u64().unwrap();
    assert!((1..100).contains(&tokens), "{tokens}");
}

#[tokio::test]
async fn a_providers_vectors_come_in_both_forms_priced_and_within_residency() {
    let test = TestApp::new().await;
    let _stub = enter_thinking(&test).await;
    open(&test, "local_network").await;
    let admin = test.admin();
    let ask = |format: &str| json!({ "model": "lan/e-1", "input": ["One", "Two"], "encoding_format": format });
    let floats = admin.post("/v1/embeddings", ask("float")).await;
    assert_eq!(floats.status, StatusCode::OK, "{}", floats.text);
    let floats = floats.json();
    assert_eq!(floats["model"], "lan/e-1");
    assert_eq!(floats["usage"]["prompt_tokens"], 11);
    let vector = floats["data"][1]["embedding"].as_array().unwrap();
    let length: f64 = vector
        .iter()
        .map(|number| number.as_f64().unwrap().powi(2))
        .sum();
    assert!((length - 1.0).abs() < 1e-5, "{floats}");
    let base64 = admin.post("/v1/embeddings", ask("base64")).await.json();
    let text = base64["data"][0]["embedding"].as_str().unwrap();
    let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
    assert_eq!(bytes.len(), 4 * vector.len());

    let rows = rows(&test, "?kind=embedding").await;
    assert_eq!(rows.len(), 2);
    let row = &rows[0];
    assert_eq!(
        (&row["model"], &row["provider"]),
        (&json!("lan/e-1"), &json!("lan"))
    );
    assert_eq!(row["cost_micro_credits"], 11, "{row}");
    assert_eq!(
        (&row["input_tokens"], &row["queue_ms"]),
        (&json!(11), &json!(0))
    );

    let rule = json!({ "applies_to": { "kind": "organisation" }, "keep_within": "node" });
    let made = admin.post("/api/admin/residency", rule).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let kept = admin.post("/v1/embeddings", ask("float")).await;
    assert_eq!(kept.code(), "residency_local_only", "{}", kept.text);
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_row_has_its_price_and_no_time_in_a_queue_that_it_never_stood_in() {
    let test = TestApp::new().await;
    let _stub = enter_thinking(&test).await;
    open(&test, "local_network").await;
    let admin = test.admin();
    let said = admin.post(CHAT, hello("lan/m-1")).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text);
    let hired = json!({ "model": "lan/m-1" });
    let hired = admin
        .post("/api/marketplace/agents/invoice-clerk/hire", hired)
        .await;
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let asked = json!({ "message": "Hello" });
    let asked = admin.post(&format!("/api/ves/{ve}/chat"), asked).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let column = json!({ "model": "lan/m-1" });
    let path = crate::playground::run_of_two(&admin, &column).await;
    let heard = admin.get(&path).await;
    assert!(heard.text.contains("event: done"), "{}", heard.text);

    let rows = rows(&test, "").await;
    assert_eq!(rows.len(), 4);
    for row in &rows {
        assert_eq!(row["provider"], "lan", "{row}");
        // 9 tokens read at 2, 3 written at 8 micro-credits each.
        assert_eq!(row["cost_micro_credits"], 42, "{row}");
        assert_eq!(row["queue_ms"], 0, "{row}");
        assert!(row["first_token_ms"].as_u64().unwrap() >= 40, "{row}");
    }
    let quoting = json!({ "model": test.hire().await, "input": "Hello" });
    let quoted = admin.post("/v1/responses", quoting).await;
    assert_eq!(quoted.status, StatusCode::OK, "{}", quoted.text);
    let quoted = self::rows(&test, "?kind=response").await;
    assert_eq!(quoted[0]["queue_ms"], 0, "{}", quoted[0]);
}

#[tokio::test]
async fn a_grammar_is_for_models_on_this_node() {
    let test = TestApp::new().await;
    let stub = enter_thinking(&test).await;
    open(&test, "local_network").await;
    for field in ["grammar", "guided_grammar"] {
        let mut body = hello("lan/m-1");
        body[field] = json!("root ::= \"yes\"");
        let refused = test.admin().post(CHAT, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(refused.code(), "local_model_needed", "{}", refused.text);
    }
    assert!(stub.asked().is_empty());
}

/// A provider whose answer breaks off after this text, and a chain from it to one that answers.
async fn breaking(test: &TestApp, text: &str) {
    open(test, "local_network").await;
    let cut = Stub::start(vec![Reply::events(text).then(Then::Cut)]).await;
    enter(test, &cut, "openai", json!({ "slug": "cut" })).await;
    let well = Stub::start(vec![Reply::events(&openai_answer("well"))]).await;
    enter(test, &well, "openai", json!({ "slug": "well" })).await;
    let steps = json!({ "steps": ["cut/m-1", "well/m-1"] });
    let saved = test
        .admin()
        .send("PUT", "/api/admin/fallbacks/pair", Some(steps), &[])
        .await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
}

fn streamed(model: &str) -> Value {
    let mut body = hello(model);
    body["stream"] = json!(true);
    body
}

#[tokio::test]
async fn a_provider_cut_before_its_first_token_is_replaced_by_the_next_of_the_chain() {
    let test = TestApp::new().await;
    breaking(&test, "").await;
    let admin = test.admin();
    let alone = admin.post(CHAT, streamed("cut/m-1")).await;
    assert_eq!(alone.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(alone.code(), "egress_cut", "{}", alone.text);
    assert!(alone.headers.contains_key("retry-after"));
    let chain = admin.post(CHAT, streamed("fallback/pair")).await;
    assert_eq!(chain.status, StatusCode::OK, "{}", chain.text);
    assert!(chain.text.contains("\"well\""), "{}", chain.text);
    assert!(
        chain.text.trim_end().ends_with("data: [DONE]"),
        "{}",
        chain.text
    );
    let rows = rows(&test, "?outcome=complete").await;
    assert_eq!(rows.len(), 1, "one row for the whole chain");
    assert_eq!(rows[0]["provider"], "well", "{}", rows[0]);
}

#[tokio::test]
async fn a_provider_cut_after_its_first_token_ends_the_stream_with_a_clean_error() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    for model in ["cut/m-1", "fallback/pair"] {
        // A node each, since a provider that fails too often is left alone for a while.
        let test = TestApp::new().await;
        breaking(&test, text).await;
        let openai = test.admin().post(CHAT, streamed(model)).await;
        assert_eq!(openai.status, StatusCode::OK, "{}", openai.text);
        let frames: Vec<Value> = openai
            .text
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect();
        assert!(openai.text.contains("\"Hel\""), "{}", openai.text);
        assert!(!openai.text.contains("well"), "{}", openai.text);
        let error = &frames.last().unwrap()["error"];
        assert_eq!(error["code"], "provider_stream_cut", "{}", openai.text);
        assert!(!error["message"].as_str().unwrap().is_empty());
        let anthropic = test.admin().post("/v1/messages", streamed(model)).await;
        assert!(anthropic.text.contains("Hel"), "{}", anthropic.text);
        assert!(
            anthropic.text.contains("event: error"),
            "{}",
            anthropic.text
        );
        assert!(
            !anthropic.text.contains("message_stop"),
            "{}",
            anthropic.text
        );
        let whole = test.admin().post(CHAT, hello(model)).await;
        assert_eq!(whole.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(whole.code(), "provider_stream_cut", "{}", whole.text);
        let rows = rows(&test, "?outcome=failed").await;
        assert_eq!(rows.len(), 3);
        let is_cut = |row: &Value| row["error_code"] == "provider_stream_cut";
        assert!(rows.iter().all(is_cut), "{rows:?}");
    }
}
