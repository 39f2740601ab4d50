//! Runs and answers as data.

use guildhall_kernel::{
    Error, OrgId, PersonId, PlaygroundAnswerId, PlaygroundRunId, PromptTemplateId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{prompts::Values, ratings::Rating};

/// One prompt answered by several models.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlaygroundRun {
    pub id: PlaygroundRunId,
    /// Display name of who asked.
    pub by: String,
    /// Whether it is the caller's own.
    pub is_own: bool,
    /// SHA-256 of the messages as sent: the same prompt has the same hash.
    pub prompt_sha256: String,
    /// For its owner only.
    #[schema(required)]
    pub prompt: Option<PlaygroundPrompt>,
    /// Whether the models answered one after the other.
    pub in_turn: bool,
    #[schema(required)]
    pub best_answer_id: Option<PlaygroundAnswerId>,
    pub created_at: Timestamp,
    /// One per column, in order.
    pub answers: Vec<PlaygroundAnswer>,
}

/// A run in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlaygroundRunSummary {
    pub id: PlaygroundRunId,
    /// Display name of who asked.
    pub by: String,
    /// Whether it is the caller's own.
    pub is_own: bool,
    pub prompt_sha256: String,
    /// The beginning of the prompt, for its owner only.
    #[schema(required)]
    pub excerpt: Option<String>,
    /// One per column, in order.
    pub models: Vec<String>,
    #[schema(required)]
    pub best_model: Option<String>,
    pub is_running: bool,
    pub created_at: Timestamp,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlaygroundPrompt {
    /// Instructions; may be empty.
    pub system: String,
    /// As sent, oldest first; the last one is the person's.
    pub messages: Vec<PlaygroundMessage>,
    /// The template the last message came from.
    #[schema(required)]
    pub template: Option<UsedTemplate>,
}

impl PlaygroundPrompt {
    /// The last message: what is answered.
    pub(super) fn asked(&self) -> &str {
        self.messages
            .last()
            .map_or("", |message| message.content.as_str())
    }
}

/// One message of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaygroundMessage {
    pub role: PlaygroundRole,
    pub content: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaygroundRole {
    User,
    Assistant,
}

/// A template and what it was filled in with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsedTemplate {
    pub id: PromptTemplateId,
    pub version: u32,
    pub values: Values,
}

/// How a model shall answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaygroundParameters)]
pub struct Parameters {
    /// 0 picks the likeliest token each time; at most 2. 0.7 when left out.
    #[serde(default = "Parameters::temperature")]
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: f32,
    /// Share of probability to sample from, above 0 and at most 1. 0.95 when left out.
    #[serde(default = "Parameters::top_p")]
    #[schema(exclusive_minimum = 0, maximum = 1)]
    pub top_p: f32,
    /// Longest answer in tokens, 1 to 4096. 512 when left out.
    #[serde(default = "Parameters::max_tokens")]
    #[schema(minimum = 1, maximum = 4096)]
    pub max_tokens: u32,
    /// With a seed, the same run on the same machine gives the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Texts that end the answer, at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 4)]
    pub stop: Vec<String>,
}

impl Parameters {
    fn temperature() -> f32 {
        0.7
    }

    fn top_p() -> f32 {
        0.95
    }

    fn max_tokens() -> u32 {
        512
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            temperature: Self::temperature(),
            top_p: Self::top_p(),
            max_tokens: Self::max_tokens(),
            seed: None,
            stop: Vec::new(),
        }
    }
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlaygroundAnswerState)]
pub enum AnswerState {
    /// Being written, or waiting for its turn.
    Running,
    /// Written to its end.
    Complete,
    /// Stopped by a person; the text so far stays.
    Stopped,
    /// Could not be written; `error` says why.
    Failed,
}

impl AnswerState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "running" => Self::Running,
            "complete" => Self::Complete,
            "stopped" => Self::Stopped,
            _ => Self::Failed,
        }
    }
}

/// One model's answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlaygroundAnswer {
    pub id: PlaygroundAnswerId,
    pub model: String,
    pub parameters: Parameters,
    pub state: AnswerState,
    /// For its owner only.
    #[schema(required)]
    pub text: Option<String>,
    pub figures: Figures,
    /// Whether it reached the longest length allowed.
    pub cut_off: bool,
    #[schema(required)]
    pub error: Option<AnswerError>,
    /// What the caller thought of it.
    #[schema(required)]
    pub rating: Option<Rating>,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlaygroundFigures)]
pub struct Figures {
    pub input_tokens: u32,
    pub output_tokens: u32,
    /// Input tokens that an earlier answer had computed already.
    pub cached_tokens: u32,
    /// Milliseconds in the queue of a model on this node, until its turn.
    pub queue_ms: u64,
    /// Milliseconds until the first piece of the answer, waiting included; `null` before it.
    #[schema(required)]
    pub first_token_ms: Option<u64>,
    /// Milliseconds until the end.
    pub total_ms: u64,
    /// Tokens written per second; `null` for fewer than two.
    #[schema(required)]
    pub tokens_per_second: Option<f64>,
    /// What the call cost, in millionths of a credit; `null` while it is not known.
    #[schema(required)]
    pub cost_micro_credits: Option<i64>,
}

/// Why an answer failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlaygroundError)]
pub struct AnswerError {
    pub code: String,
    pub message: String,
}

impl From<&Error> for AnswerError {
    fn from(error: &Error) -> Self {
        let shown = error.body("");
        Self {
            code: shown.error.code,
            message: shown.error.message,
        }
    }
}

/// What is stored beside an answer's text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub(super) figures: Figures,
    pub(super) cut_off: bool,
    pub(super) error: Option<AnswerError>,
}

/// A run as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredRun {
    pub(super) id: PlaygroundRunId,
    pub(super) person: PersonId,
    pub(super) prompt_sha256: String,
    pub(super) prompt: PlaygroundPrompt,
    pub(super) in_turn: bool,
    pub(super) best_answer: Option<PlaygroundAnswerId>,
    pub(super) created_at: Timestamp,
}

/// An answer as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredAnswer {
    pub(super) id: PlaygroundAnswerId,
    pub(super) organisation: OrgId,
    pub(super) run: PlaygroundRunId,
    /// Its column, from 0.
    pub(super) position: u32,
    pub(super) model: String,
    pub(super) parameters: Parameters,
    pub(super) state: AnswerState,
    pub(super) text: String,
    pub(super) facts: Facts,
}

impl StoredAnswer {
    /// The answer as its owner or somebody else sees it.
    pub(super) fn view(self, rating: Option<Rating>, is_own: bool) -> PlaygroundAnswer {
        PlaygroundAnswer {
            id: self.id,
            model: self.model,
            parameters: self.parameters,
            state: self.state,
            text: is_own.then_some(self.text),
            figures: self.facts.figures,
            cut_off: self.facts.cut_off,
            error: self.facts.error,
            rating,
        }
    }

    /// Whether it can be judged: it has ended, and with words.
    pub(super) fn is_rateable(&self) -> bool {
        let has_ended = matches!(self.state, AnswerState::Complete | AnswerState::Stopped);
        has_ended && !self.text.is_empty()
    }
}
