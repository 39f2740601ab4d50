//! The messages themselves: JSON objects with a `type`.

use serde::{Deserialize, Serialize};

/// Stable codes of [`Failure`].
pub mod codes {
    /// The engine speaks another [`PROTOCOL_VERSION`](crate::PROTOCOL_VERSION).
    pub const PROTOCOL_MISMATCH: &str = "protocol_mismatch";
    /// A model is loaded already: one process serves one model.
    pub const ALREADY_LOADED: &str = "already_loaded";
    /// The model file cannot be opened.
    pub const MODEL_UNREADABLE: &str = "model_unreadable";
    /// The model file is no GGUF file, or its header breaks the format.
    pub const MODEL_CORRUPT: &str = "model_corrupt";
    /// The model file ends before its tensors do.
    pub const MODEL_TRUNCATED: &str = "model_truncated";
    /// A well-formed file of a kind that this engine cannot run.
    pub const MODEL_UNSUPPORTED: &str = "model_unsupported";
    /// The model needs more memory than is free.
    pub const MODEL_TOO_LARGE: &str = "model_too_large";
    /// llama.cpp or candle refused the model.
    pub const MODEL_LOAD_FAILED: &str = "model_load_failed";
    /// A request came before a model was loaded.
    pub const NO_MODEL: &str = "no_model";
    /// The loaded model is of the other kind (generative or embedding).
    pub const WRONG_KIND: &str = "wrong_kind";
    /// Too many requests wait already; try again later.
    pub const ENGINE_BUSY: &str = "engine_busy";
    /// A field of the request is outside its bounds.
    pub const INVALID_REQUEST: &str = "invalid_request";
    /// A single message exceeds the context, also with everything older left out.
    pub const PROMPT_TOO_LONG: &str = "prompt_too_long";
    /// The conversation exceeds the context and [`OnOverflow::Refuse`](crate::OnOverflow) was asked for.
    pub const CONTEXT_EXCEEDED: &str = "context_exceeded";
    /// The model's chat template could not be applied.
    pub const TEMPLATE_FAILED: &str = "template_failed";
    /// The model failed while computing.
    pub const INFERENCE_FAILED: &str = "inference_failed";
}

/// From the node to the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NodeMessage {
    /// Load the model of this process.
    Load(Load),
    /// Continue a conversation.
    Generate(Generate),
    /// Turn texts into vectors.
    Embed(Embed),
    /// Stop a running or waiting request.
    Cancel {
        /// The request to stop.
        request_id: u64,
    },
    /// Stop what runs and end the process.
    Shutdown,
}

/// From the engine to the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineMessage {
    /// The model is ready.
    Loaded(Loaded),
    /// The model could not be loaded.
    LoadFailed(Failure),
    /// A generation begins: its prompt is known, no token is computed yet.
    Started(Started),
    /// A piece of the answer, always whole UTF-8.
    Token {
        /// The request it belongs to.
        request_id: u64,
        /// Never empty.
        text: String,
    },
    /// A generation ended.
    Done(Done),
    /// The vectors of an [`Embed`] request.
    Embeddings(Embeddings),
    /// A request ended without its result.
    RequestFailed {
        /// The request that failed.
        request_id: u64,
        /// Why, and what to do.
        #[serde(flatten)]
        failure: Failure,
    },
}

