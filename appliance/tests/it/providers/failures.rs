//! Providers that fail in every way: clear errors, nothing leaked, nobody else affected.

use guildhall::inference::{GenerationEvent, UsageSource};
use serde_json::json;

use super::{
    KEY, ask, caller, enter, open, openai_answer, question,
    stub::{Reply, Stub, Then, event_stream},
    text_of,
};
use crate::harness::TestApp;

const SECRET_PROMPT: &str = "the merger is on friday";

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one table of cases")]
async fn every_failure_has_a_code_a_way_out_and_no_secret() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let echo = json!({ "error": { "message": format!("bad key {KEY} for {SECRET_PROMPT}"), "type": "invalid_request_error", "code": format!("{KEY}") } });
    let cut = |text: &str| Reply::events(text).then(Then::Cut);
    let whole = openai_answer("Hello");
    let half = &whole[..whole.len() / 3];
    let cases = [
        ("provider_auth_failed", Reply::json(401, &echo), 409),
        ("provider_auth_failed", Reply::json(403, &echo), 409),
        ("provider_model_missing", Reply::json(404, &echo), 409),
        ("provider_rejected", Reply::json(400, &echo), 400),
        (
            "context_exceeded",
            Reply::json(
                400,
                &json!({ "error": { "code": "context_length_exceeded" } }),
            ),
            409,
        ),
        (
            "provider_rate_limited",
            Reply::json(429, &echo).header("retry-after", "33"),
            429,
        ),
        ("provider_unavailable", Reply::json(500, &echo), 503),
        (
            "provider_unavailable",
            Reply::new(529, "text/html", "<html>overloaded</html>"),
            503,
        ),
        (
            "provider_redirected",
            Reply::new(302, "text/html", "").header("location", "http://127.0.0.1:1/"),
            409,
        ),
        (
            "provider_not_an_api",
            Reply::new(200, "text/html", "<html>log in</html>"),
            503,
        ),
        ("provider_garbled", Reply::events("data: <html>\n\n"), 503),
        (
            "provider_garbled",
            Reply::new(200, "text/event-stream", vec![b'x'; 5 << 20]),
            503,
        ),
        ("provider_stream_cut", Reply::events(""), 503),
        ("provider_stream_cut", Reply::events(half), 503),
        ("egress_cut", cut(""), 503),
        (
            "provider_unavailable",
            Reply::events("data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n"),
            503,
        ),
        (
            "provider_filtered",
            Reply::events(
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
            ),
            409,
        ),
        ("egress_timeout", Reply::silence(), 503),
        (
            "egress_timeout",
            Reply::events("data: {}\n\n").then(Then::Hang),
            503,
        ),
    ];
    for (number, (code, reply, status)) in cases.into_iter().enumerate() {
        let stub = Stub::start(vec![reply]).await;
        let patience =
            json!({ "retries_max": 0, "first_byte_timeout_ms": 300, "idle_timeout_ms": 300 });
        let more = json!({ "slug": format!("p-{number}"), "settings": patience });
        enter(&test, &stub, "openai", more).await;
        let model = format!("p-{number}/m-1");
        let (_, error) = ask(&test, caller(&test).await, &model, question(SECRET_PROMPT)).await;
        let error = error.unwrap_or_else(|| panic!("{number} {code}: no error"));
        assert_eq!(
            (error.code(), error.status()),
            (code, status),
            "{number}: {error:?}"
        );
        let shown = error.chain();
        assert!(!shown.contains(KEY) && !shown.contains("merger"), "{shown}");
        assert!(error.message().len() > 30, "{shown}");
        assert_eq!(stub.asked().len(), 1, "{code} is not tried again");
        if code == "provider_rate_limited" {
            assert_eq!(error.retry_after_seconds(), Some(33));
        }
    }
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_keeps_what_came_and_says_so() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let stub = Stub::start(vec![Reply::events(text).then(Then::Cut)]).await;
    let patient = json!({ "settings": { "retries_max": 3 } });
    enter(&test, &stub, "openai", patient).await;
    let (events, error) = ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    assert_eq!(text_of(&events), "Hel");
    assert_eq!(error.unwrap().code(), "provider_stream_cut");
    assert_eq!(
        stub.asked().len(),
        1,
        "a token was sent on, so nothing is tried again"
    );
}

