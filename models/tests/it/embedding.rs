use guildhall_engine_protocol::{
    EMBED_TEXTS_MAX, Embed, Embeddings, EngineMessage, FinishReason, NodeMessage, codes,
};

use crate::engine::{Engine, request, user};

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
fn an_embedding_model_writes_no_text() {
    let mut engine = Engine::with_minilm();
    let failure = engine
        .generate(request(1, vec![user("Hello")]))
        .unwrap_err();
    assert_eq!(failure.code, codes::WRONG_KIND);
}
