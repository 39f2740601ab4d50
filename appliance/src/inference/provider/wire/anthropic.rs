//! Messages of Anthropic. Source: <https://docs.anthropic.com/en/api/messages>, `…/messages-streaming`.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use guildhall_engine_protocol::{Chat, FinishReason, Prompt, ToolChoice};
use guildhall_kernel::Result;
use serde_json::{Map, Value, json};

use super::{
    Credentials, FORM_TOOL, Framing, Outgoing, Piece, Reader, Target, Usage, add_text, arguments,
    at, block_messages, decimal,
    failure::{filtered, of_stream, read_json},
    frame::Frame,
    instructions, key_header, outgoing,
    tool_calls::ToolCalls,
    wanted_schema,
};

/// The version of the protocol that this file speaks.
const VERSION: &str = "2023-06-01";

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    let mut body = json!({
        "model": target.model.name,
        "max_tokens": prompt.max_tokens,
        "messages": messages(chat),
        "stream": true,
    });
    let schema = wanted_schema(prompt);
    if let Some(fields) = body.as_object_mut() {
        if let Some(system) = instructions(chat) {
            fields.insert("system".into(), json!(system));
        }
        add_tools(fields, chat, schema.as_ref());
        add_sampling(fields, prompt);
    }
    let mut headers = match target.credentials {
        Credentials::ApiKey { api_key } => {
            key_header(HeaderName::from_static("x-api-key"), api_key.reveal())?
        }
        _ => HeaderMap::new(),
    };
    headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
    let reader = Answer {
        calls: ToolCalls::default(),
        in_form: schema.is_some(),
        usage: Usage::default(),
    };
    outgoing(
        "/v1/messages".to_owned(),
        headers,
        &body,
        (Framing::Events, Box::new(reader)),
    )
}

fn messages(chat: &Chat) -> Vec<Value> {
    block_messages(
        chat,
        |text| json!({ "type": "text", "text": text }),
        |call| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call) }),
        |message| json!({ "type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content }),
    )
}

fn add_tools(fields: &mut Map<String, Value>, chat: &Chat, schema: Option<&Value>) {
    let tool = |tool: &guildhall_engine_protocol::Tool| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters });
    let mut tools: Vec<Value> = chat.tools.iter().map(tool).collect();
    let mut choice = match &chat.tool_choice {
        ToolChoice::Auto => json!({ "type": "auto" }),
        ToolChoice::None => json!({ "type": "none" }),
        ToolChoice::Required => json!({ "type": "any" }),
        ToolChoice::Tool { name } => json!({ "type": "tool", "name": name }),
    };
    if let Some(schema) = schema {
        choice = if tools.is_empty() || chat.tool_choice == ToolChoice::None {
            json!({ "type": "tool", "name": FORM_TOOL })
        } else {
            json!({ "type": "any" })
        };
        tools.push(json!({ "name": FORM_TOOL, "description": "Gives the answer.", "input_schema": schema }));
    }
    if !tools.is_empty() {
        fields.insert("tools".into(), tools.into());
        fields.insert("tool_choice".into(), choice);
    }
}

/// Newer models take a temperature or a share of probability, not both.
fn add_sampling(fields: &mut Map<String, Value>, prompt: &Prompt) {
    let sampling = &prompt.sampling;
    if sampling.temperature < 1.0 {
        fields.insert("temperature".into(), decimal(sampling.temperature));
    } else if sampling.top_p < 1.0 {
        fields.insert("top_p".into(), decimal(sampling.top_p));
    }
    if sampling.top_k > 0 {
        fields.insert("top_k".into(), json!(sampling.top_k));
    }
    if !prompt.stop.is_empty() {
        fields.insert("stop_sequences".into(), json!(prompt.stop));
    }
}

struct Answer {
    calls: ToolCalls,
    /// The answer is the input of [`FORM_TOOL`].
    in_form: bool,
    usage: Usage,
}

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        let event = read_json(&frame.data)?;
        let index = at(&event, "/index").as_u64().unwrap_or_default();
        match at(&event, "/type").as_str().unwrap_or_default() {
            "message_start" => self.note_usage(at(&event, "/message/usage"), pieces),
            "content_block_start" => {
                let block = at(&event, "/content_block");
                if at(block, "/type") == "tool_use" {
                    let named = (at(block, "/id").as_str(), at(block, "/name").as_str());
                    self.calls.add(index, named, "")?;
                } else if let Some(text) =
                    at(block, "/text").as_str().filter(|text| !text.is_empty())
                {
                    add_text(pieces, text);
                }
            }
            "content_block_delta" => self.delta(index, at(&event, "/delta"), pieces)?,
            "content_block_stop" => {
                if self.in_form && self.calls.is_of(index, FORM_TOOL) {
                    self.calls.forget(index);
                }
                self.calls.close(index, pieces)?;
            }
            "message_delta" => {
                self.note_usage(at(&event, "/usage"), pieces);
                if let Some(stop) = at(&event, "/delta/stop_sequence").as_str() {
                    pieces.push(Piece::StopText(stop.to_owned()));
                }
                if let Some(reason) = at(&event, "/delta/stop_reason").as_str() {
                    pieces.push(Piece::Finish(self.finish(reason)?));
                }
            }
            "error" => return Err(of_stream(&event, None)),
            // `ping`, `message_stop` and what later versions add.
            _ => {}
        }
        Ok(())
    }
}

impl Answer {
    fn delta(&mut self, index: u64, delta: &Value, pieces: &mut Vec<Piece>) -> Result<()> {
        if let Some(text) = at(delta, "/text").as_str() {
            add_text(pieces, text);
        } else if let Some(json) = at(delta, "/partial_json").as_str() {
            if self.in_form && self.calls.is_of(index, FORM_TOOL) {
                if !json.is_empty() {
                    add_text(pieces, json);
                }
            } else {
                self.calls.add(index, (None, None), json)?;
            }
        }
        Ok(())
    }

    fn finish(&self, reason: &str) -> Result<FinishReason> {
        Ok(match reason {
            "refusal" => return Err(filtered()),
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            _ if self.calls.complete > 0 => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        })
    }

    /// `input_tokens` are those that no cache had.
    fn note_usage(&mut self, usage: &Value, pieces: &mut Vec<Piece>) {
        let read = at(usage, "/cache_read_input_tokens").as_u64();
        let written = at(usage, "/cache_creation_input_tokens").as_u64();
        let whole = at(usage, "/input_tokens").as_u64().map(|fresh| {
            fresh
                .saturating_add(read.unwrap_or_default())
                .saturating_add(written.unwrap_or_default())
        });
        self.usage = self.usage.updated(Usage {
            input: whole,
            cached: read,
            output: at(usage, "/output_tokens").as_u64(),
        });
        pieces.push(Piece::Usage(self.usage));
    }
}
