//! Answers by grammar and with adapters, through `/v1`.

use std::path::Path;

use axum::http::StatusCode;
use guildhall_engine_protocol::testing::{GgufWriter, write_tiny_model};
use serde_json::{Value, json};

use crate::harness::TestApp;

const CHAT: &str = "/v1/chat/completions";

fn hello(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "max_tokens": 12, "temperature": 0,
                           "messages": [{ "role": "user", "content": "Hello, who are you?" }] });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

#[tokio::test]
async fn an_answer_follows_the_grammar_in_whichever_field_it_comes() {
    let test = TestApp::new().await;
    let gbnf = "root ::= \"maybe \" (\"yes\" | \"no\")";
    let forms = [
        json!({ "grammar": gbnf }),
        json!({ "guided_grammar": gbnf }),
        json!({ "guided_grammar": "start: \"maybe \" (\"yes\" | \"no\")" }),
    ];
    for form in forms {
        let said = test
            .admin()
            .post(CHAT, hello("starter", form.clone()))
            .await;
        assert_eq!(said.status, StatusCode::OK, "{form}: {}", said.text);
        let text = said.json()["choices"][0]["message"]["content"].clone();
        assert!(text == "maybe yes" || text == "maybe no", "{form}: {text}");
        let mut body = form.clone();
        body["model"] = json!("starter");
        body["prompt"] = json!("Will it rain?");
        let said = test.admin().post("/v1/completions", body).await;
        let text = said.json()["choices"][0]["text"].clone();
        assert!(text == "maybe yes" || text == "maybe no", "{}", said.text);
    }
    let schema = json!({ "guided_json": { "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "enum": [1] } } } });
    let said = test.admin().post(CHAT, hello("starter", schema)).await;
    let text = said.json()["choices"][0]["message"]["content"].clone();
    let value: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(value, json!({ "a": 1 }), "{}", said.text);

    let broken = json!({ "grammar": "root ::= (" });
    let refused = test.admin().post(CHAT, hello("starter", broken)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert_eq!(refused.code(), "constraint_invalid");
}

/// An adapter that changes what the first layer passes on.
fn write_adapter(path: &Path) {
    let numbers = |count: usize| -> Vec<f32> {
        (0..count)
            .map(|index| (index * 7919 % 101) as f32 / 50.0 - 1.0)
            .collect()
    };
    GgufWriter::new()
        .text("general.type", "adapter")
        .text("general.architecture", "llama")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", 8.0)
        .tensor("blk.0.attn_v.weight.lora_a", &[32, 4], numbers(128))
        .tensor("blk.0.attn_v.weight.lora_b", &[4, 32], numbers(128))
        .write(path)
        .unwrap();
}

#[tokio::test]
async fn an_adapter_is_named_as_a_model_and_answers_with_the_model_it_belongs_to() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let (model, adapter) = (
        files.path().join("tiny.gguf"),
        files.path().join("tone.gguf"),
    );
    write_tiny_model(&model, 7).unwrap();
    write_adapter(&adapter);
    let inference = &test.app.inference;
    inference.import(&model, None).await.unwrap();
    let tone = inference.import(&adapter, None).await.unwrap();
    let admin = test.admin();
    let alone = admin.post(CHAT, hello("tone", json!({}))).await;
    assert_eq!(alone.status, StatusCode::BAD_REQUEST, "{}", alone.text);
    assert_eq!(alone.code(), "adapter_alone", "{}", alone.text);

    let base = Some(json!({ "base_model": "tiny" }));
    let path = format!("/api/admin/models/{}", tone.id);
    let set = admin.send("PATCH", &path, base, &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let listed = admin.get("/v1/models").await.json();
    let listed = listed["data"].as_array().unwrap();
    assert!(listed.iter().any(|model| model["id"] == "tone"));

    let text = async |model: &str| {
        let said = admin.post(CHAT, hello(model, json!({}))).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text);
        let said = said.json();
        assert_eq!(said["model"], model);
        said["choices"][0]["message"]["content"].to_string()
    };
    let (plain, adapted) = (text("tiny").await, text("tone").await);
    assert_ne!(plain, adapted, "the adapter is applied");
    assert_eq!(text("tiny").await, plain, "and to its own answers only");
    test.app.meter.flush().await;
    let used = admin.get("/api/billing/usage?model=tone").await.json();
    assert_eq!(used["totals"]["calls"], 1, "{used}");
    let count = admin
        .post("/v1/messages/count_tokens", hello("tone", json!({})))
        .await;
    assert_eq!(count.status, StatusCode::OK, "{}", count.text);
}
