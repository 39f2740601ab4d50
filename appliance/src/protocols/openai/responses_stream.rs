//! A response as a stream of numbered, named events.

use guildhall_engine_protocol::{TokenLogprob, ToolCall};
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
    responses_output::{Echoed, OutputItem, OutputText, ResponseError, ResponseObject, item_id},
    wire::TokenScore,
};

/// Writes events.
pub(super) struct EventWriter {
    response: ResponseObject,
    output: Vec<OutputItem>,
    /// Whether the last item still takes words.
    is_open: bool,
    finish: Finish,
    sequence: u64,
}

/// The next words, by far the most frequent event.
#[derive(Serialize, ToSchema)]
#[schema(as = ResponsesTextDelta)]
pub(super) struct TextDelta<'a> {
    r#type: &'static str,
    sequence_number: u64,
    item_id: &'a str,
    output_index: usize,
    content_index: usize,
    delta: &'a str,
    logprobs: Vec<TokenScore>,
}

impl EventWriter {
    pub(super) fn new(head: &Head, echoed: Echoed) -> Self {
        Self {
            response: ResponseObject::begun(head, echoed),
            output: Vec::new(),
            is_open: false,
            finish: Finish::Stop,
            sequence: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence - 1
    }

    fn of_response(
        &mut self,
        name: &'static str,
        response: &ResponseObject,
        out: &mut Events,
    ) -> Result<()> {
        let number = self.number();
        out.named(
            name,
            &json!({ "type": name, "sequence_number": number, "response": response }),
        )
    }

    fn of_item(&mut self, name: &'static str, out: &mut Events) -> Result<()> {
        let number = self.number();
        let index = self.output.len().saturating_sub(1);
        let event = json!({ "type": name, "sequence_number": number, "output_index": index,
                            "item": self.output.last() });
        out.named(name, &event)
    }

    /// An event of the last item's only part.
    fn of_part(
        &mut self,
        name: &'static str,
        more: serde_json::Value,
        out: &mut Events,
    ) -> Result<()> {
        let number = self.number();
        let index = self.output.len().saturating_sub(1);
        let id = self.output.last().map(OutputItem::id);
        let mut event = json!({ "type": name, "sequence_number": number, "item_id": id,
                                "output_index": index });
        if let (Some(event), serde_json::Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        out.named(name, &event)
    }

    fn open_message(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        let id = item_id(head, "msg", self.output.len());
        self.output.push(OutputItem::message(id));
        self.is_open = true;
        self.of_item("response.output_item.added", out)?;
        let part = json!({ "content_index": 0, "part": OutputText::empty() });
        self.of_part("response.content_part.added", part, out)
    }

    fn text(
        &mut self,
        head: &Head,
        (text, logprobs): (&str, Vec<TokenLogprob>),
        out: &mut Events,
    ) -> Result<()> {
        if !self.is_open {
            self.open_message(head, out)?;
        }
        let number = self.number();
        let index = self.output.len().saturating_sub(1);
        let Some(item) = self.output.last_mut() else {
            return Ok(());
        };
        let name = "response.output_text.delta";
        let delta = TextDelta {
            r#type: name,
            sequence_number: number,
            item_id: item.id(),
            output_index: index,
            content_index: 0,
            delta: text,
            logprobs: logprobs.iter().cloned().map(TokenScore::from).collect(),
        };
        out.named(name, &delta)?;
        item.push(text, logprobs);
        Ok(())
    }

    fn close_message(&mut self, status: &'static str, out: &mut Events) -> Result<()> {
        if !self.is_open {
            return Ok(());
        }
        self.is_open = false;
        let Some(item) = self.output.last_mut() else {
            return Ok(());
        };
        item.close(status);
        let OutputItem::Message { content, .. } = item else {
            return Ok(());
        };
        let part = content.first().cloned().unwrap_or_else(OutputText::empty);
        let done = json!({ "content_index": 0, "text": part.text, "logprobs": part.logprobs });
        self.of_part("response.output_text.done", done, out)?;
        let done = json!({ "content_index": 0, "part": part });
        self.of_part("response.content_part.done", done, out)?;
        self.of_item("response.output_item.done", out)
    }

    fn tool_call(&mut self, head: &Head, called: ToolCall, out: &mut Events) -> Result<()> {
        self.close_message("completed", out)?;
        let id = item_id(head, "fc", self.output.len());
        let (arguments, name) = (called.arguments.clone(), called.name.clone());
        let mut opening = OutputItem::call(
            id.clone(),
            ToolCall {
                arguments: String::new(),
                ..called.clone()
            },
        );
        opening.close("in_progress");
        self.output.push(opening);
        self.of_item("response.output_item.added", out)?;
        let delta = json!({ "delta": arguments });
        self.of_part("response.function_call_arguments.delta", delta, out)?;
        let done = json!({ "arguments": arguments, "name": name });
        self.of_part("response.function_call_arguments.done", done, out)?;
        if let Some(last) = self.output.last_mut() {
            *last = OutputItem::call(id, called);
        }
        self.of_item("response.output_item.done", out)
    }
}

impl Writer for EventWriter {
    fn begin(&mut self, _: &Head, out: &mut Events) -> Result<()> {
        let response = self.response.clone();
        self.of_response("response.created", &response, out)?;
        self.of_response("response.in_progress", &response, out)
    }

    fn piece(&mut self, head: &Head, (_, piece): (usize, Piece), out: &mut Events) -> Result<()> {
        match piece {
            Piece::Begun => Ok(()),
            Piece::Text { text, logprobs } => self.text(head, (&text, logprobs), out),
            Piece::ToolCall(called) => self.tool_call(head, called, out),
            Piece::End(finish, _) => {
                self.finish = finish;
                Ok(())
            }
        }
    }

    fn end(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        let is_cut = self.finish == Finish::Length;
        let (status, name) = if is_cut {
            ("incomplete", "response.incomplete")
        } else {
            ("completed", "response.completed")
        };
        self.close_message(status, out)?;
        let response = self.response.ended(head, self.output.clone(), self.finish);
        self.of_response(name, &response, out)
    }

    fn fail(&mut self, problem: &Problem, out: &mut Events) -> Result<()> {
        let response = self.response.failed(ResponseError {
            code: problem.code.clone(),
            message: problem.message.clone(),
        });
        self.of_response("response.failed", &response, out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn echoed() -> Echoed {
        Echoed {
            instructions: None,
            max_output_tokens: None,
            metadata: json!({}),
            parallel_tool_calls: true,
            temperature: None,
            top_p: None,
            top_logprobs: 0,
            tool_choice: json!("auto"),
            tools: Vec::new(),
            text: json!({}),
            truncation: "disabled".to_owned(),
        }
    }

    #[test]
    fn words_and_calls_are_items_of_their_own() {
        let head = Head::default();
        let (mut writer, mut out) = (EventWriter::new(&head, echoed()), Events::default());
        let text = Piece::Text {
            text: "Let me look.".to_owned(),
            logprobs: Vec::new(),
        };
        let call = ToolCall {
            id: "call_1".to_owned(),
            name: "f".to_owned(),
            arguments: "{}".to_owned(),
        };
        let pieces = [
            text,
            Piece::ToolCall(call),
            Piece::End(Finish::ToolCalls, None),
        ];
        for piece in pieces {
            writer.piece(&head, (0, piece), &mut out).unwrap();
        }
        writer.end(&head, &mut out).unwrap();
        let written = out.written();
        let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.output_item.added",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
                "response.output_item.done",
                "response.completed",
            ]
        );
        let last: serde_json::Value = serde_json::from_str(&written[10].1).unwrap();
        let output = &last["response"]["output"];
        assert_eq!(output[0]["content"][0]["text"], "Let me look.");
        assert_eq!(output[0]["status"], "completed");
        assert_eq!(
            (&output[1]["call_id"], &output[1]["arguments"]),
            (&json!("call_1"), &json!("{}"))
        );
        let added: serde_json::Value = serde_json::from_str(&written[6].1).unwrap();
        assert_eq!(
            (&added["output_index"], &added["item"]["id"]),
            (&json!(1), &output[1]["id"])
        );
    }
}
