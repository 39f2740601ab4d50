use std::fs;
use std::path::Path;

use guildhall_engine_protocol::{
    EMBED_TEXTS_MAX, Embed, Embeddings, EngineMessage, Failure, FinishReason, Load, LoadKind,
    Loaded, NodeMessage, codes,
};
use serde_json::json;

use crate::engine::{Engine, load_of, request, user};

pub(crate) fn embed(engine: &mut Engine, texts: &[&str]) -> Embeddings {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    engine.send(&NodeMessage::Embed(Embed {
        request_id: 1,
        texts,
    }));
    match engine.receive() {
        EngineMessage::Embeddings(embeddings) => embeddings,
        other => panic!("unexpected {other:?}"),
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

#[test]
fn vectors_equal_the_reference() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("golden/minilm.json")).unwrap();
    let cases: Vec<(String, Vec<f32>)> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let vector = serde_json::from_value(case["vector"].clone()).unwrap();
            (case["text"].as_str().unwrap().to_owned(), vector)
        })
        .collect();
    let texts: Vec<&str> = cases.iter().map(|(text, _)| text.as_str()).collect();
    let computed = embed(&mut Engine::with_minilm(), &texts);

    for ((text, expected), vector) in cases.iter().zip(&computed.vectors) {
        let cosine = dot(expected, vector);
        assert!(cosine > 0.9999, "cosine {cosine} for {text:?}");
    }
    assert_eq!(
        computed.truncated_texts, 1,
        "the last text is longer than 256 tokens"
    );
}

#[test]
fn paraphrases_are_closer_than_unrelated_texts() {
    let vectors = embed(
        &mut Engine::with_minilm(),
        &[
            "How do I reset my password?",
            "I forgot my login and need a new password",
            "The invoice is due within thirty days",
        ],
    )
    .vectors;
    let paraphrase = dot(&vectors[0], &vectors[1]);
    let unrelated = dot(&vectors[0], &vectors[2]);
    assert!(paraphrase > 0.5, "{paraphrase}");
    assert!(unrelated < 0.3, "{unrelated}");
    for vector in &vectors {
        assert_eq!(vector.len(), 384);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
    }
}

#[test]
fn a_vector_does_not_depend_on_its_batch() {
    let mut engine = Engine::with_minilm();
    let alone = embed(&mut engine, &["A short text"]).vectors.remove(0);
    let long = "Another text that is a good deal longer than the first one ".repeat(10);
    let mut texts = vec![long.as_str(); 40];
    texts.push("A short text");
    texts.push("");
    let batch = embed(&mut engine, &texts);
    assert_eq!(batch.vectors.len(), 42);
    assert!(dot(&alone, &batch.vectors[40]) > 0.99999);
    assert_eq!(batch.truncated_texts, 0);
    assert_eq!(
        batch.input_tokens,
        40 * (10 * 12 + 2) + 5 + 2,
        "each text has its beginning and end"
    );
}

#[test]
fn no_texts_make_no_vectors_and_too_many_are_refused() {
    let mut engine = Engine::with_minilm();
    assert!(embed(&mut engine, &[]).vectors.is_empty());

    let texts = vec!["x".to_owned(); EMBED_TEXTS_MAX + 1];
    engine.send(&NodeMessage::Embed(Embed {
        request_id: 2,
        texts,
    }));
    let EngineMessage::RequestFailed {
        request_id: 2,
        failure,
    } = engine.receive()
    else {
        panic!("too many texts were accepted");
    };
    assert_eq!(failure.code, codes::INVALID_REQUEST);
}

#[test]
fn cancelling_stops_between_batches() {
    let mut engine = Engine::with_minilm();
    let texts = vec!["word ".repeat(250); EMBED_TEXTS_MAX];
    engine.send(&NodeMessage::Embed(Embed {
        request_id: 5,
        texts,
    }));
    engine.send(&NodeMessage::Cancel { request_id: 5 });
    let EngineMessage::Done(done) = engine.receive() else {
        panic!("the request was not cancelled");
    };
    assert_eq!(
        (done.request_id, done.finish_reason),
        (5, FinishReason::Cancelled)
    );
}

#[test]
fn pings_are_answered_between_batches() {
    let mut engine = Engine::with_minilm();
    let texts = vec!["word ".repeat(250); 24];
    engine.send(&NodeMessage::Embed(Embed {
        request_id: 5,
        texts,
    }));
    engine.send(&NodeMessage::Ping { ping_id: 1 });
    assert!(matches!(
        engine.receive(),
        EngineMessage::Pong { ping_id: 1, .. }
    ));
    assert!(matches!(engine.receive(), EngineMessage::Embeddings(_)));
}

