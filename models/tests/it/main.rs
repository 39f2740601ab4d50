//! Tests of the engine binary, spoken to over its socket as the node does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod command_line;
mod constrained;
mod cores;
mod embedding;
mod engine;
mod generation;
mod loading;
mod prefixes;
mod templates;
mod together;
mod tool_calls;
