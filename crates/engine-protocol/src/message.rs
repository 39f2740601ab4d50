//! The messages themselves: JSON objects with a `type`.

use serde::{Deserialize, Serialize};

use crate::generate::{Generate, Input, TokenLogprob, ToolCall};

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
    /// The JSON schema or grammar of the request cannot be compiled.
    pub const CONSTRAINT_INVALID: &str = "constraint_invalid";
    /// The request names a LoRA adapter that is not loaded.
    pub const UNKNOWN_ADAPTER: &str = "unknown_adapter";
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
    /// Say how many tokens a prompt has.
    CountTokens(CountTokens),
    /// Say that the computing thread still turns; answered between two steps.
    Ping {
        /// Comes back in [`EngineMessage::Pong`].
        ping_id: u64,
    },
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
        /// Empty only when it carries log probabilities alone.
        text: String,
        /// The tokens behind the text, when the request asked for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        logprobs: Vec<TokenLogprob>,
    },
    /// The model calls a tool; whole and valid JSON. Its text is in no `Token`.
    ToolCall {
        /// The request it belongs to.
        request_id: u64,
        /// The call.
        call: ToolCall,
    },
    /// A generation ended.
    Done(Done),
    /// The vectors of an [`Embed`] request.
    Embeddings(Embeddings),
    /// The answer to [`NodeMessage::CountTokens`].
    TokenCount {
        /// The request it belongs to.
        request_id: u64,
        /// Tokens of the prompt, with the chat template around it.
        input_tokens: u32,
    },
    /// The answer to [`NodeMessage::Ping`].
    Pong {
        /// The one of the ping.
        ping_id: u64,
        /// What the engine is doing.
        status: EngineStatus,
    },
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
    /// Absolute path of a GGUF file; for embeddings also of a directory with `config.json`,
    /// `tokenizer.json` and `model.safetensors` of the BERT family, or
    /// [`BUILTIN_MINILM`](crate::BUILTIN_MINILM).
    pub model_path: String,
    /// What the model is for.
    pub kind: LoadKind,
    /// Upper bound of one conversation in tokens; the model's own limit still applies.
    pub context_length: u32,
    /// Compute threads; the engine uses no more than the machine has cores.
    pub threads: u32,
    /// How it serves many people at once.
    #[serde(default)]
    pub serving: Serving,
    /// LoRA adapters that requests may name, loaded with the model.
    #[serde(default)]
    pub adapters: Vec<Adapter>,
}

/// How a generative model serves many people at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Conversations computed at the same time, 1 to [`SEQUENCES_MAX`](crate::SEQUENCES_MAX).
    pub sequences: u32,
    /// Tokens that all of them together may hold in the key-value cache; 0 takes what one
    /// conversation of full length needs. Never less than that.
    pub cache_tokens: u32,
    /// Numbers of the key-value cache.
    pub cache_type: CacheType,
    /// Layers computed on a GPU, where the engine is built with a GPU back-end.
    pub gpu_layers: u32,
    /// Directory where computed prefixes (system prompts) are kept from one start to the next.
    pub prefix_dir: Option<String>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            sequences: 1,
            cache_tokens: 0,
            cache_type: CacheType::F16,
            gpu_layers: 0,
            prefix_dir: None,
        }
    }
}

/// Numbers of the key-value cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheType {
    /// 16-bit floats.
    #[default]
    F16,
    /// 8-bit blocks: half the memory, and the answers are hardly worse.
    Q8,
}

/// A LoRA adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// What requests call it.
    pub name: String,
    /// Absolute path of its GGUF file.
    pub path: String,
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
    /// Conversations computed at the same time.
    #[serde(default)]
    pub sequences: u32,
    /// Tokens that all of them together may hold.
    #[serde(default)]
    pub cache_tokens: u32,
    /// Whether the model's own chat template knows tools.
    #[serde(default)]
    pub has_tool_template: bool,
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
    /// How many tokens of the prompt an earlier request had computed already.
    #[serde(default)]
    pub cached_tokens: u32,
    /// Time between the request's arrival and its first prefill step.
    #[serde(default)]
    pub wait_ms: u64,
    /// Tokens guessed ahead, and how many of them the model agreed with.
    #[serde(default)]
    pub drafted_tokens: u32,
    /// See `drafted_tokens`.
    #[serde(default)]
    pub accepted_tokens: u32,
    /// The stop text that ended the answer; `None` when something else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_text: Option<String>,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its answer, or wrote a stop text.
    Stop,
    /// `max_tokens` or the end of the context was reached.
    Length,
    /// The model called a tool and waits for its result.
    ToolCalls,
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
    /// Tokens of all texts together.
    #[serde(default)]
    pub input_tokens: u32,
}

/// A prompt whose tokens are to be counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountTokens {
    /// Chosen by the node, unique among its open requests.
    pub request_id: u64,
    /// The prompt.
    pub input: Input,
}

/// What an engine is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Conversations being computed.
    pub active: u32,
    /// Requests that wait inside the engine.
    pub waiting: u32,
    /// Tokens in the key-value cache, those kept for later prompts included.
    pub cache_tokens_used: u32,
    /// Tokens the key-value cache holds at most.
    pub cache_tokens: u32,
    /// Computing steps since the model was loaded.
    #[serde(default)]
    pub steps: u64,
    /// How many of them took longer than 100 ms while an answer was being written.
    #[serde(default)]
    pub slow_steps: u64,
    /// Compute threads in use: fewer than were loaded with while other programs want their cores; 0 for models that do not say.
    #[serde(default)]
    pub threads: u32,
}
