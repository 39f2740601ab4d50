//! Answers that must be there by a time: refused past it in every protocol's own shape, with the place given up.

use std::time::Duration;

use axum::http::StatusCode;
use guildhall::inference::{Caller, Deadline, Generation, GenerationEvent, Haste, Priority};
use guildhall_engine_protocol::{ChatMessage, ChatRole, Input, Prompt, testing::write_tiny_model};
use guildhall_kernel::{OrgId, PersonId, SystemClock};
use serde_json::{Value, json};

use crate::harness::TestApp;

const TIME_MAX: Duration = Duration::from_secs(60);

/// A node whose model writes one answer at a time.
async fn node(answer_time_s: u32) -> TestApp {
    let test = TestApp::with(|config| {
        config.engine.sequences = Some(1);
        config.engine.answer_time_s = answer_time_s;
    })
    .await;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("tiny.gguf");
    write_tiny_model(&file, 5).unwrap();
    test.app.inference.import(&file, None).await.unwrap();
    test
}

/// An answer that would take very long.
async fn ask(test: &TestApp, haste: Haste) -> Generation {
    let hello = ChatMessage::new(ChatRole::User, "hello");
    let prompt = Prompt {
        ignore_end: true,
        ..Prompt::new(Input::chat(vec![hello]), 8000)
    };
    let organisation = OrgId::from_digest([9; 16]);
    let stranger = PersonId::new(&SystemClock);
    let caller = Caller::new(organisation, stranger, Priority::Interactive).with_haste(haste);
    let asked = test.app.inference.generate(caller, "tiny", prompt).await;
    asked.unwrap()
}

/// The same, that has begun.
async fn endless(test: &TestApp, haste: Haste) -> Generation {
    let mut generation = ask(test, haste).await;
    loop {
        let event = generation.next().await.unwrap().unwrap();
        if matches!(event, GenerationEvent::Token { .. }) {
            return generation;
        }
    }
}

async fn places(test: &TestApp) -> (u64, usize) {
    let runtime = test.admin().get("/api/admin/models/runtime").await.json();
    let models = runtime["models"].as_array().unwrap();
    let tiny = models.iter().find(|model| model["name"] == "tiny").unwrap();
    let waiting = tiny["queue"].as_array().unwrap().len();
    (tiny["running"].as_u64().unwrap(), waiting)
}

#[tokio::test]
async fn what_waits_past_its_deadline_is_refused_in_every_protocol_and_gives_its_place_up() {
    let test = node(900).await;
    let running = endless(&test, Haste::default()).await;
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    let ways = [
        ("/v1/chat/completions", json!({ "messages": hello })),
        ("/v1/completions", json!({ "prompt": "Hello" })),
        ("/v1/responses", json!({ "input": "Hello" })),
        ("/v1/messages", json!({ "messages": hello })),
    ];
    for (path, mut body) in ways {
        body["model"] = json!("tiny");
        for stream in [false, true] {
            body["stream"] = json!(stream);
            if path == "/v1/messages" {
                body["max_tokens"] = json!(4);
            }
            let hasty = [("guildhall-deadline", "0.2")];
            let refused = test
                .admin()
                .send("POST", path, Some(body.clone()), &hasty)
                .await;
            let said = &refused.text;
            assert_eq!(
                refused.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{path}: {said}"
            );
            let seconds = refused.headers["retry-after"].to_str().unwrap();
            assert!(seconds.parse::<u32>().unwrap() > 0, "{path}: {seconds}");
            let error = refused.json()["error"].clone();
            if path == "/v1/messages" {
                assert_eq!(refused.json()["type"], "error", "{said}");
                assert_eq!(error["type"], "overloaded_error", "{said}");
            } else {
                assert_eq!(error["type"], "server_error", "{path}: {said}");
                assert_eq!(error["code"], "deadline_exceeded", "{path}: {said}");
            }
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("no time for this within 1 s"), "{message}");
            assert_eq!(places(&test).await, (1, 0), "{path}");
        }
    }
    test.app.meter.flush().await;
    let rows = test
        .admin()
        .get("/api/billing/usage?model=tiny")
        .await
        .json();
    let failed = |row: &&Value| row["error_code"] == "deadline_exceeded";
    let rows = rows["items"].as_array().unwrap();
    assert_eq!(rows.iter().filter(failed).count(), 8, "{rows:?}");
    drop(running);
}

#[tokio::test]
async fn an_answer_under_way_ends_with_its_deadline_and_the_next_one_has_its_turn() {
    let test = node(900).await;
    drop(endless(&test, Haste::default()).await);
    // However slow the machine is, one of these lets it begin and not end.
    let mut has_begun = false;
    for milliseconds in [50, 100, 200, 400, 800, 1600] {
        let deadline = Some(Deadline::after(Duration::from_millis(milliseconds)));
        let haste = Haste {
            deadline,
            ..Haste::default()
        };
        let mut hasty = ask(&test, haste).await;
        let reading = async {
            let (mut tokens, mut error) = (0, None);
            while let Some(event) = hasty.next().await {
                match event {
                    Ok(GenerationEvent::Token { .. }) => tokens += 1,
                    Ok(_) => {}
                    Err(told) => error = Some(told),
                }
            }
            (tokens, error)
        };
        let (tokens, error) = tokio::time::timeout(TIME_MAX, reading).await.unwrap();
        assert_eq!(error.unwrap().code(), "deadline_exceeded");
        has_begun = tokens > 0;
        if has_begun {
            break;
        }
    }
    assert!(has_begun);
    let body = json!({ "model": "tiny", "prompt": "Hello", "max_tokens": 2 });
    let next = test.admin().post("/v1/completions", body).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.text);
}

#[tokio::test]
async fn an_employees_answer_has_the_nodes_own_deadline() {
    let test = node(1).await;
    let hire = "/api/marketplace/agents/invoice-clerk/hire";
    let hired = test.admin().post(hire, json!({ "model": "tiny" })).await;
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let _running = endless(&test, Haste::default()).await;
    let path = format!("/api/ves/{ve}/chat");
    let asked = test
        .admin()
        .post(&path, json!({ "message": "Hello" }))
        .await;
    assert!(asked.text.contains("deadline_exceeded"), "{}", asked.text);
    let body = json!({ "model": ve, "messages": [{ "role": "user", "content": "Hello" }] });
    let refused = test.admin().post("/v1/chat/completions", body).await;
    assert_eq!(refused.code(), "deadline_exceeded", "{}", refused.text);
    assert_eq!(places(&test).await, (1, 0));
}

#[tokio::test]
async fn a_header_that_says_nothing_sensible_is_refused_by_name() {
    let test = TestApp::new().await;
    let body = json!({ "model": "starter", "prompt": "Hello", "max_tokens": 2 });
    for (name, shown, value) in [
        ("guildhall-deadline", "Guildhall-Deadline", "soon"),
        ("guildhall-deadline", "Guildhall-Deadline", "0"),
        ("guildhall-priority", "Guildhall-Priority", "urgent"),
    ] {
        let refused = test
            .admin()
            .send(
                "POST",
                "/v1/completions",
                Some(body.clone()),
                &[(name, value)],
            )
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(refused.json()["error"]["param"], shown, "{}", refused.text);
        assert_eq!(refused.code(), "invalid_value", "{}", refused.text);
    }
    let headers = [
        ("guildhall-deadline", "60"),
        ("guildhall-priority", "background"),
    ];
    let said = test
        .admin()
        .send("POST", "/v1/completions", Some(body), &headers)
        .await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text);
}
