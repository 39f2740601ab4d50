//! Model packs: signed by who writes them, checked by who takes them in, at the machine and over HTTP.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use guildhall::inference::{ImportRequest, Progress};
use guildhall_engine_protocol::testing::TinyModel;
use guildhall_kernel::Result;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

/// A node that wrote a pack of a tiny model.
async fn publisher(directory: &Path) -> (TestApp, PathBuf) {
    let test = TestApp::new().await;
    let file = directory.join("tiny-1.gguf");
    TinyModel {
        seed: 1,
        ..TinyModel::default()
    }
    .gguf()
    .write(&file)
    .unwrap();
    test.app.inference.import(&file, None).await.unwrap();
    let admin = test.admin();
    let model = model(&test).await;
    let path = format!("/api/admin/models/{}", model["id"].as_str().unwrap());
    let titled = json!({ "title": "Tiny, for Trying" });
    admin.send("PATCH", &path, Some(titled), &[]).await;
    let packed = directory.join("tiny.tar");
    test.app
        .inference
        .pack("tiny-1", packed.clone())
        .await
        .unwrap();
    (test, packed)
}

async fn model(test: &TestApp) -> Value {
    let models = test.admin().get("/api/admin/models").await.json();
    let models = models["items"].as_array().unwrap().clone();
    models
        .into_iter()
        .find(|model| model["name"] == "tiny-1")
        .unwrap_or(Value::Null)
}

async fn import(test: &TestApp, path: &Path, allow_unsigned: bool) -> Result<()> {
    let request = ImportRequest {
        path: path.to_owned(),
        allow_unsigned,
        ..ImportRequest::default()
    };
    let silent: Progress = Arc::new(|_, _| {});
    test.app
        .inference
        .import_file(request, silent)
        .await
        .map(|_| ())
}

/// The pack with one byte of `what` changed.
fn damaged(packed: &Path, what: &[u8]) -> PathBuf {
    let mut bytes = std::fs::read(packed).unwrap();
    let at = bytes
        .windows(what.len())
        .position(|part| part == what)
        .unwrap();
    bytes[at] ^= 1;
    let path = packed.with_extension("damaged.tar");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_pack_carries_a_model_to_a_node_that_trusts_its_signer() {
    let files = tempfile::tempdir().unwrap();
    let (first, packed) = publisher(files.path()).await;
    let twice = first.app.inference.pack("tiny-1", packed.clone()).await;
    assert_eq!(twice.unwrap_err().code(), "file_exists");

    let second = TestApp::new().await;
    let unknown = import(&second, &packed, false).await.unwrap_err();
    assert_eq!(unknown.code(), "pack_signer_unknown");
    let own = first.app.inference.publishers().unwrap().remove(0);
    assert!(unknown.message().contains(&own.fingerprint), "{unknown}");
    second
        .app
        .inference
        .trust_publisher("head-office", &own.key)
        .await
        .unwrap();
    let known = second.app.inference.publishers().unwrap();
    assert_eq!(
        (known[1].name.as_str(), &known[1].key),
        ("head-office", &own.key)
    );

    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let progress: Progress = Arc::new(move |done, total| hears.lock().unwrap().push((done, total)));
    let request = ImportRequest {
        path: packed.clone(),
        ..ImportRequest::default()
    };
    let imported = second
        .app
        .inference
        .import_file(request, progress)
        .await
        .unwrap();
    let sha256 = model(&first).await["sha256"].as_str().unwrap().to_owned();
    assert_eq!(
        (imported.title.as_str(), imported.sha256),
        ("Tiny, for Trying", sha256)
    );
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told.last(),
        Some(&(imported.size_bytes, imported.size_bytes))
    );
    let verified = second.app.inference.verify().await.unwrap();
    assert!(
        verified
            .iter()
            .any(|model| (model.name.as_str(), model.result) == ("tiny-1", "ok"))
    );
}

#[tokio::test]
async fn what_was_changed_is_never_taken_in() {
    let files = tempfile::tempdir().unwrap();
    let (_, packed) = publisher(files.path()).await;
    let other = TestApp::new().await;
    let manifest = import(&other, &damaged(&packed, b"Tiny, for Trying"), true)
        .await
        .unwrap_err();
    assert_eq!(manifest.code(), "pack_signature_wrong");
    let weights = import(&other, &damaged(&packed, b"output_norm.weight"), true)
        .await
        .unwrap_err();
    assert!(
        ["hash_mismatch", "model_corrupt"].contains(&weights.code()),
        "{weights}"
    );
    assert_eq!(model(&other).await, Value::Null);
    import(&other, &packed, true).await.unwrap();
}

async fn upload(test: &TestApp, path: &Path, name: &str) -> Value {
    let bytes = std::fs::read(path).unwrap();
    let wanted = json!({ "file_name": "tiny-1.tar", "size_bytes": bytes.len(), "name": name });
    let begun = test.admin().post("/api/admin/models/uploads", wanted).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    let place = format!(
        "/api/admin/models/uploads/{}",
        begun.json()["id"].as_str().unwrap()
    );
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let half = test
        .admin()
        .send_bytes("PATCH", &format!("{place}?offset=0"), first.to_vec())
        .await;
    assert_eq!(
        half.json()["inspection"],
        Value::Null,
        "where the model lies is known at the end"
    );
    let next = format!("{place}?offset={}", first.len());
    test.admin()
        .send_bytes("PATCH", &next, rest.to_vec())
        .await
        .json()
}

async fn complete(test: &TestApp, upload: &Value, how: Value) -> Answer {
    let place = format!(
        "/api/admin/models/uploads/{}/complete",
        upload["id"].as_str().unwrap()
    );
    test.admin().post(&place, how).await
}

#[tokio::test]
async fn a_pack_is_uploaded_and_an_unsigned_one_needs_a_choice() {
    let files = tempfile::tempdir().unwrap();
    let (first, packed) = publisher(files.path()).await;
    let other = TestApp::new().await;
    let arrived = upload(&other, &packed, "tiny-1").await;
    assert_eq!(arrived["state"], "received", "{arrived}");
    assert_eq!(arrived["inspection"]["title"], "Tiny, for Trying");
    assert_eq!(arrived["inspection"]["pack"], json!({ "signed_by": null }));
    let refused = complete(&other, &arrived, json!({ "accept_license": true })).await;
    assert_eq!(refused.code(), "pack_signer_unknown", "{}", refused.text);
    assert!(
        refused.text.contains("tiny-1.tar is signed with the key"),
        "{}",
        refused.text
    );
    let how = json!({ "accept_license": true, "allow_unsigned": true });
    let taken = complete(&other, &arrived, how).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    assert_eq!(taken.json()["sha256"], model(&first).await["sha256"]);
    let left = other.admin().get("/api/admin/models/uploads").await.json();
    assert_eq!(left["items"], json!([]));

    // The node that signed it needs no choice; the model is there already.
    let back = upload(&first, &packed, "again").await;
    assert_eq!(
        back["inspection"]["pack"]["signed_by"], "this node",
        "{back}"
    );
    let changed = upload(
        &TestApp::new().await,
        &damaged(&packed, b"Tiny, for Trying"),
        "tiny-1",
    )
    .await;
    assert_eq!(
        changed["refusal"]["code"], "pack_signature_wrong",
        "{changed}"
    );
}
