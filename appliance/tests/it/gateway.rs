//! The foreign protocols under `/v1`: what their clients get, whole and in streams.

use axum::http::StatusCode;
use guildhall_engine_protocol::testing::write_tiny_model;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};

/// A node with a model of random weights that writes as long as it is let.
async fn with_tiny() -> TestApp {
    let test = TestApp::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    write_tiny_model(&path, 7).unwrap();
    test.app.inference.import(&path, None).await.unwrap();
    test
}

fn hello(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "max_tokens": 5, "temperature": 0,
                           "messages": [{ "role": "user", "content": "Hello" }] });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

async fn ok(caller: &Caller, path: &str, body: Value) -> Value {
    let answer = caller.post(path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// The events of a stream: their names (empty without one) and data.
async fn stream(caller: &Caller, path: &str, body: Value) -> Vec<(String, String)> {
    let answer = caller.post(path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let frames = answer.text.split("\n\n").filter(|frame| !frame.is_empty());
    let field = |frame: &str, name: &str| {
        let line = frame.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    frames
        .map(|frame| (field(frame, "event:"), field(frame, "data:")))
        .collect()
}

fn parsed(data: &str) -> Value {
    serde_json::from_str(data).unwrap_or_else(|_| panic!("no JSON: {data}"))
}

#[tokio::test]
async fn a_chat_completion_has_openais_shape() {
    let test = with_tiny().await;
    let said = ok(
        &test.admin(),
        "/v1/chat/completions",
        hello("auto", json!({})),
    )
    .await;
    assert!(said["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(said["object"], "chat.completion");
    assert_eq!(said["created"], 1_767_571_200);
    assert_eq!(said["model"], "tiny");
    let choice = &said["choices"][0];
    assert_eq!(
        (&choice["index"], &choice["logprobs"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(choice["message"]["role"], "assistant");
    assert!(choice["message"]["content"].is_string());
    assert!(choice["message"].get("tool_calls").is_none());
    assert_eq!(choice["finish_reason"], "length");
    let usage = &said["usage"];
    assert_eq!(usage["completion_tokens"], 5);
    let prompt = usage["prompt_tokens"].as_u64().unwrap();
    assert!(prompt > 0);
    assert_eq!(usage["total_tokens"], prompt + 5);
    assert!(usage["prompt_tokens_details"]["cached_tokens"].is_u64());
}

#[tokio::test]
async fn a_streamed_chat_completion_says_the_same_in_chunks() {
    let test = with_tiny().await;
    let whole = ok(
        &test.admin(),
        "/v1/chat/completions",
        hello("tiny", json!({})),
    )
    .await;
    let options = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let events = stream(
        &test.admin(),
        "/v1/chat/completions",
        hello("tiny", options),
    )
    .await;
    assert!(events.iter().all(|(name, _)| name.is_empty()));
    assert_eq!(events.last().unwrap().1, "[DONE]");
    let chunks: Vec<Value> = events[..events.len() - 1]
        .iter()
        .map(|(_, data)| parsed(data))
        .collect();
    let first = &chunks[0];
    assert_eq!(first["object"], "chat.completion.chunk");
    assert_eq!(
        first["choices"][0]["delta"],
        json!({ "role": "assistant", "content": "" })
    );
    assert!(chunks.iter().all(|chunk| chunk["id"] == first["id"]));
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(json!(text), whole["choices"][0]["message"]["content"]);
    let [.., finish, usage] = chunks.as_slice() else {
        panic!("{chunks:?}");
    };
    assert_eq!(finish["choices"][0]["finish_reason"], "length");
    assert_eq!(finish["choices"][0]["delta"], json!({}));
    assert_eq!(finish["usage"], Value::Null);
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["completion_tokens"], 5);
    assert_eq!(
        usage["usage"]["prompt_tokens"],
        whole["usage"]["prompt_tokens"]
    );
}

#[tokio::test]
async fn several_answers_come_in_one_completion_and_their_prompt_counts_once() {
    let test = with_tiny().await;
    let one = ok(
        &test.admin(),
        "/v1/chat/completions",
        hello("tiny", json!({})),
    )
    .await;
    let three = hello("tiny", json!({ "n": 3, "max_completion_tokens": 4 }));
    let said = ok(&test.admin(), "/v1/chat/completions", three.clone()).await;
    let indexes: Vec<&Value> = said["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| &choice["index"])
        .collect();
    assert_eq!(indexes, [&json!(0), &json!(1), &json!(2)]);
    assert_eq!(said["usage"]["completion_tokens"], 12);
    assert_eq!(
        said["usage"]["prompt_tokens"],
        one["usage"]["prompt_tokens"]
    );

    let mut streamed = three;
    streamed["stream"] = json!(true);
    let events = stream(&test.admin(), "/v1/chat/completions", streamed).await;
    let finished: std::collections::BTreeSet<u64> = events
        .iter()
        .filter(|(_, data)| data != "[DONE]")
        .map(|(_, data)| parsed(data)["choices"][0].clone())
        .filter(|choice| choice["finish_reason"] == "length")
        .map(|choice| choice["index"].as_u64().unwrap())
        .collect();
    assert_eq!(finished.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn a_response_has_openais_shape_whole_and_streamed() {
    let test = with_tiny().await;
    let ask = json!({ "model": "tiny", "input": "Hello", "instructions": "Be brief.", "temperature": 0,
                      "max_output_tokens": 5, "metadata": { "a": "b" } });
    let said = ok(&test.admin(), "/v1/responses", ask.clone()).await;
    assert!(said["id"].as_str().unwrap().starts_with("resp_"));
    assert_eq!(
        (&said["object"], &said["status"]),
        (&json!("response"), &json!("incomplete"))
    );
    assert_eq!(said["incomplete_details"]["reason"], "max_output_tokens");
    let item = &said["output"][0];
    assert_eq!(
        (&item["type"], &item["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(item["content"][0]["type"], "output_text");
    assert_eq!(said["usage"]["output_tokens"], 5);
    assert_eq!(
        (&said["store"], &said["metadata"]),
        (&json!(false), &json!({ "a": "b" }))
    );

    let mut streamed = ask;
    streamed["stream"] = json!(true);
    let events = stream(&test.admin(), "/v1/responses", streamed).await;
    for (number, (name, data)) in events.iter().enumerate() {
        let data = parsed(data);
        assert_eq!(data["sequence_number"], number);
        assert_eq!(data["type"], name.as_str());
    }
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.incomplete",
        ]
    );
    let last = parsed(&events.last().unwrap().1);
    assert_eq!(
        last["response"]["output"][0]["content"][0]["text"],
        item["content"][0]["text"]
    );
}

#[tokio::test]
async fn a_message_has_anthropics_shape_whole_and_streamed() {
    let test = with_tiny().await;
    let ask = hello(
        "tiny",
        json!({ "system": [{ "type": "text", "text": "Be brief." }] }),
    );
    let said = ok(&test.admin(), "/v1/messages", ask.clone()).await;
    assert!(said["id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        (&said["type"], &said["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(said["content"][0]["type"], "text");
    assert_eq!(
        (&said["stop_reason"], &said["stop_sequence"]),
        (&json!("max_tokens"), &Value::Null)
    );
    assert_eq!(said["usage"]["output_tokens"], 5);

    let mut streamed = ask;
    streamed["stream"] = json!(true);
    let events = stream(&test.admin(), "/v1/messages", streamed).await;
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "message_start",
            "ping",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    let start = parsed(&events[0].1);
    let usage = &start["message"]["usage"];
    let read = usage["input_tokens"].as_u64().unwrap()
        + usage["cache_read_input_tokens"].as_u64().unwrap();
    assert!(read > 0, "{start}");
    let text: String = events
        .iter()
        .filter_map(|(_, data)| parsed(data)["delta"]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(json!(text), said["content"][0]["text"]);
    let delta = parsed(&events[events.len() - 2].1);
    assert_eq!(delta["delta"]["stop_reason"], "max_tokens");
    assert_eq!(delta["usage"]["output_tokens"], 5);
}

#[tokio::test]
async fn embeddings_come_as_numbers_and_as_base64_and_are_the_same() {
    let test = TestApp::new().await;
    let ask = |format: &str| json!({ "model": "embedding", "input": ["Hello", "Good evening"], "encoding_format": format });
    let floats = ok(&test.admin(), "/v1/embeddings", ask("float")).await;
    let base64 = ok(&test.admin(), "/v1/embeddings", ask("base64")).await;
    assert_eq!(
        (&floats["object"], &floats["model"]),
        (&json!("list"), &json!("minilm"))
    );
    assert_eq!(floats["data"].as_array().unwrap().len(), 2);
    for place in 0..2 {
        let numbers = floats["data"][place]["embedding"].as_array().unwrap();
        assert_eq!(numbers.len(), 384);
        let text = base64["data"][place]["embedding"].as_str().unwrap();
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
        let decoded = bytes
            .chunks_exact(4)
            .map(|part| f32::from_le_bytes(part.try_into().unwrap()));
        for (number, decoded) in numbers.iter().zip(decoded) {
            let difference = number.as_f64().unwrap() - f64::from(decoded);
            assert!(difference.abs() < 1e-6);
        }
    }
    let exact = json!({ "model": "minilm", "input": "Hello", "dimensions": 384 });
    ok(&test.admin(), "/v1/embeddings", exact).await;
    let cut = json!({ "model": "minilm", "input": "Hello", "dimensions": 256 });
    let refused = test.admin().post("/v1/embeddings", cut).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["param"], "dimensions");
}

#[tokio::test]
async fn models_and_employees_are_listed_in_both_shapes() {
    let test = with_tiny().await;
    let ve = test.hire().await;
    let listed = test.admin().get("/v1/models").await.json();
    let ids: Vec<&str> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["auto", "starter", "tiny", "minilm", ve.as_str()]);
    assert_eq!(listed["data"][4]["owned_by"], "organisation");
    let one = test.admin().get("/v1/models/tiny").await.json();
    assert_eq!(
        (&one["object"], &one["id"]),
        (&json!("model"), &json!("tiny"))
    );

    let version = [("anthropic-version", "2099-12-31")];
    let listed = test
        .admin()
        .send("GET", "/v1/models", None, &version)
        .await
        .json();
    assert_eq!(
        (&listed["has_more"], &listed["data"][2]["type"]),
        (&json!(false), &json!("model"))
    );
    let missing = test
        .admin()
        .send("GET", "/v1/models/none", None, &version)
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.json()["error"]["type"], "not_found_error");
    let missing = test.admin().get("/v1/models/none").await;
    assert_eq!(missing.json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn an_employee_answers_by_id_and_by_name_from_its_handbook() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let question = "What should I check before I approve a supplier invoice?";
    let ask = |model: &str, stream: bool| {
        json!({ "model": model, "stream": stream,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": question }] }] })
    };
    let by_id = ok(
        &test.role(Role::Normal),
        "/v1/chat/completions",
        ask(&ve, false),
    )
    .await;
    let by_name = ok(
        &test.admin(),
        "/v1/chat/completions",
        ask("Beatrix Moll", false),
    )
    .await;
    assert_eq!(by_id["model"], ve.as_str());
    let text = by_id["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(by_name["choices"][0]["message"]["content"], text);
    assert!(text.contains("[1]"), "no quotation: {text}");
    assert_eq!(by_id["choices"][0]["finish_reason"], "stop");
    assert!(by_id["usage"]["completion_tokens"].as_u64().unwrap() > 5);

    let events = stream(
        &test.admin(),
        "/v1/chat/completions",
        ask("beatrix-moll", true),
    )
    .await;
    let pieces: Vec<String> = events
        .iter()
        .filter(|(_, data)| data != "[DONE]")
        .filter_map(|(_, data)| {
            parsed(data)["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert!(pieces.len() > 5, "{pieces:?}");
    assert_eq!(pieces.concat(), text);
    let message = json!({ "model": ve, "max_tokens": 100, "messages": [{ "role": "user", "content": question }] });
    let message = ok(&test.admin(), "/v1/messages", message).await;
    assert_eq!(message["content"][0]["text"], text);

    let kept = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    assert_eq!(
        kept["items"],
        json!([]),
        "a foreign protocol stores nothing"
    );
}

#[tokio::test]
async fn an_employee_with_a_model_answers_with_it() {
    let test = with_tiny().await;
    let hired = json!({ "model": "tiny" });
    let hired = test
        .admin()
        .post("/api/marketplace/agents/invoice-clerk/hire", hired)
        .await;
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let said = ok(&test.admin(), "/v1/chat/completions", hello(&ve, json!({}))).await;
    assert_eq!(
        (&said["model"], &said["usage"]["completion_tokens"]),
        (&json!(ve), &json!(5))
    );
    let alone = ok(
        &test.admin(),
        "/v1/chat/completions",
        hello("tiny", json!({})),
    )
    .await;
    let read = |said: &Value| said["usage"]["prompt_tokens"].as_u64().unwrap();
    assert!(
        read(&said) > read(&alone),
        "its instructions stand in front"
    );
}

#[tokio::test]
async fn a_name_that_two_employees_share_is_nobodys() {
    let test = TestApp::new().await;
    let (first, _) = (test.hire().await, test.hire().await);
    let refused = test
        .admin()
        .post("/v1/chat/completions", hello("Beatrix Moll", json!({})))
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    ok(
        &test.admin(),
        "/v1/chat/completions",
        hello(&first, json!({})),
    )
    .await;
}

#[tokio::test]
async fn strangers_and_the_dismissed_are_no_models() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let stranger = test.stranger().await;
    for name in [ve.as_str(), "beatrix-moll"] {
        let refused = stranger
            .post("/v1/chat/completions", hello(name, json!({})))
            .await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    }
    test.admin()
        .send("DELETE", &format!("/api/ves/{ve}"), None, &[])
        .await;
    for name in [ve.as_str(), "beatrix-moll"] {
        let refused = test
            .admin()
            .post("/v1/chat/completions", hello(name, json!({})))
            .await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
        assert_eq!(refused.json()["error"]["code"], "model_not_found");
    }
}
