use std::fs::{self, File};
use std::path::PathBuf;

use guildhall_engine_protocol::gguf::Header;
use guildhall_engine_protocol::testing::{GgufWriter, TINY_CONTEXT_LENGTH, TinyModel};
use guildhall_engine_protocol::{
    EngineMessage, Failure, Load, LoadKind, NodeMessage, PROTOCOL_VERSION, codes,
};
use tempfile::TempDir;

use crate::engine::{Engine, load_of, request, user};

/// A directory with one model file in it.
struct ModelFile {
    _directory: TempDir,
    path: PathBuf,
}

fn model_file(bytes: &[u8]) -> ModelFile {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.gguf");
    fs::write(&path, bytes).unwrap();
    ModelFile {
        _directory: directory,
        path,
    }
}

/// Loads a file that llama.cpp must refuse. The engine is confined to that file from then on.
fn late_refusal(bytes: &[u8]) -> Failure {
    let bad = model_file(bytes);
    let good = model_file(&TinyModel::default().gguf().to_bytes());
    let mut engine = Engine::start();
    let failure = engine.load(&load_of(&bad.path, 512)).unwrap_err();
    let second = engine.load(&load_of(&good.path, 512)).unwrap_err();
    assert_eq!(second.code, codes::MODEL_UNREADABLE);
    assert!(second.message.contains("start another engine"), "{second}");
    failure
}

/// Loads a file that our own checks must refuse, and checks that the engine goes on.
fn refusal(bytes: &[u8]) -> Failure {
    let bad = model_file(bytes);
    let good = model_file(&TinyModel::default().gguf().to_bytes());
    let mut engine = Engine::start();
    let failure = engine.load(&load_of(&bad.path, 512)).unwrap_err();
    engine
        .load(&load_of(&good.path, 512))
        .expect("another model loads afterwards");
    failure
}

#[test]
fn a_loaded_model_says_what_it_is() {
    let file = model_file(&TinyModel::default().gguf().to_bytes());
    let header = Header::open(&file.path).unwrap();
    let loaded = Engine::start().load(&load_of(&file.path, 1024)).unwrap();

    assert_eq!(loaded.architecture, "llama");
    assert_eq!(loaded.name.as_deref(), Some("Tiny random model"));
    assert_eq!(loaded.parameters, header.parameters());
    assert_eq!(loaded.context_length, 1024);
    assert_eq!(loaded.context_length_trained, TINY_CONTEXT_LENGTH);
    assert_eq!(loaded.quantisation, "F32");
    assert!(loaded.memory_bytes > header.tensor_bytes());
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
}

#[test]
fn the_context_never_exceeds_what_the_model_was_trained_for() {
    let file = model_file(&TinyModel::default().gguf().to_bytes());
    let loaded = Engine::start()
        .load(&load_of(&file.path, 1_000_000))
        .unwrap();
    assert_eq!(loaded.context_length, TINY_CONTEXT_LENGTH);
}

#[test]
fn a_model_without_a_working_template_gets_chatml_and_says_so() {
    let broken = "{% for message in messages %}{{ message.content }}";
    let deaf = "What you say does not matter";
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ messages[0].content }}\
        {% endfor %}{% endfor %}";
    for template in [None, Some(broken), Some(deaf), Some(endless)] {
        let template = template.map(str::to_owned);
        let model = TinyModel {
            chat_template: template,
            ..TinyModel::default()
        };
        let file = model_file(&model.gguf().to_bytes());
        let mut engine = Engine::start();
        let loaded = engine.load(&load_of(&file.path, 512)).unwrap();
        assert_eq!(loaded.notes.len(), 1);
        assert!(
            loaded.notes[0].contains("ChatML is used"),
            "{:?}",
            loaded.notes
        );
        let answer = engine.generate(request(1, vec![user("Hello")])).unwrap();
        assert!(!answer.text().is_empty());
    }
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    assert_eq!(refusal(b"").code, codes::MODEL_CORRUPT);
    assert_eq!(refusal(b"hello").code, codes::MODEL_CORRUPT);
    assert_eq!(
        refusal(&GgufWriter::new().to_bytes()).code,
        codes::MODEL_UNSUPPORTED
    );
}

#[test]
fn a_truncated_model_is_refused_with_both_sizes() {
    let whole = TinyModel::default().gguf().to_bytes();
    let failure = refusal(&whole[..whole.len() - 1000]);
    assert_eq!(failure.code, codes::MODEL_TRUNCATED);
    assert!(failure.message.contains("expected"), "{}", failure.message);
    assert_eq!(refusal(&whole[..300]).code, codes::MODEL_TRUNCATED);
}

