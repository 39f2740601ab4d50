//! Chat completions of OpenAI, and of Azure AI Foundry, vLLM and everything else that speaks them.
//! Source: <https://platform.openai.com/docs/api-reference/chat>,
//! <https://learn.microsoft.com/azure/ai-foundry/openai/reference>.

use axum::http::{HeaderMap, HeaderName};
use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, Constraint, FinishReason, Prompt, Sampling, TokenLogprob,
    ToolChoice, TopLogprob,
};
use guildhall_kernel::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Credentials, Framing, Outgoing, Piece, ProviderKind, Reader, Target, Usage, add_scored_text,
    add_text, at, bearer, decimal,
    failure::{filtered, of_stream, read_json},
    frame::Frame,
    key_header, outgoing, path_segment,
    plain_text::PlainTexts,
    tool_calls::ToolCalls,
};

/// A request, as the protocol has it.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
}

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    // Newer models of OpenAI refuse the older name, other servers do not know the newer one.
    let limit = match target.provider.kind {
        ProviderKind::OpenaiCompatible => "max_tokens",
        _ => "max_completion_tokens",
    };
    let mut more = Map::new();
    more.insert(limit.into(), json!(prompt.max_tokens));
    add_tools(&mut more, chat);
    add_sampling(&mut more, prompt, target.provider.kind);
    add_constraint(&mut more, prompt);
    let body = Body {
        model: &target.model.name,
        messages: chat.messages.iter().map(message).collect(),
        stream: true,
        stream_options: StreamOptions {
            include_usage: true,
        },
        more,
    };
    outgoing(
        path(target, "chat/completions"),
        headers(target)?,
        &body,
        (Framing::Events, Box::new(Answer::default())),
    )
}

/// Below the base URL. Azure has deployments in the path while an API version is given, and the same
/// path as everybody otherwise.
pub(super) fn path(target: Target<'_>, operation: &str) -> String {
    let version = &target.provider.settings.api_version;
    match (target.provider.kind, version) {
        (ProviderKind::AzureOpenai, Some(version)) => format!(
            "/openai/deployments/{}/{operation}?api-version={}",
            path_segment(&target.model.name),
            path_segment(version)
        ),
        (ProviderKind::AzureOpenai, None) => format!("/openai/v1/{operation}"),
        _ => format!("/{operation}"),
    }
}

pub(super) fn headers(target: Target<'_>) -> Result<HeaderMap> {
    match (target.provider.kind, target.credentials) {
        (ProviderKind::AzureOpenai, Credentials::ApiKey { api_key }) => {
            key_header(HeaderName::from_static("api-key"), api_key.reveal())
        }
        (_, credentials) => bearer(credentials),
    }
}

fn message(message: &ChatMessage) -> Message<'_> {
    let call = |call: &guildhall_engine_protocol::ToolCall| {
        let function = json!({ "name": call.name, "arguments": call.arguments });
        json!({ "id": call.id, "type": "function", "function": function })
    };
    let calls_only = message.content.is_empty() && !message.tool_calls.is_empty();
    let answers_call = message.role == ChatRole::Tool;
    Message {
        role: message.role.as_str(),
        content: (!calls_only).then_some(message.content.as_str()),
        tool_call_id: message.tool_call_id.as_deref().filter(|_| answers_call),
        tool_calls: message.tool_calls.iter().map(call).collect(),
    }
}

fn add_tools(fields: &mut Map<String, Value>, chat: &Chat) {
    if chat.tools.is_empty() {
        return;
    }
    let tool = |tool: &guildhall_engine_protocol::Tool| {
        let function = json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters });
        json!({ "type": "function", "function": function })
    };
    fields.insert("tools".into(), chat.tools.iter().map(tool).collect());
    let choice = match &chat.tool_choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Tool { name } => json!({ "type": "function", "function": { "name": name } }),
    };
    fields.insert("tool_choice".into(), choice);
}

/// Only what differs from the default: reasoning models refuse the very mention of some.
fn add_sampling(fields: &mut Map<String, Value>, prompt: &Prompt, kind: ProviderKind) {
    let (sampling, usual) = (&prompt.sampling, Sampling::default());
    let mut add = |name: &str, value: f32, usual: f32| {
        if (value - usual).abs() > f32::EPSILON {
            fields.insert(name.into(), decimal(value));
        }
    };
    add("temperature", sampling.temperature, usual.temperature);
    add("top_p", sampling.top_p, usual.top_p);
    add(
        "frequency_penalty",
        sampling.frequency_penalty,
        usual.frequency_penalty,
    );
    add(
        "presence_penalty",
        sampling.presence_penalty,
        usual.presence_penalty,
    );
    if kind == ProviderKind::OpenaiCompatible {
        // vLLM and llama-server know these; OpenAI itself refuses unknown fields.
        add("min_p", sampling.min_p, usual.min_p);
        if sampling.top_k > 0 {
            fields.insert("top_k".into(), json!(sampling.top_k));
        }
    }
    if let Some(seed) = sampling.seed {
        fields.insert("seed".into(), json!(seed));
    }
    if !prompt.stop.is_empty() {
        fields.insert("stop".into(), json!(prompt.stop));
    }
    if let Some(alternatives) = prompt.logprobs {
        fields.insert("logprobs".into(), json!(true));
        fields.insert("top_logprobs".into(), json!(alternatives));
    }
}

