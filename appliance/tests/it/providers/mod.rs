//! Providers: what goes over the wire, what happens when they fail, and who may use them.

mod admin;
mod airgap;
mod collections;
mod data_class;
mod failures;
mod gateway;
mod policy;
pub mod stub;
mod wire;

use guildhall::inference::{Caller, GenerationEvent, Priority};
use guildhall_engine_protocol::{ChatMessage, ChatRole, Input, Prompt};
use guildhall_kernel::Error;
use serde_json::{Value, json};

use self::stub::Stub;
use crate::harness::TestApp;

pub const KEY: &str = "sk-test-0123456789";

/// Turns the switch.
pub async fn open(test: &TestApp, mode: &str) {
    let body = json!({ "mode": mode, "confirm": mode });
    let turned = test
        .admin()
        .send("PUT", "/api/admin/egress", Some(body), &[])
        .await;
    assert_eq!(turned.json()["mode"], mode, "{}", turned.text);
}

/// Enters a stub as a provider of that kind on the local network; `more` replaces fields.
pub async fn enter(test: &TestApp, stub: &Stub, kind: &str, more: Value) -> Value {
    let mut body = json!({
        "kind": kind,
        "base_url": stub.url(),
        "local_network": true,
        "credentials": { "kind": "api_key", "api_key": KEY },
        "settings": { "retries_max": 0, "first_byte_timeout_ms": 5000, "idle_timeout_ms": 5000 },
        "models": [{ "name": "m-1", "price": { "input": 2_000_000, "cached": 500_000, "output": 8_000_000 } }],
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = test.admin().post("/api/admin/providers", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains(KEY));
    made.json()
}

pub async fn caller(test: &TestApp) -> Caller {
    let session = test.admin().get("/api/session").await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Caller::new(
        text(&session["organisation"]["id"]).parse().unwrap(),
        text(&session["person"]["id"]).parse().unwrap(),
        Priority::Interactive,
    )
}

pub fn question(text: &str) -> Prompt {
    let message = ChatMessage::new(ChatRole::User, text);
    Prompt::new(Input::chat(vec![message]), 256)
}

/// Everything that was heard of an answer, and how it failed if it did.
pub async fn ask(
    test: &TestApp,
    caller: Caller,
    model: &str,
    prompt: Prompt,
) -> (Vec<GenerationEvent>, Option<Error>) {
    let mut events = Vec::new();
    let mut generation = match test.app.inference.generate(caller, model, prompt).await {
        Ok(generation) => generation,
        Err(error) => return (events, Some(error)),
    };
    while let Some(event) = generation.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

pub fn text_of(events: &[GenerationEvent]) -> String {
    let text = |event: &GenerationEvent| match event {
        GenerationEvent::Token { text, .. } => text.clone(),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}

/// An answer as OpenAI streams it.
pub fn openai_answer(text: &str) -> String {
    let chunk = |value: Value| format!("data: {value}\n\n");
    [
        chunk(json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": text }, "finish_reason": null }] })),
        chunk(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] })),
        chunk(json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12 } })),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}
