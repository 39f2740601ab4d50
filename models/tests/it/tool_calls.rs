//! Tool calls in the format of every family: whole, valid, and read back.

use guildhall_engine_protocol::testing::TinyModel;
use guildhall_engine_protocol::{
    Chat, ChatRole, Constraint, FinishReason, Generate, Input, Prompt, Serving, Tool, ToolCall,
    ToolChoice, codes,
};
use serde_json::{Value, json};

use crate::engine::{Answer, Engine, message, request, user};
use crate::templates;

/// How many calls are made in each of the formats whose arguments are not one JSON document.
const CALLS: usize = 100;

fn weather() -> Tool {
    Tool {
        name: "get_weather".to_owned(),
        description: "The weather of a place".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "place": {"type": "string", "maxLength": 12},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
            },
            "required": ["place", "days"],
        }),
    }
}

fn with_tools(choice: ToolChoice) -> Generate {
    let chat = Chat {
        messages: vec![user("How is the weather?")],
        tools: vec![
            weather(),
            Tool {
                name: "stop".to_owned(),
                description: String::new(),
                parameters: Value::Null,
            },
        ],
        tool_choice: choice,
    };
    let mut prompt = Prompt::new(Input::Chat(chat), 400);
    prompt.sampling.seed = Some(2);
    Generate {
        request_id: 1,
        prompt,
    }
}

fn check_call(call: &ToolCall) {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
    match call.name.as_str() {
        "get_weather" => {
            assert!(arguments["place"].as_str().unwrap().chars().count() <= 12);
            assert!((1..=7).contains(&arguments["days"].as_i64().unwrap()));
        }
        "stop" => assert_eq!(arguments, json!({})),
        other => panic!("{other} is no tool"),
    }
    assert_eq!(call.id.len(), 9);
}

#[test]
fn tool_calls_are_valid_in_every_format() {
    for template in templates::WITH_TOOLS {
        let model = TinyModel {
            chat_template: Some(template.to_owned()),
            ..TinyModel::default()
        };
        let mut engine = Engine::serving(&model, 4096, Serving::default());
        for seed in 0..3 {
            let mut required = with_tools(ToolChoice::Required);
            required.prompt.sampling.seed = Some(seed);
            required.prompt.max_tokens = 2_000;
            let answer = engine.generate(required).unwrap();
            assert_eq!(
                answer.done.finish_reason,
                FinishReason::ToolCalls,
                "{answer:?}"
            );
            assert_eq!(answer.text(), "");
            assert!(!answer.calls.is_empty());
            answer.calls.iter().for_each(check_call);
        }
        let named = ToolChoice::Tool {
            name: "get_weather".to_owned(),
        };
        let answer = engine.generate(with_tools(named)).unwrap();
        let [call] = answer.calls.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(call.name, "get_weather");
        check_call(call);
    }
}

#[test]
fn every_architecture_keeps_to_tools_and_to_grammars() {
    for architecture in templates::ARCHITECTURES {
        let model = TinyModel {
            architecture: architecture.to_owned(),
            ..TinyModel::default()
        };
        let mut engine = Engine::serving(&model, 4096, Serving::default());
        let mut required = with_tools(ToolChoice::Required);
        required.prompt.max_tokens = 2_000;
        let answer = engine.generate(required).unwrap();
        let finish = answer.done.finish_reason;
        assert_eq!(finish, FinishReason::ToolCalls, "{architecture}");
        answer.calls.iter().for_each(check_call);

        let mut bound = request(2, vec![user("Which one?")]);
        bound.prompt.constraint = Some(Constraint::Gbnf {
            grammar: r#"root ::= "left" | "right""#.to_owned(),
        });
        let bound = engine.generate(bound).unwrap().text();
        assert!(
            ["left", "right"].contains(&bound.as_str()),
            "{architecture}: {bound}"
        );
    }
}

/// Makes a random model say `text` first, by letting a grammar say it.
fn steered(engine: &mut Engine, text: &str) -> Answer {
    let chat = with_tools(ToolChoice::Auto);
    let Input::Chat(chat) = chat.prompt.input else {
        panic!("it is a chat");
    };
    let schema = json!({"const": text});
    let mut prompt = Prompt::new(Input::Chat(chat), 400);
    prompt.constraint = Some(Constraint::JsonSchema { schema });
    prompt.sampling.seed = Some(1);
    let request = Generate {
        request_id: 1,
        prompt,
    };
    engine.generate(request).unwrap()
}

#[test]
fn with_tools_json_stays_possible() {
    let model = TinyModel {
        chat_template: Some(templates::QWEN.to_owned()),
        ..TinyModel::default()
    };
    let mut engine = Engine::serving(&model, 4096, Serving::default());
    let answer = steered(&mut engine, "fine");
    // Which of the two a random model begins with is chance; both are whole.
    if answer.calls.is_empty() {
        assert_eq!(answer.text(), "\"fine\"");
    } else {
        answer.calls.iter().for_each(check_call);
    }
}

#[test]
fn a_call_in_a_free_answer_is_kept_to_its_grammar() {
    let model = TinyModel {
        chat_template: Some(templates::LLAMA.to_owned()),
        ..TinyModel::default()
    };
    let mut engine = Engine::serving(&model, 4096, Serving::default());
    let mut auto = with_tools(ToolChoice::Auto);
    // A brace at the beginning is a call for this model: the byte is made the likeliest token.
    auto.prompt.sampling.temperature = 0.0;
    auto.prompt.sampling.logit_bias = vec![(5 + u32::from(b'{'), 100.0)];
    auto.prompt.sampling.presence_penalty = 2.0;
    let answer = engine.generate(auto).unwrap();
    assert_eq!(
        answer.done.finish_reason,
        FinishReason::ToolCalls,
        "{answer:?}"
    );
    answer.calls.iter().for_each(check_call);

    let mut none = with_tools(ToolChoice::None);
    none.prompt.max_tokens = 20;
    let answer = engine.generate(none).unwrap();
    assert!(answer.calls.is_empty() && !answer.text().is_empty());
}

