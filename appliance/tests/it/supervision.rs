//! Engines that die or hang, in every phase of their lives: the node stays up, who has heard nothing yet is
//! answered all the same, and the next question works.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::StatusCode;
use guildhall::inference::{Caller, Generation, GenerationEvent, Priority};
use guildhall_engine_protocol::{ChatMessage, ChatRole, Input, Prompt, testing::write_tiny_model};
use guildhall_kernel::{Ctx, ModelId, Role};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::TestApp;

const SIGNALS: [Signal; 3] = [Signal::KILL, Signal::STOP, Signal::ABORT];
/// Long enough for any machine, short enough for a test that hangs.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Node {
    pub(crate) test: TestApp,
    ctx: Ctx,
    pub(crate) model: ModelId,
    _files: tempfile::TempDir,
}

impl Node {
    /// A node whose engines are known to hang after a second, with a tiny model.
    async fn new() -> Self {
        Self::with(|_| None).await
    }

    pub(crate) async fn with(engine: impl FnOnce(&Path) -> Option<PathBuf>) -> Self {
        let files = tempfile::tempdir().unwrap();
        let engine = engine(files.path());
        let test = TestApp::with(|config| {
            config.engine.hang_after_s = 1;
            config.engine.sequences = Some(1);
            config.engine.path = engine;
        })
        .await;
        let file = files.path().join("tiny.gguf");
        write_tiny_model(&file, 5).unwrap();
        let model = test.app.inference.import(&file, None).await.unwrap().id;
        let ctx = test.ctx(Role::Admin).await;
        Self {
            test,
            ctx,
            model,
            _files: files,
        }
    }

    pub(crate) async fn ask(&self, text: &str, tokens: u32) -> Generation {
        let message = ChatMessage::new(ChatRole::User, text);
        let prompt = Prompt {
            ignore_end: true,
            ..Prompt::new(Input::chat(vec![message]), tokens)
        };
        let caller = Caller::of(&self.ctx, Priority::Interactive);
        let asked = self.test.app.inference.generate(caller, "tiny", prompt);
        asked.await.unwrap()
    }

    pub(crate) async fn runtime(&self) -> Value {
        let runtime = self.test.admin().get("/api/admin/models/runtime").await;
        runtime.json()["models"]
            .as_array()
            .unwrap()
            .iter()
            .find(|model| model["name"] == "tiny")
            .cloned()
            .unwrap_or(Value::Null)
    }

    async fn signal(&self, signal: Signal) {
        let id = self.runtime().await["process_id"].as_i64().unwrap();
        let process = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// The next question is answered, whatever happened before.
    pub(crate) async fn works(&self, what: &str) {
        let answered = tokio::time::timeout(TIME_MAX, read(self.ask("hello", 4).await)).await;
        let answer = answered.unwrap_or_else(|_| panic!("{what}: no answer"));
        assert!(answer.is_done(), "{what}: {answer:?}");
        assert_eq!(self.runtime().await["state"], "ready", "{what}");
    }
}

/// An answer read to its end.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    tokens: usize,
    done: bool,
    error: Option<String>,
}

impl Answer {
    pub(crate) fn is_done(&self) -> bool {
        self.done && self.error.is_none()
    }
}

pub(crate) async fn read(mut generation: Generation) -> Answer {
    let mut answer = Answer::default();
    while let Some(event) = generation.next().await {
        match event {
            Ok(GenerationEvent::Token { .. }) => answer.tokens += 1,
            Ok(GenerationEvent::Done(_)) => answer.done = true,
            Ok(_) => {}
            Err(error) => answer.error = Some(error.code().to_owned()),
        }
    }
    answer
}

