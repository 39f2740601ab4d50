//! What `/v1/responses` takes.

use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, Input, OnOverflow, Tool, ToolCall, ToolChoice,
};
use guildhall_kernel::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    super::{
        ask::{self, ALTERNATIVES_MAX, Ask, Wishes, refused, unsupported},
        text::Text,
    },
    chat_input::tool_choice_of,
    responses_output::Echoed,
    wire::constraint,
};
use crate::billing::CallKind;

const LOGPROBS: &str = "message.output_text.logprobs";

/// A response to be written. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ResponsesRequest)]
pub(super) struct ResponseRequest {
    /// A model's name or alias, `auto`, or an employee's id or name.
    model: String,
    /// A text, or the conversation so far as a list of items.
    input: Value,
    #[serde(default)]
    instructions: Option<String>,
    #[serde(default)]
    pub(super) stream: Option<bool>,
    #[serde(default)]
    max_output_tokens: Option<i64>,
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    top_p: Option<f32>,
    /// Alternatives reported per token, 0 to 20.
    #[serde(default)]
    top_logprobs: Option<u32>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
    /// `none`, `auto`, `required`, or a function to call.
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(default)]
    text: Option<TextOptions>,
    /// `disabled` (the default) refuses what exceeds the model's context, `auto` leaves the oldest out.
    #[serde(default)]
    truncation: Option<String>,
    /// Comes back in the answer.
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    include: Option<Vec<String>>,
    /// Nothing is stored here, so `true` is refused.
    #[serde(default)]
    store: Option<bool>,
    /// Refused, since nothing is stored: send the whole conversation as `input`.
    #[serde(default)]
    previous_response_id: Option<String>,
    /// Refused, since nothing is stored.
    #[serde(default)]
    conversation: Option<Value>,
    /// Refused, since nothing is stored.
    #[serde(default)]
    background: Option<bool>,
    /// Refused, since no prompts are stored for this interface.
    #[serde(default)]
    prompt: Option<Value>,
}

/// How the text looks.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ResponsesTextOptions)]
struct TextOptions {
    #[serde(default)]
    format: Option<TextFormat>,
}

/// `text`, `json_object`, or `json_schema` with its schema.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ResponsesTextFormat)]
struct TextFormat {
    r#type: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    content: Option<Value>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(default)]
    output: Option<Value>,
}

#[derive(Deserialize)]
struct ToolEntry {
    r#type: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Value>,
}