#[tokio::test]
async fn what_came_at_once_goes_on_together_and_before_the_fault_behind_it() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let chunk = |text: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let texts = ["Hel", "lo", " you"].map(chunk).concat();
    let stub = Stub::start(vec![Reply::events(&format!("{texts}data: {{broken\n\n"))]).await;
    enter(&test, &stub, "openai", json!({})).await;
    let (events, error) = ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    let spoken: Vec<(&str, u32)> = events
        .iter()
        .filter_map(|event| match event {
            GenerationEvent::Token { text, tokens, .. } => Some((text.as_str(), *tokens)),
            _ => None,
        })
        .collect();
    assert_eq!(spoken, [("Hello you", 3)]);
    assert_eq!(error.unwrap().code(), "provider_garbled");
    assert_eq!(
        stub.asked().len(),
        1,
        "something was said, so nothing is tried again"
    );
}

#[tokio::test]
async fn failures_inside_binary_frames_are_understood() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let kind = "application/vnd.amazon.eventstream";
    let whole = event_stream("messageStart {\"role\":\"assistant\"}");
    let mut damaged = whole.clone();
    damaged[20] ^= 1;
    let cases = [
        (
            "provider_rate_limited",
            event_stream("exception:throttlingException {\"message\":\"Too many\"}"),
        ),
        (
            "provider_unavailable",
            event_stream("exception:modelStreamErrorException {\"message\":\"x\"}"),
        ),
        (
            "provider_rejected",
            event_stream("exception:validationException {\"message\":\"x\"}"),
        ),
        ("provider_garbled", damaged),
        ("provider_stream_cut", whole[..whole.len() - 3].to_vec()),
        ("provider_stream_cut", whole),
    ];
    for (number, (code, body)) in cases.into_iter().enumerate() {
        let stub = Stub::start(vec![Reply::new(200, kind, body)]).await;
        let more = json!({ "slug": format!("b-{number}"), "settings": { "region": "eu-west-1", "retries_max": 0 } });
        enter(&test, &stub, "bedrock", more).await;
        let model = format!("b-{number}/m-1");
        let (_, error) = ask(&test, caller(&test).await, &model, question("Hi")).await;
        assert_eq!(error.unwrap().code(), code, "{number}");
    }
}

#[tokio::test]
async fn lying_figures_are_corrected_and_missing_ones_estimated() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let answer = |usage: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"Hello you\"}},\"finish_reason\":\"stop\"}}]{usage}}}\n\ndata: [DONE]\n\n"
        )
    };
    let usage = |input: &str, cached: &str, output: &str| {
        format!(
            ",\"usage\":{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"prompt_tokens_details\":{{\"cached_tokens\":{cached}}}}}"
        )
    };
    let cases = [
        (usage("9", "4", "3"), UsageSource::Reported, Some((9, 4, 3))),
        (
            usage("9", "4", "99999999999"),
            UsageSource::Corrected,
            Some((9, 4, 256)),
        ),
        (
            usage("9", "400", "3"),
            UsageSource::Corrected,
            Some((9, 9, 3)),
        ),
        (usage("99999999999", "0", "3"), UsageSource::Corrected, None),
        (usage("-5", "0", "\"x\""), UsageSource::Estimated, None),
        (String::new(), UsageSource::Estimated, None),
    ];
    for (number, (usage, source, figures)) in cases.into_iter().enumerate() {
        let stub = Stub::start(vec![Reply::events(&answer(&usage))]).await;
        enter(
            &test,
            &stub,
            "openai",
            json!({ "slug": format!("l-{number}") }),
        )
        .await;
        let model = format!("l-{number}/m-1");
        let (events, error) = ask(&test, caller(&test).await, &model, question("Hi")).await;
        assert!(error.is_none(), "{number}: {error:?}");
        let billed = events.iter().find_map(|event| match event {
            GenerationEvent::Billed(billed) => Some(billed),
            _ => None,
        });
        let billed = billed.unwrap();
        assert_eq!(billed.usage, source, "{number}: {billed:?}");
        let (input, output) = (billed.input_tokens, billed.output_tokens);
        assert!(
            (1..10_000).contains(&input) && output <= 256,
            "{number}: {billed:?}"
        );
        if let Some(figures) = figures {
            assert_eq!((input, billed.cached_tokens, output), figures, "{number}");
        }
        assert!(billed.cost.0 > 0);
    }
}

