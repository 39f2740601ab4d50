//! Models: what ships, importing files, choosing, engines that die.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use guildhall_engine_protocol::testing::write_tiny_model;
use serde_json::{Value, json};

use crate::harness::TestApp;

fn tiny_model(directory: &Path) -> PathBuf {
    let path = directory.join("tiny.gguf");
    write_tiny_model(&path, 7).unwrap();
    path
}

async fn model(test: &TestApp, name: &str) -> Value {
    let models = test.admin().get("/api/admin/models").await.json();
    models["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == name)
        .cloned()
        .unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_starter_ships_and_is_never_chosen_by_itself_before_it_passes() {
    let test = TestApp::new().await;
    let starter = model(&test, "starter").await;
    assert_eq!(
        (starter["built_in"].clone(), starter["architecture"].clone()),
        (json!(true), json!("llama"))
    );
    let choices = test.admin().get("/api/models").await.json();
    let auto = &choices["items"][0];
    assert_eq!(auto["model"], "auto");
    let is_suitable = starter["suitable_for_auto"] == json!(true);
    assert_eq!(
        auto["mode"],
        if is_suitable {
            "generative"
        } else {
            "extractive"
        }
    );
    let removed = test
        .admin()
        .send(
            "DELETE",
            &format!("/api/admin/models/{}", starter["id"].as_str().unwrap()),
            None,
            &[],
        )
        .await;
    assert_eq!(removed.code(), "model_built_in");
}

#[tokio::test]
async fn an_imported_model_answers_becomes_automatic_and_stays_while_it_is_used() {
    let test = TestApp::new().await;
    let directory = tempfile::tempdir().unwrap();
    let imported = test
        .app
        .inference
        .import(&tiny_model(directory.path()), None)
        .await
        .unwrap();
    let twin = test
        .app
        .inference
        .import(&tiny_model(directory.path()), Some("twin"))
        .await
        .unwrap_err();
    assert_eq!(twin.code(), "already_imported");

    let hired = test
        .admin()
        .post(
            "/api/marketplace/agents/invoice-clerk/hire",
            json!({ "model": "tiny" }),
        )
        .await
        .json();
    let path = format!("/api/ves/{}/chat", hired["id"].as_str().unwrap());
    let said = test
        .admin()
        .post(&path, json!({ "message": "Hello there" }))
        .await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text);
    let said = said.json();
    assert_eq!(
        (said["mode"].clone(), said["model"].clone()),
        (json!("generative"), json!("tiny"))
    );
    assert!(said["usage"]["input_tokens"].as_u64().unwrap() > 0);
    assert!(said["usage"]["output_tokens"].as_u64().unwrap() > 0);
    assert_eq!(model(&test, "tiny").await["state"], "ready");

    let path = format!("/api/admin/models/{}", imported.id);
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.code(),
        "model_in_use"
    );
    test.admin()
        .send(
            "DELETE",
            &format!("/api/ves/{}", hired["id"].as_str().unwrap()),
            None,
            &[],
        )
        .await;
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(model(&test, "tiny").await, Value::Null);
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_name_and_leaves_nothing() {
    let test = TestApp::new().await;
    let directory = tempfile::tempdir().unwrap();
    let whole = std::fs::read(tiny_model(directory.path())).unwrap();
    let truncated = directory.path().join("half.gguf");
    std::fs::write(&truncated, &whole[..whole.len() / 2]).unwrap();
    let garbage = directory.path().join("garbage.gguf");
    std::fs::write(&garbage, b"this is no model").unwrap();
    let cases = [(truncated, "model_truncated"), (garbage, "model_corrupt")];
    for (path, code) in cases {
        let error = test.app.inference.import(&path, None).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(
            error.message().contains(&path.display().to_string()),
            "{error}"
        );
    }
    assert_eq!(test.app.inference.list().await.unwrap().len(), 2);
    let left: Vec<_> = std::fs::read_dir(test.app.path("models"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["starter.gguf"]);
}

#[tokio::test]
async fn an_unknown_model_is_refused_with_the_known_ones() {
    let test = TestApp::new().await;
    let refused = test
        .admin()
        .post(
            "/api/marketplace/agents/invoice-clerk/hire",
            json!({ "model": "gpt" }),
        )
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::BAD_REQUEST, "unknown_model")
    );
    assert!(
        refused.text.contains("auto, extractive, starter"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_model_loads_on_request_and_survives_its_engines_death() {
    let test = TestApp::new().await;
    let starter = model(&test, "starter").await;
    let id = starter["id"].as_str().unwrap();
    let hired = test
        .admin()
        .post(
            "/api/marketplace/agents/invoice-clerk/hire",
            json!({ "model": "starter" }),
        )
        .await
        .json();
    let path = format!("/api/ves/{}/chat", hired["id"].as_str().unwrap());
    let first = test
        .admin()
        .post(&path, json!({ "message": "Who are you?" }))
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);

    let unloaded = test
        .admin()
        .post(&format!("/api/admin/models/{id}/unload"), Value::Null)
        .await
        .json();
    assert_eq!(unloaded["state"], "unloaded");
    let again = test
        .admin()
        .post(&path, json!({ "message": "Who are you?" }))
        .await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_eq!(model(&test, "starter").await["state"], "ready");
}
