//! What `/v1/chat/completions` takes.

use std::collections::BTreeMap;

use guildhall_engine_protocol::{Chat, ChatMessage, ChatRole, Input, Tool, ToolCall, ToolChoice};
use guildhall_kernel::Result;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        ask::{self, ALTERNATIVES_MAX, Ask, Wishes, refused, unsupported},
        text::{Text, TextSchema},
    },
    grammar::Forms,
    wire::{OneOrMany, ResponseFormat, StreamOptions, logit_bias},
};
use crate::billing::CallKind;

/// A conversation to go on with. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatCompletionRequest {
    /// A model's or adapter's name, an alias, `auto`, or an employee's id or name.
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    pub(super) stream: Option<bool>,
    #[serde(default)]
    pub(super) stream_options: Option<StreamOptions>,
    /// Most tokens of an answer; the older name of `max_completion_tokens`.
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    max_completion_tokens: Option<i64>,
    /// Answers, 1 to 8.
    #[serde(default)]
    n: Option<i64>,
    #[serde(default)]
    stop: Option<OneOrMany>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    top_p: Option<f32>,
    /// Not OpenAI's: as llama.cpp and vLLM have it.
    #[serde(default)]
    top_k: Option<u32>,
    /// Not OpenAI's: as llama.cpp and vLLM have it.
    #[serde(default)]
    min_p: Option<f32>,
    /// Not OpenAI's: as vLLM has it.
    #[serde(default)]
    repetition_penalty: Option<f32>,
    #[serde(default)]
    frequency_penalty: Option<f32>,
    #[serde(default)]
    presence_penalty: Option<f32>,
    #[serde(default)]
    logit_bias: Option<BTreeMap<String, f32>>,
    #[serde(default)]
    logprobs: Option<bool>,
    /// Alternatives reported per token, 0 to 20.
    #[serde(default)]
    top_logprobs: Option<u32>,
    #[serde(default)]
    tools: Option<Vec<ToolEntry>>,
    #[serde(default)]
    tool_choice: Option<Choice>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(default)]
    response_format: Option<ResponseFormat>,
    /// Not OpenAI's: a GBNF grammar that the answer follows, as llama.cpp has it. Models on this node only.
    #[serde(default)]
    grammar: Option<String>,
    /// Not OpenAI's: a grammar in Lark's form or in GBNF, as vLLM has it. Models on this node only.
    #[serde(default)]
    guided_grammar: Option<String>,
    /// Not OpenAI's: a JSON schema that the answer follows, as vLLM has it.
    #[serde(default)]
    guided_json: Option<Value>,
    /// Refused in favour of `guided_grammar`.
    #[serde(default)]
    guided_regex: Option<Value>,
    /// Refused: an adapter is named as `model`.
    #[serde(default)]
    adapter: Option<Value>,
    /// OpenAI's older form of `tools`, refused in favour of it.
    #[serde(default)]
    functions: Option<Value>,
}

/// One message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatCompletionMessage)]
struct Message {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    role: String,
    #[serde(default)]
    #[schema(value_type = Option<TextSchema>)]
    content: Option<Text>,
    /// The calls an assistant's message made.
    #[serde(default)]
    tool_calls: Option<Vec<CallEntry>>,
    /// The call that a tool's message answers.
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatCompletionToolCallInput)]
struct CallEntry {
    id: String,
    function: CalledFunction,
}

#[derive(Debug, Deserialize, ToSchema)]
struct CalledFunction {
    name: String,
    /// A JSON object as text.
    arguments: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatCompletionTool)]
struct ToolEntry {
    /// `function`.
    r#type: String,
    #[serde(default)]
    function: Option<FunctionEntry>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct FunctionEntry {
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default)]
    parameters: Option<Value>,
}

/// `none`, `auto`, `required`, or one function.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatCompletionToolChoice)]
#[serde(
    untagged,
    expecting = "`none`, `auto`, `required`, or a function to call"
)]
enum Choice {
    Word(String),
    Function { function: FunctionName },
}

#[derive(Debug, Deserialize, ToSchema)]
struct FunctionName {
    name: String,
}