#[test]
fn results_of_tools_are_part_of_the_conversation() {
    for template in templates::WITH_TOOLS {
        let model = TinyModel {
            chat_template: Some(template.to_owned()),
            ..TinyModel::default()
        };
        let mut engine = Engine::serving(&model, 4096, Serving::default());
        let mut ask = message(ChatRole::Assistant, "");
        ask.tool_calls = vec![ToolCall {
            id: "abc123def".to_owned(),
            name: "get_weather".to_owned(),
            arguments: "{\"place\": \"Rome\", \"days\": 2}".to_owned(),
        }];
        let mut result = message(ChatRole::Tool, "sunny");
        result.tool_call_id = Some("abc123def".to_owned());
        let mut go_on = with_tools(ToolChoice::Auto);
        let Input::Chat(chat) = &mut go_on.prompt.input else {
            panic!("it is a chat");
        };
        chat.messages.extend([ask, result]);
        go_on.prompt.max_tokens = 5;
        let longer = engine.generate(go_on).unwrap();
        let mut shorter = with_tools(ToolChoice::Auto);
        shorter.prompt.max_tokens = 5;
        let shorter = engine.generate(shorter).unwrap();
        assert!(longer.started.input_tokens > shorter.started.input_tokens + 20);
    }
}

#[test]
fn tools_out_of_bounds_are_refused() {
    let mut engine = Engine::with_tiny_model(1024);
    let mut bad = vec![with_tools(ToolChoice::Auto); 4];
    let chat = |request: &mut Generate, change: &dyn Fn(&mut Chat)| {
        if let Input::Chat(chat) = &mut request.prompt.input {
            change(chat);
        }
    };
    chat(&mut bad[0], &|chat| {
        chat.tools[0].name = "no name".to_owned()
    });
    chat(&mut bad[1], &|chat| {
        chat.tools[1].name = "get_weather".to_owned()
    });
    chat(&mut bad[2], &|chat| {
        chat.tool_choice = ToolChoice::Tool {
            name: "unknown".to_owned(),
        };
    });
    chat(&mut bad[3], &|chat| {
        chat.tools.clear();
        chat.tool_choice = ToolChoice::Required;
    });
    for request in bad {
        assert_eq!(
            engine.generate(request).unwrap_err().code,
            codes::INVALID_REQUEST
        );
    }
    let mut odd = with_tools(ToolChoice::Required);
    chat(&mut odd, &|chat| {
        chat.tools[0].parameters = json!({"type": "object", "properties": {"x": {"type": "?"}}});
    });
    assert_eq!(
        engine.generate(odd).unwrap_err().code,
        codes::CONSTRAINT_INVALID
    );
}

/// A tool with an argument of every kind.
fn everything() -> Tool {
    Tool {
        name: "file".to_owned(),
        description: "Files something".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "title": {"type": "string", "minLength": 1, "maxLength": 8},
                "code": {"type": "string", "pattern": "^[A-Z]{2}/[0-9]{3}$"},
                "kind": {"type": "string", "enum": ["a", "b c"]},
                "urgent": {"type": "boolean"},
                "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 1, "maxItems": 2},
                "place": {
                    "type": "object",
                    "properties": {"row": {"type": "integer", "minimum": 0, "maximum": 99}},
                    "required": ["row"],
                    "additionalProperties": false,
                },
                "note": {"type": ["null", "boolean"]},
            },
            "required": ["title", "code", "kind", "urgent", "tags", "place"],
        }),
    }
}

fn is_valid(call: &ToolCall) -> bool {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
    let text = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
    let code = text("code");
    let (letters, digits) = code.split_once('/').unwrap_or_default();
    let known = ["title", "code", "kind", "urgent", "tags", "place", "note"];
    call.name == "file"
        && (1..=8).contains(&text("title").chars().count())
        && letters.len() == 2
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && ["a", "b c"].contains(&text("kind").as_str())
        && arguments["urgent"].is_boolean()
        && arguments["tags"]
            .as_array()
            .is_some_and(|tags| (1..=2).contains(&tags.len()))
        && arguments["place"]["row"]
            .as_u64()
            .is_some_and(|row| row <= 99)
        && arguments
            .get("note")
            .is_none_or(|note| note.is_null() || note.is_boolean())
        && arguments
            .as_object()
            .unwrap()
            .keys()
            .all(|key| known.contains(&key.as_str()))
}

#[test]
fn a_random_model_makes_valid_calls_in_the_formats_of_names_and_of_single_arguments() {
    for template in [templates::MISTRAL_NAMED, templates::QWEN_CODER] {
        let model = TinyModel {
            chat_template: Some(template.to_owned()),
            ..TinyModel::default()
        };
        let mut engine = Engine::serving(&model, 4096, Serving::default());
        let (mut valid, mut seed) = (0, 0);
        while usize::try_from(seed).unwrap() < CALLS {
            let mut required = with_tools(ToolChoice::Tool {
                name: "file".to_owned(),
            });
            if let Input::Chat(chat) = &mut required.prompt.input {
                chat.tools.push(everything());
            }
            required.prompt.sampling.seed = Some(seed);
            required.prompt.max_tokens = 1_000;
            let answer = engine.generate(required).unwrap();
            valid += usize::from(matches!(answer.calls.as_slice(), [call] if is_valid(call)));
            seed += 1;
        }
        assert!(
            valid * 100 >= CALLS * 99,
            "{valid} of {CALLS} calls are valid"
        );
    }
}