#[test]
fn an_embedding_model_writes_no_text() {
    let mut engine = Engine::with_minilm();
    let failure = engine
        .generate(request(1, vec![user("Hello")]))
        .unwrap_err();
    assert_eq!(failure.code, codes::WRONG_KIND);
}

/// Writes a safetensors file: the length of a JSON header, the header, 32-bit floats.
fn write_safetensors(path: &Path, tensors: &[(String, Vec<usize>)]) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape) in tensors {
        let start = data.len();
        let count: usize = shape.iter().product();
        for index in 0..count {
            let number = (index * 7_919 % 1_009) as f32 / 504.5 - 1.0;
            let number = if name.contains("LayerNorm.weight") {
                1.0
            } else {
                number * 0.3
            };
            data.extend(number.to_le_bytes());
        }
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    fs::write(path, file).unwrap();
}

/// A model of the BERT family with 16 random numbers per token, 2 heads and 1 layer.
fn write_encoder(directory: &Path, model_type: &str, prefix: &str) {
    let width = 16;
    let words = ["<pad>", "<unk>", "hello", "world", "other"];
    let mut tensors = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![words.len(), width],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![12, width],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![1, width],
        ),
    ];
    let mut linear = |name: &str, inputs: usize, outputs: usize| {
        tensors.push((format!("{name}.weight"), vec![outputs, inputs]));
        tensors.push((format!("{name}.bias"), vec![outputs]));
    };
    let layer = "encoder.layer.0";
    for part in ["query", "key", "value"] {
        linear(&format!("{layer}.attention.self.{part}"), width, width);
    }
    linear(&format!("{layer}.attention.output.dense"), width, width);
    linear(&format!("{layer}.intermediate.dense"), width, 32);
    linear(&format!("{layer}.output.dense"), 32, width);
    for name in [
        "embeddings.LayerNorm".to_owned(),
        format!("{layer}.attention.output.LayerNorm"),
        format!("{layer}.output.LayerNorm"),
    ] {
        tensors.push((format!("{name}.weight"), vec![width]));
        tensors.push((format!("{name}.bias"), vec![width]));
    }
    for (name, _) in &mut tensors {
        name.insert_str(0, prefix);
    }
    write_safetensors(&directory.join("model.safetensors"), &tensors);
    let config = json!({
        "model_type": model_type, "num_attention_heads": 2, "hidden_act": "gelu",
        "layer_norm_eps": 1e-12, "pad_token_id": 1,
    });
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
    let vocabulary: serde_json::Map<_, _> = words
        .iter()
        .zip(0..)
        .map(|(word, id)| ((*word).to_owned(), json!(id)))
        .collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    });
    fs::write(directory.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}

fn load_directory(directory: &Path) -> Result<(Engine, Loaded), Failure> {
    let mut engine = Engine::start();
    let load = Load {
        kind: LoadKind::Embedding,
        ..load_of(directory, 512)
    };
    engine.load(&load).map(|loaded| (engine, loaded))
}

#[test]
fn other_encoders_load_from_their_directories() {
    for (model_type, prefix, positions) in [("bert", "", 12), ("xlm-roberta", "roberta.", 10)] {
        let directory = tempfile::tempdir().unwrap();
        write_encoder(directory.path(), model_type, prefix);
        let (mut engine, loaded) = load_directory(directory.path()).unwrap();
        assert_eq!(loaded.embedding_length, 16);
        assert_eq!(loaded.context_length, positions);
        let long = "hello ".repeat(20);
        let computed = embed(&mut engine, &["hello world", "other", "hello world", &long]);
        assert_eq!(computed.truncated_texts, 1);
        assert_eq!(computed.input_tokens, 2 + 1 + 2 + positions);
        assert!(dot(&computed.vectors[0], &computed.vectors[2]) > 0.9999);
        assert!(dot(&computed.vectors[0], &computed.vectors[1]) < 0.9999);
    }
}

#[test]
fn directories_that_hold_no_encoder_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let failure = load_directory(directory.path()).map(|_| ()).unwrap_err();
    assert_eq!(failure.code, codes::MODEL_UNSUPPORTED);
    assert!(failure.message.contains("config.json"), "{failure}");

    write_encoder(directory.path(), "bert", "");
    let weights = directory.path().join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    let mut hostile = u64::MAX.to_le_bytes().to_vec();
    hostile.extend(&whole[8..]);
    for broken in [&whole[..whole.len() / 2], &hostile[..], b""] {
        fs::write(&weights, broken).unwrap();
        let failure = load_directory(directory.path()).map(|_| ()).unwrap_err();
        assert_eq!(failure.code, codes::MODEL_LOAD_FAILED);
    }
    write_encoder(directory.path(), "gpt2", "");
    let failure = load_directory(directory.path()).map(|_| ()).unwrap_err();
    assert!(
        failure.message.contains("not of the BERT family"),
        "{failure}"
    );
}
