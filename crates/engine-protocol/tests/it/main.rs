//! Tests of the protocol between node and engine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod allocation;
mod frame;
mod gguf;
mod gguf_properties;
