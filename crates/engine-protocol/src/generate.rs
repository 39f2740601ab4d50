//! A generation request and its parts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A prompt to answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// Chosen by the node, unique among its open requests.
    pub request_id: u64,
    /// The prompt.
    pub prompt: Prompt,
}

/// What a model is asked, and how it shall answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// What is answered.
    pub input: Input,
    /// Upper bound of the answer in tokens, at least 1.
    pub max_tokens: u32,
    /// How tokens are picked.
    #[serde(default)]
    pub sampling: Sampling,
    /// Texts that end the answer; they are not part of it. At most 16.
    #[serde(default)]
    pub stop: Vec<String>,
    /// What to do when the conversation does not fit.
    #[serde(default)]
    pub on_overflow: OnOverflow,
    /// What the answer must look like.
    #[serde(default)]
    pub constraint: Option<Constraint>,
    /// Report each token with so many of the likeliest alternatives, 0 to 20.
    #[serde(default)]
    pub logprobs: Option<u32>,
    /// Name of a loaded LoRA adapter to answer with.
    #[serde(default)]
    pub adapter: Option<String>,
    /// Go on past the token that ends an answer: for measuring speed.
    #[serde(default)]
    pub ignore_end: bool,
}

impl Prompt {
    /// A prompt with default sampling and no constraint.
    #[must_use]
    pub fn new(input: Input, max_tokens: u32) -> Self {
        Self {
            input,
            max_tokens,
            sampling: Sampling::default(),
            stop: Vec::new(),
            on_overflow: OnOverflow::default(),
            constraint: None,
            logprobs: None,
            adapter: None,
            ignore_end: false,
        }
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Input {
    /// A conversation, put into the model's chat template.
    Chat(Chat),
    /// Bare text, continued as it is.
    Text {
        /// The text. Control tokens of the model in it are treated as plain text.
        text: String,
    },
}

impl Input {
    /// A conversation without tools.
    #[must_use]
    pub fn chat(messages: Vec<ChatMessage>) -> Self {
        Self::Chat(Chat {
            messages,
            tools: Vec::new(),
            tool_choice: ToolChoice::default(),
        })
    }
}

/// A conversation to continue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Oldest first. The last one is what is answered and is never trimmed.
    pub messages: Vec<ChatMessage>,
    /// Tools the model may call.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// Whether it must.
    #[serde(default)]
    pub tool_choice: ToolChoice,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: ChatRole,
    /// What is said. Control tokens of the model in it are treated as plain text.
    pub content: String,
    /// The calls an assistant's message made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that a tool's message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl ChatMessage {
    /// A message of text alone.
    pub fn new(role: ChatRole, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// Instructions; kept when older turns are trimmed.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
}

impl ChatRole {
    /// The name that chat templates use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call in the message that answers it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// A JSON object as text.
    pub arguments: String,
}

/// Whether the model must call a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToolChoice {
    /// It decides.
    #[default]
    Auto,
    /// It must not.
    None,
    /// It must call one.
    Required,
    /// It must call this one.
    Tool {
        /// The tool.
        name: String,
    },
}

/// How tokens are picked. The default switches everything off but a temperature of 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 picks the likeliest token each time; at most 2.
    pub temperature: f32,
    /// Share of probability to sample from, above 0 and at most 1 (1 switches it off).
    pub top_p: f32,
    /// Number of likeliest tokens to sample from; 0 switches it off.
    pub top_k: u32,
    /// Least probability as a share of the likeliest token's, 0 to 1; 0 switches it off.
    pub min_p: f32,
    /// Divides the scores of tokens seen lately, 0.5 to 2 (1 switches it off).
    pub repeat_penalty: f32,
    /// Subtracted per earlier use of a token, -2 to 2.
    pub frequency_penalty: f32,
    /// Subtracted once from every token used before, -2 to 2.
    pub presence_penalty: f32,
    /// Added to the scores of single tokens, -100 to 100 each; at most 300.
    pub logit_bias: Vec<(u32, f32)>,
    /// With a seed, the same request gives the same answer on the same model, machine and
    /// threads as long as it is computed alone, whatever was computed before: nothing cached is
    /// used. Among others sums are rounded differently, and the answer may differ once two tokens
    /// are all but equally likely. Without a seed the engine picks its own.
    pub seed: Option<u32>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            logit_bias: Vec::new(),
            seed: None,
        }
    }
}

/// What an answer must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Constraint {
    /// Any JSON object.
    Json,
    /// JSON that a schema accepts.
    JsonSchema {
        /// The schema.
        schema: Value,
    },
    /// Text of a GBNF grammar, whose first rule is `root`.
    Gbnf {
        /// The grammar.
        grammar: String,
    },
    /// Text of an llguidance grammar in its Lark syntax.
    Lark {
        /// The grammar.
        grammar: String,
    },
}

/// What to do with a conversation that exceeds the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverflow {
    /// Leave out the oldest turns and say how many messages in
    /// [`Started`](crate::Started).
    #[default]
    TrimOldest,
    /// As `TrimOldest`; and when the answer itself reaches the end of the context, forget the
    /// older half of what follows the instructions and go on writing.
    Shift,
    /// Fail with [`codes::CONTEXT_EXCEEDED`](crate::codes::CONTEXT_EXCEEDED).
    Refuse,
}

/// A token of an answer and how probable it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's bytes as text; bytes that are no UTF-8 are replaced.
    pub token: String,
    /// The token's bytes.
    pub bytes: Vec<u8>,
    /// Natural logarithm of its probability before sampling parameters.
    pub logprob: f32,
    /// The likeliest tokens in its place, likeliest first.
    pub top: Vec<TopLogprob>,
}

/// A token that might have been picked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob {
    /// As in [`TokenLogprob`].
    pub token: String,
    /// As in [`TokenLogprob`].
    pub bytes: Vec<u8>,
    /// As in [`TokenLogprob`].
    pub logprob: f32,
}
