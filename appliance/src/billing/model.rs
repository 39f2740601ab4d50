//! A call of a model as data.

use guildhall_kernel::{
    ApiKeyId, MessageId, MicroCredits, OrgId, PersonId, Timestamp, UsageId, VeId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident else $fallback:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word that is stored, shown and used as a metric's label.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub(super) fn from_stored(text: &str) -> Self {
                match text { $($text => Self::$variant,)+ _ => Self::$fallback }
            }
        }
    };
}

words! {
    /// Through which door a model was called.
    CallKind else EmployeeChat {
        /// A message to an employee in a conversation.
        EmployeeChat = "employee_chat",
        /// `/v1/chat/completions`.
        Chat = "chat",
        /// `/v1/completions`.
        Completion = "completion",
        /// `/v1/responses`.
        Response = "response",
        /// `/v1/messages`.
        Message = "message",
        /// `/v1/embeddings`.
        Embedding = "embedding",
        /// A column of a playground run.
        Playground = "playground",
    }
}

words! {
    /// How a call ended.
    Outcome else Failed {
        /// It was answered to its end.
        Complete = "complete",
        /// Whoever asked stopped it or went away.
        Cancelled = "cancelled",
        /// It could not be answered; `error_code` says why.
        Failed = "failed",
    }
}

/// What one call took.
#[derive(Clone, Debug)]
pub struct Call {
    pub id: UsageId,
    pub organisation: OrgId,
    pub person: PersonId,
    /// The API key it came with; none from a browser.
    pub api_key: Option<ApiKeyId>,
    /// The employee who answered; none when a model was asked itself.
    pub ve: Option<VeId>,
    /// The message that was written, in conversations.
    pub message: Option<MessageId>,
    pub kind: CallKind,
    /// `generative`, `extractive` or `embedding`.
    pub mode: &'static str,
    pub model: String,
    /// Who ran the model; none when this node did.
    pub provider: Option<String>,
    pub outcome: Outcome,
    /// Stable code of the failure.
    pub error_code: Option<String>,
    /// Tokens read; words for extractive answers.
    pub input_tokens: u32,
    /// Tokens written; words for extractive answers.
    pub output_tokens: u32,
    /// The part of `input_tokens` that earlier calls had computed already.
    pub cached_tokens: u32,
    /// Milliseconds in the queue of a model on this node, until the call's turn; 0 where nothing queues: a
    /// provider, quotations, embeddings.
    pub queue_ms: u64,
    /// Milliseconds from the call to the first piece of the answer; 0 when there was none.
    pub first_token_ms: u64,
    /// Milliseconds in which the model wrote; 0 where nothing is written token by token.
    pub decode_ms: u64,
    /// Milliseconds from the call to its end.
    pub latency_ms: u64,
    /// What it costs; 0 for models of this node.
    pub cost: MicroCredits,
    /// When the call came.
    pub created_at: Timestamp,
}

/// Tokens per second over a span, when something was written in it.
pub(super) fn tokens_per_second(output_tokens: u64, decode_ms: u64) -> Option<f64> {
    // Both are far below 2^52, so the conversion is exact.
    #[allow(clippy::cast_precision_loss)]
    let rate = (output_tokens * 1000) as f64 / decode_ms as f64;
    (decode_ms > 0 && output_tokens > 0).then_some(rate)
}
