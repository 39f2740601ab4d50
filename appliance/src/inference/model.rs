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
    /// Changes how another model writes (LoRA); it runs inside that model's engine.
    Adapter,
}

impl ModelKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Generative => "generative",
            Self::Embedding => "embedding",
            Self::Adapter => "adapter",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "embedding" => Self::Embedding,
            "adapter" => Self::Adapter,
            _ => Self::Generative,
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
    /// The last lines its process wrote, when it stopped by itself.
    #[schema(required)]
    pub last_words: Option<String>,
}

/// How fast a model is on this machine, from a short run after its first load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Probe {
    /// Tokens read per second.
    pub prefill_tokens_per_second: f64,
    /// Tokens written per second, one conversation alone.
    pub decode_tokens_per_second: f64,
    pub at: Timestamp,
}

/// Who accepted a model's licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// A person's id, or `operator`.
    pub by: String,
    pub at: Timestamp,
}

/// A model as stored.
#[derive(Clone, Debug, PartialEq)]
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
    /// Stays in memory once it is there.
    pub pinned: bool,
    pub has_chat_template: bool,
    /// Whether the chat template knows tools.
    pub has_tool_template: bool,
    pub acceptance: Option<Acceptance>,
    pub probe: Option<Probe>,
    /// The model an adapter belongs to, by name.
    pub base_model: Option<String>,
}

impl ModelRow {
    /// Whether it may run: what ships with the node may, what was brought needs its licence accepted.
    pub(super) fn is_accepted(&self) -> bool {
        self.built_in || self.acceptance.is_some()
    }
}

/// Whether a model fits this machine.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MemoryVerdict)]
pub struct Verdict {
    pub fits: bool,
    /// Memory it takes: as it would be loaded, or the least that works when that does not fit.
    pub needs_bytes: u64,
    /// Memory that models may take here.
    pub budget_bytes: u64,
    /// Tokens it would read at once; 0 when it does not fit.
    pub context_length: u32,
    /// Conversations it would compute at the same time; 0 when it does not fit.
    pub sequences: u32,
    /// Tokens written per second: measured, or estimated from a model that was; `null` when none was.
    #[schema(required)]
    pub tokens_per_second: Option<f64>,
    /// One sentence for people.
    pub sentence: String,
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
    /// Whether it stays in memory once it is there.
    pub pinned: bool,
    /// Names that lead to it, such as `default`.
    pub aliases: Vec<String>,
    pub has_chat_template: bool,
    /// Whether its own chat template knows tools; it can call tools without, by grammar.
    pub has_tool_template: bool,
    /// When its licence was accepted; it runs only then. Always `null` for what ships with the node.
    #[schema(required)]
    pub licence_accepted_at: Option<Timestamp>,
    /// Whether it waits for somebody to accept its licence.
    pub needs_acceptance: bool,
    #[schema(required)]
    pub speed: Option<Probe>,
    /// Whether it fits; `null` for an adapter, and where the file cannot be read.
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// The model an adapter belongs to.
    #[schema(required)]
    pub base_model: Option<String>,
    /// Answers being written.
    pub running: u32,
    /// Requests that wait for it.
    pub waiting: u32,
    /// What its engine said when it was loaded, one sentence each.
    pub notes: Vec<String>,
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
    /// The model that it is an adapter of; `null` for a model.
    #[schema(required)]
    pub base: Option<String>,
}

/// What reading a model file again came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelVerified)]
pub struct Verified {
    pub name: String,
    /// `ok`, `changed`, `missing` or `carried by the engine`.
    pub result: &'static str,
}
