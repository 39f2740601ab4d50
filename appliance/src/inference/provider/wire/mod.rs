//! What goes over the wire: one file per protocol, each with the request it makes of a prompt and the
//! reader of its answers. Nothing here opens a connection.

mod amazon_q;
mod anthropic;
mod bedrock;
mod embedding;
mod eventstream;
mod failure;
mod frame;
mod gemini;
mod ollama;
mod openai;
mod plain_text;
mod sigv4;
mod tool_calls;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, FinishReason, Input, Prompt, TokenLogprob, ToolCall,
};
use guildhall_kernel::{Error, Result, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

pub(super) use embedding::{EmbeddingReply, embedding_requests, read_embeddings};
pub(super) use failure::{codes, not_an_api, of_status};
pub(super) use frame::{Frame, Frames, Framing};

use super::{
    credentials::Credentials, kind::ProviderKind, model::ProviderRow, price::ProviderModel,
};

/// Room for a short conversation, so that it is not moved while it is written.
const REQUEST_BYTES: usize = 2048;

/// Whom a request is for.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) provider: &'a ProviderRow,
    pub(super) model: &'a ProviderModel,
    pub(super) credentials: &'a Credentials,
    /// Signatures carry the time.
    pub(super) now: Timestamp,
}

/// A request, and how to read its answer.
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
    pub(super) reader: Box<dyn Reader>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text {
        text: String,
        /// How many pieces of the provider's it is made of.
        tokens: u32,
        logprobs: Vec<TokenLogprob>,
    },
    ToolCall(ToolCall),
    /// Figures; later ones replace earlier ones.
    Usage(Usage),
    Finish(FinishReason),
    /// Which stop text ended the answer.
    StopText(String),
}

/// Adds a text; one right behind another goes on with it.
fn add_text(pieces: &mut Vec<Piece>, text: &str) {
    add_scored_text(pieces, text, Vec::new());
}

fn add_scored_text(pieces: &mut Vec<Piece>, more: &str, mut scores: Vec<TokenLogprob>) {
    if let Some(Piece::Text {
        text,
        tokens,
        logprobs,
    }) = pieces.last_mut()
    {
        text.push_str(more);
        *tokens = tokens.saturating_add(1);
        logprobs.append(&mut scores);
        return;
    }
    pieces.push(Piece::Text {
        text: more.to_owned(),
        tokens: 1,
        logprobs: scores,
    });
}

/// What a provider says it used, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// The whole prompt, cached tokens included.
    pub(super) input: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) output: Option<u64>,
}

impl Usage {
    /// What `newer` says, and what only this one says.
    pub(super) fn updated(self, newer: Self) -> Self {
        Self {
            input: newer.input.or(self.input),
            cached: newer.cached.or(self.cached),
            output: newer.output.or(self.output),
        }
    }
}

/// Reads the frames of one answer.
pub(super) trait Reader: Send {
    /// # Errors
    /// What the provider reports in the middle of its answer; `provider_garbled`.
    fn read(&mut self, frame: &frame::Frame, pieces: &mut Vec<Piece>) -> Result<()>;
}

/// The request that has a provider answer a prompt.
///
/// # Errors
/// `provider_unsupported` when the provider's protocol has no place for something in the prompt.
pub(super) fn chat_request(target: Target<'_>, prompt: &Prompt) -> Result<Outgoing> {
    let chat = chat_of(target, prompt)?;
    match target.provider.kind {
        ProviderKind::Openai | ProviderKind::AzureOpenai | ProviderKind::OpenaiCompatible => {
            openai::request(target, prompt, chat)
        }
        ProviderKind::Anthropic => anthropic::request(target, prompt, chat),
        ProviderKind::Gemini => gemini::request(target, prompt, chat),
        ProviderKind::Bedrock => bedrock::request(target, prompt, chat),
        ProviderKind::AmazonQ => amazon_q::request(target, prompt, chat),
        ProviderKind::Ollama => ollama::request(target, prompt, chat),
    }
}

/// What no provider takes is refused here.
fn chat_of<'a>(target: Target<'_>, prompt: &'a Prompt) -> Result<&'a Chat> {
    use guildhall_engine_protocol::Constraint;
    if prompt.adapter.is_some() {
        return Err(only_here("LoRA adapters"));
    }
    if let Some(Constraint::Gbnf { .. } | Constraint::Lark { .. }) = prompt.constraint {
        return Err(only_here("grammars"));
    }
    if prompt.logprobs.is_some() && !target.provider.kind.speaks_openai() {
        return Err(unsupported(target, "log probabilities"));
    }
    match &prompt.input {
        Input::Chat(chat) => Ok(chat),
        Input::Text { .. } => Err(unsupported(
            target,
            "bare text to continue; send a conversation",
        )),
    }
}

/// The provider's protocol has no place for something.
fn only_here(what: &str) -> Error {
    let message = format!(
        "only models on this node take {what}; name one of them, or send a JSON schema as `response_format`"
    );
    Error::invalid(codes::LOCAL_MODEL_NEEDED, message)
}