/// Reads until an event that `is_it`.
async fn until(generation: &mut Generation, is_it: impl Fn(&GenerationEvent) -> bool) {
    let reading = async {
        loop {
            let event = generation.next().await.unwrap().unwrap();
            if is_it(&event) {
                return;
            }
        }
    };
    tokio::time::timeout(TIME_MAX, reading).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_dies_while_nobody_asks_is_started_again() {
    let node = Node::new().await;
    for signal in SIGNALS {
        node.works("before").await;
        node.signal(signal).await;
        node.works(&format!("idle, {signal:?}")).await;
    }
}

#[tokio::test]
async fn an_engine_that_dies_in_the_middle_of_an_answer_ends_it_with_a_clear_error() {
    let node = Node::new().await;
    for signal in SIGNALS {
        let mut generation = node.ask("hello", 8000).await;
        until(&mut generation, |event| {
            matches!(event, GenerationEvent::Token { .. })
        })
        .await;
        node.signal(signal).await;
        let answer = tokio::time::timeout(TIME_MAX, read(generation))
            .await
            .unwrap();
        assert!(!answer.done, "{signal:?}: {answer:?}");
        assert_eq!(
            answer.error.as_deref(),
            Some("engine_stopped"),
            "{signal:?}"
        );
        node.works(&format!("decode, {signal:?}")).await;
    }
}

#[tokio::test]
async fn an_engine_that_dies_before_the_first_token_is_asked_again() {
    let node = Node::new().await;
    // As long as the context allows, so that reading it takes a while.
    let long = "ba co de ".repeat(800);
    for signal in SIGNALS {
        node.works("before").await;
        let mut generation = node.ask(&long, 4).await;
        until(&mut generation, |event| {
            matches!(event, GenerationEvent::Started(_))
        })
        .await;
        node.signal(signal).await;
        let answer = tokio::time::timeout(TIME_MAX, read(generation))
            .await
            .unwrap();
        // On a fast machine the first token may have been under way already.
        let was_late = answer.tokens > 0 && answer.tokens < 4;
        assert!(answer.is_done() || was_late, "{signal:?}: {answer:?}");
        node.works(&format!("prefill, {signal:?}")).await;
    }
}

#[tokio::test]
async fn who_waits_for_a_turn_does_not_notice_that_the_engine_dies() {
    let node = Node::new().await;
    for signal in SIGNALS {
        let mut first = node.ask("hello", 8000).await;
        until(&mut first, |event| {
            matches!(event, GenerationEvent::Token { .. })
        })
        .await;
        let mut second = node.ask("hello", 4).await;
        until(&mut second, |event| {
            matches!(event, GenerationEvent::Queued { position: 1, .. })
        })
        .await;
        node.signal(signal).await;
        let (first, second) = tokio::join!(read(first), read(second));
        assert_eq!(first.error.as_deref(), Some("engine_stopped"), "{signal:?}");
        assert!(second.is_done(), "{signal:?}: {second:?}");
    }
}

#[tokio::test]
async fn an_engine_that_dies_while_it_is_unloaded_is_gone_and_can_be_loaded_again() {
    let node = Node::new().await;
    for signal in SIGNALS {
        node.works("before").await;
        node.signal(signal).await;
        let path = format!("/api/admin/models/{}/unload", node.model);
        let unloaded = node.test.admin().post(&path, Value::Null).await.json();
        assert_eq!(unloaded["state"], "unloaded", "{signal:?}");
        node.works(&format!("unloading, {signal:?}")).await;
    }
}

#[tokio::test]
async fn an_embedding_engine_that_dies_before_it_has_answered_is_asked_again() {
    let node = Node::new().await;
    let texts = || json!({ "model": "minilm", "input": ["One", "Two"] });
    for signal in [Signal::KILL, Signal::STOP] {
        let admin = node.test.admin();
        let before = admin.post("/v1/embeddings", texts()).await;
        assert_eq!(before.status, StatusCode::OK, "{}", before.text);
        let runtime = admin.get("/api/admin/models/runtime").await.json();
        let models = runtime["models"].as_array().unwrap();
        let minilm = models.iter().find(|model| model["name"] == "minilm");
        let id = minilm.unwrap()["process_id"].as_i64().unwrap();
        let process = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        // One that is stopped takes the request and never answers; it is ended for that.
        kill_process(process, signal).unwrap();
        let after = tokio::time::timeout(TIME_MAX, admin.post("/v1/embeddings", texts())).await;
        let after = after.unwrap();
        assert_eq!(after.status, StatusCode::OK, "{signal:?}: {}", after.text);
        assert_eq!(after.json()["data"], before.json()["data"], "{signal:?}");
    }
}

/// The engine beside the tests.
pub(crate) fn real_engine() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("guildhall-engine")
}

/// A program that sends itself a signal at its first start, and is the real engine from then on.
fn stumbling(directory: &Path, signal: Signal) -> PathBuf {
    let real = real_engine();
    let (path, marker) = (directory.join("stumbling"), directory.join("stumbled"));
    let (marker, real) = (marker.display(), real.display());
    let script = format!(
        "#!/bin/sh\nif [ ! -e {marker} ]; then : > {marker}; kill -{} $$; fi\nexec {real}\n",
        signal.as_raw()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn an_engine_that_dies_while_it_loads_is_started_again_for_who_waits() {
    for signal in SIGNALS {
        let node = Node::with(|directory| Some(stumbling(directory, signal))).await;
        node.works(&format!("loading, {signal:?}")).await;
    }
}

#[tokio::test]
async fn a_model_that_keeps_dying_is_shown_as_failed_with_its_last_words_and_tried_less_and_less() {
    let node = Node::with(|directory| {
        let path = directory.join("dying");
        std::fs::write(&path, "#!/bin/sh\necho no such luck >&2\nkill -6 $$\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Some(path)
    })
    .await;
    let answer = read(node.ask("hello", 4).await).await;
    assert_eq!(answer.error.as_deref(), Some("engine_stopped"));
    let models = node.test.admin().get("/api/admin/models").await.json();
    let tiny = models["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == "tiny")
        .cloned()
        .unwrap();
    assert_eq!(tiny["state"], "failed");
    let message = tiny["error"]["message"].as_str().unwrap();
    assert!(message.contains("signal 6 (it aborted)"), "{message}");
    assert_eq!(tiny["error"]["last_words"], "no such luck");
    // Two tries so far; the waits of two more go beyond what a question waits for.
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.extend(read(node.ask("hello", 4).await).await.error);
    }
    assert!(codes.contains(&"model_restarting".to_owned()), "{codes:?}");
}
