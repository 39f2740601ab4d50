//! What `/v1/messages` answers, whole.

use guildhall_engine_protocol::ToolCall;
use guildhall_kernel::Result;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{
    call::{Call, Finish, Head, Piece},
    metered::Used,
};

/// A finished answer.
#[derive(Serialize, ToSchema)]
#[schema(as = MessagesAnswer)]
pub(super) struct MessageObject {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: String,
    content: Vec<ContentBlock>,
    /// `end_turn`, `max_tokens`, `stop_sequence` or `tool_use`.
    #[schema(required)]
    stop_reason: Option<&'static str>,
    /// The one of `stop_sequences` that ended the answer.
    #[schema(required)]
    stop_sequence: Option<String>,
    usage: MessageUsage,
}

/// Words, or a tool to call.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = MessagesAnswerBlock)]
pub(super) enum ContentBlock {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
}

/// What the call took. The prompt's tokens are `input_tokens` and `cache_read_input_tokens` together.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = MessagesUsage)]
pub(super) struct MessageUsage {
    input_tokens: u32,
    cache_creation_input_tokens: u32,
    /// Tokens that an earlier call had computed already.
    cache_read_input_tokens: u32,
    output_tokens: u32,
}

impl From<Used> for MessageUsage {
    fn from(used: Used) -> Self {
        Self {
            input_tokens: used.input_tokens.saturating_sub(used.cached_tokens),
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: used.cached_tokens,
            output_tokens: used.output_tokens,
        }
    }
}

/// Why an answer ended, in Anthropic's words.
pub(super) fn stop_reason(finish: Finish, stop_sequence: Option<&str>) -> &'static str {
    match finish {
        Finish::Stop if stop_sequence.is_some() => "stop_sequence",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
    }
}

impl ContentBlock {
    pub(super) fn tool_use(call: ToolCall) -> Result<Self> {
        Ok(Self::ToolUse {
            input: serde_json::from_str(&call.arguments)?,
            id: call.id,
            name: call.name,
        })
    }
}

impl MessageObject {
    /// An answer that has just begun.
    pub(super) fn begun(head: &Head) -> Self {
        Self {
            id: format!("msg_{}", head.key),
            r#type: "message",
            role: "assistant",
            model: head.model.clone(),
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: head.used.into(),
        }
    }
}

/// Reads a call to its end.
///
/// # Errors
/// Those of the call.
pub(super) async fn whole(mut call: Call) -> Result<MessageObject> {
    let mut message = MessageObject::begun(call.head());
    while let Some(next) = call.next().await {
        let (_, piece) = next?;
        match piece {
            Piece::Begun => {}
            Piece::Text { text: more, .. } => match message.content.last_mut() {
                Some(ContentBlock::Text { text }) => text.push_str(&more),
                _ => message.content.push(ContentBlock::Text { text: more }),
            },
            Piece::ToolCall(called) => message.content.push(ContentBlock::tool_use(called)?),
            Piece::End(finish, stop_text) => {
                message.stop_reason = Some(stop_reason(finish, stop_text.as_deref()));
                message.stop_sequence = stop_text;
            }
        }
    }
    message.usage = call.head().used.into();
    Ok(message)
}
