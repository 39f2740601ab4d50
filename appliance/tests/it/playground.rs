//! The playground: running, following, stopping, judging, who sees what.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};

/// The events of a stream as (name, data).
fn events(text: &str) -> Vec<(String, Value)> {
    let field = |frame: &str, name: &str| {
        let found = frame.lines().find_map(|line| line.strip_prefix(name));
        found.map(|rest| rest.trim().to_owned())
    };
    let event = |frame: &str| {
        let data = field(frame, "data:")?;
        Some((field(frame, "event:")?, serde_json::from_str(&data).ok()?))
    };
    text.split("\n\n").filter_map(event).collect()
}

fn column(max_tokens: u32) -> Value {
    json!({ "model": "starter", "parameters": { "max_tokens": max_tokens, "temperature": 0, "seed": 1 } })
}

fn prompt(columns: Value) -> Value {
    json!({
        "system": "You are Ada, a clerk.",
        "messages": [{ "role": "user", "content": "Who are you, and what can you do?" }],
        "columns": columns,
    })
}

async fn begin(caller: &Caller, body: Value) -> Value {
    let begun = caller.post("/api/playground/runs", body).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    begun.json()
}

fn path(run: &Value, rest: &str) -> String {
    format!("/api/playground/runs/{}{rest}", run["id"].as_str().unwrap())
}

fn answer_path(run: &Value, index: usize, rest: &str) -> String {
    let answer = run["answers"][index]["id"].as_str().unwrap();
    path(run, &format!("/answers/{answer}{rest}"))
}

async fn follow(caller: &Caller, run: &Value) -> Vec<(String, Value)> {
    let heard = caller.get(&path(run, "/stream")).await;
    assert_eq!(heard.status, StatusCode::OK, "{}", heard.text);
    events(&heard.text)
}

/// Runs a prompt to its end.
async fn finished(caller: &Caller, body: Value) -> Value {
    let run = begin(caller, body).await;
    follow(caller, &run).await.pop().unwrap().1
}

/// Starts a run of two columns alike; gives the address of its stream.
pub(crate) async fn run_of_two(caller: &Caller, column: &Value) -> String {
    let run =
        json!({ "messages": [{ "role": "user", "content": "Hi" }], "columns": [column, column] });
    path(&begin(caller, run).await, "/stream")
}

#[tokio::test]
async fn two_columns_stream_over_one_connection_with_their_figures() {
    let test = TestApp::new().await;
    for in_turn in [false, true] {
        let mut body = prompt(json!([column(24), column(6)]));
        body["in_turn"] = json!(in_turn);
        let run = begin(&test.admin(), body).await;
        assert_eq!(run["answers"][0]["state"], "running");
        let heard = follow(&test.admin(), &run).await;
        assert_eq!(
            (heard[0].0.as_str(), heard.last().unwrap().0.as_str()),
            ("started", "done")
        );
        let done = &heard.last().unwrap().1;
        for index in 0..2 {
            let answer = &done["answers"][index];
            let pieces: String = heard
                .iter()
                .filter(|(name, data)| name == "delta" && data["answer_id"] == answer["id"])
                .map(|(_, data)| {
                    assert_eq!(data["model"], "starter");
                    data["text"].as_str().unwrap()
                })
                .collect();
            assert_eq!(answer["state"], "complete", "{answer}");
            assert_eq!(answer["text"].as_str().unwrap(), pieces);
            let figures = &answer["figures"];
            assert!(figures["input_tokens"].as_u64().unwrap() > 0, "{figures}");
            assert!(
                figures["tokens_per_second"].as_f64().unwrap() > 0.0,
                "{figures}"
            );
            assert!(
                figures["first_token_ms"].as_u64() <= figures["total_ms"].as_u64(),
                "{figures}"
            );
        }
        // The same seed gives the same words, as far as they go.
        let text = |index: usize| done["answers"][index]["text"].as_str().unwrap();
        assert!(text(0).starts_with(text(1)), "{} / {}", text(0), text(1));
        assert_eq!(done["answers"][1]["figures"]["output_tokens"], 6);
        assert_eq!(done["answers"][1]["cut_off"], true);
        // Following again tells the same end.
        let again = follow(&test.admin(), &run).await;
        assert_eq!(again.last().unwrap().1["answers"], done["answers"]);
    }
}

