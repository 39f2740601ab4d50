//! Engines that are killed in the middle of what only takes a moment: loading the model, embedding, being probed.
//!
//! An engine is caught there by being stopped and looked at: when it is not where it should be, it goes on and the
//! next one is tried.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use guildhall::inference::Generation;
use guildhall_engine_protocol::testing::write_tiny_model;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    bulk::{minilm, minilm_when, process_of},
    harness::TestApp,
    supervision::{Node, TIME_MAX, read, real_engine},
};

/// How often catching an engine is tried.
const TRIES: u64 = 100;

/// The real engine, whose process number is written down when it starts.
fn noting(directory: &Path) -> PathBuf {
    let (path, note) = (directory.join("noting"), directory.join("pid"));
    let (note, real) = (note.display(), real_engine());
    let real = real.display();
    let script = format!("#!/bin/sh\necho $$ > {note}.new\nmv {note}.new {note}\nexec {real}\n");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Stops the engine that starts next as soon as llama.cpp has mapped the model's file.
fn stop_when_mapped(note: &Path) -> Option<Pid> {
    let until = Instant::now() + TIME_MAX;
    while Instant::now() < until {
        let Some(process) = noted(note) else {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        };
        let maps = format!("/proc/{}/maps", process.as_raw_nonzero());
        // The engine has read the header by other means; only llama.cpp maps the file.
        match fs::read_to_string(maps) {
            Ok(maps) if maps.contains("tiny.gguf") => {
                kill_process(process, Signal::STOP).unwrap();
                return Some(process);
            }
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    None
}

fn noted(note: &Path) -> Option<Pid> {
    let text = fs::read_to_string(note).ok()?;
    Pid::from_raw(text.trim().parse().ok()?)
}

/// A node whose engine can be caught.
struct Catching {
    node: Node,
    /// Where the engine's process number is written.
    note: PathBuf,
}

impl Catching {
    async fn new() -> Self {
        let mut note = PathBuf::new();
        let node = Node::with(|directory| {
            note = directory.join("pid");
            Some(noting(directory))
        })
        .await;
        Self { node, note }
    }

    async fn post(&self, action: &str) -> Value {
        let path = format!("/api/admin/models/{}/{action}", self.node.model);
        self.node.test.admin().post(&path, Value::Null).await.json()
    }

    /// An engine that stands still while llama.cpp loads the model, and what was asked of it, if anything.
    async fn loading(&self, tokens: Option<u32>) -> (Pid, Option<Generation>) {
        for _ in 0..TRIES {
            self.post("unload").await;
            let _ = fs::remove_file(&self.note);
            let note = self.note.clone();
            let stopping = tokio::task::spawn_blocking(move || stop_when_mapped(&note));
            let asked = match tokens {
                Some(tokens) => Some(self.node.ask("hello", tokens).await),
                None => {
                    self.post("load").await;
                    None
                }
            };
            if let Some(process) = stopping.await.unwrap() {
                if self.node.runtime().await["state"] == "loading" {
                    return (process, asked);
                }
                kill_process(process, Signal::CONT).unwrap();
            }
        }
        panic!("no engine was caught while it loaded the model");
    }

    /// The model as administrators see it, once it is as wanted.
    async fn model_when(&self, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let models = self.node.test.admin().get("/api/admin/models").await.json();
                let models = models["items"].as_array().unwrap();
                let found = models.iter().find(|model| model["name"] == name).unwrap();
                if is_it(found) {
                    return found.clone();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(TIME_MAX, looking).await.unwrap()
    }
}

#[tokio::test]
async fn an_engine_that_dies_while_llama_cpp_loads_the_model_is_started_again_for_who_waits() {
    let catching = Catching::new().await;
    // One that stands still is ended for that.
    for signal in [Signal::KILL, Signal::STOP] {
        let (process, asked) = catching.loading(Some(4)).await;
        kill_process(process, signal).unwrap();
        let answer = tokio::time::timeout(TIME_MAX, read(asked.unwrap())).await;
        let answer = answer.unwrap();
        assert!(answer.is_done(), "{signal:?}: {answer:?}");
        catching.node.works(&format!("loading, {signal:?}")).await;
    }
}

#[tokio::test]
async fn a_model_whose_engine_dies_while_it_loads_is_shown_as_failed_until_it_is_tried_again() {
    let catching = Catching::new().await;
    let (process, _) = catching.loading(None).await;
    kill_process(process, Signal::KILL).unwrap();
    let failed = catching
        .model_when("tiny", |model| model["state"] == "failed")
        .await;
    assert_eq!(failed["error"]["code"], "engine_stopped", "{failed}");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("signal 9 (it was killed)"), "{message}");

    let (process, _) = catching.loading(None).await;
    let failed = catching
        .model_when("tiny", |model| model["state"] == "failed")
        .await;
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("it hung while loading"),
        "{process:?}: {message}"
    );
    catching.node.works("after both").await;
}

#[tokio::test]
async fn an_engine_that_dies_while_its_model_is_probed_is_shown_as_failed_and_the_probe_is_made_later()
 {
    let catching = Catching::new().await;
    let inference = &catching.node.test.app.inference;
    for number in 0..TRIES {
        // A model is probed once, so each try needs one of its own.
        let name = format!("probed-{number}");
        let file = catching.note.with_file_name(format!("{name}.gguf"));
        write_tiny_model(&file, 100 + number).unwrap();
        let model = inference.import(&file, None).await.unwrap().id;
        let _ = fs::remove_file(&catching.note);
        let path = format!("/api/admin/models/{model}/load");
        catching.node.test.admin().post(&path, Value::Null).await;
        catching
            .model_when(&name, |model| model["state"] == "ready")
            .await;
        let process = noted(&catching.note).unwrap();
        kill_process(process, Signal::STOP).unwrap();
        let stopped = catching.model_when(&name, |_| true).await;
        if !stopped["speed"].is_null() {
            kill_process(process, Signal::KILL).unwrap();
            continue;
        }
        // Loaded, in nobody's use and not measured yet: it is being probed.
        assert_eq!(
            (&stopped["running"], &stopped["waiting"]),
            (&json!(0), &json!(0))
        );
        kill_process(process, Signal::KILL).unwrap();
        let failed = catching
            .model_when(&name, |model| model["state"] == "failed")
            .await;
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.contains("signal 9 (it was killed)"), "{message}");
        assert!(failed["speed"].is_null(), "{failed}");
        catching.node.test.admin().post(&path, Value::Null).await;
        let measured = catching
            .model_when(&name, |model| !model["speed"].is_null())
            .await;
        assert_eq!(measured["state"], "ready", "{measured}");
        return;
    }
    panic!("no engine was caught while its model was probed");
}

/// Ticks that a process has computed (`/proc/PID/stat`, fields 14 and 15 of proc(5)).
fn ticks(process: Pid) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.map(|field| field.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn an_engine_that_dies_while_it_embeds_is_asked_again_for_what_it_has_not_answered() {
    // Longer than a busy machine takes for one batch, so that nothing but the signal ends the engine.
    let test = TestApp::with(|config| config.engine.hang_after_s = 10).await;
    let admin = test.admin();
    // Some seconds of work, in several batches.
    let sentence =
        "Every delivery, each payment and each promise of the day before is written down. ";
    let texts: Vec<String> = (0..256)
        .map(|number| format!("{number}: {}", sentence.repeat(6)))
        .collect();
    let body = json!({ "model": "minilm", "input": texts });
    let one = json!({ "model": "minilm", "input": texts[200] });
    let expected = admin.post("/v1/embeddings", one).await.json()["data"][0]["embedding"].clone();
    for signal in [Signal::KILL, Signal::STOP, Signal::ABORT] {
        let process = process_of(&minilm(&test).await);
        let before = ticks(process);
        let (caller, body) = (admin.clone(), body.clone());
        let asked = tokio::spawn(async move { caller.post("/v1/embeddings", body).await });
        let until = Instant::now() + TIME_MAX;
        while ticks(process) < before + 5 {
            assert!(Instant::now() < until, "it computes nothing");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let busy = minilm(&test).await;
        assert_eq!(busy["running"], 1, "{signal:?}: it was done already");
        kill_process(process, signal).unwrap();
        let answer = tokio::time::timeout(TIME_MAX, asked)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{signal:?}: {}", answer.text);
        let vectors = answer.json()["data"].as_array().unwrap().clone();
        assert_eq!(vectors.len(), texts.len());
        let close = |(one, other): (&Value, &Value)| {
            (one.as_f64().unwrap() - other.as_f64().unwrap()).abs() < 1e-4
        };
        let numbers = |vector: &Value| vector.as_array().unwrap().clone();
        let (vector, wanted) = (numbers(&vectors[200]["embedding"]), numbers(&expected));
        assert!(vector.iter().zip(&wanted).all(close), "{signal:?}");
        let after = minilm_when(&test, |minilm| minilm["running"] == 0).await;
        assert_eq!(after["state"], "ready", "{signal:?}");
        assert_ne!(process_of(&after), process, "{signal:?}");
    }
}
