//! What the node and an engine process say to each other, and what both need to know of a
//! model file before llama.cpp sees it.
//!
//! The node starts `guildhall-engine` with one end of a Unix socket pair as its standard
//! input. Both sides then exchange frames ([`frame`]): [`NodeMessage`] towards the engine,
//! [`EngineMessage`] back. One engine process serves one model.
//!
//! # Conversation
//! 1. The node sends [`NodeMessage::Load`]; the engine answers [`EngineMessage::Loaded`] or
//!    [`EngineMessage::LoadFailed`]. After a refusal by the engine's own checks another `Load`
//!    may be tried; once llama.cpp or candle have seen a file, the process is confined to it, and
//!    another model needs another engine ([`codes::MODEL_UNREADABLE`] says so).
//! 2. Each [`NodeMessage::Generate`] is answered by `Started`, any number of `Token` and
//!    `ToolCall`, and one `Done`; or by one `RequestFailed`, at any point. Each
//!    [`NodeMessage::Embed`] is answered by one `Embeddings` or `RequestFailed`, each
//!    [`NodeMessage::CountTokens`] by one `TokenCount` or `RequestFailed`.
//! 3. [`NodeMessage::Cancel`] ends a request with `Done` and [`FinishReason::Cancelled`], also
//!    when it was still waiting (then without `Started`). A request that has already ended is
//!    not answered twice.
//! 4. [`NodeMessage::Ping`] is answered by the computing thread: silence means that it hangs.
//! 5. [`NodeMessage::Shutdown`], or closing the socket, ends the process.
//!
//! As many generations are computed together as [`Serving::sequences`] says, their messages
//! interleaved; [`QUEUE_MAX`] more may wait.
//!
//! With feature `tokio`, frames go over asynchronous streams too. With feature `testing`,
//! [`testing`] writes small random models for tests.

pub mod frame;
mod generate;
pub mod gguf;
mod message;
#[cfg(feature = "testing")]
pub mod testing;

pub use generate::{
    Chat, ChatMessage, ChatRole, Constraint, Generate, Input, OnOverflow, Prompt, Sampling,
    TokenLogprob, Tool, ToolCall, ToolChoice, TopLogprob,
};
pub use message::{
    Adapter, CacheType, CountTokens, Done, Embed, Embeddings, EngineMessage, EngineStatus, Failure,
    FinishReason, Load, LoadKind, Loaded, NodeMessage, Serving, Started, codes,
};

/// Version of the messages. The engine refuses a [`Load`] that names another.
pub const PROTOCOL_VERSION: u32 = 2;

/// How many requests wait inside an engine before it answers [`codes::ENGINE_BUSY`].
pub const QUEUE_MAX: usize = 64;

/// Most conversations that an engine computes at the same time.
pub const SEQUENCES_MAX: u32 = 64;

/// How many texts one [`Embed`] may carry, so that its answer fits a frame.
pub const EMBED_TEXTS_MAX: usize = 1024;

/// The `model_path` that names the embedding model inside the engine binary.
pub const BUILTIN_MINILM: &str = "builtin:minilm";