impl ResponseRequest {
    /// The call this comes to, and what of the request the answer repeats.
    ///
    /// # Errors
    /// `invalid_value`, `unsupported_value`, naming the field.
    pub(super) fn into_ask(self) -> Result<(Ask, Echoed)> {
        self.check_stateless()?;
        let logprobs = self.logprobs()?;
        let format = self.text.and_then(|text| text.format);
        let echoed = Echoed {
            instructions: self.instructions.clone(),
            max_output_tokens: self.max_output_tokens,
            metadata: self.metadata.unwrap_or_else(|| json!({})),
            parallel_tool_calls: self.parallel_tool_calls.unwrap_or(true),
            temperature: self.temperature,
            top_p: self.top_p,
            top_logprobs: self.top_logprobs.unwrap_or(0),
            tool_choice: self.tool_choice.clone().unwrap_or_else(|| json!("auto")),
            tools: self.tools.clone().unwrap_or_default(),
            text: json!({ "format": format.as_ref().map_or_else(|| json!({ "type": "text" }), TextFormat::echo) }),
            truncation: self
                .truncation
                .clone()
                .unwrap_or_else(|| "disabled".to_owned()),
        };
        let overflow = match self.truncation.as_deref() {
            None | Some("disabled") => OnOverflow::Refuse,
            Some("auto") => OnOverflow::TrimOldest,
            Some(_) => return Err(refused("truncation", "give `auto` or `disabled`")),
        };
        let mut messages: Vec<ChatMessage> = self
            .instructions
            .map(|text| ChatMessage::new(ChatRole::System, text))
            .into_iter()
            .collect();
        read_input(self.input, &mut messages)?;
        let chat = Chat {
            messages,
            tools: tools(self.tools.unwrap_or_default())?,
            tool_choice: tool_choice(self.tool_choice)?,
        };
        let ask = Ask {
            max_tokens: ask::token_limit("max_output_tokens", self.max_output_tokens)?,
            wishes: Wishes {
                temperature: self.temperature,
                top_p: self.top_p,
                ..Wishes::default()
            },
            constraint: match format {
                Some(format) => constraint(&format.r#type, format.schema, "text.format")?,
                None => None,
            },
            logprobs,
            overflow,
            one_tool_call: self.parallel_tool_calls == Some(false),
            ..Ask::new(
                CallKind::Response,
                self.model,
                vec![Input::Chat(ask::checked(chat)?)],
            )
        };
        Ok((ask, echoed))
    }

    fn check_stateless(&self) -> Result<()> {
        let given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
        if self.store == Some(true) {
            let message = "this node keeps no responses; send `store: false` or leave it out";
            return Err(unsupported("store", message));
        }
        if self.previous_response_id.is_some() {
            let message = "this node keeps no responses; send the whole conversation as `input`";
            return Err(unsupported("previous_response_id", message));
        }
        if given(&self.conversation) {
            let message = "this node keeps no conversations for this interface; send the whole one as `input`";
            return Err(unsupported("conversation", message));
        }
        if self.background == Some(true) {
            let message = "responses are written while you wait; leave `background` out";
            return Err(unsupported("background", message));
        }
        if given(&self.prompt) {
            let message =
                "no prompts are stored for this interface; send `instructions` and `input`";
            return Err(unsupported("prompt", message));
        }
        Ok(())
    }

    fn logprobs(&self) -> Result<Option<u32>> {
        if self.top_logprobs.is_some_and(|top| top > ALTERNATIVES_MAX) {
            let message = format!("ask for 0 to {ALTERNATIVES_MAX} alternatives");
            return Err(refused("top_logprobs", message));
        }
        let included = self
            .include
            .as_ref()
            .is_some_and(|include| include.iter().any(|part| part == LOGPROBS));
        Ok(included.then(|| self.top_logprobs.unwrap_or(0)))
    }
}

impl TextFormat {
    fn echo(&self) -> Value {
        let mut echo = json!({ "type": self.r#type });
        if let Some(members) = echo
            .as_object_mut()
            .filter(|_| self.r#type == "json_schema")
        {
            members.insert("name".to_owned(), json!(self.name));
            members.insert("schema".to_owned(), json!(self.schema));
            members.insert("strict".to_owned(), json!(self.strict));
        }
        echo
    }
}

fn read_input(input: Value, messages: &mut Vec<ChatMessage>) -> Result<()> {
    let items = match input {
        Value::String(text) => {
            messages.push(ChatMessage::new(ChatRole::User, text));
            return Ok(());
        }
        Value::Array(items) => items,
        _ => return Err(refused("input", "give a text or a list of items")),
    };
    for (index, item) in items.into_iter().enumerate() {
        let field = format!("input[{index}]");
        let item: Item =
            serde_json::from_value(item).map_err(|error| refused(&field, error.to_string()))?;
        item.read(&field, messages)?;
    }
    Ok(())
}

impl Item {
    fn read(self, field: &str, messages: &mut Vec<ChatMessage>) -> Result<()> {
        let missing =
            |name: &str| refused(&format!("{field}.{name}"), format!("`{name}` is missing"));
        match self.r#type.as_deref().unwrap_or("message") {
            "message" => {
                let role = match self.role.as_deref() {
                    Some("system" | "developer") => ChatRole::System,
                    Some("user") => ChatRole::User,
                    Some("assistant") => ChatRole::Assistant,
                    _ => {
                        let message = "a message's role is system, developer, user or assistant";
                        return Err(refused(&format!("{field}.role"), message));
                    }
                };
                let content = self.content.ok_or_else(|| missing("content"))?;
                messages.push(ChatMessage::new(
                    role,
                    text(&format!("{field}.content"), content)?,
                ));
            }
            "function_call" => {
                let call = ToolCall {
                    id: self.call_id.ok_or_else(|| missing("call_id"))?,
                    name: self.name.ok_or_else(|| missing("name"))?,
                    arguments: self.arguments.ok_or_else(|| missing("arguments"))?,
                };
                // Words and calls of one turn are one message to a chat template.
                match messages
                    .last_mut()
                    .filter(|last| last.role == ChatRole::Assistant)
                {
                    Some(last) => last.tool_calls.push(call),
                    None => {
                        let mut message = ChatMessage::new(ChatRole::Assistant, "");
                        message.tool_calls.push(call);
                        messages.push(message);
                    }
                }
            }
            "function_call_output" => {
                let output = self.output.ok_or_else(|| missing("output"))?;
                let content = text(&format!("{field}.output"), output)?;
                let mut message = ChatMessage::new(ChatRole::Tool, content);
                message.tool_call_id = Some(self.call_id.ok_or_else(|| missing("call_id"))?);
                messages.push(message);
            }
            // What another model thought is no part of the conversation here.
            "reasoning" => {}
            other => {
                let other: String = other.chars().take(40).collect();
                let message = format!("items of the type `{other}` cannot be read here");
                return Err(unsupported(field, message));
            }
        }
        Ok(())
    }
}

fn text(field: &str, value: Value) -> Result<String> {
    let text: Text =
        serde_json::from_value(value).map_err(|error| refused(field, error.to_string()))?;
    Ok(text.0)
}

fn tools(entries: Vec<Value>) -> Result<Vec<Tool>> {
    let tool = |(index, entry): (usize, Value)| {
        let field = format!("tools[{index}]");
        let entry: ToolEntry =
            serde_json::from_value(entry).map_err(|error| refused(&field, error.to_string()))?;
        if entry.r#type != "function" {
            let message = "only tools of the type `function` can be offered here";
            return Err(unsupported(&field, message));
        }
        let name = entry.name.unwrap_or_default();
        ask::tool(&field, (name, entry.description), entry.parameters)
    };
    entries.into_iter().enumerate().map(tool).collect()
}

fn tool_choice(choice: Option<Value>) -> Result<ToolChoice> {
    match choice {
        None | Some(Value::Null) => Ok(ToolChoice::Auto),
        Some(Value::String(word)) => tool_choice_of(&word),
        Some(Value::Object(members)) => match members.get("name").and_then(Value::as_str) {
            Some(name) => Ok(ToolChoice::Tool {
                name: name.to_owned(),
            }),
            None => Err(refused("tool_choice", "name the function to call")),
        },
        Some(_) => Err(refused(
            "tool_choice",
            "give none, auto, required or a function",
        )),
    }
}
