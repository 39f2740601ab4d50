//! A response as it is shown, finished or under way.

use guildhall_engine_protocol::{TokenLogprob, ToolCall};
use guildhall_kernel::Result;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        call::{Call, Finish, Head, Piece},
        metered::Used,
    },
    wire::TokenScore,
};

/// What of the request the answer repeats.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesEchoed)]
pub(super) struct Echoed {
    #[schema(required)]
    pub(super) instructions: Option<String>,
    #[schema(required)]
    pub(super) max_output_tokens: Option<i64>,
    pub(super) metadata: Value,
    pub(super) parallel_tool_calls: bool,
    #[schema(required)]
    pub(super) temperature: Option<f32>,
    #[schema(required)]
    pub(super) top_p: Option<f32>,
    pub(super) top_logprobs: u32,
    pub(super) tool_choice: Value,
    pub(super) tools: Vec<Value>,
    pub(super) text: Value,
    pub(super) truncation: String,
}

/// A response.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesResponse)]
pub(super) struct ResponseObject {
    id: String,
    object: &'static str,
    created_at: i64,
    status: &'static str,
    model: String,
    output: Vec<OutputItem>,
    #[schema(required)]
    pub(super) error: Option<ResponseError>,
    #[schema(required)]
    incomplete_details: Option<Incomplete>,
    #[schema(required)]
    usage: Option<ResponseUsage>,
    /// Nothing is stored.
    store: bool,
    background: bool,
    #[schema(required)]
    previous_response_id: Option<String>,
    #[serde(flatten)]
    echoed: Echoed,
}

/// Why it broke off.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesError)]
pub(super) struct ResponseError {
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesIncomplete)]
struct Incomplete {
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesUsage)]
struct ResponseUsage {
    input_tokens: u32,
    input_tokens_details: InputDetails,
    output_tokens: u32,
    output_tokens_details: OutputDetails,
    total_tokens: u32,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesInputDetails)]
struct InputDetails {
    /// Tokens that an earlier call had computed already.
    cached_tokens: u32,
    cache_write_tokens: u32,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesOutputDetails)]
struct OutputDetails {
    reasoning_tokens: u32,
}

impl From<Used> for ResponseUsage {
    fn from(used: Used) -> Self {
        Self {
            input_tokens: used.input_tokens,
            input_tokens_details: InputDetails {
                cached_tokens: used.cached_tokens,
                cache_write_tokens: 0,
            },
            output_tokens: used.output_tokens,
            output_tokens_details: OutputDetails {
                reasoning_tokens: 0,
            },
            total_tokens: used.input_tokens.saturating_add(used.output_tokens),
        }
    }
}

/// One item of the answer: words, or a function to call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = ResponsesOutputItem)]
pub(super) enum OutputItem {
    Message {
        id: String,
        status: &'static str,
        role: &'static str,
        content: Vec<OutputText>,
    },
    FunctionCall {
        id: String,
        status: &'static str,
        call_id: String,
        name: String,
        arguments: String,
    },
}

/// Words of the answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResponsesOutputText)]
pub(super) struct OutputText {
    r#type: &'static str,
    pub(super) text: String,
    annotations: Vec<Value>,
    pub(super) logprobs: Vec<TokenScore>,
}

impl OutputText {
    pub(super) fn empty() -> Self {
        Self {
            r#type: "output_text",
            text: String::new(),
            annotations: Vec::new(),
            logprobs: Vec::new(),
        }
    }
}

impl OutputItem {
    pub(super) fn message(id: String) -> Self {
        Self::Message {
            id,
            status: "in_progress",
            role: "assistant",
            content: Vec::new(),
        }
    }

    pub(super) fn call(id: String, call: ToolCall) -> Self {
        Self::FunctionCall {
            id,
            status: "completed",
            call_id: call.id,
            name: call.name,
            arguments: call.arguments,
        }
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Message { id, .. } | Self::FunctionCall { id, .. } => id,
        }
    }

    /// Adds words to a message; its text so far.
    pub(super) fn push(&mut self, text: &str, logprobs: Vec<TokenLogprob>) {
        let Self::Message { content, .. } = self else {
            return;
        };
        if content.is_empty() {
            content.push(OutputText::empty());
        }
        if let Some(part) = content.last_mut() {
            part.text.push_str(text);
            part.logprobs
                .extend(logprobs.into_iter().map(TokenScore::from));
        }
    }

    pub(super) fn close(&mut self, status: &'static str) {
        match self {
            Self::Message { status: old, .. } | Self::FunctionCall { status: old, .. } => {
                *old = status
            }
        }
    }

    pub(super) fn is_message(&self) -> bool {
        matches!(self, Self::Message { .. })
    }
}

impl ResponseObject {
    /// A response that has just begun.
    pub(super) fn begun(head: &Head, echoed: Echoed) -> Self {
        Self {
            id: format!("resp_{}", head.key),
            object: "response",
            created_at: head.created,
            status: "in_progress",
            model: head.model.clone(),
            output: Vec::new(),
            error: None,
            incomplete_details: None,
            usage: None,
            store: false,
            background: false,
            previous_response_id: None,
            echoed,
        }
    }

    /// The response once it has ended.
    pub(super) fn ended(&self, head: &Head, output: Vec<OutputItem>, finish: Finish) -> Self {
        let is_cut = finish == Finish::Length;
        Self {
            status: if is_cut { "incomplete" } else { "completed" },
            incomplete_details: is_cut.then_some(Incomplete {
                reason: "max_output_tokens",
            }),
            usage: Some(head.used.into()),
            output,
            ..self.clone()
        }
    }

    /// The response once it has broken off.
    pub(super) fn failed(&self, error: ResponseError) -> Self {
        Self {
            status: "failed",
            error: Some(error),
            ..self.clone()
        }
    }
}

/// Reads a call to its end.
///
/// # Errors
/// Those of the call.
pub(super) async fn whole(mut call: Call, echoed: Echoed) -> Result<ResponseObject> {
    let begun = ResponseObject::begun(call.head(), echoed);
    let mut output: Vec<OutputItem> = Vec::new();
    let mut finish = Finish::Stop;
    while let Some(next) = call.next().await {
        let (_, piece) = next?;
        match piece {
            Piece::Begun => {}
            Piece::Text { text, logprobs } => {
                if !output.last().is_some_and(OutputItem::is_message) {
                    output.push(OutputItem::message(item_id(
                        call.head(),
                        "msg",
                        output.len(),
                    )));
                }
                if let Some(message) = output.last_mut() {
                    message.push(&text, logprobs);
                }
            }
            Piece::ToolCall(called) => {
                output.push(OutputItem::call(
                    item_id(call.head(), "fc", output.len()),
                    called,
                ));
            }
            Piece::End(end, _) => finish = end,
        }
    }
    let status = if finish == Finish::Length {
        "incomplete"
    } else {
        "completed"
    };
    for item in output.iter_mut().filter(|item| item.is_message()) {
        item.close(status);
    }
    Ok(begun.ended(call.head(), output, finish))
}

/// The id of an item of the answer.
pub(super) fn item_id(head: &Head, kind: &str, place: usize) -> String {
    format!("{kind}_{}{place:02}", head.key)
}
