//! The registry: memory, licences, names, removal.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::http::StatusCode;
use guildhall::inference::{Caller, ImportRequest, Priority, Progress};
use guildhall_engine_protocol::{
    ChatMessage, ChatRole, Input, Prompt,
    testing::{GgufWriter, TinyModel},
};
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::TestApp;

fn tiny(directory: &Path, seed: u64) -> PathBuf {
    let path = directory.join(format!("tiny-{seed}.gguf"));
    let model = TinyModel {
        seed,
        ..TinyModel::default()
    };
    model.gguf().write(&path).unwrap();
    path
}

/// A tiny model under a licence that asks for acceptance.
fn restricted(directory: &Path) -> PathBuf {
    let path = tiny(directory, 99);
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes
        .windows(10)
        .position(|part| part == b"apache-2.0")
        .unwrap();
    let mut bytes = bytes;
    bytes[at..at + 10].copy_from_slice(b"gemma-term");
    std::fs::write(&path, bytes).unwrap();
    path
}

async fn models(test: &TestApp) -> Vec<Value> {
    let models = test.admin().get("/api/admin/models").await.json();
    models["items"].as_array().unwrap().clone()
}

async fn model(test: &TestApp, name: &str) -> Value {
    let models = models(test).await;
    let found = models.into_iter().find(|model| model["name"] == name);
    found.unwrap_or(Value::Null)
}

fn path(model: &Value, rest: &str) -> String {
    format!("/api/admin/models/{}{rest}", model["id"].as_str().unwrap())
}

/// Waits until a model is as wanted, at most a minute.
async fn wait_for(test: &TestApp, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let model = model(test, name).await;
            if is_it(&model) {
                return model;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking)
        .await
        .unwrap()
}

fn silent() -> Progress {
    Arc::new(|_, _| {})
}

fn request(path: PathBuf) -> ImportRequest {
    ImportRequest {
        path,
        ..ImportRequest::default()
    }
}

#[tokio::test]
async fn idle_models_make_room_and_pinned_ones_stay() {
    // Room for one tiny model at a time.
    let test = TestApp::with(|config| config.engine.memory_budget_mb = Some(100)).await;
    let files = tempfile::tempdir().unwrap();
    for seed in [1, 2] {
        let file = tiny(files.path(), seed);
        test.app.inference.import(&file, None).await.unwrap();
    }
    let (first, second) = (model(&test, "tiny-1").await, model(&test, "tiny-2").await);
    let admin = test.admin();
    admin.post(&path(&first, "/load"), Value::Null).await;
    let first = wait_for(&test, "tiny-1", |model| model["speed"].is_object()).await;
    assert_eq!(first["state"], "ready");
    assert!(first["speed"]["decode_tokens_per_second"].as_f64().unwrap() > 0.0);
    assert!(
        first["speed"]["prefill_tokens_per_second"]
            .as_f64()
            .unwrap()
            > 0.0
    );

    admin.post(&path(&second, "/load"), Value::Null).await;
    wait_for(&test, "tiny-2", |model| model["speed"].is_object()).await;
    assert_eq!(model(&test, "tiny-1").await["state"], "unloaded");
    let runtime = admin.get("/api/admin/models/runtime").await.json();
    let memory = &runtime["memory"];
    assert_eq!(memory["budget_bytes"], json!(100 << 20));
    assert!(
        memory["used_bytes"].as_u64().unwrap() > 60_000_000,
        "{memory}"
    );
    assert_eq!(runtime["models"].as_array().unwrap().len(), 1);

    let change = Some(json!({ "pinned": true }));
    let pinned = admin.send("PATCH", &path(&second, ""), change, &[]).await;
    assert_eq!(pinned.json()["pinned"], true);
    let caller = Caller::of(&test.ctx(Role::Admin).await, Priority::Interactive);
    let prompt = Prompt::new(
        Input::chat(vec![ChatMessage::new(ChatRole::User, "Hello")]),
        4,
    );
    let asked = test.app.inference.generate(caller, "tiny-1", prompt);
    let mut asked = asked.await.unwrap();
    let mut last = None;
    while let Some(event) = asked.next().await {
        last = event.err();
    }
    let refused = last.unwrap();
    assert_eq!((refused.code(), refused.status()), ("memory_full", 503));
    assert!(
        refused
            .message()
            .contains("Tiny random model are in use or pinned"),
        "{refused}"
    );
    assert_eq!(model(&test, "tiny-2").await["state"], "ready");
}

