//! Files that somebody puts into the models directory: taken in, or refused with the reason and the way out.

use std::time::Duration;

use axum::http::StatusCode;
use guildhall_engine_protocol::testing::{GgufWriter, TinyModel};
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};

const REFUSED: &str = "/api/admin/models/refused-files";

fn tiny(seed: u64) -> Vec<u8> {
    let model = TinyModel {
        seed,
        ..TinyModel::default()
    };
    model.gguf().to_bytes()
}

fn put(test: &TestApp, name: &str, bytes: &[u8]) {
    std::fs::write(test.app.path("models").join(name), bytes).unwrap();
}

async fn look(test: &TestApp) {
    let look = test.app.inference.take_in_dropped(Duration::ZERO);
    look.await.unwrap();
}

async fn refused(test: &TestApp) -> Vec<Value> {
    let listed = test.admin().get(REFUSED).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.text);
    listed.json()["items"].as_array().unwrap().clone()
}

/// Names and codes of the refused files, by name.
async fn codes(test: &TestApp) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = refused(test).await;
    let mut codes: Vec<_> = files
        .iter()
        .map(|file| (text(&file["name"]), text(&file["code"])))
        .collect();
    codes.sort();
    codes
}

async fn retry(caller: &Caller, name: &str, how: Value) -> Value {
    let answer = caller.post(&format!("{REFUSED}/{name}/retry"), how).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn names(test: &TestApp) -> Vec<String> {
    let models = test.app.inference.list().await.unwrap();
    models.into_iter().map(|model| model.name).collect()
}

fn unknown_architecture() -> Vec<u8> {
    let file = GgufWriter::new().text("general.architecture", "no-such-network");
    file.tensor("a", &[1], vec![1.0]).to_bytes()
}

#[tokio::test]
async fn every_kind_of_bad_file_is_listed_with_its_reason_and_the_way_out() {
    let test = TestApp::new().await;
    let whole = tiny(1);
    put(&test, "whole.gguf", &whole);
    look(&test).await;
    assert!(names(&test).await.contains(&"whole".to_owned()));
    let audited = test.audit_count().await;

    put(&test, "a-half.gguf", &whole[..whole.len() / 2]);
    put(&test, "b-text.gguf", b"this is no model at all");
    put(&test, "c-twin.gguf", &whole);
    put(&test, "d-strange.gguf", &unknown_architecture());
    put(&test, "Whole.GGUF", &tiny(2));
    put(&test, "---.gguf", &tiny(3));
    put(&test, "weights.safetensors", &vec![0; 2 << 20]);
    put(&test, "notes.txt", b"brought by Robin");
    std::os::unix::fs::symlink("/nowhere/at/all", test.app.path("models/e-gone.gguf")).unwrap();
    look(&test).await;
    let expected = [
        ("---.gguf", "invalid_name", "rename the file"),
        ("Whole.GGUF", "name_taken", "rename the file"),
        ("a-half.gguf", "model_truncated", "copy it again"),
        ("b-text.gguf", "model_corrupt", "choose a .gguf model file"),
        (
            "c-twin.gguf",
            "already_imported",
            "as whole; remove c-twin.gguf",
        ),
        ("d-strange.gguf", "model_unsupported", "`no-such-network`"),
        (
            "e-gone.gguf",
            "model_unreadable",
            "e-gone.gguf cannot be read",
        ),
        ("weights.safetensors", "not_gguf", "guildhall models import"),
    ];
    let files = refused(&test).await;
    assert_eq!(files.len(), expected.len(), "{files:?}");
    for (name, code, way_out) in expected {
        let file = files.iter().find(|file| file["name"] == name).unwrap();
        let message = file["message"].as_str().unwrap();
        assert_eq!(file["code"], code, "{file}");
        assert!(message.contains(way_out), "{message}");
        let directory = test.app.path("models").display().to_string();
        assert!(!message.contains(&directory), "{message}");
        assert!(
            file["refused_at"].is_string() && file["size_bytes"].is_u64(),
            "{file}"
        );
    }
    let written = test.audit_count().await - audited;
    assert_eq!(written, i64::try_from(expected.len()).unwrap());
    look(&test).await;
    assert_eq!(
        test.audit_count().await - audited,
        written,
        "each is refused once"
    );
}

#[tokio::test]
async fn a_refusal_survives_a_restart_and_ends_with_a_better_file() {
    let mut test = TestApp::new().await;
    let whole = tiny(1);
    put(&test, "model.gguf", &whole[..whole.len() / 2]);
    put(&test, "gone.gguf", b"no model");
    look(&test).await;
    let before = refused(&test).await;
    let audited = test.audit_count().await;
    test.restart().await;
    look(&test).await;
    assert_eq!(refused(&test).await, before);
    assert_eq!(test.audit_count().await, audited, "it was looked at before");

    std::fs::remove_file(test.app.path("models/gone.gguf")).unwrap();
    put(&test, "model.gguf", &whole);
    look(&test).await;
    assert_eq!(refused(&test).await, Vec::<Value>::new());
    assert!(names(&test).await.contains(&"model".to_owned()));
}

#[tokio::test]
async fn a_copy_under_way_is_left_alone() {
    let test = TestApp::new().await;
    put(&test, "model.gguf", b"GG");
    let look = test
        .app
        .inference
        .take_in_dropped(Duration::from_secs(3600));
    look.await.unwrap();
    assert_eq!(refused(&test).await, Vec::<Value>::new());
}

#[tokio::test]
async fn another_try_says_what_it_came_to() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let whole = tiny(1);
    put(&test, "whole.gguf", &whole);
    look(&test).await;
    put(&test, "twin.gguf", &whole);
    look(&test).await;
    let again = retry(&admin, "twin.gguf", json!({})).await;
    assert_eq!(again["model"], Value::Null);
    assert_eq!(again["refused"]["code"], "already_imported", "{again}");
    test.app
        .inference
        .remove_by_name("whole", false)
        .await
        .unwrap();
    let audited = test.audit_count().await;
    let taken = retry(&admin, "twin.gguf", json!({})).await;
    assert_eq!(
        (&taken["refused"], &taken["model"]["name"]),
        (&Value::Null, &json!("twin"))
    );
    assert_eq!(test.audit_count().await, audited + 1);
    assert_eq!(refused(&test).await, Vec::<Value>::new());
    for name in ["twin.gguf", "never.gguf", "..%2Fguildhall.db"] {
        let missing = admin
            .post(&format!("{REFUSED}/{name}/retry"), json!({}))
            .await;
        assert_eq!(
            missing.status,
            StatusCode::NOT_FOUND,
            "{name}: {}",
            missing.text
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_taken_in_by_choice() {
    let test = TestApp::with(|config| config.engine.memory_budget_mb = Some(1)).await;
    put(&test, "large.gguf", &tiny(1));
    look(&test).await;
    let file = &refused(&test).await[0];
    assert_eq!(file["code"], "model_too_large");
    let message = file["message"].as_str().unwrap();
    assert!(
        message.starts_with("large.gguf does not fit: it needs"),
        "{message}"
    );
    let again = retry(&test.admin(), "large.gguf", json!({})).await;
    assert_eq!(again["refused"]["code"], "model_too_large");
    let taken = retry(&test.admin(), "large.gguf", json!({ "force": true })).await;
    assert_eq!(taken["model"]["verdict"]["fits"], false, "{taken}");
}

#[tokio::test]
async fn a_dismissed_file_is_silent_until_it_changes() {
    let mut test = TestApp::new().await;
    put(&test, "one.gguf", b"no model");
    put(&test, "two.gguf", b"no model either");
    look(&test).await;
    let admin = test.admin();
    let audited = test.audit_count().await;
    let dismissed = admin
        .send("DELETE", &format!("{REFUSED}/one.gguf"), None, &[])
        .await;
    assert_eq!(
        dismissed.status,
        StatusCode::NO_CONTENT,
        "{}",
        dismissed.text
    );
    let removal = format!("{REFUSED}/two.gguf?remove_file=true");
    let removed = admin.send("DELETE", &removal, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(test.audit_count().await, audited + 2);
    assert!(test.app.path("models/one.gguf").exists());
    assert!(!test.app.path("models/two.gguf").exists());
    test.restart().await;
    look(&test).await;
    assert_eq!(refused(&test).await, Vec::<Value>::new());
    put(&test, "one.gguf", b"something else that is no model");
    look(&test).await;
    let expected = [("one.gguf".to_owned(), "model_corrupt".to_owned())];
    assert_eq!(codes(&test).await, expected);
}

#[tokio::test]
async fn only_who_manages_models_reads_and_changes_the_list() {
    let test = TestApp::new().await;
    put(&test, "bad.gguf", b"no model");
    look(&test).await;
    for caller in [test.role(Role::Staff), test.stranger().await] {
        assert_eq!(caller.get(REFUSED).await.status, StatusCode::FORBIDDEN);
        let path = format!("{REFUSED}/bad.gguf");
        let refused = caller.send("DELETE", &path, None, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(codes(&test).await.len(), 1);
}
