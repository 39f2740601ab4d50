//! The written question sets behind `docs/retrieval.md`.

pub mod questions;
