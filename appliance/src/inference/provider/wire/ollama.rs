//! `/api/chat` of Ollama: its own protocol, since the compatible one cannot set the context.
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use guildhall_engine_protocol::{
    Chat, ChatMessage, ChatRole, Constraint, FinishReason, Prompt, Sampling, ToolCall, ToolChoice,
};
use guildhall_kernel::Result;
use serde_json::{Value, json};

use super::{
    Framing, Outgoing, Piece, Reader, Target, Usage, add_text, arguments, at, bearer, called_tool,
    decimal,
    failure::{garbled, of_stream, read_json},
    frame::Frame,
    outgoing, put, unsupported,
};

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    if let ToolChoice::Required | ToolChoice::Tool { .. } = chat.tool_choice {
        return Err(unsupported(target, "a tool call that must be made"));
    }
    let mut body = json!({
        "model": target.model.name,
        "messages": chat.messages.iter().map(|message| message_of(chat, message)).collect::<Vec<_>>(),
        "stream": true,
        "options": options(target, prompt),
    });
    if !chat.tools.is_empty() && chat.tool_choice != ToolChoice::None {
        let tool = |tool: &guildhall_engine_protocol::Tool| {
            let function = json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters });
            json!({ "type": "function", "function": function })
        };
        put(&mut body, "tools", chat.tools.iter().map(tool).collect());
    }
    match &prompt.constraint {
        Some(Constraint::JsonSchema { schema }) => put(&mut body, "format", schema.clone()),
        Some(Constraint::Json) => put(&mut body, "format", json!("json")),
        _ => {}
    }
    outgoing(
        "/api/chat".to_owned(),
        bearer(target.credentials)?,
        &body,
        (Framing::Lines, Box::new(Answer::default())),
    )
}

fn message_of(chat: &Chat, message: &ChatMessage) -> Value {
    let mut value = json!({ "role": message.role.as_str(), "content": message.content });
    if message.role == ChatRole::Tool {
        put(
            &mut value,
            "tool_name",
            json!(called_tool(chat, message.tool_call_id.as_deref())),
        );
    }
    if !message.tool_calls.is_empty() {
        let call = |call: &ToolCall| json!({ "function": { "name": call.name, "arguments": arguments(call) } });
        put(
            &mut value,
            "tool_calls",
            message.tool_calls.iter().map(call).collect(),
        );
    }
    value
}

fn options(target: Target<'_>, prompt: &Prompt) -> Value {
    let (sampling, usual) = (&prompt.sampling, Sampling::default());
    let mut options =
        json!({ "num_predict": prompt.max_tokens, "num_ctx": target.model.context_length });
    let mut add = |name: &str, value: f32, usual: f32| {
        if (value - usual).abs() > f32::EPSILON {
            put(&mut options, name, decimal(value));
        }
    };
    add("temperature", sampling.temperature, usual.temperature);
    add("top_p", sampling.top_p, usual.top_p);
    add("min_p", sampling.min_p, usual.min_p);
    add(
        "repeat_penalty",
        sampling.repeat_penalty,
        usual.repeat_penalty,
    );
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
    if sampling.top_k > 0 {
        put(&mut options, "top_k", json!(sampling.top_k));
    }
    if let Some(seed) = sampling.seed {
        put(&mut options, "seed", json!(seed));
    }
    if !prompt.stop.is_empty() {
        put(&mut options, "stop", json!(prompt.stop));
    }
    options
}

#[derive(Default)]
struct Answer {
    calls: u32,
}

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        let line = read_json(&frame.data)?;
        if !at(&line, "/error").is_null() {
            return Err(of_stream(&line, None));
        }
        let message = at(&line, "/message");
        if let Some(text) = at(message, "/content")
            .as_str()
            .filter(|text| !text.is_empty())
        {
            add_text(pieces, text);
        }
        for call in at(message, "/tool_calls").as_array().into_iter().flatten() {
            let function = at(call, "/function");
            let name = at(function, "/name").as_str();
            let name = name.ok_or_else(|| garbled("called a tool without naming it"))?;
            if !at(function, "/arguments").is_object() || self.calls >= 128 {
                return Err(garbled("called a tool in a way that cannot be read"));
            }
            pieces.push(Piece::ToolCall(ToolCall {
                id: format!("call_{}", self.calls),
                name: name.to_owned(),
                arguments: at(function, "/arguments").to_string(),
            }));
            self.calls += 1;
        }
        if at(&line, "/done") == true {
            pieces.push(Piece::Usage(Usage {
                input: at(&line, "/prompt_eval_count").as_u64(),
                cached: None,
                output: at(&line, "/eval_count").as_u64(),
            }));
            pieces.push(Piece::Finish(match at(&line, "/done_reason").as_str() {
                Some("length") => FinishReason::Length,
                _ if self.calls > 0 => FinishReason::ToolCalls,
                _ => FinishReason::Stop,
            }));
        }
        Ok(())
    }
}
