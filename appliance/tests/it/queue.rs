//! Who waits for a model: places, estimates, bounds, limits of use.

use std::time::Duration;

use axum::http::StatusCode;
use guildhall::inference::{Caller, Deadline, Generation, GenerationEvent, Haste, Priority};
use guildhall_engine_protocol::{ChatMessage, ChatRole, Input, Prompt, testing::write_tiny_model};
use guildhall_kernel::{Ctx, OrgId, PersonId, Role, SystemClock};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::harness::TestApp;

const TIME_MAX: Duration = Duration::from_secs(60);

async fn node(queue_max: u32) -> (TestApp, Ctx) {
    let test = TestApp::with(|config| {
        config.engine.sequences = Some(1);
        config.engine.queue_max = queue_max;
    })
    .await;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("tiny.gguf");
    write_tiny_model(&file, 5).unwrap();
    test.app.inference.import(&file, None).await.unwrap();
    let ctx = test.ctx(Role::Admin).await;
    (test, ctx)
}

fn prompt(tokens: u32) -> Prompt {
    let hello = ChatMessage::new(ChatRole::User, "hello");
    Prompt {
        ignore_end: true,
        ..Prompt::new(Input::chat(vec![hello]), tokens)
    }
}

async fn ask(test: &TestApp, caller: Caller, tokens: u32) -> Generation {
    let asked = test.app.inference.generate(caller, "tiny", prompt(tokens));
    asked.await.unwrap()
}

async fn next(generation: &mut Generation) -> Option<GenerationEvent> {
    let event = tokio::time::timeout(TIME_MAX, generation.next()).await;
    event.unwrap().map(Result::unwrap)
}

/// An answer that has begun and would take very long.
async fn endless(test: &TestApp, caller: Caller) -> Generation {
    let mut generation = ask(test, caller, 8000).await;
    while !matches!(
        next(&mut generation).await,
        Some(GenerationEvent::Token { .. })
    ) {}
    generation
}

async fn position(generation: &mut Generation) -> u32 {
    match next(generation).await {
        Some(GenerationEvent::Queued { position, .. }) => position,
        other => panic!("not queued: {other:?}"),
    }
}

async fn finish(mut generation: Generation) -> bool {
    let mut is_done = false;
    while let Some(event) = next(&mut generation).await {
        is_done = matches!(event, GenerationEvent::Done(_));
    }
    is_done
}

fn stranger(number: u8) -> Caller {
    Caller::new(
        OrgId::from_digest([number; 16]),
        PersonId::new(&SystemClock),
        Priority::Interactive,
    )
}

#[tokio::test]
async fn places_are_told_and_move_up_and_strangers_are_not_named() {
    let (test, ctx) = node(16).await;
    let running = endless(&test, stranger(1)).await;
    let mut mine = ask(&test, Caller::of(&ctx, Priority::Interactive), 4).await;
    let mut theirs = ask(&test, stranger(2), 4).await;
    let mut last = ask(&test, Caller::of(&ctx, Priority::Background), 4).await;
    assert_eq!(position(&mut mine).await, 1);
    assert_eq!(position(&mut theirs).await, 2);
    assert_eq!(position(&mut last).await, 3);

    let runtime = test.admin().get("/api/admin/models/runtime").await.json();
    let models = runtime["models"].as_array().unwrap();
    let tiny = models.iter().find(|model| model["name"] == "tiny").unwrap();
    let queue = tiny["queue"].as_array().unwrap();
    let people: Vec<&Value> = queue.iter().map(|waiting| &waiting["person"]).collect();
    assert_eq!(
        people,
        [&json!("Ada Admin"), &Value::Null, &json!("Ada Admin")]
    );
    assert_eq!(queue[2]["background"], true);
    assert_eq!(tiny["running"], 1);

    drop(theirs);
    assert_eq!(position(&mut last).await, 2);
    drop(running);
    assert!(finish(mine).await);
    assert!(finish(last).await);
    let runtime = test.admin().get("/api/admin/models/runtime").await.json();
    assert_eq!(runtime["models"][0]["queue"], json!([]));
}

#[tokio::test]
async fn past_the_bound_a_request_is_refused_with_the_time_to_come_back() {
    let (test, _) = node(4).await;
    let running = endless(&test, stranger(1)).await;
    let mut waiting = Vec::new();
    for number in 2..6 {
        waiting.push(ask(&test, stranger(number), 4).await);
    }
    let refused = test.app.inference.generate(stranger(9), "tiny", prompt(4));
    let refused = refused.await.err().unwrap();
    assert_eq!((refused.code(), refused.status()), ("queue_full", 503));
    assert!(
        refused
            .retry_after_seconds()
            .is_some_and(|seconds| seconds > 0)
    );
    drop(running);
    for generation in waiting {
        assert!(finish(generation).await);
    }
}