#[tokio::test]
async fn what_a_protocol_has_no_place_for_is_refused_before_it_is_sent() {
    use guildhall_engine_protocol::{Constraint, Input, Prompt};
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("x"))]).await;
    enter(&test, &stub, "openai", json!({})).await;
    enter(&test, &stub, "anthropic", json!({})).await;
    let gbnf = Constraint::Gbnf {
        grammar: "root ::= \"a\"".into(),
    };
    let cases = [
        (
            "openai/m-1",
            Prompt {
                constraint: Some(gbnf),
                ..question("Hi")
            },
        ),
        (
            "openai/m-1",
            Prompt {
                adapter: Some("mine".into()),
                ..question("Hi")
            },
        ),
        (
            "openai/m-1",
            Prompt::new(
                Input::Text {
                    text: "Once".into(),
                },
                9,
            ),
        ),
        (
            "anthropic/m-1",
            Prompt {
                logprobs: Some(2),
                ..question("Hi")
            },
        ),
    ];
    for (model, prompt) in cases {
        let is_of_the_node = prompt.constraint.is_some() || prompt.adapter.is_some();
        let (_, error) = ask(&test, caller(&test).await, model, prompt).await;
        let code = if is_of_the_node {
            "local_model_needed"
        } else {
            "provider_unsupported"
        };
        assert_eq!(error.unwrap().code(), code);
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_hanging_provider_holds_nobody_else_up_and_leaving_ends_the_call() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let slow = Stub::start(vec![
        Reply::events("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n").then(Then::Hang),
    ])
    .await;
    let fast = Stub::start(vec![Reply::events(&openai_answer("quick"))]).await;
    let patient = json!({ "slug": "slow", "settings": { "idle_timeout_ms": 600_000 } });
    enter(&test, &slow, "openai", patient).await;
    enter(&test, &fast, "openai", json!({ "slug": "fast" })).await;
    let caller = caller(&test).await;
    let mut hanging = Vec::new();
    for _ in 0..20 {
        let mut generation = test
            .app
            .inference
            .generate(caller.clone(), "slow/m-1", question("Hi"))
            .await
            .unwrap();
        generation.next().await.unwrap().unwrap();
        hanging.push(generation);
    }
    let (events, error) = ask(&test, caller, "fast/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text_of(&events), "quick");
    drop(hanging);
    // Each call writes itself down when it ends.
    let abandoned = async {
        loop {
            let view = test
                .app
                .egress
                .view(guildhall::identity::display_name)
                .await
                .unwrap();
            let left = view
                .recent
                .iter()
                .filter(|call| format!("{:?}", call.outcome) == "Abandoned");
            if left.count() == 20 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), abandoned)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_that_the_provider_closed_between_two_calls_is_replaced() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let leaving = Reply::events(&openai_answer("well")).then(Then::Leave);
    let stub = Stub::start(vec![leaving]).await;
    enter(&test, &stub, "openai", json!({})).await;
    for connections in 1..=3 {
        let (events, error) = ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text_of(&events), "well");
        assert_eq!(stub.connections(), connections);
    }
}
