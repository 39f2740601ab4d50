//! Models as data.

use guildhall_kernel::{ModelId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::AnswerMode;

/// Chooses the best way that is there.
pub const AUTO: &str = "auto";
/// Quotes sources instead of writing.
pub const EXTRACTIVE: &str = "extractive";

/// What a choice of model comes to right now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answering {
    pub mode: AnswerMode,
    /// The model's name; `extractive` when no model writes.
    pub model: String,
    /// One sentence for people.
    pub reason: String,
    /// Whether it answers without loading anything first.
    pub ready: bool,
    /// Tokens the model reads at once; nothing when no model writes.
    #[serde(skip)]
    pub context_length: Option<u32>,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Writes text.
    Generative,
    /// Turns text into vectors.
    Embedding,
}

impl ModelKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Generative => "generative",
            Self::Embedding => "embedding",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        if text == "embedding" {
            Self::Embedding
        } else {
            Self::Generative
        }
    }
}

/// Whether a model is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    Unloaded,
    Loading,
    Ready,
    Failed,
}

/// Why a model could not be loaded or stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelError {
    pub code: String,
    pub message: String,
}

/// A model as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRow {
    pub id: ModelId,
    pub name: String,
    pub title: String,
    pub kind: ModelKind,
    pub built_in: bool,
    pub file: String,
    pub sha256: String,
    pub size_bytes: u64,
    pub architecture: String,
    pub quantisation: String,
    pub parameters: u64,
    pub context_length: u32,
    pub license: Option<String>,
    pub suitable_for_auto: bool,
    pub imported_at: Timestamp,
}

/// A model as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Model {
    pub id: ModelId,
    /// What people choose and API callers send.
    pub name: String,
    pub title: String,
    pub kind: ModelKind,
    pub built_in: bool,
    pub architecture: String,
    pub quantisation: String,
    pub parameters: u64,
    /// Tokens it was trained to read at once.
    pub context_length: u32,
    pub size_bytes: u64,
    pub sha256: String,
    #[schema(required)]
    pub licence: Option<String>,
    pub state: ModelState,
    /// What it is doing, for people; `null` when the state says it all.
    #[schema(required)]
    pub state_detail: Option<String>,
    /// Bytes it takes in memory while it is loaded.
    #[schema(required)]
    pub memory_bytes: Option<u64>,
    #[schema(required)]
    pub loaded_at: Option<Timestamp>,
    /// Tokens written per second, measured over its last answer.
    #[schema(required)]
    pub tokens_per_second: Option<f64>,
    /// Active employees on the node that have chosen it by name.
    pub used_by: u32,
    /// Whether `auto` may choose it.
    pub suitable_for_auto: bool,
    pub imported_at: Timestamp,
    #[schema(required)]
    pub error: Option<ModelError>,
}

/// A model one may choose for an employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelChoice {
    /// What to send as `model`.
    pub model: String,
    pub title: String,
    pub mode: AnswerMode,
    /// Whether it can answer right now.
    pub available: bool,
    /// One sentence for people.
    pub note: String,
}

/// What reading a model file again came to.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    pub name: String,
    /// `ok`, `changed`, `missing` or `carried by the engine`.
    pub result: &'static str,
}