#[tokio::test]
async fn over_http_a_full_queue_names_the_time_to_come_back() {
    let (test, _) = node(4).await;
    let running = endless(&test, stranger(1)).await;
    let mut waiting = Vec::new();
    for number in 2..6 {
        waiting.push(ask(&test, stranger(number), 4).await);
    }
    let body = json!({ "model": "tiny", "max_tokens": 4, "messages": [{ "role": "user", "content": "Hello" }] });
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let refused = test.admin().post(path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            refused.text.contains("requests wait for this model"),
            "{}",
            refused.text
        );
        let seconds = refused.headers["retry-after"].to_str().unwrap();
        assert!(seconds.parse::<u32>().unwrap() > 0, "{seconds}");
        if path == "/v1/chat/completions" {
            assert_eq!(refused.code(), "queue_full");
        }
    }
    drop(running);
    for generation in waiting {
        assert!(finish(generation).await);
    }
}

/// Reads a stream of events until one holds this text; everything read so far.
async fn until(body: &mut axum::body::Body, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = tokio::time::timeout(TIME_MAX, body.frame()).await.unwrap();
        let frame = frame.unwrap_or_else(|| panic!("no {text} in {read}"));
        if let Ok(data) = frame.unwrap().into_data() {
            read.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
    read
}

#[tokio::test]
async fn people_who_wait_are_told_place_and_time_and_the_wait_is_metered() {
    let (test, _) = node(16).await;
    let admin = test.admin();
    // One answer, so that there is a time to go by.
    assert!(finish(ask(&test, stranger(1), 16).await).await);
    let hired = json!({ "model": "tiny" });
    let hire = "/api/marketplace/agents/invoice-clerk/hire";
    let ve = admin.post(hire, hired).await.json()["id"].clone();
    let running = endless(&test, stranger(1)).await;

    let path = format!("/api/ves/{}/chat", ve.as_str().unwrap());
    let question = Some(json!({ "message": "Hello" }));
    let accept = [("accept", "text/event-stream")];
    let chat = admin.open(("POST", &path), question, &accept).await;
    let mut chat = chat.into_body();
    let heard = until(&mut chat, "\"queue\":").await;
    assert!(heard.contains("\"position\":1"), "{heard}");
    let estimate = heard.split("\"estimate_ms\":").nth(1).unwrap();
    assert!(
        estimate.starts_with(|digit: char| digit.is_ascii_digit()),
        "{heard}"
    );
    assert!(heard.contains("Next in the queue, about "), "{heard}");

    let column = json!({ "model": "tiny", "parameters": { "max_tokens": 2 } });
    let path = crate::playground::run_of_two(&admin, &column).await;
    let stream = admin.open(("GET", &path), None, &accept).await;
    let mut stream = stream.into_body();
    let heard = until(&mut stream, "event: queued").await;
    let heard = heard + &until(&mut stream, "\n\n").await;
    assert!(heard.contains("\"position\":2"), "{heard}");
    assert!(!heard.contains("\"estimate_ms\":null"), "{heard}");

    // A call that its caller gives up while it waits has waited all the time.
    let body = json!({ "model": "tiny", "messages": [{ "role": "user", "content": "Hi" }] });
    let call = admin.post("/v1/chat/completions", body);
    let given_up = tokio::time::timeout(Duration::from_millis(300), call).await;
    assert!(given_up.is_err(), "it waits for its turn");
    drop(running);
    until(&mut chat, "event: done").await;
    until(&mut stream, "event: done").await;
    test.app.meter.flush().await;
    let report = admin.get("/api/billing/usage").await.json();
    let rows = report["items"].as_array().unwrap();
    let waited = |kind: &str| {
        let row = rows.iter().find(|row| row["kind"] == kind).unwrap();
        (row["queue_ms"].as_u64().unwrap(), row)
    };
    for kind in ["employee_chat", "playground"] {
        let (queue_ms, row) = waited(kind);
        assert!(queue_ms >= 300, "{row}");
        assert!(row["first_token_ms"].as_u64().unwrap() >= queue_ms, "{row}");
    }
    let (queue_ms, row) = waited("chat");
    assert_eq!(row["outcome"], "cancelled");
    assert!(queue_ms >= 250, "{row}");
}

#[tokio::test]
async fn a_deadline_ends_waiting_and_gives_the_place_back() {
    let (test, _) = node(4).await;
    let running = endless(&test, stranger(1)).await;
    let hasty = stranger(2).with_haste(Haste {
        deadline: Some(Deadline::after(Duration::from_millis(200))),
        ..Haste::default()
    });
    let mut hasty = ask(&test, hasty, 4).await;
    let mut error = None;
    while let Some(event) = hasty.next().await {
        error = event.err();
    }
    assert_eq!(error.unwrap().code(), "deadline_exceeded");
    let mut next = ask(&test, stranger(3), 4).await;
    assert_eq!(position(&mut next).await, 1);
    drop(running);
    assert!(finish(next).await);
}

#[tokio::test]
async fn many_at_once_with_random_cancels_leave_nothing_behind() {
    let (test, _) = node(256).await;
    let mut running = Vec::new();
    for number in 0..64_u8 {
        let caller = Caller {
            priority: if number % 3 == 0 {
                Priority::Background
            } else {
                Priority::Interactive
            },
            ..stranger(number % 7)
        };
        let generation = ask(&test, caller, 8).await;
        running.push(tokio::spawn(async move {
            if number % 4 == 1 {
                // Given up at some point: waiting, reading or writing.
                let reading = finish(generation);
                let time = Duration::from_millis(u64::from(number) * 5);
                tokio::time::timeout(time, reading).await.is_ok()
            } else {
                finish(generation).await
            }
        }));
    }
    let mut answered = 0;
    for task in running {
        answered += usize::from(task.await.unwrap());
    }
    assert!(answered >= 48, "{answered}");
    for _ in 0..1000 {
        let models = test.app.inference.list().await.unwrap();
        if models
            .iter()
            .all(|model| (model.running, model.waiting) == (0, 0))
        {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("a place was not given back");
}

#[tokio::test]
async fn limits_are_set_kept_over_a_restart_and_name_when_they_count_anew() {
    let (mut test, ctx) = node(16).await;
    let path = format!("/api/admin/quotas/person/{}", ctx.person);
    let limits = json!({ "tokens_per_day": 80, "requests_per_minute": 2 });
    let set = test.admin().send("PUT", &path, Some(limits), &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);

    let caller = || Caller::of(&ctx, Priority::Interactive);
    assert!(finish(ask(&test, caller(), 8).await).await);
    assert!(finish(ask(&test, caller(), 8).await).await);
    let refused = test.app.inference.generate(caller(), "tiny", prompt(8));
    let refused = refused.await.err().unwrap();
    assert_eq!((refused.code(), refused.status()), ("quota_exceeded", 429));
    let message = refused.message();
    assert!(message.contains("2 requests a minute"), "{message}");
    assert!(message.contains("2026-01-05T00:01:00.000Z"), "{message}");

    test.clock.advance_seconds(61);
    assert!(finish(ask(&test, caller(), 8).await).await);
    let used = test.admin().get("/api/admin/quotas").await.json();
    assert!(
        used["items"][0]["tokens_today"].as_u64().unwrap() >= 20,
        "{used}"
    );
    settled(&test).await;
    test.restart().await;
    test.clock.advance_seconds(61);
    let refused = test.app.inference.generate(caller(), "tiny", prompt(8));
    let refused = refused.await.err().unwrap();
    assert!(refused.message().contains("80 tokens a day"), "{refused}");
    assert!(
        refused.message().contains("2026-01-06T00:00:00.000Z"),
        "{refused}"
    );
    // Others are not concerned.
    assert!(finish(ask(&test, stranger(1), 4).await).await);

    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(finish(ask(&test, caller(), 4).await).await);
}

/// Waits until what was used is stored: a write after it has gone through the same queue.
async fn settled(test: &TestApp) {
    let other = test.ctx(Role::Staff).await.person;
    for weight in 2..5 {
        tokio::task::yield_now().await;
        let path = format!("/api/admin/quotas/person/{other}");
        let body = json!({ "weight": weight });
        let set = test.admin().send("PUT", &path, Some(body), &[]).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    }
}

#[tokio::test]
async fn an_organisation_limits_its_own_and_only_the_node_limits_organisations() {
    let (test, ctx) = node(16).await;
    let stranger = test.stranger().await;
    let mine = format!("/api/admin/quotas/organisation/{}", ctx.organisation);
    let body = || Some(json!({ "tokens_per_day": 1000 }));
    let refused = stranger.send("PUT", &mine, body(), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let set = test.admin().send("PUT", &mine, body(), &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let theirs = stranger.get("/api/admin/quotas").await.json();
    assert_eq!(theirs["items"], json!([]));
    let other = format!("/api/admin/quotas?organisation_id={}", ctx.organisation);
    assert_eq!(stranger.get(&other).await.status, StatusCode::FORBIDDEN);
    let unknown = [
        format!("person/{}", PersonId::new(&SystemClock)),
        "ve/ve_00000000000000000000000000".to_owned(),
        "api_key/key_00000000000000000000000000".to_owned(),
    ];
    for subject in unknown {
        let path = format!("/api/admin/quotas/{subject}");
        let refused = test.admin().send("PUT", &path, body(), &[]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    }
    for wrong in [json!({ "weight": 0 }), json!({ "tokens": 5 })] {
        let path = format!("/api/admin/quotas/person/{}", ctx.person);
        let refused = test.admin().send("PUT", &path, Some(wrong), &[]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
}