#[tokio::test]
async fn terms_that_ask_for_acceptance_are_shown_and_accepted_first() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let file = restricted(files.path());
    let refused = test
        .app
        .inference
        .import_file(request(file.clone()), silent());
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), "license_not_accepted");
    assert!(refused.message().contains("gemma-term"), "{refused}");
    assert_eq!(models(&test).await.len(), 2);

    // Dropped into the directory it is there, but does not run before somebody accepts.
    std::fs::copy(&file, test.app.path("models/dropped.gguf")).unwrap();
    let dropped = test.app.inference.take_in_dropped(Duration::ZERO);
    dropped.await.unwrap();
    let dropped = model(&test, "dropped").await;
    assert_eq!(dropped["needs_acceptance"], true);
    let admin = test.admin();
    let refused = admin.post(&path(&dropped, "/load"), Value::Null).await;
    assert_eq!(refused.code(), "license_not_accepted");
    let choices = admin.get("/api/models").await.json();
    assert_ne!(
        choices["items"][0]["note"],
        "Tiny random model is the best model on this node"
    );
    let accepted = json!({ "accept_license": true });
    let accepted = admin
        .send("PATCH", &path(&dropped, ""), Some(accepted), &[])
        .await;
    assert_eq!(
        accepted.json()["needs_acceptance"],
        false,
        "{}",
        accepted.text
    );
    admin.post(&path(&dropped, "/load"), Value::Null).await;
    wait_for(&test, "dropped", |model| model["state"] == "ready").await;
}

#[tokio::test]
async fn names_lead_to_models_and_can_be_led_elsewhere() {
    let mut test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    for seed in [1, 2] {
        let file = tiny(files.path(), seed);
        test.app.inference.import(&file, None).await.unwrap();
    }
    let admin = test.admin();
    let aliases = admin.get("/api/admin/models/aliases").await.json();
    let embedding = aliases["items"].as_array().unwrap().iter();
    let embedding = embedding
        .clone()
        .find(|alias| alias["alias"] == "embedding");
    assert_eq!(embedding.unwrap()["model"], "minilm");
    for (alias, model) in [("default", "tiny-1"), ("fast", "tiny-2")] {
        let aliased = format!("/api/admin/models/aliases/{alias}");
        let set = admin
            .send("PUT", &aliased, Some(json!({ "model": model })), &[])
            .await;
        assert_eq!(set.json()["model"], model, "{}", set.text);
    }
    let refusals = [
        ("default", json!("minilm"), "wrong_kind"),
        ("default", json!("nothing"), "unknown_model"),
        ("Bad Name", json!("tiny-1"), "invalid_name"),
        ("tiny-1", json!("tiny-2"), "name_taken"),
        ("nowhere", Value::Null, "not_found"),
    ];
    for (alias, model, code) in refusals {
        let aliased = format!("/api/admin/models/aliases/{}", alias.replace(' ', "%20"));
        let refused = admin
            .send("PUT", &aliased, Some(json!({ "model": model })), &[])
            .await;
        assert_eq!(refused.code(), code, "{}", refused.text);
    }
    test.restart().await;
    assert_eq!(test.app.inference.resolve("auto").model, "tiny-1");
    assert_eq!(test.app.inference.resolve("default").model, "tiny-1");
    assert_eq!(test.app.inference.resolve("fast").model, "tiny-2");
    let taken = test
        .app
        .inference
        .import(&tiny(files.path(), 3), Some("fast"))
        .await;
    assert_eq!(taken.unwrap_err().code(), "name_taken");

    let aliased = model(&test, "tiny-2").await;
    assert_eq!(aliased["aliases"], json!(["fast"]));
    let forget = Some(json!({ "model": null }));
    let admin = test.admin();
    admin
        .send("PUT", "/api/admin/models/aliases/fast", forget, &[])
        .await;
    assert_eq!(model(&test, "tiny-2").await["aliases"], json!([]));
}

