//! The bounds of a request's fields.

use std::collections::BTreeSet;

use guildhall_engine_protocol::{
    Chat, ChatRole, Constraint, Failure, Input, Prompt, Sampling, ToolChoice, codes,
};

const STOPS_MAX: usize = 16;
const STOP_BYTES_MAX: usize = 1024;
const LOGIT_BIAS_MAX: usize = 300;
const LOGPROBS_MAX: u32 = 20;
const TOOLS_MAX: usize = 128;
const NAME_LENGTH_MAX: usize = 64;

/// Refuses what is outside its bounds, naming the field.
pub(super) fn check(prompt: &Prompt, vocabulary: u32) -> Result<(), Failure> {
    check_input(&prompt.input)
        .or_else(|| check_limits(prompt))
        .or_else(|| check_sampling(&prompt.sampling, vocabulary))
        .map_or(Ok(()), |problem| {
            Err(Failure::new(codes::INVALID_REQUEST, problem))
        })
}

/// Refuses a prompt without anything to answer.
pub(super) fn check_input(input: &Input) -> Option<String> {
    match input {
        Input::Text { .. } => None,
        Input::Chat(chat) => check_chat(chat),
    }
}

fn check_chat(chat: &Chat) -> Option<String> {
    if chat.messages.is_empty() {
        return Some("messages are empty; send at least one".to_owned());
    }
    let calls = chat
        .messages
        .iter()
        .find(|message| !message.tool_calls.is_empty() && message.role != ChatRole::Assistant);
    if calls.is_some() {
        return Some("tool_calls belong to messages of the assistant alone".to_owned());
    }
    if chat.tools.len() > TOOLS_MAX {
        return Some(format!("tools are more than {TOOLS_MAX}; send fewer"));
    }
    let mut names = BTreeSet::new();
    for tool in &chat.tools {
        let is_name = !tool.name.is_empty()
            && tool.name.len() <= NAME_LENGTH_MAX
            && tool
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !is_name {
            return Some(format!(
                "tools: {:?} is no name; use up to {NAME_LENGTH_MAX} letters, digits, _ and -",
                tool.name
            ));
        }
        if !names.insert(tool.name.as_str()) {
            return Some(format!("tools: {:?} is there twice", tool.name));
        }
    }
    match &chat.tool_choice {
        ToolChoice::Auto | ToolChoice::None => None,
        ToolChoice::Required if chat.tools.is_empty() => {
            Some("tool_choice requires a call but there are no tools".to_owned())
        }
        ToolChoice::Required => None,
        ToolChoice::Tool { name } if names.contains(name.as_str()) => None,
        ToolChoice::Tool { name } => Some(format!("tool_choice names {name:?}, which is no tool")),
    }
}

fn check_limits(prompt: &Prompt) -> Option<String> {
    let forced = matches!(
        &prompt.input,
        Input::Chat(chat)
            if matches!(chat.tool_choice, ToolChoice::Required | ToolChoice::Tool { .. })
    );
    let problem = if prompt.max_tokens == 0 {
        "max_tokens is 0; ask for at least 1"
    } else if prompt.stop.len() > STOPS_MAX {
        "stop has more than 16 texts; send fewer"
    } else if prompt.stop.iter().any(|stop| stop.len() > STOP_BYTES_MAX) {
        "stop has a text of more than 1024 bytes; shorten it"
    } else if prompt.logprobs.is_some_and(|count| count > LOGPROBS_MAX) {
        "logprobs asks for more than 20 alternatives; ask for fewer"
    } else if prompt.constraint.is_some() && prompt.ignore_end {
        "ignore_end and constraint exclude each other; leave one out"
    } else if prompt.constraint.is_some() && forced {
        "constraint and a tool_choice that requires a call exclude each other; leave one out"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

fn check_sampling(sampling: &Sampling, vocabulary: u32) -> Option<String> {
    let bounded = [
        ("temperature", sampling.temperature, 0.0, 2.0),
        ("min_p", sampling.min_p, 0.0, 1.0),
        ("repeat_penalty", sampling.repeat_penalty, 0.5, 2.0),
        ("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0),
        ("presence_penalty", sampling.presence_penalty, -2.0, 2.0),
    ];
    // Not `<` and `>`: what is no number is outside of every range.
    let outside = bounded
        .into_iter()
        .find(|(_, value, least, most)| !(*least..=*most).contains(value));
    if let Some((name, _, least, most)) = outside {
        return Some(format!("{name} is not between {least} and {most}"));
    }
    if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
        return Some("top_p is not above 0 and at most 1".to_owned());
    }
    if sampling.logit_bias.len() > LOGIT_BIAS_MAX {
        return Some(format!(
            "logit_bias names more than {LOGIT_BIAS_MAX} tokens; name fewer"
        ));
    }
    sampling.logit_bias.iter().find_map(|(token, bias)| {
        if *token >= vocabulary {
            Some(format!(
                "logit_bias names token {token}, but the model has {vocabulary} tokens"
            ))
        } else if !(-100.0..=100.0).contains(bias) {
            Some("logit_bias is not between -100 and 100".to_owned())
        } else {
            None
        }
    })
}

/// Whether a constraint can be one of two things, the other being a tool call.
pub(super) fn joins_tools(constraint: &Constraint) -> bool {
    matches!(constraint, Constraint::Json | Constraint::JsonSchema { .. })
}
