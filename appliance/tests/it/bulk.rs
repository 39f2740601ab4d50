//! Bulk work in the queue of an embedding model: for whom, in which order, counted.

use std::time::Duration;

use axum::http::StatusCode;
use guildhall_kernel::Role;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, TestApp};

const EMBEDDINGS: &str = "/v1/embeddings";
const TIME_MAX: Duration = Duration::from_secs(60);

fn texts(count: usize) -> Value {
    let texts: Vec<String> = (0..count).map(|number| format!("Text {number}")).collect();
    json!({ "model": "minilm", "input": texts })
}

/// What the embedding model is doing.
pub(crate) async fn minilm(test: &TestApp) -> Value {
    let runtime = test.admin().get("/api/admin/models/runtime").await.json();
    let models = runtime["models"].as_array().unwrap();
    let found = models.iter().find(|model| model["name"] == "minilm");
    found.cloned().unwrap_or(Value::Null)
}

/// Waits until the embedding model is as wanted.
pub(crate) async fn minilm_when(test: &TestApp, is_it: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let minilm = minilm(test).await;
            if is_it(&minilm) {
                return minilm;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIME_MAX, looking).await.unwrap()
}

pub(crate) fn process_of(minilm: &Value) -> Pid {
    let id = i32::try_from(minilm["process_id"].as_i64().unwrap()).unwrap();
    Pid::from_raw(id).unwrap()
}

fn waiting(minilm: &Value) -> usize {
    minilm["queue"].as_array().map_or(0, Vec::len)
}

fn post(caller: &Caller, body: Value, priority: &'static str) -> tokio::task::JoinHandle<Answer> {
    let caller = caller.clone();
    tokio::spawn(async move {
        let headers = [("guildhall-priority", priority)];
        caller.send("POST", EMBEDDINGS, Some(body), &headers).await
    })
}

#[tokio::test]
async fn bulk_work_stands_in_the_queue_for_who_it_is_and_behind_who_waits() {
    let test = TestApp::with(|config| config.engine.hang_after_s = 600).await;
    let (admin, stranger) = (test.admin(), test.stranger().await);
    let ve = test.hire().await;
    let first = admin.post(EMBEDDINGS, texts(1)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let process = process_of(&minilm(&test).await);

    // The engine stands still, so that whoever comes stays where they are put.
    kill_process(process, Signal::STOP).unwrap();
    let running = post(&admin, texts(1), "interactive");
    minilm_when(&test, |minilm| minilm["running"] == 1).await;
    // Whoever opens the chat has the handbook read ahead, in their own name.
    admin.get(&format!("/api/ves/{ve}/conversations")).await;
    minilm_when(&test, |minilm| waiting(minilm) == 1).await;
    let bulk = post(&stranger, texts(40), "background");
    minilm_when(&test, |minilm| waiting(minilm) == 2).await;
    let asked = post(&test.role(Role::Staff), texts(1), "interactive");
    let standing = minilm_when(&test, |minilm| {
        let oldest = minilm["queue"][0]["waiting_ms"].as_u64();
        waiting(minilm) == 3 && oldest.is_some_and(|waited| waited >= 20)
    })
    .await;
    let queue = standing["queue"].as_array().unwrap();
    let background: Vec<&Value> = queue.iter().map(|waiting| &waiting["background"]).collect();
    assert_eq!(background, [false, true, true], "{standing}");
    let people: Vec<Option<&str>> = queue.iter().map(|one| one["person"].as_str()).collect();
    assert!(
        people[0].is_some_and(|name| name != "Ada Admin"),
        "{people:?}"
    );
    // Bulk work of both organisations: the caller's own is named, the other's is not.
    assert!(
        people[1..].contains(&Some("Ada Admin")) && people[1..].contains(&None),
        "{people:?}"
    );
    assert_eq!(
        standing["turns"],
        json!({ "interactive": 2, "background": 0 })
    );

    kill_process(process, Signal::CONT).unwrap();
    for answer in [running, asked, bulk] {
        let answer = tokio::time::timeout(TIME_MAX, answer)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    // Forty texts of bulk work had a turn for every sixteen.
    let after = minilm_when(&test, |minilm| {
        minilm["running"] == 0 && waiting(minilm) == 0
    })
    .await;
    assert_eq!(after["turns"]["interactive"], 3, "{after}");
    assert!(
        after["turns"]["background"].as_u64().unwrap() >= 4,
        "{after}"
    );
    test.app.meter.flush().await;
    let usage = admin.get("/api/billing/usage?kind=embedding").await.json();
    let rows = usage["items"].as_array().unwrap();
    let waited = |row: &&Value| row["queue_ms"].as_u64().unwrap() >= 20;
    assert_eq!(rows.iter().filter(waited).count(), 1, "{usage}");
}

#[tokio::test]
async fn who_gives_up_leaves_the_queue_of_an_embedding_model_at_once() {
    let test = TestApp::with(|config| config.engine.hang_after_s = 600).await;
    let admin = test.admin();
    admin.post(EMBEDDINGS, texts(1)).await;
    let process = process_of(&minilm(&test).await);
    kill_process(process, Signal::STOP).unwrap();
    let running = post(&admin, texts(1), "interactive");
    minilm_when(&test, |minilm| minilm["running"] == 1).await;
    let given_up = post(&admin, texts(1), "interactive");
    minilm_when(&test, |minilm| waiting(minilm) == 1).await;
    given_up.abort();
    minilm_when(&test, |minilm| waiting(minilm) == 0).await;
    // What has a deadline gives its place up by itself.
    let hasty = [("guildhall-deadline", "0.2")];
    let refused = admin.send("POST", EMBEDDINGS, Some(texts(1)), &hasty).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.code(), "deadline_exceeded", "{}", refused.text);
    assert_eq!(waiting(&minilm(&test).await), 0);
    kill_process(process, Signal::CONT).unwrap();
    let answer = tokio::time::timeout(TIME_MAX, running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}
