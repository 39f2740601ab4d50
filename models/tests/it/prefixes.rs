//! What outlives a request: cached prefixes, shifted contexts, files of prefixes; and the ways
//! to serve a model.

use std::fs;
use std::path::Path;

use guildhall_engine_protocol::testing::{GgufWriter, TinyModel};
use guildhall_engine_protocol::{
    Adapter, CacheType, Chat, ChatRole, FinishReason, Generate, Input, Load, LoadKind, NodeMessage,
    OnOverflow, Prompt, Serving, Tool, ToolChoice, codes,
};

use crate::engine::{Engine, load_of, message, request, user};

fn instructed(request_id: u64, question: &str) -> Generate {
    let system = "You are a careful assistant of an office. ".repeat(8);
    let mut instructed = request(
        request_id,
        vec![message(ChatRole::System, &system), user(question)],
    );
    instructed.prompt.sampling.temperature = 0.0;
    instructed
}

fn engine_with_prefixes(model: &Path, prefixes: &Path) -> Engine {
    let mut engine = Engine::start();
    let load = Load {
        serving: Serving {
            sequences: 2,
            prefix_dir: Some(prefixes.to_str().unwrap().to_owned()),
            ..Serving::default()
        },
        ..load_of(model, 2048)
    };
    engine.load(&load).unwrap();
    engine
}

/// Ends an engine the proper way, so that it has written everything.
fn end(mut engine: Engine) {
    engine.send(&NodeMessage::Shutdown);
    assert!(engine.wait().success());
}

/// The same tools, first to be called and then not: the prompts begin differently, so the length of the first
/// one's beginning must not be taken for the second's.
#[test]
fn tools_that_must_not_be_called_are_no_part_of_the_beginning() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("tiny.gguf");
    TinyModel::default().gguf().write(&model).unwrap();
    let prefixes = directory.path().join("prefixes");
    fs::create_dir(&prefixes).unwrap();
    let mut engine = engine_with_prefixes(&model, &prefixes);
    for (request_id, choice) in [(1, ToolChoice::Required), (2, ToolChoice::None)] {
        let tool = Tool {
            name: "get_weather".to_owned(),
            description: "Tells the weather of a place and of the days after. ".repeat(8),
            parameters: serde_json::json!({ "type": "object", "properties": {} }),
        };
        let chat = Chat {
            messages: vec![user("Hello")],
            tools: vec![tool],
            tool_choice: choice,
        };
        let prompt = Prompt::new(Input::Chat(chat), 64);
        let answer = engine.generate(Generate { request_id, prompt });
        assert!(answer.unwrap().done.output_tokens > 0);
    }
}

#[test]
fn instructions_are_kept_from_one_start_to_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("tiny.gguf");
    TinyModel::default().gguf().write(&model).unwrap();
    let prefixes = directory.path().join("prefixes");
    fs::create_dir(&prefixes).unwrap();

    let mut engine = engine_with_prefixes(&model, &prefixes);
    let first = engine.generate(instructed(1, "Hello")).unwrap();
    assert_eq!(first.started.cached_tokens, 0);
    end(engine);
    let files = || fs::read_dir(&prefixes).unwrap().count();
    assert_eq!(files(), 2, "a prefix and its checksum");

    let mut engine = engine_with_prefixes(&model, &prefixes);
    let other = engine.generate(instructed(1, "Another question")).unwrap();
    assert!(other.started.cached_tokens > 64, "{:?}", other.started);
    let again = engine.generate(instructed(2, "Hello")).unwrap();
    assert_eq!(again.text(), first.text());
    end(engine);

    // A damaged file is no danger and does not stay.
    let file = fs::read_dir(&prefixes)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "prefix")
        })
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let mut engine = engine_with_prefixes(&model, &prefixes);
    let third = engine.generate(instructed(1, "Hello")).unwrap();
    assert_eq!(third.started.cached_tokens, 0);
    assert_eq!(third.text(), first.text());
    end(engine);
    assert_ne!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn a_shifted_context_goes_on_and_a_full_one_ends() {
    let mut engine = Engine::with_sequences(256, 2, 512);
    let mut long = request(1, vec![user("Write a book")]);
    long.prompt.max_tokens = 600;
    long.prompt.sampling.seed = Some(1);
    let ended = engine.generate(long.clone()).unwrap();
    assert_eq!(ended.done.finish_reason, FinishReason::Length);
    assert!(ended.done.output_tokens < 256);
    long.prompt.on_overflow = OnOverflow::Shift;
    let shifted = engine.generate(long).unwrap();
    assert_eq!(shifted.done.output_tokens, 600);
    assert!(shifted.text().starts_with(&ended.text()));
    assert!(engine.status().cache_tokens_used <= 256);
}

