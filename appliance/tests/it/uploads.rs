//! Model files that come over HTTP: in pieces, interrupted, damaged, hostile, unwanted.

use axum::{body::Body, http::StatusCode};
use futures::StreamExt;
use guildhall_engine_protocol::testing::{GgufWriter, TinyModel};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Answer, TestApp};

const UPLOADS: &str = "/api/admin/models/uploads";

fn tiny(seed: u64) -> Vec<u8> {
    let model = TinyModel {
        seed,
        ..TinyModel::default()
    };
    model.gguf().to_bytes()
}

fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

async fn begin(test: &TestApp, name: &str, size: usize) -> Value {
    let wanted = json!({ "file_name": name, "size_bytes": size });
    let begun = test.admin().post(UPLOADS, wanted).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    begun.json()
}

async fn send(test: &TestApp, upload: &Value, offset: usize, bytes: &[u8]) -> Answer {
    let path = format!(
        "{UPLOADS}/{}?offset={offset}",
        upload["id"].as_str().unwrap()
    );
    let body = Body::from(bytes.to_vec());
    test.admin().send_bytes("PATCH", &path, body).await
}

async fn complete(test: &TestApp, upload: &Value, how: Value) -> Answer {
    let path = format!("{UPLOADS}/{}/complete", upload["id"].as_str().unwrap());
    test.admin().post(&path, how).await
}

