//! Measures extractive answering with the node's own engine on the written question sets.
//!
//! `cargo run --example eval_retrieval` prints the tables of `docs/retrieval.md`; with `--signals`
//! it prints one line per question with what the confidence model saw, and with `--answers` every
//! answer in full.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

#[path = "../../tests/it/retrieval/engine.rs"]
mod engine;
mod measure;
#[path = "../../tests/it/retrieval/questions.rs"]
mod questions;
mod report;

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let agents = questions::agents(&root.join("catalog"));
    let documents = questions::documents(&root.join("tests/it/retrieval/documents.yaml"));
    let mut engine = engine::Engine::start();
    let mut embed = |texts: Vec<String>| engine.embed(texts);
    let mut outcomes = measure::handbooks(&agents, &mut embed);
    outcomes.extend(measure::documents(&agents, &documents, &mut embed));
    match std::env::args().nth(1).as_deref() {
        Some("--signals") => print!("{}", report::signals(&outcomes)),
        Some("--answers") => print!("{}", report::answers(&outcomes)),
        _ => print!("{}", report::tables(&outcomes)),
    }
}