impl ChatCompletionRequest {
    /// The call this comes to.
    ///
    /// # Errors
    /// `invalid_value`, `unsupported_value`, naming the field.
    pub(super) fn into_ask(self) -> Result<Ask> {
        if self.functions.is_some_and(|functions| !functions.is_null()) {
            let message = "`functions` is the older form of `tools`; send `tools`";
            return Err(unsupported("functions", message));
        }
        let messages = self.messages.into_iter().enumerate();
        let chat = Chat {
            messages: messages
                .map(|(index, message)| message.read(index))
                .collect::<Result<Vec<_>>>()?,
            tools: tools(self.tools.unwrap_or_default())?,
            tool_choice: tool_choice(self.tool_choice)?,
        };
        // A mistake is named as the caller wrote it.
        let max_tokens = match self.max_completion_tokens {
            Some(_) => ask::token_limit("max_completion_tokens", self.max_completion_tokens),
            None => ask::token_limit("max_tokens", self.max_tokens),
        };
        let forms = Forms {
            response_format: self.response_format,
            grammar: self.grammar,
            guided_grammar: self.guided_grammar,
            guided_json: self.guided_json,
            guided_regex: self.guided_regex,
            adapter: self.adapter,
        };
        Ok(Ask {
            choices: ask::choices(self.n)?,
            max_tokens: max_tokens?,
            wishes: Wishes {
                temperature: self.temperature,
                top_p: self.top_p,
                top_k: self.top_k,
                min_p: self.min_p,
                repeat_penalty: self.repetition_penalty,
                frequency_penalty: self.frequency_penalty,
                presence_penalty: self.presence_penalty,
                logit_bias: logit_bias(self.logit_bias)?,
                seed: self.seed.map(ask::seed),
            },
            stop: ask::stops("stop", self.stop.map_or_else(Vec::new, OneOrMany::into_vec))?,
            constraint: forms.constraint()?,
            logprobs: alternatives(self.logprobs, self.top_logprobs)?,
            one_tool_call: self.parallel_tool_calls == Some(false),
            ..Ask::new(
                CallKind::Chat,
                self.model,
                vec![Input::Chat(ask::checked(chat)?)],
            )
        })
    }
}

impl Message {
    fn read(self, index: usize) -> Result<ChatMessage> {
        let field = |name: &str| format!("messages[{index}].{name}");
        let role = match self.role.as_str() {
            "system" | "developer" => ChatRole::System,
            "user" => ChatRole::User,
            "assistant" => ChatRole::Assistant,
            "tool" => ChatRole::Tool,
            other => {
                let other: String = other.chars().take(40).collect();
                let message =
                    format!("`{other}` is none of system, developer, user, assistant and tool");
                return Err(refused(&field("role"), message));
            }
        };
        let tool_calls = self.tool_calls.unwrap_or_default();
        if self.content.is_none() && tool_calls.is_empty() && role != ChatRole::Assistant {
            return Err(refused(&field("content"), "the content is missing"));
        }
        if role == ChatRole::Tool && self.tool_call_id.is_none() {
            let message = "a tool's message names the call it answers";
            return Err(refused(&field("tool_call_id"), message));
        }
        let call = |call: CallEntry| ToolCall {
            id: call.id,
            name: call.function.name,
            arguments: call.function.arguments,
        };
        Ok(ChatMessage {
            role,
            content: self.content.unwrap_or_default().0,
            tool_calls: tool_calls.into_iter().map(call).collect(),
            tool_call_id: self.tool_call_id.filter(|_| role == ChatRole::Tool),
        })
    }
}

fn tools(entries: Vec<ToolEntry>) -> Result<Vec<Tool>> {
    let tool = |(index, entry): (usize, ToolEntry)| {
        let field = format!("tools[{index}]");
        match entry.function {
            Some(function) if entry.r#type == "function" => ask::tool(
                &format!("{field}.function"),
                (function.name, function.description),
                function.parameters,
            ),
            _ => Err(unsupported(
                &field,
                "only tools of the type `function` can be offered here",
            )),
        }
    };
    entries.into_iter().enumerate().map(tool).collect()
}

fn tool_choice(choice: Option<Choice>) -> Result<ToolChoice> {
    match choice {
        None => Ok(ToolChoice::Auto),
        Some(Choice::Function { function }) => Ok(ToolChoice::Tool {
            name: function.name,
        }),
        Some(Choice::Word(word)) => tool_choice_of(&word),
    }
}

/// One of the three words of a tool choice.
///
/// # Errors
/// `invalid_value` for another word.
pub(super) fn tool_choice_of(word: &str) -> Result<ToolChoice> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        other => {
            let other: String = other.chars().take(40).collect();
            let message = format!("`{other}` is none of none, auto and required");
            Err(refused("tool_choice", message))
        }
    }
}

/// How many alternatives to report per token.
///
/// # Errors
/// `invalid_value` beyond the bound, or without `logprobs`.
fn alternatives(logprobs: Option<bool>, top: Option<u32>) -> Result<Option<u32>> {
    let top = top.filter(|top| *top > 0);
    match (logprobs.unwrap_or(false), top) {
        (_, Some(top)) if top > ALTERNATIVES_MAX => {
            let message = format!("ask for 0 to {ALTERNATIVES_MAX} alternatives");
            Err(refused("top_logprobs", message))
        }
        (false, Some(_)) => Err(refused("top_logprobs", "this needs `logprobs: true`")),
        (true, top) => Ok(Some(top.unwrap_or(0))),
        (false, None) => Ok(None),
    }
}
