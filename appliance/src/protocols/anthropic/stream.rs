//! `/v1/messages` as a stream of named events.

use guildhall_engine_protocol::ToolCall;
use guildhall_kernel::Result;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    super::{
        call::{Finish, Head, Piece},
        problem::Problem,
        stream::{Events, Writer},
    },
    output::{MessageObject, MessageUsage, stop_reason},
};

/// Writes events.
pub(super) struct EventWriter {
    /// The block that words go into, when one is open.
    open: Option<usize>,
    blocks: usize,
    finish: Finish,
    stop_sequence: Option<String>,
}

/// The next words, by far the most frequent event.
#[derive(Serialize, ToSchema)]
#[schema(as = MessagesTextDelta)]
pub(super) struct TextDelta<'a> {
    r#type: &'static str,
    index: usize,
    delta: Delta<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MessagesDelta)]
struct Delta<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl EventWriter {
    pub(super) fn new() -> Self {
        Self {
            open: None,
            blocks: 0,
            finish: Finish::Stop,
            stop_sequence: None,
        }
    }

    fn start(&mut self, block: serde_json::Value, out: &mut Events) -> Result<usize> {
        let index = self.blocks;
        self.blocks += 1;
        let name = "content_block_start";
        out.named(
            name,
            &json!({ "type": name, "index": index, "content_block": block }),
        )?;
        Ok(index)
    }

    fn stop(index: usize, out: &mut Events) -> Result<()> {
        let name = "content_block_stop";
        out.named(name, &json!({ "type": name, "index": index }))
    }

    fn close(&mut self, out: &mut Events) -> Result<()> {
        self.open
            .take()
            .map_or(Ok(()), |index| Self::stop(index, out))
    }

    fn text(&mut self, text: &str, out: &mut Events) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let index = match self.open {
            Some(index) => index,
            None => self.start(json!({ "type": "text", "text": "" }), out)?,
        };
        self.open = Some(index);
        let delta = TextDelta {
            r#type: "content_block_delta",
            index,
            delta: Delta {
                r#type: "text_delta",
                text,
            },
        };
        out.named("content_block_delta", &delta)
    }

    fn tool_call(&mut self, call: &ToolCall, out: &mut Events) -> Result<()> {
        self.close(out)?;
        let block = json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} });
        let index = self.start(block, out)?;
        let name = "content_block_delta";
        let delta = json!({ "type": "input_json_delta", "partial_json": call.arguments });
        out.named(
            name,
            &json!({ "type": name, "index": index, "delta": delta }),
        )?;
        Self::stop(index, out)
    }
}

impl Writer for EventWriter {
    fn begin(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        let name = "message_start";
        let message = MessageObject::begun(head);
        out.named(name, &json!({ "type": name, "message": message }))?;
        out.named("ping", &json!({ "type": "ping" }))
    }

    fn piece(&mut self, _: &Head, (_, piece): (usize, Piece), out: &mut Events) -> Result<()> {
        match piece {
            Piece::Begun => Ok(()),
            Piece::Text { text, .. } => self.text(&text, out),
            Piece::ToolCall(call) => self.tool_call(&call, out),
            Piece::End(finish, stop_text) => {
                self.finish = finish;
                self.stop_sequence = stop_text;
                Ok(())
            }
        }
    }

    fn end(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        self.close(out)?;
        let usage: MessageUsage = head.used.into();
        let name = "message_delta";
        let stop_sequence = self.stop_sequence.as_deref();
        let reason = stop_reason(self.finish, stop_sequence);
        let delta = json!({ "stop_reason": reason, "stop_sequence": stop_sequence });
        out.named(
            name,
            &json!({ "type": name, "delta": delta, "usage": usage }),
        )?;
        out.named("message_stop", &json!({ "type": "message_stop" }))
    }

    fn fail(&mut self, problem: &Problem, out: &mut Events) -> Result<()> {
        out.named("error", &problem.anthropic())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_and_calls_are_blocks_of_their_own() {
        let (mut writer, mut out) = (EventWriter::new(), Events::default());
        let head = Head::default();
        let text = Piece::Text {
            text: "Let me look.".to_owned(),
            logprobs: Vec::new(),
        };
        let call = ToolCall {
            id: "call_1".to_owned(),
            name: "f".to_owned(),
            arguments: r#"{"a":1}"#.to_owned(),
        };
        for piece in [
            text,
            Piece::ToolCall(call),
            Piece::End(Finish::ToolCalls, None),
        ] {
            writer.piece(&head, (0, piece), &mut out).unwrap();
        }
        writer.end(&head, &mut out).unwrap();
        let data: Vec<serde_json::Value> = out
            .written()
            .iter()
            .map(|(_, data)| serde_json::from_str(data).unwrap())
            .collect();
        let shown: Vec<(&str, Option<u64>)> = data
            .iter()
            .map(|event| (event["type"].as_str().unwrap(), event["index"].as_u64()))
            .collect();
        assert_eq!(
            shown,
            [
                ("content_block_start", Some(0)),
                ("content_block_delta", Some(0)),
                ("content_block_stop", Some(0)),
                ("content_block_start", Some(1)),
                ("content_block_delta", Some(1)),
                ("content_block_stop", Some(1)),
                ("message_delta", None),
                ("message_stop", None),
            ]
        );
        assert_eq!(data[3]["content_block"]["name"], "f");
        assert_eq!(data[4]["delta"]["partial_json"], r#"{"a":1}"#);
        assert_eq!(data[6]["delta"]["stop_reason"], "tool_use");
    }
}
