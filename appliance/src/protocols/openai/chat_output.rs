//! What `/v1/chat/completions` answers: whole, or in chunks.

use guildhall_engine_protocol::ToolCall;
use guildhall_kernel::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        call::{Call, Finish, Head, Piece},
        problem::Problem,
        stream::{Events, Writer},
    },
    wire::{TokenScore, Usage, finish_reason},
};

/// A finished answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatCompletion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<ChatChoice>,
    usage: Usage,
}

#[derive(Serialize, ToSchema)]
struct ChatChoice {
    index: usize,
    message: AnswerMessage,
    #[schema(required)]
    logprobs: Option<ChatLogprobs>,
    finish_reason: &'static str,
}

#[derive(Default, Serialize, ToSchema)]
#[schema(as = ChatCompletionAnswer)]
struct AnswerMessage {
    role: &'static str,
    #[schema(required)]
    content: Option<String>,
    #[schema(required)]
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CalledTool>,
}

/// Tokens with their probabilities.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatCompletionLogprobs)]
struct ChatLogprobs {
    content: Vec<TokenScore>,
    #[schema(required)]
    refusal: Option<Vec<TokenScore>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChatCompletionToolCall)]
struct CalledTool {
    /// Its place among the answer's calls, in chunks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    id: String,
    r#type: &'static str,
    function: CalledFunctionOutput,
}

#[derive(Serialize, ToSchema)]
struct CalledFunctionOutput {
    name: String,
    arguments: String,
}

impl CalledTool {
    fn new(call: ToolCall, index: Option<usize>) -> Self {
        Self {
            index,
            id: call.id,
            r#type: "function",
            function: CalledFunctionOutput {
                name: call.name,
                arguments: call.arguments,
            },
        }
    }
}

/// Reads a call to its end.
///
/// # Errors
/// Those of the call.
pub(super) async fn whole(mut call: Call, has_logprobs: bool) -> Result<ChatCompletion> {
    let mut choices: Vec<ChatChoice> = Vec::new();
    while let Some(next) = call.next().await {
        let (index, piece) = next?;
        while choices.len() <= index {
            choices.push(ChatChoice::new(choices.len(), has_logprobs));
        }
        if let Some(choice) = choices.get_mut(index) {
            choice.take(piece);
        }
    }
    let head = call.head();
    Ok(ChatCompletion {
        id: format!("chatcmpl-{}", head.key),
        object: "chat.completion",
        created: head.created,
        usage: head.used.into(),
        model: head.model.clone(),
        choices,
    })
}

impl ChatChoice {
    fn new(index: usize, has_logprobs: bool) -> Self {
        Self {
            index,
            message: AnswerMessage {
                role: "assistant",
                ..AnswerMessage::default()
            },
            logprobs: has_logprobs.then(|| ChatLogprobs {
                content: Vec::new(),
                refusal: None,
            }),
            finish_reason: finish_reason(Finish::Stop),
        }
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Begun => {}
            Piece::Text { text, logprobs } => {
                self.message.content.get_or_insert_default().push_str(&text);
                if let Some(scores) = &mut self.logprobs {
                    scores
                        .content
                        .extend(logprobs.into_iter().map(TokenScore::from));
                }
            }
            Piece::ToolCall(call) => self.message.tool_calls.push(CalledTool::new(call, None)),
            Piece::End(finish, _) => {
                self.finish_reason = finish_reason(finish);
                if self.message.tool_calls.is_empty() {
                    // An answer of no words is an empty text; only calls stand alone.
                    self.message.content.get_or_insert_default();
                }
            }
        }
    }
}

/// One event of a stream.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatCompletionChunk)]
pub(super) struct Chunk {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<ChunkChoice>,
    /// With `include_usage`: what the call took in the last chunk, `null` in the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChatCompletionChunkChoice)]
struct ChunkChoice {
    index: usize,
    delta: Delta,
    #[schema(required)]
    logprobs: Option<ChatLogprobs>,
    #[schema(required)]
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize, ToSchema)]
#[schema(as = ChatCompletionDelta)]
struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CalledTool>,
}

/// Writes chunks.
pub(super) struct ChunkWriter {
    has_logprobs: bool,
    include_usage: bool,
    /// Calls of each answer so far.
    called: Vec<usize>,
}

