//! Measures extractive answering with the node's own engine on the written question sets.
//!
//! `cargo run --example eval_retrieval` prints the tables of `docs/retrieval.md`. `--signals` prints
//! one line per question with what the confidence model saw, `--answers` every answer in full;
//! with `--fit` only the half that weights may be fitted on is looked at.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../../tests/it/retrieval/engine.rs"]
mod engine;
mod measure;
#[path = "../../tests/it/retrieval/questions.rs"]
mod questions;
mod report;

use std::{collections::HashMap, path::Path, time::Instant};

use engine::Engine;
use questions::Half;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let agents = questions::agents(&root.join("catalog"));
    let mut documents = questions::documents(&root.join("tests/it/retrieval/documents.yaml"));
    let mut asked = agents.iter().collect::<Vec<_>>();
    if has("--fit") {
        asked.retain(|agent| agent.half == Half::Fit);
        documents.retain(|document| document.half == Half::Fit);
    }
    let mut memory = Memory::new();
    let mut embed = |texts: Vec<String>| memory.embed(texts);
    let mut outcomes = measure::handbooks(&asked, &mut embed);
    outcomes.extend(measure::documents(&agents, &documents, &mut embed));
    if has("--signals") {
        print!("{}", report::signals(&outcomes));
    } else if has("--answers") {
        print!("{}", report::answers(&outcomes));
    } else {
        print!("{}", report::tables(&outcomes));
        let per_second = memory.vectors.len() as f64 / memory.seconds;
        println!(
            "{} texts embedded, {per_second:.0} per second.",
            memory.vectors.len()
        );
    }
}

/// The engine with the vectors it computed, so that a handbook is embedded once.
struct Memory {
    engine: Engine,
    vectors: HashMap<String, Vec<f32>>,
    seconds: f64,
}

impl Memory {
    fn new() -> Self {
        let engine = Engine::start();
        // The engine loads its model with the first text; that is not part of embedding.
        engine.embed(vec!["ready".to_owned()]);
        Self {
            engine,
            vectors: HashMap::new(),
            seconds: 0.0,
        }
    }

    fn embed(&mut self, texts: Vec<String>) -> Vec<Vec<f32>> {
        let mut missing: Vec<String> = texts.clone();
        missing.retain(|text| !self.vectors.contains_key(text));
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let started = Instant::now();
            let vectors = self.engine.embed(missing.clone());
            self.seconds += started.elapsed().as_secs_f64();
            self.vectors.extend(missing.into_iter().zip(vectors));
        }
        texts
            .iter()
            .map(|text| self.vectors[text].clone())
            .collect()
    }
}