/// Names of the files below the models directory.
fn files(test: &TestApp, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(test.app.path(directory)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_model_arrives_in_pieces_over_a_restart_and_answers() {
    let mut test = TestApp::new().await;
    let bytes = tiny(7);
    let (first, second) = (bytes.len() / 3, bytes.len() / 2);
    let upload = begin(&test, "Tiny Model.gguf", bytes.len()).await;
    assert_eq!(upload["name"], "tiny-model");

    // Some bytes of the header: nothing is known yet.
    let sent = send(&test, &upload, 0, &bytes[..100]).await.json();
    assert_eq!(
        (sent["received_bytes"].as_u64(), &sent["inspection"]),
        (Some(100), &Value::Null)
    );
    // The whole header: the verdict is there before the rest.
    let sent = send(&test, &upload, 100, &bytes[100..first]).await.json();
    assert_eq!(sent["inspection"]["architecture"], "llama", "{sent}");
    assert_eq!(sent["inspection"]["licence"], "apache-2.0");
    assert_eq!(sent["verdict"]["fits"], true);
    assert!(
        sent["verdict"]["sentence"]
            .as_str()
            .unwrap()
            .starts_with("fits: ")
    );

    test.restart().await;
    let known = test.admin().get(UPLOADS).await.json();
    assert_eq!(known["items"][0]["received_bytes"], json!(first));
    let early = complete(&test, &upload, json!({ "accept_license": true })).await;
    assert_eq!(early.code(), "upload_incomplete");
    let sent = send(&test, &upload, first, &bytes[first..second])
        .await
        .json();
    assert_eq!(sent["state"], "receiving");
    let sent = send(&test, &upload, second, &bytes[second..]).await.json();
    assert_eq!(sent["state"], "received");
    assert_eq!(sent["sha256"], json!(hash(&bytes)));

    let refused = complete(&test, &upload, json!({})).await;
    assert_eq!(refused.code(), "license_not_accepted");
    assert!(refused.text.contains("apache-2.0"), "{}", refused.text);
    let model = complete(&test, &upload, json!({ "accept_license": true })).await;
    assert_eq!(model.status, StatusCode::CREATED, "{}", model.text);
    let model = model.json();
    assert_eq!(model["name"], "tiny-model");
    assert!(model["licence_accepted_at"].is_string());
    assert_eq!(
        files(&test, "models"),
        ["starter.gguf", "tiny-model.gguf", "uploads"]
    );
    assert_eq!(files(&test, "models/uploads"), [""; 0]);
    assert_eq!(test.admin().get(UPLOADS).await.json()["items"], json!([]));

    let admin = test.admin();
    let hired = admin.post(
        "/api/marketplace/agents/invoice-clerk/hire",
        json!({ "model": "tiny-model" }),
    );
    let hired = hired.await.json();
    let chat = format!("/api/ves/{}/chat", hired["id"].as_str().unwrap());
    let said = test
        .admin()
        .post(&chat, json!({ "message": "Hello" }))
        .await;
    assert_eq!(said.json()["mode"], "generative", "{}", said.text);
}

#[tokio::test]
async fn pieces_go_where_they_belong_one_writer_at_a_time() {
    let test = TestApp::new().await;
    let bytes = tiny(8);
    let upload = begin(&test, "x.gguf", bytes.len()).await;
    send(&test, &upload, 0, &bytes[..1000]).await;
    for wrong in [0, 500, 2000] {
        let refused = send(&test, &upload, wrong, &bytes[..10]).await;
        assert_eq!(refused.code(), "offset_mismatch");
        assert!(
            refused.text.contains("the upload has 1000 of"),
            "{}",
            refused.text
        );
    }

    // A sender that says something and then nothing, until it is told.
    let (said, wait) = tokio::sync::oneshot::channel::<()>();
    let beginning = bytes[1000..1500].to_vec();
    let stream = futures::stream::once(async move { Ok::<_, std::io::Error>(beginning) }).chain(
        futures::stream::once(async move {
            let _ = wait.await;
            Err(std::io::Error::other("gone"))
        }),
    );
    let path = format!("{UPLOADS}/{}?offset=1000", upload["id"].as_str().unwrap());
    let slow = test.admin();
    let slow_path = path.clone();
    let slow = tokio::spawn(async move {
        slow.send_bytes("PATCH", &slow_path, Body::from_stream(stream))
            .await
    });
    let mut codes = Vec::new();
    while codes
        .last()
        .is_none_or(|code: &String| code != "upload_busy")
    {
        tokio::task::yield_now().await;
        let other = test
            .admin()
            .send_bytes("PATCH", &format!("{path}0"), "x")
            .await;
        codes.push(other.code());
        assert!(codes.len() < 10_000, "{codes:?}");
    }
    said.send(()).unwrap();
    let broken = slow.await.unwrap();
    assert_eq!(broken.code(), "body_incomplete", "{}", broken.text);
    // What had arrived counts.
    let path = format!("{UPLOADS}/{}", upload["id"].as_str().unwrap());
    assert_eq!(test.admin().get(&path).await.json()["received_bytes"], 1500);
    let sent = send(&test, &upload, 1500, &bytes[1500..]).await.json();
    assert_eq!(sent["sha256"], json!(hash(&bytes)));
}

#[tokio::test]
async fn a_piece_may_be_larger_than_any_other_body() {
    let test = TestApp::new().await;
    let bytes = TinyModel::default()
        .gguf()
        .tensor("one.more", &[1024, 2048], vec![0.5; 1024 * 2048])
        .to_bytes();
    assert!(bytes.len() > 8 << 20);
    let upload = begin(&test, "large.gguf", bytes.len()).await;
    let sent = send(&test, &upload, 0, &bytes).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    assert_eq!(sent.json()["state"], "received", "{}", sent.text);
}

#[tokio::test]
async fn what_cannot_end_well_is_refused_before_a_byte_is_taken() {
    let test = TestApp::new().await;
    let hundred_tb = 100_u64 << 40;
    let cases = [
        (
            json!({ "file_name": "x.gguf", "size_bytes": 0 }),
            "invalid_upload",
        ),
        (
            json!({ "file_name": "../x.gguf", "size_bytes": 10 }),
            "invalid_upload",
        ),
        (
            json!({ "file_name": "x.gguf", "size_bytes": 10, "sha256": "short" }),
            "invalid_upload",
        ),
        (
            json!({ "file_name": "x.gguf", "size_bytes": hundred_tb }),
            "upload_too_large",
        ),
        (
            json!({ "file_name": "starter.gguf", "size_bytes": 10 }),
            "invalid_name",
        ),
        (
            json!({ "file_name": "x.gguf", "size_bytes": 10, "size": 3 }),
            "unknown_field",
        ),
    ];
    for (wanted, code) in cases {
        let refused = test.admin().post(UPLOADS, wanted).await;
        assert_eq!(refused.code(), code, "{}", refused.text);
    }
    let bytes = tiny(9);
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("known.gguf");
    std::fs::write(&path, &bytes).unwrap();
    test.app.inference.import(&path, None).await.unwrap();
    let twin = json!({ "file_name": "y.gguf", "size_bytes": bytes.len(), "sha256": hash(&bytes) });
    assert_eq!(
        test.admin().post(UPLOADS, twin).await.code(),
        "already_imported"
    );
    let taken = json!({ "file_name": "known.gguf", "size_bytes": 10 });
    assert_eq!(test.admin().post(UPLOADS, taken).await.code(), "name_taken");
    assert!(!test.app.path("models/uploads").exists());
}

#[tokio::test]
async fn a_disk_that_is_too_small_is_seen_before_a_byte_is_taken() {
    let test = TestApp::new().await;
    let space = rustix::fs::statvfs(&test.app.data_dir).unwrap();
    let free = space.f_bavail * space.f_frsize;
    if free >= 100 << 30 {
        // The largest upload fits on this disk: two of them may not, which is the same rule.
        return;
    }
    let wanted = json!({ "file_name": "x.gguf", "size_bytes": free });
    let refused = test.admin().post(UPLOADS, wanted).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (507, "disk_full")
    );
    assert!(refused.text.contains("is free"), "{}", refused.text);
    assert_eq!(files(&test, "models/uploads"), [""; 0]);
}

#[tokio::test]
async fn bad_files_are_refused_with_the_reason_as_soon_as_it_shows() {
    let test = TestApp::new().await;
    let of = |architecture: &str| {
        GgufWriter::new()
            .text("general.architecture", architecture)
            .tensor("a", &[1], vec![1.0])
            .to_bytes()
    };
    let mut endless = b"GGUF\x03\0\0\0".to_vec();
    endless.extend(1_000_000_000_u64.to_le_bytes());
    endless.extend(1_000_000_000_u64.to_le_bytes());
    let huge = GgufWriter::new()
        .text("general.architecture", "llama")
        .tensor("a", &[u64::MAX, u64::MAX], vec![])
        .to_bytes();
    let whole = tiny(10);
    let cases = [
        (b"this is no model at all".to_vec(), "model_corrupt"),
        (endless, "model_corrupt"),
        (huge, "model_corrupt"),
        (of("clip"), "not_generative"),
        (of("no-such-network"), "model_unsupported"),
        (whole[..whole.len() / 2].to_vec(), "model_truncated"),
    ];
    for (number, (bytes, code)) in cases.into_iter().enumerate() {
        let upload = begin(&test, &format!("bad-{number}.gguf"), bytes.len()).await;
        let sent = send(&test, &upload, 0, &bytes).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
        let sent = sent.json();
        assert_eq!(
            (&sent["state"], &sent["refusal"]["code"]),
            (&json!("refused"), &json!(code))
        );
        let again = send(&test, &upload, bytes.len(), b"x").await;
        assert_eq!(again.code(), "upload_refused");
        let accepted = complete(&test, &upload, json!({ "accept_license": true })).await;
        assert_eq!(accepted.code(), "upload_refused");
        let path = format!("{UPLOADS}/{}", upload["id"].as_str().unwrap());
        let removed = test.admin().send("DELETE", &path, None, &[]).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(files(&test, "models/uploads"), [""; 0]);
    // A header that promises more than the file will have is refused long before its end.
    let upload = begin(&test, "short.gguf", whole.len() / 2).await;
    let sent = send(&test, &upload, 0, &whole[..whole.len() / 3])
        .await
        .json();
    assert_eq!(sent["refusal"]["code"], "model_truncated");
}

#[tokio::test]
async fn a_wrong_hash_and_a_twin_are_found_at_the_end() {
    let test = TestApp::new().await;
    let bytes = tiny(11);
    let wanted =
        json!({ "file_name": "a.gguf", "size_bytes": bytes.len(), "sha256": hash(b"other") });
    let upload = test.admin().post(UPLOADS, wanted).await.json();
    let sent = send(&test, &upload, 0, &bytes).await.json();
    assert_eq!(sent["refusal"]["code"], "hash_mismatch");

    for (name, state) in [("b.gguf", "received"), ("c.gguf", "refused")] {
        let upload = begin(&test, name, bytes.len()).await;
        let sent = send(&test, &upload, 0, &bytes).await.json();
        assert_eq!(sent["state"], state, "{sent}");
        if state == "received" {
            let made = complete(&test, &upload, json!({ "accept_license": true })).await;
            assert_eq!(made.status, StatusCode::CREATED);
        } else {
            assert_eq!(sent["refusal"]["code"], "already_imported");
        }
    }
    let upload = begin(&test, "d.gguf", 10).await;
    let long = send(&test, &upload, 0, &bytes).await;
    assert_eq!(long.code(), "upload_too_long");
}

#[tokio::test]
async fn a_model_too_big_for_this_machine_needs_force() {
    let test = TestApp::with(|config| config.engine.memory_budget_mb = Some(10)).await;
    let bytes = tiny(12);
    let upload = begin(&test, "big.gguf", bytes.len()).await;
    let sent = send(&test, &upload, 0, &bytes).await.json();
    let verdict = &sent["verdict"];
    assert_eq!(verdict["fits"], false);
    let sentence = verdict["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("does not fit: it needs "),
        "{sentence}"
    );
    let refused = complete(&test, &upload, json!({ "accept_license": true })).await;
    assert_eq!(refused.code(), "model_too_large");
    let forced = json!({ "accept_license": true, "force": true });
    let made = complete(&test, &upload, forced).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}