#[tokio::test]
async fn who_uses_a_model_is_listed_and_set_free_when_it_is_removed_by_force() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let file = tiny(files.path(), 1);
    test.app.inference.import(&file, None).await.unwrap();
    let admin = test.admin();
    let hire = json!({ "model": "tiny-1", "persona_name": "Ines" });
    let hired = admin.post("/api/marketplace/agents/invoice-clerk/hire", hire);
    let hired = hired.await.json();
    let tiny = model(&test, "tiny-1").await;
    let aliased = json!({ "model": "tiny-1" });
    admin
        .send(
            "PUT",
            "/api/admin/models/aliases/default",
            Some(aliased),
            &[],
        )
        .await;

    let users = admin.get(&path(&tiny, "/users")).await.json();
    assert_eq!(users["employees"], 1);
    assert_eq!(users["mine"][0]["persona_name"], "Ines");
    let stranger = test.stranger().await;
    let refused = stranger.get(&path(&tiny, "/users")).await.json();
    assert_eq!(
        (&refused["employees"], &refused["mine"]),
        (&json!(1), &json!([]))
    );

    let audited = test.audit_count().await;
    let admin = test.admin();
    let refused = admin.send("DELETE", &path(&tiny, ""), None, &[]).await;
    assert_eq!(refused.code(), "model_in_use");
    let forced = admin
        .send("DELETE", &path(&tiny, "?force=true"), None, &[])
        .await;
    assert_eq!(forced.status, StatusCode::NO_CONTENT, "{}", forced.text);
    assert_eq!(test.audit_count().await, audited + 1);
    assert_eq!(model(&test, "tiny-1").await, Value::Null);
    assert!(!test.app.path("models/tiny-1.gguf").exists());
    let aliases = test.app.inference.list_aliases();
    assert!(aliases.iter().all(|alias| !alias.is_set));
    assert_eq!(hired["model"], "tiny-1");
    let ctx = test.ctx(Role::Staff).await;
    let page = guildhall_kernel::PageRequest::default();
    let team = guildhall::team::list(&test.app, &ctx, None, &page)
        .await
        .unwrap();
    assert_eq!(team.items[0].model, "auto");
}

#[tokio::test]
async fn adapters_belong_to_a_model_of_their_architecture() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("tone.gguf");
    let adapter = GgufWriter::new()
        .text("general.architecture", "llama")
        .text("general.type", "adapter")
        .tensor("a", &[1], vec![1.0]);
    adapter.write(&file).unwrap();
    test.app.inference.import(&file, None).await.unwrap();
    test.app
        .inference
        .import(&tiny(files.path(), 1), None)
        .await
        .unwrap();
    let adapter = model(&test, "tone").await;
    assert_eq!(
        (&adapter["kind"], &adapter["verdict"]),
        (&json!("adapter"), &Value::Null)
    );
    let admin = test.admin();
    let choices = admin.get("/api/models").await;
    assert!(!choices.text.contains("tone"), "{}", choices.text);
    let refused = admin.post(&path(&adapter, "/load"), Value::Null).await;
    assert_eq!(refused.code(), "adapter_alone");
    for (base, code) in [("minilm", "invalid_base"), ("nothing", "invalid_base")] {
        let change = Some(json!({ "base_model": base }));
        let refused = admin.send("PATCH", &path(&adapter, ""), change, &[]).await;
        assert_eq!(refused.code(), code, "{}", refused.text);
    }
    let change = Some(json!({ "base_model": "tiny-1" }));
    let set = admin.send("PATCH", &path(&adapter, ""), change, &[]).await;
    assert_eq!(set.json()["base_model"], "tiny-1", "{}", set.text);
    let choices = admin.get("/api/models").await.json();
    let choices = choices["items"].as_array().unwrap();
    let chosen = choices.iter().find(|choice| choice["model"] == "tone");
    assert_eq!(chosen.unwrap()["base"], "tiny-1");
}

