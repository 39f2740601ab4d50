//! Answers that must look like something: JSON and grammars.

use guildhall_engine_protocol::{Constraint, EngineMessage, FinishReason, Generate, codes};
use serde_json::{Value, json};

use crate::engine::{Engine, request, user};

fn constrained(constraint: Constraint) -> Generate {
    let mut constrained = request(1, vec![user("Answer")]);
    constrained.prompt.max_tokens = 400;
    constrained.prompt.sampling.seed = Some(4);
    constrained.prompt.constraint = Some(constraint);
    constrained
}

#[test]
fn json_by_a_schema_is_valid_and_compact() {
    let mut engine = Engine::with_tiny_model(2048);
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 10},
            "kind": {"enum": ["a", "b"]},
            "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
        },
        "required": ["name", "kind", "list"],
        "additionalProperties": false,
    });
    let answer = engine
        .generate(constrained(Constraint::JsonSchema { schema }))
        .unwrap();
    assert_eq!(
        answer.done.finish_reason,
        FinishReason::Stop,
        "{}",
        answer.text()
    );
    let value: Value = serde_json::from_str(&answer.text()).unwrap();
    assert!(["a", "b"].contains(&value["kind"].as_str().unwrap()));
    assert_eq!(value["list"].as_array().unwrap().len(), 2);
    let places = ["\": ", ", \"", "{ "];
    assert!(
        !places.iter().any(|place| answer.text().contains(place)),
        "{}",
        answer.text()
    );
}

#[test]
fn any_json_begins_as_an_object() {
    let mut engine = Engine::with_tiny_model(2048);
    let answer = engine.generate(constrained(Constraint::Json)).unwrap();
    assert!(answer.text().starts_with('{'), "{}", answer.text());
    if answer.done.finish_reason == FinishReason::Stop {
        serde_json::from_str::<Value>(&answer.text()).unwrap();
    }
}

#[test]
fn grammars_are_followed_to_their_end() {
    let mut engine = Engine::with_tiny_model(2048);
    let gbnf = "root ::= \"yes \" word (\"-\" word){2} | \"no\"\nword ::= [a-c]{1,3}\n";
    let grammars = [
        Constraint::Gbnf {
            grammar: gbnf.to_owned(),
        },
        Constraint::Lark {
            grammar: "start: \"yes \" /[a-c]{1,3}(-[a-c]{1,3}){2}/ | \"no\"\n".to_owned(),
        },
    ];
    for grammar in grammars {
        let answer = engine.generate(constrained(grammar)).unwrap();
        let text = answer.text();
        assert_eq!(answer.done.finish_reason, FinishReason::Stop, "{text}");
        let is_word = |word: &str| {
            (1..=3).contains(&word.len()) && word.bytes().all(|byte| (b'a'..=b'c').contains(&byte))
        };
        let words = text
            .strip_prefix("yes ")
            .map(|rest| rest.split('-').collect::<Vec<_>>());
        assert!(
            text == "no"
                || words.is_some_and(|words| words.len() == 3 && words.iter().all(|w| is_word(w))),
            "{text}"
        );
    }
}