/// Which model to load and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The sender's [`PROTOCOL_VERSION`](crate::PROTOCOL_VERSION).
    pub protocol_version: u32,
    /// Absolute path of a GGUF file, or [`BUILTIN_MINILM`](crate::BUILTIN_MINILM).
    pub model_path: String,
    /// What the model is for.
    pub kind: LoadKind,
    /// Upper bound of the context in tokens; the model's own limit still applies.
    pub context_length: u32,
    /// Compute threads; the engine uses no more than the machine has cores.
    pub threads: u32,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Writes text.
    Generative,
    /// Turns text into vectors.
    Embedding,
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Version of the engine binary.
    pub engine_version: String,
    /// Such as `llama` or `bert`.
    pub architecture: String,
    /// The model's own name, when its file gives one.
    pub name: Option<String>,
    /// Number of weights.
    pub parameters: u64,
    /// Tokens the loaded model reads at once, prompt and answer together.
    pub context_length: u32,
    /// Tokens the model was trained to read at once.
    pub context_length_trained: u32,
    /// Length of one embedding vector; for generative models the width of the network.
    pub embedding_length: u32,
    /// Such as `Q4_K_M` or `F16`.
    pub quantisation: String,
    /// Estimate of the memory in use: weights and context.
    pub memory_bytes: u64,
    /// Compute threads in use.
    pub threads: u32,
    /// Time it took to load.
    pub load_ms: u64,
    /// What a person should know, such as a missing chat template. One sentence each.
    pub notes: Vec<String>,
}

/// Why something failed: a stable code (see [`codes`]) and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One of [`codes`].
    pub code: String,
    /// Lower case, no final stop; names the thing and the way out.
    pub message: String,
}

impl Failure {
    /// Pairs a code with its sentence.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

/// A conversation to continue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// Chosen by the node, unique among its open requests.
    pub request_id: u64,
    /// Oldest first. The last one is what is answered and is never trimmed.
    pub messages: Vec<ChatMessage>,
    /// Upper bound of the answer in tokens, at least 1.
    pub max_tokens: u32,
    /// 0 picks the likeliest token each time; at most 2.
    pub temperature: f32,
    /// Share of probability to sample from, above 0 and at most 1 (1 switches it off).
    pub top_p: f32,
    /// Number of likeliest tokens to sample from; 0 switches it off.
    pub top_k: u32,
    /// With a seed, the answer depends on nothing but request, model, threads and machine: the
    /// engine then starts from an empty cache. Without one it picks its own.
    pub seed: Option<u32>,
    /// Texts that end the answer; they are not part of it. At most 16.
    #[serde(default)]
    pub stop: Vec<String>,
    /// What to do when the conversation does not fit.
    #[serde(default)]
    pub on_overflow: OnOverflow,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: ChatRole,
    /// What is said. Control tokens of the model in it are treated as plain text.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// Instructions; kept when older turns are trimmed.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl ChatRole {
    /// The name that chat templates use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What to do with a conversation that exceeds the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverflow {
    /// Leave out the oldest turns and say how many messages in [`Started`].
    #[default]
    TrimOldest,
    /// Fail with [`codes::CONTEXT_EXCEEDED`].
    Refuse,
}

/// How a generation starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The request it belongs to.
    pub request_id: u64,
    /// Tokens of the whole prompt.
    pub input_tokens: u32,
    /// How many of them an earlier request had computed already.
    pub cached_tokens: u32,
    /// How many of the oldest messages were left out to make room.
    pub trimmed_messages: u32,
}

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The request it belongs to.
    pub request_id: u64,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens of the whole prompt.
    pub input_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// Time spent on the prompt.
    pub prefill_ms: u64,
    /// Time spent on the answer.
    pub decode_ms: u64,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its answer, or wrote a stop text.
    Stop,
    /// `max_tokens` or the end of the context was reached.
    Length,
    /// The node cancelled it.
    Cancelled,
}

/// Texts to turn into vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embed {
    /// Chosen by the node, unique among its open requests.
    pub request_id: u64,
    /// At most [`EMBED_TEXTS_MAX`](crate::EMBED_TEXTS_MAX).
    pub texts: Vec<String>,
}

/// Vectors of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// The request it belongs to.
    pub request_id: u64,
    /// One per text, in the same order, each of length 1 (the dot product is the cosine).
    pub vectors: Vec<Vec<f32>>,
    /// How many texts were longer than the model reads, so that only their beginning counts.
    pub truncated_texts: u32,
    /// Time it took to compute.
    pub compute_ms: u64,
}