#[tokio::test]
async fn a_template_is_asked_with_its_values_and_the_run_can_be_reopened() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let template = json!({ "name": "Greet", "body": "Greet {{name}}.", "variables": [{ "name": "name", "type": "text" }] });
    let template = admin.post("/api/prompts", template).await.json();
    let body = json!({ "template": { "id": template["id"] }, "columns": [column(4), column(4)] });
    let refused = admin.post("/api/playground/runs", body.clone()).await;
    assert_eq!(refused.code(), "invalid_values");
    assert!(
        refused.text.contains("template.values.name"),
        "{}",
        refused.text
    );
    let mut body = body;
    body["template"]["values"] = json!({ "name": "{{name}}" });
    let run = finished(&admin, body).await;
    let reopened = admin.get(&path(&run, "")).await.json();
    assert_eq!(
        reopened["prompt"]["messages"][0]["content"],
        "Greet {{name}}."
    );
    assert_eq!(reopened["prompt"]["template"]["version"], 1);
    assert_eq!(reopened["prompt"]["template"]["values"]["name"], "{{name}}");
    let listed = admin.get("/api/playground/runs").await.json();
    assert_eq!(listed["items"][0]["excerpt"], "Greet {{name}}.");
    assert_eq!(listed["items"][0]["models"], json!(["starter", "starter"]));
}

#[tokio::test]
async fn one_column_stops_alone_and_all_stop_together() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let run = begin(&admin, prompt(json!([column(4000), column(4000)]))).await;
    let stopped = admin
        .post(&answer_path(&run, 0, "/stop"), Value::Null)
        .await;
    assert_eq!(stopped.status, StatusCode::NO_CONTENT);
    let stopped = admin.post(&path(&run, "/stop"), Value::Null).await;
    assert_eq!(stopped.status, StatusCode::NO_CONTENT);
    let done = follow(&admin, &run).await.pop().unwrap().1;
    for index in 0..2 {
        assert_ne!(done["answers"][index]["state"], "running", "{done}");
        assert_ne!(done["answers"][index]["state"], "failed", "{done}");
    }
    assert_eq!(done["answers"][0]["state"], "stopped");
    assert!(test.app.playground.is_empty());
}

#[tokio::test]
async fn a_person_has_two_runs_at_a_time_and_a_repeated_request_is_one_run() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let long = prompt(json!([column(4000), column(4000)]));
    let key = [("idempotency-key", "once")];
    let send = async || {
        let body = Some(long.clone());
        admin.send("POST", "/api/playground/runs", body, &key).await
    };
    let first = send().await.json();
    let again = send().await.json();
    assert_eq!(first["id"], again["id"]);
    let second = begin(&admin, long.clone()).await;
    let third = admin.post("/api/playground/runs", long.clone()).await;
    // Very short answers may have ended by themselves; only a run that goes on takes a place.
    let running = admin.get("/api/playground/runs").await.json();
    let count = running["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["is_running"] == true)
        .count();
    if third.status == StatusCode::CREATED {
        assert!(count <= 2, "{running}");
    } else {
        assert_eq!(third.code(), "playground_busy");
        assert!(third.headers.contains_key("retry-after"));
    }
    for run in [&first, &second] {
        admin.post(&path(run, "/stop"), Value::Null).await;
        follow(&admin, run).await;
    }
}