#[test]
fn constraints_that_do_not_compile_are_refused_with_a_reason() {
    let mut engine = Engine::with_tiny_model(1024);
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "array", "items": deep});
    }
    let schemas = [
        json!({"type": "no such type"}),
        json!({"$ref": "http://example.com/schema.json"}),
        json!({"type": "string", "pattern": "(unclosed"}),
        json!({"type": "integer", "minimum": 5, "maximum": 1}),
        json!([1]),
        deep,
        json!({"enum": (0..60_000).map(|n| format!("value {n}")).collect::<Vec<_>>()}),
    ];
    let gbnf = [
        "",
        "root ::= other",
        "root ::= \"a",
        "root ::= \"a\"{99999999999}",
    ];
    let lark = [
        "",
        "start: other",
        "start: /(/",
        "start: %json {\"type\": 3}",
    ];
    let schemas = schemas
        .into_iter()
        .map(|schema| Constraint::JsonSchema { schema });
    let gbnf = gbnf.map(|grammar| Constraint::Gbnf {
        grammar: grammar.to_owned(),
    });
    let lark = lark.map(|grammar| Constraint::Lark {
        grammar: grammar.to_owned(),
    });
    for constraint in schemas.chain(gbnf).chain(lark) {
        let shown: String = format!("{constraint:?}").chars().take(200).collect();
        let failure = engine.generate(constrained(constraint)).unwrap_err();
        assert_eq!(failure.code, codes::CONSTRAINT_INVALID, "{shown}");
        assert!(failure.message.len() < 500, "{}", failure.message);
    }
    // Grammars that make other engines loop or overflow: an answer or a refusal, never an end.
    for grammar in [
        "root ::= root \"a\" | \"b\"",
        "root ::= (\"a\"*)*",
        "root ::= root",
        "root ::= a a a a\na ::= b b b b\nb ::= c c c c\nc ::= \"x\"{0,500}",
    ] {
        let mut hard = constrained(Constraint::Gbnf {
            grammar: grammar.to_owned(),
        });
        hard.prompt.max_tokens = 5;
        if let Err(failure) = engine.generate(hard) {
            assert_eq!(
                failure.code,
                codes::CONSTRAINT_INVALID,
                "{grammar}: {failure}"
            );
        }
    }
    engine.generate(request(2, vec![user("Hello")])).unwrap();
}

#[test]
fn log_probabilities_come_with_every_token() {
    let mut engine = Engine::with_tiny_model(512);
    let mut reported = request(1, vec![user("Hello")]);
    reported.prompt.logprobs = Some(3);
    reported.prompt.max_tokens = 6;
    let answer = engine.generate(reported).unwrap();
    assert_eq!(answer.logprobs.len(), 6);
    for token in &answer.logprobs {
        assert_eq!(token.top.len(), 3);
        assert!(token.logprob <= token.top[0].logprob && token.logprob <= 0.0);
        assert_eq!(token.bytes, token.token.as_bytes());
    }
    assert_eq!(
        answer
            .logprobs
            .iter()
            .map(|token| token.token.as_str())
            .collect::<String>()
            .trim_start(),
        answer.text()
    );
    assert!(!matches!(engine.status(), status if status.active > 0));
}

#[test]
fn ignoring_the_end_writes_on() {
    let mut engine = Engine::with_tiny_model(512);
    let mut endless = request(1, vec![user("Hello")]);
    endless.prompt.sampling.logit_bias = vec![(2, 100.0)];
    endless.prompt.sampling.temperature = 0.0;
    let ended = engine.generate(endless.clone()).unwrap();
    assert_eq!(ended.done.finish_reason, FinishReason::Stop);
    assert_eq!(ended.done.output_tokens, 0);
    endless.prompt.ignore_end = true;
    let written = engine.generate(endless).unwrap();
    assert_eq!(written.done.output_tokens, 32);
}

#[test]
fn a_constrained_answer_is_cancelled_like_any_other() {
    let mut engine = Engine::with_sequences(2048, 2, 4096);
    let grammar = "root ::= [a-z]+".to_owned();
    let mut endless = constrained(Constraint::Gbnf { grammar });
    endless.prompt.max_tokens = 1_500;
    endless.prompt.sampling.logit_bias = vec![(2, -100.0)];
    engine.send(&guildhall_engine_protocol::NodeMessage::Generate(endless));
    while !matches!(engine.receive(), EngineMessage::Token { .. }) {}
    engine.send(&guildhall_engine_protocol::NodeMessage::Cancel { request_id: 1 });
    let done = std::iter::repeat_with(|| engine.receive())
        .find_map(|message| match message {
            EngineMessage::Done(done) => Some(done),
            _ => None,
        })
        .unwrap();
    assert_eq!(done.finish_reason, FinishReason::Cancelled);
}