#[test]
fn an_8_bit_cache_answers_too() {
    let serving = Serving {
        sequences: 2,
        cache_type: CacheType::Q8,
        ..Serving::default()
    };
    // A block of such a cache holds 32 numbers of one head.
    for (heads, suits) in [(1, true), (2, false)] {
        let model = TinyModel {
            heads,
            ..TinyModel::default()
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        model.gguf().write(&path).unwrap();
        let mut engine = Engine::start();
        let load = Load {
            serving: serving.clone(),
            ..load_of(&path, 1024)
        };
        let loaded = engine.load(&load).unwrap();
        assert_eq!(loaded.notes.is_empty(), suits, "{:?}", loaded.notes);
        let answer = engine.generate(request(1, vec![user("Hello")])).unwrap();
        assert_eq!(answer.done.output_tokens, 32);
    }
}

#[test]
fn guesses_change_nothing_and_are_counted() {
    let mut engine = Engine::with_tiny_model(4096);
    let mut greedy = request(1, vec![user("Hello")]);
    greedy.prompt.sampling.temperature = 0.0;
    greedy.prompt.max_tokens = 600;
    let guessed = engine.generate(greedy.clone()).unwrap();
    assert!(guessed.done.accepted_tokens <= guessed.done.drafted_tokens);
    // A random model at temperature 0 soon repeats itself: guesses hold, steps are saved.
    assert!(guessed.done.accepted_tokens > 100, "{:?}", guessed.done);
    assert!(engine.status().steps < 560, "{:?}", engine.status());

    // Log probabilities of the likeliest token do not depend on how it was computed.
    let mut short = greedy;
    short.prompt.max_tokens = 8;
    let short = engine.generate(short).unwrap();
    assert!(guessed.text().starts_with(&short.text()));
}

#[test]
fn a_recurrent_model_goes_on_where_it_stopped() {
    let model = TinyModel {
        architecture: "mamba".to_owned(),
        ..TinyModel::default()
    };
    let serving = Serving {
        sequences: 2,
        ..Serving::default()
    };
    let mut engine = Engine::serving(&model, 1024, serving);
    let first = engine
        .generate(request(1, vec![user("Hello there")]))
        .unwrap();
    let other = engine
        .generate(request(2, vec![user("Hello you")]))
        .unwrap();
    assert_eq!(other.started.cached_tokens, 0, "a part cannot be used");
    let answer = message(ChatRole::Assistant, &first.text());
    let on = request(3, vec![user("Hello there"), answer, user("And?")]);
    engine.generate(on).unwrap();
}

#[test]
fn a_gguf_encoder_makes_vectors() {
    let model = TinyModel {
        architecture: "bert".to_owned(),
        ..TinyModel::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("encoder.gguf");
    model.gguf().write(&path).unwrap();
    let mut engine = Engine::start();
    let load = Load {
        kind: LoadKind::Embedding,
        ..load_of(&path, 512)
    };
    let loaded = engine.load(&load).unwrap();
    assert_eq!(loaded.embedding_length, 32);
    let texts = ["baba coco", "", "baba coco", &"lulu ".repeat(2_000)];
    let computed = crate::embedding::embed(&mut engine, &texts);
    assert_eq!(computed.truncated_texts, 1);
    assert!(computed.input_tokens > 512);
    for vector in &computed.vectors {
        let norm: f32 = vector.iter().map(|number| number * number).sum();
        assert_eq!(vector.len(), 32);
        assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    }
    let same = computed.vectors[0].iter().zip(&computed.vectors[2]);
    assert!(same.map(|(left, right)| (left - right).abs()).sum::<f32>() < 1e-3);
}

#[test]
fn a_loaded_engine_is_confined() {
    let engine = Engine::with_tiny_model(512);
    let status = fs::read_to_string(format!("/proc/{}/status", engine.id())).unwrap();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    assert_eq!(value("NoNewPrivs:"), "1");
    assert_eq!(value("Seccomp:"), "2", "{status}");
}

/// An adapter that turns the queries of the first layer upside down.
fn write_adapter(path: &Path) {
    let numbers = |count: usize, scale: f32| -> Vec<f32> {
        (0..count)
            .map(|index| ((index * 7919 % 101) as f32 / 50.0 - 1.0) * scale)
            .collect()
    };
    GgufWriter::new()
        .text("general.type", "adapter")
        .text("general.architecture", "llama")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", 8.0)
        .tensor("blk.0.attn_v.weight.lora_a", &[32, 4], numbers(128, 1.0))
        .tensor("blk.0.attn_v.weight.lora_b", &[4, 32], numbers(128, 1.0))
        .write(path)
        .unwrap();
}

#[test]
fn adapters_are_chosen_by_request_and_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("tiny.gguf");
    TinyModel::default().gguf().write(&model).unwrap();
    let adapter = directory.path().join("adapter.gguf");
    write_adapter(&adapter);
    let mut engine = Engine::start();
    let load = Load {
        serving: Serving {
            sequences: 4,
            cache_tokens: 4096,
            ..Serving::default()
        },
        adapters: vec![Adapter {
            name: "other".to_owned(),
            path: adapter.to_str().unwrap().to_owned(),
        }],
        ..load_of(&model, 1024)
    };
    engine.load(&load).unwrap();
    let with = |id: u64, adapter: Option<&str>| {
        let mut request = request(id, vec![user("Hello, who are you?")]);
        request.prompt.sampling.temperature = 0.0;
        request.prompt.adapter = adapter.map(str::to_owned);
        request
    };
    let plain = engine.generate(with(1, None)).unwrap().text();
    let adapted = engine.generate(with(2, Some("other"))).unwrap();
    assert_eq!(adapted.started.cached_tokens, 0);
    let adapted = adapted.text();
    assert_ne!(plain, adapted);
    let together = engine.together(vec![
        with(3, None),
        with(4, Some("other")),
        with(5, None),
        with(6, Some("other")),
    ]);
    for (id, expected) in [(3, &plain), (4, &adapted), (5, &plain), (6, &adapted)] {
        assert_eq!(
            &crate::together::text(&together[&id]),
            expected,
            "request {id}"
        );
    }
}

#[test]
fn an_adapter_that_does_not_suit_is_noted_and_the_model_answers_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("tiny.gguf");
    TinyModel::default().gguf().write(&model).unwrap();
    let adapter = directory.path().join("adapter.gguf");
    // Of a model with other dimensions.
    GgufWriter::new()
        .text("general.type", "adapter")
        .text("general.architecture", "llama")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", 8.0)
        .tensor("blk.0.attn_q.weight.lora_a", &[48, 4], vec![0.5; 192])
        .tensor("blk.0.attn_q.weight.lora_b", &[4, 48], vec![0.5; 192])
        .write(&adapter)
        .unwrap();
    let mut engine = Engine::start();
    let mut load = load_of(&model, 512);
    load.adapters = vec![Adapter {
        name: "other".to_owned(),
        path: adapter.to_str().unwrap().to_owned(),
    }];
    let loaded = engine.load(&load).unwrap();
    let is_told = |note: &String| note.contains("adapter other does not suit");
    assert!(loaded.notes.iter().any(is_told), "{:?}", loaded.notes);
    let mut asked = request(1, vec![user("hello")]);
    asked.prompt.adapter = Some("other".to_owned());
    let failure = engine.generate(asked).unwrap_err();
    assert_eq!(failure.code, codes::UNKNOWN_ADAPTER);
}

#[test]
fn a_missing_adapter_is_named_and_a_missing_directory_is_a_note() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("tiny.gguf");
    TinyModel::default().gguf().write(&model).unwrap();
    let missing = directory.path().join("gone").to_str().unwrap().to_owned();
    let mut engine = Engine::start();
    let mut load = load_of(&model, 512);
    load.adapters = vec![Adapter {
        name: "other".to_owned(),
        path: missing.clone(),
    }];
    let failure = engine.load(&load).unwrap_err();
    assert_eq!(failure.code, codes::MODEL_UNREADABLE);
    assert!(failure.message.contains("\"other\""), "{failure}");
    load.adapters.clear();
    load.serving.prefix_dir = Some(missing);
    let loaded = engine.load(&load).unwrap();
    assert_eq!(loaded.notes.len(), 1);
    assert!(
        loaded.notes[0].contains("cannot be read"),
        "{:?}",
        loaded.notes
    );
}
