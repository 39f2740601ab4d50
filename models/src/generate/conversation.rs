//! Conversations as chat templates want them: as values for the model's own template, in words
//! for templates that know no tools or no instructions.

use guildhall_engine_protocol::{ChatMessage, ChatRole, Tool};
use serde_json::{Map, Value, json};

use super::control::ControlTexts;
use super::prompt::Turns;
use super::tools;

/// A message for the model's own template, disarmed.
pub(super) fn message_view(control: &ControlTexts, message: &ChatMessage) -> Value {
    let mut view = Map::new();
    view.insert("role".to_owned(), json!(message.role.as_str()));
    let content = control.disarm(&message.content);
    view.insert("content".to_owned(), Value::String(content));
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let arguments = disarm_json(control, &arguments_value(&call.arguments));
            let name = control.disarm(&call.name);
            json!({
                "id": control.disarm(&call.id),
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            })
        });
        view.insert("tool_calls".to_owned(), calls.collect());
    }
    if let Some(id) = &message.tool_call_id {
        let id = control.disarm(id);
        view.insert("tool_call_id".to_owned(), Value::String(id));
    }
    Value::Object(view)
}

/// A tool for the model's own template, disarmed.
pub(super) fn tool_view(control: &ControlTexts, tool: &Tool) -> Value {
    disarm_json(
        control,
        &json!({
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }),
    )
}

fn disarm_json(control: &ControlTexts, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(control.disarm(text)),
        Value::Array(items) => items
            .iter()
            .map(|item| disarm_json(control, item))
            .collect(),
        Value::Object(fields) => {
            let disarmed = fields
                .iter()
                .map(|(key, value)| (control.disarm(key), disarm_json(control, value)));
            Value::Object(disarmed.collect())
        }
        other => other.clone(),
    }
}

/// A conversation with tools in words, for templates that know none.
pub(super) fn flatten(turns: &Turns<'_>) -> Vec<ChatMessage> {
    let mut flat: Vec<ChatMessage> = Vec::new();
    if !turns.tools.is_empty() {
        let views: Vec<Value> = turns
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                })
            })
            .collect();
        flat.push(ChatMessage::new(
            ChatRole::System,
            tools::instructions(&views),
        ));
    }
    for message in turns.messages {
        let (role, content) = match message.role {
            ChatRole::Tool => (
                ChatRole::User,
                format!("<tool_response>\n{}\n</tool_response>", message.content),
            ),
            role => (role, with_calls(message)),
        };
        match flat.last_mut() {
            // Results of several calls, and instructions beside tools, are one message.
            Some(last) if last.role == role && role != ChatRole::Assistant => {
                last.content.push_str("\n\n");
                last.content.push_str(&content);
            }
            _ => flat.push(ChatMessage::new(role, content)),
        }
    }
    flat
}

fn arguments_value(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| Value::String(arguments.to_owned()))
}

fn with_calls(message: &ChatMessage) -> String {
    let mut content = message.content.clone();
    for call in &message.tool_calls {
        if !content.is_empty() {
            content.push('\n');
        }
        content.push_str(&tools::call_text(
            &call.name,
            &arguments_value(&call.arguments),
        ));
    }
    content
}

/// The conversation with its instructions in front of the first message of a person; `None`
/// when there are no instructions or nobody to take them.
pub(super) fn fold_system(messages: &[&ChatMessage]) -> Option<Vec<ChatMessage>> {
    let system: Vec<&str> = messages
        .iter()
        .filter(|message| message.role == ChatRole::System)
        .map(|message| message.content.as_str())
        .collect();
    if system.is_empty() {
        return None;
    }
    let mut folded: Vec<ChatMessage> = messages
        .iter()
        .filter(|message| message.role != ChatRole::System)
        .map(|message| (*message).clone())
        .collect();
    let first = folded
        .iter_mut()
        .find(|message| message.role == ChatRole::User)?;
    first.content = format!("{}\n\n{}", system.join("\n\n"), first.content);
    Some(folded)
}
