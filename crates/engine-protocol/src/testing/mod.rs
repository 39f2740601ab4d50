//! Writes GGUF files for tests: [`GgufWriter`] any header, [`write_tiny_model`] a small model
//! with random weights that llama.cpp loads and runs.

mod tiny_model;
mod weights;
mod writer;

pub use tiny_model::{TINY_CONTEXT_LENGTH, TinyModel, write_tiny_model};
pub use writer::GgufWriter;