fn add_constraint(fields: &mut Map<String, Value>, prompt: &Prompt) {
    let format = match &prompt.constraint {
        Some(Constraint::Json) => json!({ "type": "json_object" }),
        Some(Constraint::JsonSchema { schema }) => {
            json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema } })
        }
        _ => return,
    };
    fields.insert("response_format".into(), format);
}

#[derive(Default)]
struct Answer {
    texts: PlainTexts,
    calls: ToolCalls,
}

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        if frame.data.trim_ascii() == b"[DONE]" {
            return self.calls.close_all(pieces);
        }
        if let Some(plain) = self.texts.read(&frame.data) {
            pieces.extend(plain.usage.map(Piece::Usage));
            if !plain.text.is_empty() {
                add_text(pieces, &plain.text);
            }
            return self.finish(plain.finish.as_deref(), pieces);
        }
        let chunk = read_json(&frame.data)?;
        if at(&chunk, "/error").is_object() {
            return Err(of_stream(&chunk, None));
        }
        if let Some(usage) = usage(at(&chunk, "/usage")) {
            pieces.push(Piece::Usage(usage));
        }
        let choice = at(&chunk, "/choices/0");
        // A server that does not stream sends the whole message.
        let delta = if at(choice, "/delta").is_object() {
            at(choice, "/delta")
        } else {
            at(choice, "/message")
        };
        let logprobs = logprobs(at(choice, "/logprobs/content"));
        let text = at(delta, "/content").as_str().unwrap_or_default();
        if !text.is_empty() || !logprobs.is_empty() {
            add_scored_text(pieces, text, logprobs);
        }
        for (place, call) in at(delta, "/tool_calls")
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let place = u64::try_from(place).unwrap_or_default();
            let function = at(call, "/function");
            self.calls.add(
                at(call, "/index").as_u64().unwrap_or(place),
                (at(call, "/id").as_str(), at(function, "/name").as_str()),
                at(function, "/arguments").as_str().unwrap_or_default(),
            )?;
        }
        self.finish(at(choice, "/finish_reason").as_str(), pieces)
    }
}

impl Answer {
    fn finish(&mut self, reason: Option<&str>, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some(reason) = reason else {
            return Ok(());
        };
        self.calls.close_all(pieces)?;
        pieces.push(Piece::Finish(match reason {
            "content_filter" => return Err(filtered()),
            "length" => FinishReason::Length,
            _ if self.calls.complete > 0 => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        }));
        Ok(())
    }
}

/// `usage` of chat completions and embeddings.
pub(super) fn usage(value: &Value) -> Option<Usage> {
    value.is_object().then(|| Usage {
        input: at(value, "/prompt_tokens").as_u64(),
        cached: at(value, "/prompt_tokens_details/cached_tokens").as_u64(),
        output: at(value, "/completion_tokens").as_u64(),
    })
}

fn logprobs(value: &Value) -> Vec<TokenLogprob> {
    let tokens = value.as_array().into_iter().flatten();
    tokens
        .map(|token| {
            let (text, bytes, logprob) = token_of(token);
            let top = at(token, "/top_logprobs").as_array().into_iter().flatten();
            TokenLogprob {
                token: text,
                bytes,
                logprob,
                top: top
                    .map(token_of)
                    .map(|(token, bytes, logprob)| TopLogprob {
                        token,
                        bytes,
                        logprob,
                    })
                    .collect(),
            }
        })
        .collect()
}

fn token_of(value: &Value) -> (String, Vec<u8>, f32) {
    let text = at(value, "/token").as_str().unwrap_or_default().to_owned();
    let bytes = serde_json::from_value(at(value, "/bytes").clone());
    let bytes = bytes.unwrap_or_else(|_| text.as_bytes().to_vec());
    let logprob =
        serde_json::from_value(at(value, "/logprob").clone()).unwrap_or(f32::NEG_INFINITY);
    (text, bytes, logprob)
}
