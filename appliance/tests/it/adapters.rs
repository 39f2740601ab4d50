//! Adapters of a model: named in its place, given to a model that runs, chosen for an employee, taken off again.

use std::path::Path;

use axum::http::StatusCode;
use guildhall::inference::{Caller, Generation, GenerationEvent, Priority};
use guildhall_engine_protocol::{
    ChatMessage, ChatRole, Input, Prompt,
    testing::{GgufWriter, write_tiny_model},
};
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::{gateway_grammar::hello, harness::TestApp};

const CHAT: &str = "/v1/chat/completions";
/// How wide the tiny model is.
const WIDTH: u64 = 32;

/// An adapter that changes what the first layer passes on.
fn write_adapter(path: &Path, width: u64) {
    let numbers = |count: u64| -> Vec<f32> {
        (0..count)
            .map(|index| (index * 7919 % 101) as f32 / 50.0 - 1.0)
            .collect()
    };
    GgufWriter::new()
        .text("general.type", "adapter")
        .text("general.architecture", "llama")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", 8.0)
        .tensor(
            "blk.0.attn_v.weight.lora_a",
            &[width, 4],
            numbers(width * 4),
        )
        .tensor(
            "blk.0.attn_v.weight.lora_b",
            &[4, width],
            numbers(width * 4),
        )
        .write(path)
        .unwrap();
}

struct Office {
    test: TestApp,
    files: tempfile::TempDir,
}

impl Office {
    /// A node with a tiny model.
    async fn new() -> Self {
        let test = TestApp::new().await;
        let files = tempfile::tempdir().unwrap();
        let model = files.path().join("tiny.gguf");
        write_tiny_model(&model, 7).unwrap();
        test.app.inference.import(&model, None).await.unwrap();
        Self { test, files }
    }

    /// Imports an adapter and returns its address.
    async fn import(&self, name: &str, width: u64) -> String {
        let file = self.files.path().join(format!("{name}.gguf"));
        write_adapter(&file, width);
        let imported = self.test.app.inference.import(&file, None).await.unwrap();
        format!("/api/admin/models/{}", imported.id)
    }

    /// Gives the adapter to a model, or takes it off with an empty name.
    async fn give(&self, adapter: &str, base: &str) {
        let base = Some(json!({ "base_model": base }));
        let set = self.test.admin().send("PATCH", adapter, base, &[]).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    }

    /// What the model of that name says through `/v1`.
    async fn says(&self, model: &str) -> String {
        let said = self.test.admin().post(CHAT, hello(model, json!({}))).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text);
        let said = said.json();
        assert_eq!(said["model"], model);
        said["choices"][0]["message"]["content"].to_string()
    }

    async fn ask(&self, model: &str, tokens: u32) -> Generation {
        let ctx = self.test.ctx(Role::Admin).await;
        let hello = ChatMessage::new(ChatRole::User, "hello");
        let prompt = Prompt {
            ignore_end: true,
            ..Prompt::new(Input::chat(vec![hello]), tokens)
        };
        let caller = Caller::of(&ctx, Priority::Interactive);
        let asked = self.test.app.inference.generate(caller, model, prompt);
        asked.await.unwrap()
    }

    async fn process(&self) -> Value {
        let runtime = self.test.admin().get("/api/admin/models/runtime").await;
        let models = runtime.json()["models"].as_array().unwrap().clone();
        let tiny = models.iter().find(|model| model["name"] == "tiny");
        tiny.unwrap()["process_id"].clone()
    }
}

/// An answer read to its end: how many tokens, and whether it was told that the model is loaded for it.
async fn read(mut generation: Generation) -> (u32, bool) {
    let (mut written, mut has_loaded) = (0, false);
    while let Some(event) = generation.next().await {
        match event.unwrap() {
            GenerationEvent::Done(done) => written = done.output_tokens,
            GenerationEvent::Loading => has_loaded = true,
            _ => {}
        }
    }
    (written, has_loaded)
}

#[tokio::test]
async fn an_adapter_is_named_as_a_model_and_answers_with_the_model_it_belongs_to() {
    let office = Office::new().await;
    let tone = office.import("tone", WIDTH).await;
    let admin = office.test.admin();
    let alone = admin.post(CHAT, hello("tone", json!({}))).await;
    assert_eq!(alone.status, StatusCode::BAD_REQUEST, "{}", alone.text);
    assert_eq!(alone.code(), "adapter_alone", "{}", alone.text);

    office.give(&tone, "tiny").await;
    let listed = admin.get("/v1/models").await.json();
    let listed = listed["data"].as_array().unwrap();
    let named = listed.iter().filter(|model| model["id"] == "tone").count();
    assert_eq!(named, 1, "{listed:?}");

    let (plain, adapted) = (office.says("tiny").await, office.says("tone").await);
    assert_ne!(plain, adapted, "the adapter is applied");
    assert_eq!(
        office.says("tiny").await,
        plain,
        "and to its own answers only"
    );
    office.test.app.meter.flush().await;
    let used = admin.get("/api/billing/usage?model=tone").await.json();
    assert_eq!(used["totals"]["calls"], 1, "{used}");
    let count = admin
        .post("/v1/messages/count_tokens", hello("tone", json!({})))
        .await;
    assert_eq!(count.status, StatusCode::OK, "{}", count.text);
}