#[test]
fn what_only_llama_cpp_notices_is_refused_in_its_words() {
    let strange = TinyModel {
        architecture: "abacus".to_owned(),
        ..TinyModel::default()
    };
    let failure = late_refusal(&strange.gguf().to_bytes());
    assert_eq!(failure.code, codes::MODEL_LOAD_FAILED);
    assert!(failure.message.contains("abacus"), "{}", failure.message);

    let incomplete = GgufWriter::new()
        .text("general.architecture", "llama")
        .tensor("token_embd.weight", &[32, 8], vec![0.0; 256]);
    assert_eq!(
        late_refusal(&incomplete.to_bytes()).code,
        codes::MODEL_LOAD_FAILED
    );
}

#[test]
fn a_model_that_does_not_write_text_is_refused() {
    let encoder = TinyModel {
        architecture: "bert".to_owned(),
        ..TinyModel::default()
    };
    let failure = refusal(&encoder.gguf().to_bytes());
    assert_eq!(failure.code, codes::MODEL_UNSUPPORTED);
    assert!(
        failure
            .message
            .contains("architecture bert does not write text")
    );
}

#[test]
fn a_part_of_a_split_model_is_refused() {
    let part = TinyModel::default().gguf().u32("split.count", 3).to_bytes();
    let failure = refusal(&part);
    assert_eq!(failure.code, codes::MODEL_UNSUPPORTED);
    assert!(
        failure.message.contains("one of 3 parts"),
        "{}",
        failure.message
    );
}

#[test]
fn a_model_larger_than_memory_is_refused_before_it_is_read() {
    // A sparse file: 4 TB by its header and by its length, a few kilobytes on disk.
    let rows = 1_u64 << 35;
    let header = GgufWriter::new()
        .text("general.architecture", "llama")
        .u32("llama.context_length", 4096)
        .tensor("token_embd.weight", &[32, rows], Vec::new())
        .to_bytes();
    let file = model_file(&header);
    let length = header.len() as u64 + 32 * rows * 4;
    File::options()
        .write(true)
        .open(&file.path)
        .unwrap()
        .set_len(length)
        .unwrap();
    let failure = Engine::start()
        .load(&load_of(&file.path, 4096))
        .unwrap_err();
    assert_eq!(failure.code, codes::MODEL_TOO_LARGE);
    assert!(
        failure.message.contains("pick a smaller quantisation"),
        "{}",
        failure.message
    );
}

#[test]
fn a_missing_file_is_named_as_such() {
    let directory = tempfile::tempdir().unwrap();
    let failure = Engine::start().load(&load_of(&directory.path().join("gone.gguf"), 512));
    assert_eq!(failure.unwrap_err().code, codes::MODEL_UNREADABLE);
}

#[test]
fn a_node_of_another_release_is_told_so() {
    let load = Load {
        protocol_version: PROTOCOL_VERSION + 1,
        kind: LoadKind::Embedding,
        ..load_of("builtin:minilm".as_ref(), 256)
    };
    assert_eq!(
        Engine::start().load(&load).unwrap_err().code,
        codes::PROTOCOL_MISMATCH
    );
}

#[test]
fn requests_before_a_model_and_second_models_are_refused() {
    let mut engine = Engine::start();
    let failure = engine
        .generate(request(1, vec![user("Hello")]))
        .unwrap_err();
    assert_eq!(failure.code, codes::NO_MODEL);

    let mut engine = Engine::with_tiny_model(512);
    let file = model_file(&TinyModel::default().gguf().to_bytes());
    let failure = engine.load(&load_of(&file.path, 512)).unwrap_err();
    assert_eq!(failure.code, codes::ALREADY_LOADED);
}

#[test]
fn the_process_ends_when_told_to_and_when_the_node_is_gone() {
    let mut engine = Engine::with_tiny_model(512);
    engine.send(&NodeMessage::Shutdown);
    assert!(engine.wait().success());

    let mut engine = Engine::with_tiny_model(32_768);
    let mut long = request(1, vec![user("Hello")]);
    long.prompt.max_tokens = 30_000;
    engine.send(&NodeMessage::Generate(long));
    assert!(matches!(engine.receive(), EngineMessage::Started(_)));
    assert!(engine.hang_up().code().is_some(), "it ended by itself");
}

#[test]
fn hostile_headers_are_refused_and_the_engine_goes_on() {
    let counts = |tensors: u64, metadata: u64| {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(metadata.to_le_bytes());
        bytes
    };
    assert_eq!(
        refusal(&counts(1_000_000_000, 0)).code,
        codes::MODEL_CORRUPT
    );
    assert_eq!(refusal(&counts(0, u64::MAX)).code, codes::MODEL_CORRUPT);
    let model = || TinyModel::default().gguf();
    for shape in [[u64::MAX, 2], [1 << 62, 4], [0, 8]] {
        let hostile = model()
            .tensor("extra.weight", &shape, Vec::new())
            .to_bytes();
        let failure = refusal_anywhere(&hostile);
        assert!(failure.message.len() < 400, "{}", failure.message);
    }
}

/// Loads a file that must be refused, whoever notices.
fn refusal_anywhere(bytes: &[u8]) -> Failure {
    let bad = model_file(bytes);
    Engine::start()
        .load(&load_of(&bad.path, 512))
        .expect_err("a hostile file was loaded")
}