#[tokio::test]
async fn a_directory_of_the_bert_family_is_taken_in_verified_and_removed_whole() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let source = files.path().join("My Sentences");
    std::fs::create_dir_all(source.join("1_Pooling")).unwrap();
    let header = r#"{"a":{"dtype":"F32","shape":[4,8],"data_offsets":[0,128]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.as_bytes());
    weights.resize(weights.len() + 128, 7);
    for (name, bytes) in [
        (
            "config.json",
            br#"{"model_type":"bert","max_position_embeddings":512}"#.as_slice(),
        ),
        ("tokenizer.json", b"{}"),
        ("1_Pooling/config.json", b"{}"),
        ("model.safetensors", &weights),
    ] {
        std::fs::write(source.join(name), bytes).unwrap();
    }
    let imported = test.app.inference.import(&source, None).await.unwrap();
    assert_eq!(
        (imported.name.as_str(), imported.architecture.as_str()),
        ("my-sentences", "bert")
    );
    assert!(
        test.app
            .path("models/my-sentences/1_Pooling/config.json")
            .is_file()
    );
    let verified = test.app.inference.verify().await.unwrap();
    assert!(
        verified
            .iter()
            .any(|model| (model.name.as_str(), model.result) == ("my-sentences", "ok"))
    );
    let twin = test
        .app
        .inference
        .import(&source, Some("twin"))
        .await
        .unwrap_err();
    assert_eq!(twin.code(), "already_imported");
    assert!(!test.app.path("models/twin").exists());
    test.app
        .inference
        .remove_by_name("my-sentences", false)
        .await
        .unwrap();
    assert!(!test.app.path("models/my-sentences").exists());
}

#[tokio::test]
async fn a_file_that_changed_on_the_disk_is_found() {
    let test = TestApp::new().await;
    let files = tempfile::tempdir().unwrap();
    let file = tiny(files.path(), 1);
    test.app.inference.import(&file, None).await.unwrap();
    let tiny = model(&test, "tiny-1").await;
    let verify = path(&tiny, "/verify");
    let admin = test.admin();
    assert_eq!(
        admin.post(&verify, Value::Null).await.json()["result"],
        "ok"
    );
    let stored = test.app.path("models/tiny-1.gguf");
    let mut bytes = std::fs::read(&stored).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&stored, bytes).unwrap();
    assert_eq!(
        admin.post(&verify, Value::Null).await.json()["result"],
        "changed"
    );
    std::fs::remove_file(&stored).unwrap();
    assert_eq!(
        admin.post(&verify, Value::Null).await.json()["result"],
        "missing"
    );
}

#[tokio::test]
async fn well_known_models_come_with_what_this_machine_makes_of_them() {
    let test = TestApp::with(|config| config.engine.memory_budget_mb = Some(8000)).await;
    let known = test.admin().get("/api/admin/models/known").await.json();
    let known = known["items"].as_array().unwrap();
    let of = |name: &str| known.iter().find(|model| model["name"] == name).unwrap();
    assert_eq!(of("Qwen3 8B")["options"][0]["verdict"]["fits"], true);
    assert_eq!(of("Qwen3 32B")["options"][0]["verdict"]["fits"], false);
    assert_eq!(of("Gemma 3 4B")["licence_is_permissive"], false);
}