#[tokio::test]
async fn an_adapter_given_to_a_running_model_is_taken_up_once_nobody_is_being_answered() {
    let office = Office::new().await;
    let plain = office.says("tiny").await;
    let process = office.process().await;
    let mut running = office.ask("tiny", 600).await;
    while !matches!(
        running.next().await.unwrap().unwrap(),
        GenerationEvent::Token { .. }
    ) {}
    let tone = office.import("tone", WIDTH).await;
    office.give(&tone, "tiny").await;
    assert_eq!(office.process().await, process, "nobody needs it yet");

    // Two who want it, while somebody is being answered and somebody else comes.
    let (first, second) = (office.ask("tone", 4).await, office.ask("tone", 4).await);
    let other = office.ask("tiny", 4).await;
    let (running, first, second, other) =
        tokio::join!(read(running), read(first), read(second), read(other));
    assert_eq!(running.0, 600, "the answer under way was finished");
    assert_eq!(
        (first, second.0),
        ((4, true), 4),
        "told that the model is loaded"
    );
    assert_eq!(other.0, 4);
    let renewed = office.process().await;
    assert_ne!(renewed, process);
    assert_ne!(office.says("tone").await, plain);
    assert_eq!(office.says("tiny").await, plain);
    assert_eq!(office.process().await, renewed, "loaded anew once");
}

#[tokio::test]
async fn an_adapter_that_does_not_suit_is_refused_and_its_model_answers_on() {
    let office = Office::new().await;
    let plain = office.says("tiny").await;
    let wrong = office.import("wrong", 48).await;
    office.give(&wrong, "tiny").await;
    let refused = office
        .test
        .admin()
        .post(CHAT, hello("wrong", json!({})))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert_eq!(refused.code(), "unknown_adapter", "{}", refused.text);
    assert_eq!(office.says("tiny").await, plain);
    let models = office.test.admin().get("/api/admin/models").await.json();
    let models = models["items"].as_array().unwrap();
    let tiny = models.iter().find(|model| model["name"] == "tiny").unwrap();
    let notes = tiny["notes"].to_string();
    assert!(notes.contains("adapter wrong does not suit"), "{notes}");
}

#[tokio::test]
async fn an_employee_thinks_with_an_adapter_and_says_so_when_it_is_taken_away() {
    let office = Office::new().await;
    let tone = office.import("tone", WIDTH).await;
    let admin = office.test.admin();
    let ve = office.test.hire().await;
    let ve = format!("/api/ves/{ve}");
    let choose = async |model: &str| {
        let change = Some(json!({ "model": model }));
        admin.send("PATCH", &ve, change, &[]).await
    };
    let alone = choose("tone").await;
    assert_eq!(alone.status, StatusCode::BAD_REQUEST, "{}", alone.text);
    assert_eq!(alone.code(), "unknown_model");

    office.give(&tone, "tiny").await;
    let choices = admin.get("/api/models").await.json();
    let choices = choices["items"].as_array().unwrap();
    let place = |name: &str| choices.iter().position(|choice| choice["model"] == name);
    assert_eq!(place("tone"), place("tiny").map(|place| place + 1));
    let choice = &choices[place("tone").unwrap()];
    assert_eq!(
        (&choice["base"], &choice["available"]),
        (&json!("tiny"), &json!(true))
    );
    let chosen = choose("tone").await;
    assert_eq!(chosen.status, StatusCode::OK, "{}", chosen.text);
    let answering = chosen.json()["answering"].clone();
    assert_eq!(
        (&answering["mode"], &answering["model"]),
        (&json!("generative"), &json!("tone"))
    );

    let path = format!("{ve}/chat");
    let question = || json!({ "message": "Hello, who are you?" });
    let answer = admin.post(&path, question()).await.json();
    assert_eq!(answer["model"], "tone", "{answer}");
    let accept = [("accept", "text/event-stream")];
    let streamed = admin.send("POST", &path, Some(question()), &accept).await;
    assert!(
        streamed.text.contains("\"model\":\"tone\""),
        "{}",
        streamed.text
    );
    let id = ve.rsplit('/').next().unwrap();
    let said = admin.post(CHAT, hello(id, json!({}))).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text);
    office.test.app.meter.flush().await;
    let used = admin.get("/api/billing/usage?model=tone").await.json();
    assert_eq!(used["totals"]["calls"], 3, "{used}");

    // Without its model there is nothing to think with: the employee quotes, and says why.
    office.give(&tone, "").await;
    let seen = admin.get(&ve).await.json();
    let answering = &seen["answering"];
    assert_eq!(answering["mode"], "extractive", "{answering}");
    let reason = answering["reason"].as_str().unwrap();
    assert!(reason.contains("belongs to no model"), "{reason}");
    let answer = admin.post(&path, question()).await.json();
    assert_eq!(answer["mode"], "extractive", "{answer}");
    // Given back, it thinks again.
    office.give(&tone, "tiny").await;
    let answer = admin.post(&path, question()).await.json();
    assert_eq!(answer["model"], "tone", "{answer}");
}
