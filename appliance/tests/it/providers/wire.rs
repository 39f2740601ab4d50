//! What each provider is sent and how its answers are read, against files written from the providers'
//! public documentation.

use guildhall::inference::GenerationEvent;
use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, Constraint, Input, Prompt, Sampling, Tool, ToolCall, ToolChoice,
};
use serde_json::{Value, json};

use super::{
    KEY, ask, caller, enter, open,
    stub::{Reply, Stub, event_stream},
};
use crate::harness::TestApp;

/// A conversation in which a tool was called and answered.
fn conversation() -> Prompt {
    let call = ToolCall {
        id: "call_1".into(),
        name: "get_weather".into(),
        arguments: "{\"city\":\"Paris\"}".into(),
    };
    let called = ChatMessage {
        tool_calls: vec![call],
        ..ChatMessage::new(ChatRole::Assistant, "")
    };
    let answered = ChatMessage {
        tool_call_id: Some("call_1".into()),
        ..ChatMessage::new(ChatRole::Tool, "{\"celsius\":18}")
    };
    let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let chat = Chat {
        messages: vec![
            ChatMessage::new(ChatRole::System, "You answer briefly."),
            ChatMessage::new(ChatRole::User, "What is the weather in Paris?"),
            called,
            answered,
            ChatMessage::new(ChatRole::User, "And in Rome?"),
        ],
        tools: vec![Tool {
            name: "get_weather".into(),
            description: "Current weather of a city".into(),
            parameters,
        }],
        tool_choice: ToolChoice::Auto,
    };
    Prompt {
        sampling: Sampling {
            temperature: 0.7,
            ..Sampling::default()
        },
        stop: vec!["END".into()],
        ..Prompt::new(Input::Chat(chat), 256)
    }
}

fn golden(name: &str) -> String {
    let path = format!(
        "{}/tests/it/providers/golden/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn shown(event: &GenerationEvent) -> Value {
    match event {
        GenerationEvent::Queued { .. }
        | GenerationEvent::Turn { .. }
        | GenerationEvent::Loading => json!("loading"),
        GenerationEvent::Started(started) => json!({ "started": started.input_tokens > 0 }),
        GenerationEvent::Token { text, .. } => json!({ "token": text }),
        GenerationEvent::ToolCall(call) => json!({ "tool_call": call }),
        GenerationEvent::Billed(billed) => json!({ "billed": {
            "model": billed.model, "input": billed.input_tokens, "cached": billed.cached_tokens,
            "output": billed.output_tokens, "cost": billed.cost, "usage": billed.usage,
        } }),
        GenerationEvent::Done(done) => json!({ "done": done.finish_reason }),
    }
}

/// Tokens that follow each other as one.
fn told(events: &[GenerationEvent]) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    for event in events.iter().map(shown) {
        if let (Some(text), Some(earlier)) = (
            event["token"].as_str(),
            told.last().and_then(|last| last["token"].as_str()),
        ) {
            let joined = json!({ "token": format!("{earlier}{text}") });
            *told.last_mut().unwrap() = joined;
        } else {
            told.push(event);
        }
    }
    told
}

/// Asks through a stub that answers `answer`, cut into pieces of several sizes, and compares the
/// request and the events with the golden files.
async fn check(kind: &str, name: &str, more: Value, answer: Reply, prompt: Prompt) {
    let expected: Value = serde_json::from_str(&golden(&format!("{name}.json"))).unwrap();
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let replies = [usize::MAX, 7, 1].map(|size| answer.clone().in_pieces(size));
    let stub = Stub::start(replies.to_vec()).await;
    let provider = enter(&test, &stub, kind, more).await;
    let model = provider["models"][0]["model"].as_str().unwrap();
    for _ in 0..3 {
        let (events, error) = ask(&test, caller(&test).await, model, prompt.clone()).await;
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(json!(told(&events)), expected["events"], "{name}");
    }
    let asked = &stub.asked()[0];
    assert_eq!(
        format!("{} {}", asked.method, asked.path),
        expected["request"],
        "{name}"
    );
    assert_eq!(asked.body, expected["body"], "{name}");
    for (header, value) in expected["headers"].as_object().unwrap() {
        let sent = asked
            .headers
            .get(header)
            .unwrap_or_else(|| panic!("{name}: no header {header}"));
        let value = value.as_str().unwrap().replace("KEY", KEY);
        let agrees = value
            .strip_suffix('…')
            .map_or(*sent == value, |start| sent.starts_with(start));
        assert!(agrees, "{name}: {header} is {sent}, not {value}");
    }
    assert_eq!(stub.connections(), 1, "{name}: connections are used again");
}

#[tokio::test]
async fn openai() {
    let answer = Reply::events(&golden("openai.sse"));
    check("openai", "openai", json!({}), answer, conversation()).await;
}

#[tokio::test]
async fn azure_openai_with_both_paths() {
    let answer = Reply::events(&golden("openai.sse"));
    check(
        "azure_openai",
        "azure_openai",
        json!({}),
        answer.clone(),
        conversation(),
    )
    .await;
    let settings = json!({ "settings": { "api_version": "2024-10-21" } });
    check(
        "azure_openai",
        "azure_openai_version",
        settings,
        answer,
        conversation(),
    )
    .await;
}

#[tokio::test]
async fn openai_compatible_and_one_that_does_not_stream() {
    let answer = Reply::events(&golden("openai.sse"));
    let nothing = json!({ "credentials": { "kind": "none" } });
    check(
        "openai_compatible",
        "openai_compatible",
        nothing.clone(),
        answer,
        conversation(),
    )
    .await;
    let whole = Reply::new(
        200,
        "application/json",
        golden("openai_compatible_whole.response.json"),
    );
    check(
        "openai_compatible",
        "openai_compatible_whole",
        nothing,
        whole,
        conversation(),
    )
    .await;
}

