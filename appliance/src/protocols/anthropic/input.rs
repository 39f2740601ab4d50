//! What `/v1/messages` takes.

use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, Constraint, Input, Tool, ToolCall, ToolChoice,
};
use guildhall_kernel::Result;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{
    ask::{self, Ask, Wishes, refused, unsupported},
    text::{Text, TextSchema},
};
use crate::billing::CallKind;

/// A conversation to go on with. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct MessagesRequest {
    /// A model's name or alias, `auto`, or an employee's id or name.
    pub(super) model: String,
    messages: Vec<Message>,
    /// Most tokens of the answer; needed unless tokens are only counted.
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    #[schema(value_type = Option<TextSchema>)]
    system: Option<Text>,
    #[serde(default)]
    pub(super) stream: Option<bool>,
    #[serde(default)]
    stop_sequences: Option<Vec<String>>,
    /// 0 to 1.
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    top_p: Option<f32>,
    #[serde(default)]
    top_k: Option<i64>,
    #[serde(default)]
    tools: Option<Vec<ToolEntry>>,
    #[serde(default)]
    tool_choice: Option<Choice>,
    #[serde(default)]
    output_config: Option<OutputConfig>,
    /// The older name of `output_config.format`.
    #[serde(default)]
    output_format: Option<OutputFormat>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesMessage)]
struct Message {
    /// `user` or `assistant`.
    role: String,
    content: Content,
}

/// A text or blocks.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesContent)]
#[serde(untagged, expecting = "a text or a list of blocks, each with its type")]
enum Content {
    Text(String),
    Blocks(Vec<Block>),
}

/// A block: `text`, `tool_use` or `tool_result`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesBlock)]
struct Block {
    r#type: String,
    #[serde(default)]
    text: Option<String>,
    /// The call's id, of a `tool_use`.
    #[serde(default)]
    id: Option<String>,
    /// The tool, of a `tool_use`.
    #[serde(default)]
    name: Option<String>,
    /// The arguments, of a `tool_use`.
    #[serde(default)]
    input: Option<Value>,
    /// The call that a `tool_result` answers.
    #[serde(default)]
    tool_use_id: Option<String>,
    #[serde(default)]
    content: Option<Value>,
    #[serde(default)]
    is_error: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesTool)]
struct ToolEntry {
    #[serde(default)]
    r#type: Option<String>,
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default)]
    input_schema: Option<Value>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesToolChoice)]
struct Choice {
    /// `auto`, `any`, `tool` or `none`.
    r#type: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesOutputConfig)]
struct OutputConfig {
    #[serde(default)]
    format: Option<OutputFormat>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagesOutputFormat)]
struct OutputFormat {
    /// `json_schema`.
    r#type: String,
    #[serde(default)]
    schema: Option<Value>,
}

impl MessagesRequest {
    /// The call this comes to.
    ///
    /// # Errors
    /// `invalid_value`, `unsupported_value`, naming the field.
    pub(super) fn into_ask(self) -> Result<Ask> {
        if self.max_tokens.is_none() {
            return Err(refused(
                "max_tokens",
                "say how many tokens to write at most",
            ));
        }
        if self.temperature.is_some_and(|given| given > 1.0) {
            return Err(refused("temperature", "give a number from 0 to 1"));
        }
        let max_tokens = ask::token_limit("max_tokens", self.max_tokens)?;
        let top_k = self.top_k.map(u32::try_from).transpose();
        let wishes = Wishes {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: top_k.map_err(|_| refused("top_k", "give 0 or more"))?,
            ..Wishes::default()
        };
        let stop = ask::stops(
            "stop_sequences",
            self.stop_sequences.clone().unwrap_or_default(),
        )?;
        let one_tool_call = self
            .tool_choice
            .as_ref()
            .is_some_and(|choice| choice.disable_parallel_tool_use == Some(true));
        let (model, constraint) = (self.model.clone(), self.constraint()?);
        Ok(Ask {
            max_tokens,
            wishes,
            stop,
            constraint,
            one_tool_call,
            ..Ask::new(
                CallKind::Message,
                model,
                vec![Input::Chat(self.into_chat()?)],
            )
        })
    }

    /// The conversation alone.
    ///
    /// # Errors
    /// As [`MessagesRequest::into_ask`].
    pub(super) fn into_chat(self) -> Result<Chat> {
        let mut messages: Vec<ChatMessage> = self
            .system
            .map(|text| ChatMessage::new(ChatRole::System, text.0))
            .into_iter()
            .collect();
        for (index, message) in self.messages.into_iter().enumerate() {
            message.read(&format!("messages.{index}"), &mut messages)?;
        }
        if messages
            .last()
            .is_some_and(|last| last.role == ChatRole::Assistant)
        {
            let message = "the last message is the assistant's own, and answers cannot be begun for a model here; \
                           end with a message of the user";
            return Err(unsupported("messages", message));
        }
        ask::checked(Chat {
            messages,
            tools: tools(self.tools.unwrap_or_default())?,
            tool_choice: tool_choice(self.tool_choice)?,
        })
    }