fn unsupported(target: Target<'_>, what: &str) -> Error {
    let message = format!(
        "{} does not take {what}, or use a model on this node",
        target.provider.title
    );
    Error::invalid("provider_unsupported", message)
}

/// `Authorization: Bearer`, when there is a key.
fn bearer(credentials: &Credentials) -> Result<HeaderMap> {
    match credentials {
        Credentials::ApiKey { api_key } => key_header(
            header::AUTHORIZATION,
            &format!("Bearer {}", api_key.reveal()),
        ),
        _ => Ok(HeaderMap::new()),
    }
}

/// A header that holds a secret.
fn key_header(name: HeaderName, value: &str) -> Result<HeaderMap> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::conflict(
            "provider_auth_failed",
            "the provider's key holds characters that no key has; enter it again",
        )
    })?;
    // Keeps it out of debug output.
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(name, value);
    Ok(headers)
}

fn outgoing(
    path: String,
    mut headers: HeaderMap,
    body: &impl Serialize,
    (framing, reader): (Framing, Box<dyn Reader>),
) -> Result<Outgoing> {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let mut bytes = Vec::with_capacity(REQUEST_BYTES);
    serde_json::to_writer(&mut bytes, body)?;
    Ok(Outgoing {
        method: Method::POST,
        path,
        headers,
        body: bytes,
        framing,
        reader,
    })
}

/// A small decimal as people wrote it: `0.7`, not `0.699999988079071`.
fn decimal(value: f32) -> Value {
    json!((f64::from(value) * 1e6).round() / 1e6)
}

/// What stands at a JSON pointer (RFC 6901) without escapes; null when nothing does.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    // `Value::pointer` makes two texts per step, for every field of every token.
    let step = |value: &'a Value, name: &str| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    };
    let mut steps = pointer.split('/').skip(1);
    steps.try_fold(value, step).unwrap_or(&Value::Null)
}

/// Adds a field to an object.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Every system message in one text, as protocols want it that keep instructions apart.
fn instructions(chat: &Chat) -> Option<String> {
    let texts: Vec<&str> = chat
        .messages
        .iter()
        .filter(|message| message.role == ChatRole::System && !message.content.is_empty())
        .map(|message| message.content.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// A conversation of a protocol whose messages hold blocks: results of tools are a user's blocks, and
/// neighbours of one role become one message.
fn block_messages(
    chat: &Chat,
    text: fn(&str) -> Value,
    call: fn(&ToolCall) -> Value,
    result: fn(&ChatMessage) -> Value,
) -> Vec<Value> {
    // Empty blocks are refused.
    let words = |message: &ChatMessage| {
        let words = message.content.as_str();
        (!words.is_empty()).then(|| text(words))
    };
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &chat.messages {
        let (role, blocks) = match message.role {
            ChatRole::System => continue,
            ChatRole::User => ("user", words(message).into_iter().collect()),
            ChatRole::Assistant => {
                let calls = message.tool_calls.iter().map(call);
                (
                    "assistant",
                    words(message).into_iter().chain(calls).collect(),
                )
            }
            ChatRole::Tool => ("user", vec![result(message)]),
        };
        match messages.last_mut() {
            Some((last, earlier)) if *last == role => earlier.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    let message = |(role, content)| json!({ "role": role, "content": content });
    messages.into_iter().map(message).collect()
}

/// A call's arguments as the object that some protocols send in place of text.
fn arguments(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}))
}

/// The name of the tool that the call with this id called.
fn called_tool<'a>(chat: &'a Chat, id: Option<&str>) -> &'a str {
    let mut calls = chat.messages.iter().flat_map(|message| &message.tool_calls);
    calls
        .find(|call| Some(call.id.as_str()) == id)
        .map_or("tool", |call| call.name.as_str())
}

/// Percent-encodes everything but unreserved characters (RFC 3986, 2.3), as one path segment.
fn path_segment(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A name under which protocols without a schema of their own are made to answer in one: the only
/// tool, which must be called with the answer.
const FORM_TOOL: &str = "answer_in_this_form";

/// The schema that an answer must have, when the prompt wants one.
fn wanted_schema(prompt: &Prompt) -> Option<Value> {
    use guildhall_engine_protocol::Constraint;
    match &prompt.constraint {
        Some(Constraint::JsonSchema { schema }) => Some(schema.clone()),
        Some(Constraint::Json) => Some(json!({ "type": "object" })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_neighbouring_texts_are_joined() {
        let call = || {
            Piece::ToolCall(ToolCall {
                id: "a".to_owned(),
                name: "f".to_owned(),
                arguments: "{}".to_owned(),
            })
        };
        let mut pieces = Vec::new();
        for text in ["a", "b", "c"] {
            add_text(&mut pieces, text);
        }
        pieces.extend([call(), call()]);
        add_text(&mut pieces, "d");
        let text = |text: &str, tokens| Piece::Text {
            text: text.to_owned(),
            tokens,
            logprobs: Vec::new(),
        };
        assert_eq!(pieces, [text("abc", 3), call(), call(), text("d", 1)]);
    }
}