impl ChunkWriter {
    pub(super) fn new(has_logprobs: bool, include_usage: bool) -> Self {
        Self {
            has_logprobs,
            include_usage,
            called: Vec::new(),
        }
    }

    fn chunk(&self, head: &Head, choices: Vec<ChunkChoice>) -> Chunk {
        Chunk {
            id: format!("chatcmpl-{}", head.key),
            object: "chat.completion.chunk",
            created: head.created,
            model: head.model.clone(),
            choices,
            usage: self.include_usage.then_some(None),
        }
    }

    fn next_call(&mut self, index: usize) -> usize {
        if self.called.len() <= index {
            self.called.resize(index + 1, 0);
        }
        match self.called.get_mut(index) {
            Some(count) => {
                *count += 1;
                *count - 1
            }
            None => 0,
        }
    }
}

impl Writer for ChunkWriter {
    fn begin(&mut self, _: &Head, _: &mut Events) -> Result<()> {
        Ok(())
    }

    fn piece(
        &mut self,
        head: &Head,
        (index, piece): (usize, Piece),
        out: &mut Events,
    ) -> Result<()> {
        let mut choice = ChunkChoice {
            index,
            delta: Delta::default(),
            logprobs: None,
            finish_reason: None,
        };
        match piece {
            Piece::Begun => {
                choice.delta.role = Some("assistant");
                choice.delta.content = Some(String::new());
            }
            Piece::Text { text, logprobs } => {
                choice.delta.content = Some(text);
                choice.logprobs = self.has_logprobs.then(|| ChatLogprobs {
                    content: logprobs.into_iter().map(TokenScore::from).collect(),
                    refusal: None,
                });
            }
            Piece::ToolCall(called) => {
                let place = self.next_call(index);
                choice.delta.tool_calls = vec![CalledTool::new(called, Some(place))];
            }
            Piece::End(finish, _) => choice.finish_reason = Some(finish_reason(finish)),
        }
        out.data(&self.chunk(head, vec![choice]))
    }

    fn end(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        if self.include_usage {
            let mut last = self.chunk(head, Vec::new());
            last.usage = Some(Some(head.used.into()));
            out.data(&last)?;
        }
        out.text("[DONE]");
        Ok(())
    }

    fn fail(&mut self, problem: &Problem, out: &mut Events) -> Result<()> {
        out.data(&problem.openai())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn tool_calls_come_numbered_and_whole() {
        let (mut writer, mut out) = (ChunkWriter::new(false, false), Events::default());
        let head = Head::default();
        let call = |id: &str| {
            Piece::ToolCall(ToolCall {
                id: id.to_owned(),
                name: "f".to_owned(),
                arguments: "{}".to_owned(),
            })
        };
        let pieces = [
            (0, call("a")),
            (0, call("b")),
            (1, call("c")),
            (0, Piece::End(Finish::ToolCalls, None)),
        ];
        for piece in pieces {
            writer.piece(&head, piece, &mut out).unwrap();
        }
        let written = out.written();
        let choices: Vec<Value> = written
            .iter()
            .map(|(_, data)| serde_json::from_str::<Value>(data).unwrap()["choices"][0].clone())
            .collect();
        let calls: Vec<Value> = choices
            .iter()
            .map(|choice| choice["delta"]["tool_calls"][0].clone())
            .collect();
        assert_eq!(
            calls[1],
            json!({ "index": 1, "id": "b", "type": "function",
                    "function": { "name": "f", "arguments": "{}" } })
        );
        assert_eq!(
            (&choices[2]["index"], &calls[2]["index"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(choices[3]["finish_reason"], "tool_calls");
    }

    #[test]
    fn a_broken_stream_says_so_in_openais_words() {
        let (mut writer, mut out) = (ChunkWriter::new(false, false), Events::default());
        let error = guildhall_kernel::Error::unavailable("engine_stopped", "it stopped", 2);
        writer
            .fail(&Problem::new(&error, "req_1"), &mut out)
            .unwrap();
        let written = out.written();
        assert!(
            written[0].1.contains(r#""code":"engine_stopped""#),
            "{written:?}"
        );
    }
}