    fn constraint(&self) -> Result<Option<Constraint>> {
        let configured = self.output_config.as_ref();
        let format = configured
            .and_then(|config| config.format.as_ref())
            .or(self.output_format.as_ref());
        let Some(format) = format else {
            return Ok(None);
        };
        let field = "output_config.format";
        if format.r#type != "json_schema" {
            return Err(unsupported(field, "only `json_schema` can be asked for"));
        }
        let schema = format.schema.clone();
        let schema = schema.ok_or_else(|| refused(field, "the schema is missing"))?;
        ask::schema(field, schema).map(Some)
    }
}

impl Message {
    /// Puts the message's words and calls, and the results it brings, behind `messages`.
    fn read(self, field: &str, messages: &mut Vec<ChatMessage>) -> Result<()> {
        let role = match self.role.as_str() {
            "user" => ChatRole::User,
            "assistant" => ChatRole::Assistant,
            "system" => ChatRole::System,
            _ => {
                let message = "a message's role is user or assistant";
                return Err(refused(&format!("{field}.role"), message));
            }
        };
        let blocks = match self.content {
            Content::Text(text) => {
                messages.push(ChatMessage::new(role, text));
                return Ok(());
            }
            Content::Blocks(blocks) => blocks,
        };
        let mut said = ChatMessage::new(role, "");
        let mut is_said = blocks.is_empty();
        for (index, block) in blocks.into_iter().enumerate() {
            let field = format!("{field}.content.{index}");
            if block.r#type == "tool_result" {
                messages.push(block.result(&field)?);
            } else {
                is_said |= block.say(&field, &mut said)?;
            }
        }
        if is_said {
            messages.push(said);
        }
        Ok(())
    }
}

impl Block {
    /// Adds a block's words or call to a message; whether there were any.
    fn say(self, field: &str, said: &mut ChatMessage) -> Result<bool> {
        let missing =
            |name: &str| refused(&format!("{field}.{name}"), format!("`{name}` is missing"));
        match self.r#type.as_str() {
            "text" => {
                let text = self.text.ok_or_else(|| missing("text"))?;
                if !said.content.is_empty() {
                    said.content.push('\n');
                }
                said.content.push_str(&text);
                Ok(true)
            }
            "tool_use" => {
                let input = self.input.ok_or_else(|| missing("input"))?;
                said.tool_calls.push(ToolCall {
                    id: self.id.ok_or_else(|| missing("id"))?,
                    name: self.name.ok_or_else(|| missing("name"))?,
                    arguments: input.to_string(),
                });
                Ok(true)
            }
            // What another model thought is no part of the conversation here.
            "thinking" | "redacted_thinking" => Ok(false),
            other => {
                let other: String = other.chars().take(40).collect();
                let message =
                    format!("models here read text only, not blocks of the type `{other}`");
                Err(unsupported(field, message))
            }
        }
    }

    fn result(self, field: &str) -> Result<ChatMessage> {
        let id = self.tool_use_id.ok_or_else(|| {
            refused(
                &format!("{field}.tool_use_id"),
                "a result names the call it answers",
            )
        })?;
        let content = match self.content {
            None | Some(Value::Null) => String::new(),
            Some(content) => {
                let text: Text = serde_json::from_value(content)
                    .map_err(|error| refused(&format!("{field}.content"), error.to_string()))?;
                text.0
            }
        };
        let content = if self.is_error == Some(true) {
            format!("Error: {content}")
        } else {
            content
        };
        let mut message = ChatMessage::new(ChatRole::Tool, content);
        message.tool_call_id = Some(id);
        Ok(message)
    }
}

fn tools(entries: Vec<ToolEntry>) -> Result<Vec<Tool>> {
    let tool = |(index, entry): (usize, ToolEntry)| {
        let field = format!("tools.{index}");
        if entry.r#type.as_deref().is_some_and(|kind| kind != "custom") {
            let message = "only tools of your own can be offered here";
            return Err(unsupported(&field, message));
        }
        ask::tool(&field, (entry.name, entry.description), entry.input_schema)
    };
    entries.into_iter().enumerate().map(tool).collect()
}

fn tool_choice(choice: Option<Choice>) -> Result<ToolChoice> {
    let Some(choice) = choice else {
        return Ok(ToolChoice::Auto);
    };
    match choice.r#type.as_str() {
        "auto" => Ok(ToolChoice::Auto),
        "any" => Ok(ToolChoice::Required),
        "none" => Ok(ToolChoice::None),
        "tool" => match choice.name {
            Some(name) => Ok(ToolChoice::Tool { name }),
            None => Err(refused("tool_choice.name", "name the tool to call")),
        },
        _ => Err(refused("tool_choice.type", "give auto, any, tool or none")),
    }
}