#[tokio::test]
async fn anthropic() {
    let answer = Reply::events(&golden("anthropic.sse"));
    check("anthropic", "anthropic", json!({}), answer, conversation()).await;
}

#[tokio::test]
async fn gemini() {
    let answer = Reply::events(&golden("gemini.sse"));
    check("gemini", "gemini", json!({}), answer, conversation()).await;
}

#[tokio::test]
async fn bedrock() {
    let answer = Reply::new(
        200,
        "application/vnd.amazon.eventstream",
        event_stream(&golden("bedrock.events")),
    );
    let aws = json!({
        "settings": { "region": "eu-central-1" },
        "credentials": { "kind": "aws", "access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY, "session_token": "lent" },
        "models": [{ "name": "anthropic.claude-sonnet-4-v1:0", "price": { "input": 2_000_000, "cached": 500_000, "output": 8_000_000 } }],
    });
    check("bedrock", "bedrock", aws, answer, conversation()).await;
}

#[tokio::test]
async fn ollama() {
    let answer = Reply::new(200, "application/x-ndjson", golden("ollama.ndjson"));
    let small = json!({ "credentials": { "kind": "none" }, "models": [{ "name": "llama3.2:3b", "context_length": 8192 }] });
    check("ollama", "ollama", small, answer, conversation()).await;
}

#[tokio::test]
async fn amazon_q() {
    let mut prompt = conversation();
    if let Input::Chat(chat) = &mut prompt.input {
        chat.tools.clear();
    }
    let answer = Reply::new(200, "application/json", golden("amazon_q.response.json"));
    let aws = json!({
        "settings": { "region": "us-east-1", "application_id": "0a1b2c3d-0000-1111-2222-333344445555" },
        "credentials": { "kind": "aws", "access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY },
    });
    check("amazon_q", "amazon_q", aws, answer, prompt).await;
}

/// An answer that must have a form.
fn in_form() -> Prompt {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let message = ChatMessage::new(ChatRole::User, "Capital of Italy?");
    Prompt {
        constraint: Some(Constraint::JsonSchema { schema }),
        ..Prompt::new(Input::chat(vec![message]), 64)
    }
}

#[tokio::test]
async fn schemas_go_where_each_protocol_has_them() {
    let openai = Reply::events(&super::openai_answer("{\"city\":\"Rome\"}"));
    check("openai", "openai_form", json!({}), openai, in_form()).await;
    let anthropic = Reply::events(&golden("anthropic_form.sse"));
    check(
        "anthropic",
        "anthropic_form",
        json!({}),
        anthropic,
        in_form(),
    )
    .await;
    let bedrock = Reply::new(
        200,
        "application/vnd.amazon.eventstream",
        event_stream(&golden("bedrock_form.events")),
    );
    let key = json!({ "settings": { "region": "eu-central-1" } });
    check("bedrock", "bedrock_form", key, bedrock, in_form()).await;
    let gemini = Reply::events(&golden("gemini_form.sse"));
    check("gemini", "gemini_form", json!({}), gemini, in_form()).await;
}

#[tokio::test]
async fn embeddings_of_each_protocol() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let texts = ["a".to_owned(), "b".to_owned()];
    let models = json!([{ "name": "e-1", "kind": "embedding", "price": { "input": 1_000_000 } }]);
    let vectors = vec![vec![0.6_f32, 0.8], vec![0.0, 1.0]];

    let openai = json!({ "object": "list", "data": [
        { "object": "embedding", "index": 1, "embedding": [0.0, 2.0] },
        { "object": "embedding", "index": 0, "embedding": [3.0, 4.0] },
    ], "usage": { "prompt_tokens": 2, "total_tokens": 2 } });
    let titan = |vector: Value| {
        Reply::json(
            200,
            &json!({ "embedding": vector, "inputTextTokenCount": 1 }),
        )
    };
    let ollama =
        json!({ "model": "e-1", "embeddings": [[3.0, 4.0], [0.0, 2.0]], "prompt_eval_count": 2 });
    let cases = [
        (
            "openai",
            vec![Reply::json(200, &openai)],
            "/embeddings",
            json!({ "model": "e-1", "input": ["a", "b"], "encoding_format": "float" }),
        ),
        (
            "azure_openai",
            vec![Reply::json(200, &openai)],
            "/openai/v1/embeddings",
            json!({ "model": "e-1", "input": ["a", "b"], "encoding_format": "float" }),
        ),
        (
            "ollama",
            vec![Reply::json(200, &ollama)],
            "/api/embed",
            json!({ "model": "e-1", "input": ["a", "b"] }),
        ),
        (
            "bedrock",
            vec![titan(json!([3.0, 4.0])), titan(json!([0.0, 2.0]))],
            "/model/e-1/invoke",
            json!({ "inputText": "a" }),
        ),
    ];
    for (kind, replies, path, body) in cases {
        let stub = Stub::start(replies).await;
        let more = json!({ "models": models, "settings": { "region": "eu-central-1" } });
        let provider = enter(&test, &stub, kind, more).await;
        let model = provider["models"][0]["model"].as_str().unwrap();
        let providers = test.app.inference.providers();
        let embedded = providers
            .embed_with(&caller(&test).await, model, &texts)
            .await
            .unwrap();
        assert_eq!(embedded.vectors, vectors, "{kind}");
        assert_eq!(
            (embedded.billed.input_tokens, embedded.billed.cost.0),
            (2, 2),
            "{kind}"
        );
        let asked = &stub.asked()[0];
        assert_eq!((asked.path.as_str(), &asked.body), (path, &body), "{kind}");
    }
}
