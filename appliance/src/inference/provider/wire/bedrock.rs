//! `ConverseStream` of Amazon Bedrock.
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use guildhall_engine_protocol::{Chat, ChatMessage, ChatRole, FinishReason, Prompt, ToolChoice};
use guildhall_kernel::Result;
use serde_json::{Map, Value, json};

use super::{
    FORM_TOOL, Framing, Outgoing, Piece, Reader, Target, Usage, add_text, arguments, at, bearer,
    block_messages, decimal,
    failure::{filtered, of_stream, read_json},
    frame::Frame,
    instructions, outgoing, path_segment, put, sigv4,
    tool_calls::ToolCalls,
    wanted_schema,
};

/// What signatures call the service.
const SERVICE: &str = "bedrock";

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    let mut body = json!({
        "messages": messages(chat),
        "inferenceConfig": inference_config(prompt),
    });
    let schema = wanted_schema(prompt);
    if let Some(fields) = body.as_object_mut() {
        if let Some(system) = instructions(chat) {
            fields.insert("system".into(), json!([{ "text": system }]));
        }
        add_tools(fields, chat, schema.as_ref());
    }
    let path = format!(
        "/model/{}/converse-stream",
        path_segment(&target.model.name)
    );
    let reader = Answer {
        calls: ToolCalls::default(),
        in_form: schema.is_some(),
    };
    let request = outgoing(
        path,
        bearer(target.credentials)?,
        &body,
        (Framing::EventStream, Box::new(reader)),
    )?;
    signed(target, request)
}

/// Signs a request when the credentials are an AWS key pair.
pub(super) fn signed(target: Target<'_>, request: Outgoing) -> Result<Outgoing> {
    signed_for(target, request, SERVICE)
}

pub(super) fn signed_for(
    target: Target<'_>,
    mut request: Outgoing,
    service: &'static str,
) -> Result<Outgoing> {
    if let Some(keys) = target.credentials.aws_keys() {
        let destination = target.provider.destination()?;
        let scope = sigv4::Scope {
            keys,
            region: target.provider.region(),
            service,
            now: target.now,
        };
        sigv4::sign(&scope, &destination, &mut request)?;
    }
    Ok(request)
}

fn messages(chat: &Chat) -> Vec<Value> {
    block_messages(
        chat,
        |text| json!({ "text": text }),
        |call| json!({ "toolUse": { "toolUseId": call.id, "name": call.name, "input": arguments(call) } }),
        |message| {
            let content = [json!({ "text": message.content })];
            json!({ "toolResult": { "toolUseId": message.tool_call_id, "content": content } })
        },
    )
}

fn add_tools(fields: &mut Map<String, Value>, chat: &Chat, schema: Option<&Value>) {
    let tool = |name: &str, description: &str, schema: &Value| {
        let mut spec = json!({ "name": name, "inputSchema": { "json": schema } });
        if !description.is_empty() {
            // An empty description is refused.
            put(&mut spec, "description", json!(description));
        }
        json!({ "toolSpec": spec })
    };
    let mut tools: Vec<Value> = chat
        .tools
        .iter()
        .map(|given| tool(&given.name, &given.description, &given.parameters))
        .collect();
    // There is no way to forbid tools but not to name them; a conversation that used some must.
    if chat.tool_choice == ToolChoice::None && !mentions_tools(chat) {
        tools.clear();
    }
    let mut choice = match &chat.tool_choice {
        ToolChoice::Auto | ToolChoice::None => json!({ "auto": {} }),
        ToolChoice::Required => json!({ "any": {} }),
        ToolChoice::Tool { name } => json!({ "tool": { "name": name } }),
    };
    if let Some(schema) = schema {
        choice = if tools.is_empty() || chat.tool_choice == ToolChoice::None {
            json!({ "tool": { "name": FORM_TOOL } })
        } else {
            json!({ "any": {} })
        };
        tools.push(tool(FORM_TOOL, "Gives the answer.", schema));
    }
    if !tools.is_empty() {
        fields.insert(
            "toolConfig".into(),
            json!({ "tools": tools, "toolChoice": choice }),
        );
    }
}

fn mentions_tools(chat: &Chat) -> bool {
    let mentions =
        |message: &ChatMessage| message.role == ChatRole::Tool || !message.tool_calls.is_empty();
    chat.messages.iter().any(mentions)
}

/// Newer models take a temperature or a share of probability, not both.
fn inference_config(prompt: &Prompt) -> Value {
    let mut config = json!({ "maxTokens": prompt.max_tokens });
    if prompt.sampling.temperature < 1.0 {
        put(
            &mut config,
            "temperature",
            decimal(prompt.sampling.temperature),
        );
    } else if prompt.sampling.top_p < 1.0 {
        put(&mut config, "topP", decimal(prompt.sampling.top_p));
    }
    if !prompt.stop.is_empty() {
        put(&mut config, "stopSequences", json!(prompt.stop));
    }
    config
}

struct Answer {
    calls: ToolCalls,
    /// The answer is the input of [`FORM_TOOL`].
    in_form: bool,
}

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        let event = read_json(&frame.data)?;
        if let Some(exception) = frame.event.strip_prefix("exception:") {
            return Err(of_stream(&event, Some(exception)));
        }
        let index = at(&event, "/contentBlockIndex")
            .as_u64()
            .unwrap_or_default();
        match frame.event.as_str() {
            "contentBlockStart" => {
                let tool = at(&event, "/start/toolUse");
                if tool.is_object() {
                    let named = (at(tool, "/toolUseId").as_str(), at(tool, "/name").as_str());
                    self.calls.add(index, named, "")?;
                }
            }
            "contentBlockDelta" => self.delta(index, at(&event, "/delta"), pieces)?,
            "contentBlockStop" => {
                if self.in_form && self.calls.is_of(index, FORM_TOOL) {
                    self.calls.forget(index);
                }
                self.calls.close(index, pieces)?;
            }
            "messageStop" => {
                let reason = at(&event, "/stopReason").as_str().unwrap_or_default();
                pieces.push(Piece::Finish(self.finish(reason)?));
            }
            "metadata" => pieces.push(Piece::Usage(usage(at(&event, "/usage")))),
            _ => {}
        }
        Ok(())
    }
}

impl Answer {
    fn delta(&mut self, index: u64, delta: &Value, pieces: &mut Vec<Piece>) -> Result<()> {
        if let Some(text) = at(delta, "/text").as_str() {
            add_text(pieces, text);
        } else if let Some(input) = at(delta, "/toolUse/input").as_str() {
            if self.in_form && self.calls.is_of(index, FORM_TOOL) {
                if !input.is_empty() {
                    add_text(pieces, input);
                }
            } else {
                self.calls.add(index, (None, None), input)?;
            }
        }
        Ok(())
    }

    fn finish(&self, reason: &str) -> Result<FinishReason> {
        Ok(match reason {
            "guardrail_intervened" | "content_filtered" => return Err(filtered()),
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            _ if self.calls.complete > 0 => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        })
    }
}

/// `inputTokens` are those that no cache had.
fn usage(value: &Value) -> Usage {
    let read = at(value, "/cacheReadInputTokens").as_u64();
    let written = at(value, "/cacheWriteInputTokens").as_u64();
    Usage {
        input: at(value, "/inputTokens").as_u64().map(|fresh| {
            fresh
                .saturating_add(read.unwrap_or_default())
                .saturating_add(written.unwrap_or_default())
        }),
        cached: read,
        output: at(value, "/outputTokens").as_u64(),
    }
}
