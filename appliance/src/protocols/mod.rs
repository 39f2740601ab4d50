//! Foreign protocols at the node's edge: OpenAI's and Anthropic's programming interfaces under `/v1`.
//!
//! Invariants: an answer has the shape its protocol's own clients expect, refusals and broken streams
//! included; a caller who goes away stops the work; every call that reached a model is metered. Unlike
//! under `/api`, unknown fields are ignored: clients of these protocols send what newer servers know.
//! Deliberately absent: anything stored for the caller (conversations, files, batches), and every part of
//! a protocol that could only be pretended: such a request is refused with the reason.

mod anthropic;
mod ask;
mod call;
mod count;
mod haste;
mod metered;
mod openai;
mod piece;
mod problem;
mod reply;
mod stream;
mod target;
mod text;

use std::time::Duration;

use utoipa_axum::router::OpenApiRouter;

pub use problem::{Shape, declare_errors};

use crate::app::App;

/// Most bytes of a request: long prompts and many texts to embed, as JSON.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A caller waits this long at most for an answer to begin, or for a whole one.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(1800);

/// Every route of the foreign protocols.
pub fn router() -> OpenApiRouter<App> {
    openai::router()
        .merge(anthropic::router())
        .layer(guildhall_web::limits::body_limit(BODY_BYTES_MAX))
}
