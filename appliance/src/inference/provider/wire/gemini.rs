//! `streamGenerateContent` of Google Gemini. Source: <https://ai.google.dev/api/generate-content>,
//! <https://ai.google.dev/gemini-api/docs/function-calling>, `…/thought-signatures`.

use axum::http::{HeaderMap, HeaderName};
use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, FinishReason, Prompt, Sampling, ToolCall, ToolChoice,
};
use guildhall_kernel::Result;
use serde_json::{Map, Value, json};

use super::{
    Credentials, Framing, Outgoing, Piece, Reader, Target, Usage, add_text, arguments, at,
    called_tool, decimal,
    failure::{filtered, garbled, of_stream, read_json},
    frame::Frame,
    instructions, key_header, outgoing, path_segment, put, wanted_schema,
};

/// What the documentation gives for calls whose signature is not at hand: conversations here are the
/// same for every model, and no other model has signatures.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    let mut body = json!({
        "contents": contents(chat),
        "generationConfig": generation_config(prompt),
    });
    if let Some(fields) = body.as_object_mut() {
        if let Some(system) = instructions(chat) {
            let parts = json!({ "parts": [{ "text": system }] });
            fields.insert("systemInstruction".into(), parts);
        }
        add_tools(fields, chat);
    }
    let headers = match target.credentials {
        Credentials::ApiKey { api_key } => {
            key_header(HeaderName::from_static("x-goog-api-key"), api_key.reveal())?
        }
        _ => HeaderMap::new(),
    };
    let path = format!(
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        path_segment(&target.model.name)
    );
    outgoing(
        path,
        headers,
        &body,
        (Framing::Events, Box::new(Answer::default())),
    )
}

/// Neighbours of one role become one content.
fn contents(chat: &Chat) -> Vec<Value> {
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &chat.messages {
        let (role, parts) = match message.role {
            ChatRole::System => continue,
            ChatRole::User => ("user", vec![json!({ "text": message.content })]),
            ChatRole::Assistant => ("model", model_parts(message)),
            ChatRole::Tool => ("user", vec![tool_part(chat, message)]),
        };
        match contents.last_mut() {
            Some((last, earlier)) if *last == role => earlier.extend(parts),
            _ => contents.push((role, parts)),
        }
    }
    let content = |(role, parts)| json!({ "role": role, "parts": parts });
    contents.into_iter().map(content).collect()
}

fn model_parts(message: &ChatMessage) -> Vec<Value> {
    let text = (!message.content.is_empty()).then(|| json!({ "text": message.content }));
    let calls = message.tool_calls.iter().map(|call| {
        let call = json!({ "name": call.name, "args": arguments(call) });
        json!({ "functionCall": call, "thoughtSignature": NO_SIGNATURE })
    });
    text.into_iter().chain(calls).collect()
}

fn tool_part(chat: &Chat, message: &ChatMessage) -> Value {
    let name = called_tool(chat, message.tool_call_id.as_deref());
    let result = serde_json::from_str(&message.content).unwrap_or(Value::Null);
    let response = if result.is_object() {
        result
    } else {
        json!({ "result": message.content })
    };
    json!({ "functionResponse": { "name": name, "response": response } })
}

