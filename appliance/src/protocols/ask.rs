//! What a request of any protocol comes to: prompts, how to answer them, and the bounds on both.

use guildhall_engine_protocol::{Chat, Constraint, Input, OnOverflow, Sampling, Tool, ToolChoice};
use guildhall_kernel::{Error, Result};
use serde_json::{Value, json};

use crate::{billing::CallKind, inference::Haste};

/// Most answers of one call, over all its prompts.
pub(super) const CHOICES_MAX: usize = 16;
/// Most answers to one prompt.
pub(super) const CHOICES_PER_PROMPT_MAX: u32 = 8;
/// Most texts that end an answer.
const STOPS_MAX: usize = 16;
/// Longest of them, in bytes.
const STOP_BYTES_MAX: usize = 1024;
/// Most alternatives reported per token.
pub(super) const ALTERNATIVES_MAX: u32 = 20;
/// Most tools of one call.
const TOOLS_MAX: usize = 128;
/// Most messages of one conversation.
const MESSAGES_MAX: usize = 4096;
/// Most tokens whose scores a caller may change.
const BIASES_MAX: usize = 300;

/// A call to be made.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// Through which door it came.
    pub(super) kind: CallKind,
    /// The model or employee, as the caller names it.
    pub(super) model: String,
    /// Each is answered by itself; at least one.
    pub(super) inputs: Vec<Input>,
    /// Answers to each of them.
    pub(super) choices: u32,
    /// Most tokens of an answer; as many as the model has room for when left out.
    pub(super) max_tokens: Option<u32>,
    pub(super) wishes: Wishes,
    pub(super) stop: Vec<String>,
    pub(super) constraint: Option<Constraint>,
    /// Report tokens with so many alternatives.
    pub(super) logprobs: Option<u32>,
    pub(super) overflow: OnOverflow,
    /// End an answer with its first tool call.
    pub(super) one_tool_call: bool,
    pub(super) haste: Haste,
}

impl Ask {
    /// A call with nothing out of the ordinary.
    pub(super) fn new(kind: CallKind, model: String, inputs: Vec<Input>) -> Self {
        Self {
            kind,
            model,
            inputs,
            choices: 1,
            max_tokens: None,
            wishes: Wishes::default(),
            stop: Vec::new(),
            constraint: None,
            logprobs: None,
            overflow: OnOverflow::Refuse,
            one_tool_call: false,
            haste: Haste::default(),
        }
    }
}

/// How the caller wants tokens picked; what is left out is the model's or the employee's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wishes {
    pub(super) temperature: Option<f32>,
    pub(super) top_p: Option<f32>,
    pub(super) top_k: Option<u32>,
    pub(super) min_p: Option<f32>,
    pub(super) repeat_penalty: Option<f32>,
    pub(super) frequency_penalty: Option<f32>,
    pub(super) presence_penalty: Option<f32>,
    pub(super) logit_bias: Vec<(u32, f32)>,
    pub(super) seed: Option<u32>,
}

impl Wishes {
    /// Checks every number against its bounds.
    ///
    /// # Errors
    /// `invalid_value` naming the field and its bounds.
    pub(super) fn check(&self) -> Result<()> {
        within("temperature", self.temperature, (0.0, 2.0))?;
        within("top_p", self.top_p, (0.0, 1.0))?;
        if self.top_p == Some(0.0) {
            return Err(refused("top_p", "give a number above 0 and at most 1"));
        }
        within("min_p", self.min_p, (0.0, 1.0))?;
        within("repetition_penalty", self.repeat_penalty, (0.5, 2.0))?;
        within("frequency_penalty", self.frequency_penalty, (-2.0, 2.0))?;
        within("presence_penalty", self.presence_penalty, (-2.0, 2.0))?;
        if self.logit_bias.len() > BIASES_MAX {
            let message = format!("change the scores of at most {BIASES_MAX} tokens");
            return Err(refused("logit_bias", message));
        }
        self.logit_bias
            .iter()
            .try_for_each(|(_, bias)| within("logit_bias", Some(*bias), (-100.0, 100.0)))
    }

    /// The wishes on top of `base`; the n-th answer to a prompt gets a seed of its own.
    pub(super) fn sampling(&self, base: &Sampling, choice: u32) -> Sampling {
        Sampling {
            temperature: self.temperature.unwrap_or(base.temperature),
            top_p: self.top_p.unwrap_or(base.top_p),
            top_k: self.top_k.unwrap_or(base.top_k),
            min_p: self.min_p.unwrap_or(base.min_p),
            repeat_penalty: self.repeat_penalty.unwrap_or(base.repeat_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(base.frequency_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(base.presence_penalty),
            logit_bias: self.logit_bias.clone(),
            seed: self.seed.map(|seed| seed.wrapping_add(choice)),
        }
    }
}

/// A seed of any size as one that engines take.
pub(super) fn seed(seed: i64) -> u32 {
    let bytes = seed.to_le_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h])
}

/// A wrong value of a field.
pub(super) fn refused(field: &str, message: impl Into<String>) -> Error {
    Error::invalid_field(field, "invalid_value", message)
}

/// Something that this node does not do.
pub(super) fn unsupported(field: &str, message: impl Into<String>) -> Error {
    Error::invalid_field(field, "unsupported_value", message)
}