#[tokio::test]
async fn others_see_hash_and_figures_but_neither_prompt_nor_answers() {
    let test = TestApp::new().await;
    let run = finished(&test.admin(), prompt(json!([column(4), column(4)]))).await;
    let colleague = test.role(Role::Staff);
    let seen = colleague.get(&path(&run, "")).await.json();
    assert_eq!(
        (seen["prompt"].clone(), seen["is_own"].clone()),
        (Value::Null, json!(false))
    );
    assert_eq!(seen["answers"][0]["text"], Value::Null);
    assert_eq!(seen["prompt_sha256"], run["prompt_sha256"]);
    assert_eq!(seen["answers"][0]["figures"], run["answers"][0]["figures"]);
    let listed = colleague.get("/api/playground/runs?everyone=true").await;
    assert!(!listed.text.contains("Who are you"), "{}", listed.text);
    assert_eq!(listed.json()["items"][0]["by"], "Ada Admin");
    let mine = colleague.get("/api/playground/runs").await.json();
    assert_eq!(mine["items"], json!([]));
    for (method, path) in [
        ("GET", path(&run, "/stream")),
        ("POST", path(&run, "/stop")),
        ("DELETE", path(&run, "")),
        ("DELETE", answer_path(&run, 0, "/rating")),
    ] {
        let refused = colleague.send(method, &path, None, &[]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let same = finished(&test.admin(), prompt(json!([column(2), column(2)]))).await;
    assert_eq!(same["prompt_sha256"], run["prompt_sha256"]);
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused_by_field() {
    let test = TestApp::new().await;
    let mut two_prompts = prompt(json!([column(4), column(4)]));
    two_prompts["template"] = json!({ "id": "tpl_00000000000000000000000000" });
    let odd = |parameters: Value| json!({ "model": "starter", "parameters": parameters });
    let cases = [
        (prompt(json!([column(4)])), "columns", "invalid_columns"),
        (
            prompt(json!(vec![column(4); 5])),
            "columns",
            "invalid_columns",
        ),
        (
            prompt(json!([column(4), { "model": "auto" }])),
            "columns[1].model",
            "unknown_model",
        ),
        (
            prompt(json!([column(4), { "model": "extractive" }])),
            "columns[1].model",
            "unknown_model",
        ),
        (
            prompt(json!([odd(json!({ "temperature": 2.1 })), column(4)])),
            "columns[0].parameters.temperature",
            "invalid_parameter",
        ),
        (
            prompt(json!([odd(json!({ "top_p": 0 })), column(4)])),
            "columns[0].parameters.top_p",
            "invalid_parameter",
        ),
        (
            prompt(json!([odd(json!({ "max_tokens": 0 })), column(4)])),
            "columns[0].parameters.max_tokens",
            "invalid_parameter",
        ),
        (
            prompt(json!([odd(json!({ "stop": [""] })), column(4)])),
            "columns[0].parameters.stop",
            "invalid_parameter",
        ),
        (two_prompts, "template", "two_prompts"),
        (
            json!({ "columns": [column(4), column(4)] }),
            "messages",
            "empty_prompt",
        ),
        (
            json!({ "messages": [{ "role": "assistant", "content": "Hi" }], "columns": [column(4), column(4)] }),
            "messages",
            "empty_prompt",
        ),
    ];
    for (body, field, code) in cases {
        let refused = test.admin().post("/api/playground/runs", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        let shown = refused.json();
        assert_eq!(
            shown["error"]["details"]["fields"][0]["field"], field,
            "{shown}"
        );
        assert_eq!(refused.code(), code);
    }
    assert!(test.app.playground.is_empty());
}

#[tokio::test]
async fn a_prompt_beyond_the_context_fails_its_columns_and_says_so() {
    let test = TestApp::new().await;
    let body = json!({
        "messages": [{ "role": "user", "content": "invoice ".repeat(9_000) }],
        "columns": [column(4), column(4)],
    });
    let run = finished(&test.admin(), body).await;
    for index in 0..2 {
        let answer = &run["answers"][index];
        assert_eq!(answer["state"], "failed");
        assert!(answer["error"]["message"].is_string(), "{answer}");
    }
    let judged = test
        .admin()
        .post(&answer_path(&run, 0, "/rating"), json!({ "verdict": "up" }))
        .await;
    assert_eq!(judged.code(), "not_rateable");
}

#[tokio::test]
async fn runs_cut_off_by_a_stop_of_the_node_are_failed() {
    let test = TestApp::new().await;
    let run = finished(&test.admin(), prompt(json!([column(4), column(4)]))).await;
    let running = test.app.db.write(|tx| {
        tx.execute(
            "UPDATE playground_answers SET state = 'running'",
            guildhall_db::params![],
        )
    });
    running.await.unwrap();
    guildhall::playground::recover(&test.app).await.unwrap();
    let shown = test.admin().get(&path(&run, "")).await.json();
    assert_eq!(shown["answers"][1]["error"]["code"], "interrupted");
}