fn add_tools(fields: &mut Map<String, Value>, chat: &Chat) {
    if chat.tools.is_empty() {
        return;
    }
    let tool = |tool: &guildhall_engine_protocol::Tool| json!({ "name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters });
    let declarations: Vec<Value> = chat.tools.iter().map(tool).collect();
    fields.insert(
        "tools".into(),
        json!([{ "functionDeclarations": declarations }]),
    );
    let calling = match &chat.tool_choice {
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Tool { name } => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    };
    fields.insert(
        "toolConfig".into(),
        json!({ "functionCallingConfig": calling }),
    );
}

fn generation_config(prompt: &Prompt) -> Value {
    let (sampling, usual) = (&prompt.sampling, Sampling::default());
    let mut config = json!({ "maxOutputTokens": prompt.max_tokens });
    let mut add = |name: &str, value: f32, usual: f32| {
        if (value - usual).abs() > f32::EPSILON {
            put(&mut config, name, decimal(value));
        }
    };
    add("temperature", sampling.temperature, usual.temperature);
    add("topP", sampling.top_p, usual.top_p);
    add(
        "frequencyPenalty",
        sampling.frequency_penalty,
        usual.frequency_penalty,
    );
    add(
        "presencePenalty",
        sampling.presence_penalty,
        usual.presence_penalty,
    );
    if sampling.top_k > 0 {
        put(&mut config, "topK", json!(sampling.top_k));
    }
    if let Some(seed) = sampling.seed {
        // A signed 32-bit number there.
        put(&mut config, "seed", json!(seed & 0x7fff_ffff));
    }
    if !prompt.stop.is_empty() {
        put(&mut config, "stopSequences", json!(prompt.stop));
    }
    if let Some(schema) = wanted_schema(prompt) {
        put(&mut config, "responseMimeType", json!("application/json"));
        put(&mut config, "responseJsonSchema", schema);
    }
    config
}

#[derive(Default)]
struct Answer {
    calls: u32,
}

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        let chunk = read_json(&frame.data)?;
        if at(&chunk, "/error").is_object() {
            return Err(of_stream(&chunk, None));
        }
        if at(&chunk, "/promptFeedback/blockReason").is_string() {
            return Err(filtered());
        }
        if let Some(usage) = usage(at(&chunk, "/usageMetadata")) {
            pieces.push(Piece::Usage(usage));
        }
        let candidate = at(&chunk, "/candidates/0");
        for part in at(candidate, "/content/parts")
            .as_array()
            .into_iter()
            .flatten()
        {
            self.part(part, pieces)?;
        }
        match at(candidate, "/finishReason").as_str() {
            None | Some("FINISH_REASON_UNSPECIFIED") => {}
            Some("MAX_TOKENS") => pieces.push(Piece::Finish(FinishReason::Length)),
            Some("STOP") if self.calls > 0 => pieces.push(Piece::Finish(FinishReason::ToolCalls)),
            Some("STOP") => pieces.push(Piece::Finish(FinishReason::Stop)),
            Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL") => {
                return Err(garbled("called a tool in a way that cannot be read"));
            }
            Some(_) => return Err(filtered()),
        }
        Ok(())
    }
}

impl Answer {
    fn part(&mut self, part: &Value, pieces: &mut Vec<Piece>) -> Result<()> {
        let call = at(part, "/functionCall");
        if let Some(name) = at(call, "/name").as_str() {
            let id = at(call, "/id")
                .as_str()
                .map_or_else(|| format!("call_{}", self.calls), ToOwned::to_owned);
            let arguments = if at(call, "/args").is_object() {
                at(call, "/args").to_string()
            } else {
                "{}".to_owned()
            };
            self.calls += 1;
            if self.calls > 128 {
                return Err(garbled("called more than 128 tools at once"));
            }
            pieces.push(Piece::ToolCall(ToolCall {
                id,
                name: name.to_owned(),
                arguments,
            }));
        } else if let Some(text) = at(part, "/text").as_str()
            && at(part, "/thought") != true
            && !text.is_empty()
        {
            add_text(pieces, text);
        }
        Ok(())
    }
}

/// Thoughts are tokens of the answer.
fn usage(value: &Value) -> Option<Usage> {
    let written = at(value, "/candidatesTokenCount").as_u64();
    let thought = at(value, "/thoughtsTokenCount").as_u64();
    value.is_object().then(|| Usage {
        input: at(value, "/promptTokenCount").as_u64(),
        cached: at(value, "/cachedContentTokenCount").as_u64(),
        output: match (written, thought) {
            (None, None) => None,
            (written, thought) => Some(
                written
                    .unwrap_or_default()
                    .saturating_add(thought.unwrap_or_default()),
            ),
        },
    })
}