fn within(field: &str, value: Option<f32>, (least, most): (f32, f32)) -> Result<()> {
    match value {
        Some(value) if !(least..=most).contains(&value) => Err(refused(
            field,
            format!("give a number from {least} to {most}"),
        )),
        _ => Ok(()),
    }
}

/// A number of tokens to write: at least 1; more than any model has room for is no mistake.
///
/// # Errors
/// `invalid_value`.
pub(super) fn token_limit(field: &str, tokens: Option<i64>) -> Result<Option<u32>> {
    match tokens {
        Some(tokens) if tokens < 1 => Err(refused(field, "give at least 1 token")),
        Some(tokens) => Ok(Some(u32::try_from(tokens).unwrap_or(u32::MAX))),
        None => Ok(None),
    }
}

/// How many answers to each prompt.
///
/// # Errors
/// `invalid_value`.
pub(super) fn choices(n: Option<i64>) -> Result<u32> {
    let n = u32::try_from(n.unwrap_or(1)).unwrap_or(0);
    if (1..=CHOICES_PER_PROMPT_MAX).contains(&n) {
        return Ok(n);
    }
    let message = format!("ask for 1 to {CHOICES_PER_PROMPT_MAX} answers");
    Err(refused("n", message))
}

/// Texts that end an answer.
///
/// # Errors
/// `invalid_value`.
pub(super) fn stops(field: &str, stops: Vec<String>) -> Result<Vec<String>> {
    let is_wrong = |stop: &String| stop.is_empty() || stop.len() > STOP_BYTES_MAX;
    if stops.len() > STOPS_MAX || stops.iter().any(is_wrong) {
        let message = format!("give at most {STOPS_MAX} texts of 1 to {STOP_BYTES_MAX} bytes each");
        return Err(refused(field, message));
    }
    Ok(stops)
}

/// A conversation within bounds.
///
/// # Errors
/// `invalid_value`, naming the tool or the choice that is wrong.
pub(super) fn checked(chat: Chat) -> Result<Chat> {
    if chat.messages.is_empty() || chat.messages.len() > MESSAGES_MAX {
        let message = format!("send 1 to {MESSAGES_MAX} messages");
        return Err(refused("messages", message));
    }
    if chat.tools.len() > TOOLS_MAX {
        return Err(refused("tools", format!("offer at most {TOOLS_MAX} tools")));
    }
    for (index, tool) in chat.tools.iter().enumerate() {
        let earlier = chat.tools.iter().take(index);
        if earlier.into_iter().any(|other| other.name == tool.name) {
            let message = format!("two tools are called `{}`", tool.name);
            return Err(refused(&format!("tools[{index}]"), message));
        }
    }
    match &chat.tool_choice {
        ToolChoice::Tool { name } if !chat.tools.iter().any(|tool| tool.name == *name) => {
            let message = format!("there is no tool `{name}` in `tools`");
            return Err(refused("tool_choice", message));
        }
        ToolChoice::Required if chat.tools.is_empty() => {
            let message = "a call is required but `tools` offers none";
            return Err(refused("tool_choice", message));
        }
        _ => {}
    }
    Ok(chat)
}

/// A tool within bounds.
///
/// # Errors
/// `invalid_value` for a name that models cannot write or arguments that are no object.
pub(super) fn tool(
    field: &str,
    (name, description): (String, Option<String>),
    parameters: Option<Value>,
) -> Result<Tool> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_plain) {
        let message = "a tool's name has 1 to 128 letters, digits, dashes and underscores";
        return Err(refused(&format!("{field}.name"), message));
    }
    let parameters = match parameters {
        None | Some(Value::Null) => json!({ "type": "object", "properties": {} }),
        Some(parameters @ Value::Object(_)) => parameters,
        Some(_) => {
            let message = "the arguments are described by a JSON schema, an object";
            return Err(refused(&format!("{field}.parameters"), message));
        }
    };
    Ok(Tool {
        name,
        description: description.unwrap_or_default(),
        parameters,
    })
}

/// A schema that answers must follow.
///
/// # Errors
/// `invalid_value` when it is no object.
pub(super) fn schema(field: &str, schema: Value) -> Result<Constraint> {
    if !schema.is_object() {
        return Err(refused(field, "give a JSON schema, an object"));
    }
    Ok(Constraint::JsonSchema { schema })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        let hot = Wishes {
            temperature: Some(2.1),
            ..Wishes::default()
        };
        assert_eq!(hot.check().unwrap_err().code(), "invalid_value");
        let not_a_number = Wishes {
            top_p: Some(f32::NAN),
            ..Wishes::default()
        };
        assert!(not_a_number.check().is_err());
        assert!(token_limit("max_tokens", Some(0)).is_err());
        assert_eq!(
            token_limit("max_tokens", Some(i64::MAX)).unwrap(),
            Some(u32::MAX)
        );
        assert!(choices(Some(9)).is_err() && choices(Some(0)).is_err());
    }

    #[test]
    fn every_answer_has_a_seed_of_its_own_and_small_seeds_stay() {
        assert_eq!(seed(7), 7);
        assert_ne!(seed(-1_i64 << 32), seed(0));
        let wishes = Wishes {
            seed: Some(u32::MAX),
            ..Wishes::default()
        };
        assert_eq!(wishes.sampling(&Sampling::default(), 1).seed, Some(0));
    }
}
