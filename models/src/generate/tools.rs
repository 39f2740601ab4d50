//! Tool calls: how each family of models writes them, the grammar that keeps a small model to
//! it, and reading them back.

use guildhall_engine_protocol::{Failure, Tool};
use serde_json::{Map, Value, json};

use super::constraint::json_rule;
use super::template::python_json;

/// Most calls in one answer.
const CALLS_MAX: usize = 8;

/// How a model writes tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolFormat {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen 2.5 and 3, and every
    /// model that is told to.
    Tags,
    /// `{"name": …, "parameters": …}` as the whole answer: Llama 3.1 and later.
    Bare,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}]`: Mistral.
    List,
}

impl ToolFormat {
    /// The format that a chat template itself teaches; `None` when it knows no tools, or writes
    /// them in a way that is not known here.
    pub(super) fn of_template(source: &str) -> Option<Self> {
        if !source.contains("tools") || source.contains("<function=") || source.contains("[ARGS]") {
            return None;
        }
        if source.contains("<tool_call>") {
            Some(Self::Tags)
        } else if source.contains("[TOOL_CALLS]") {
            Some(Self::List)
        } else if source.contains("<|start_header_id|>") && source.contains("\"parameters\"") {
            Some(Self::Bare)
        } else {
            None
        }
    }

    /// What introduces a call. For [`ToolFormat::Bare`] a brace at the answer's beginning does,
    /// and is part of the call.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Tags => "<tool_call>",
            Self::Bare => "{",
            Self::List => "[TOOL_CALLS]",
        }
    }

    /// What a prompt ends with so that the answer can only be a call.
    pub(super) fn prompt_end(self) -> &'static str {
        match self {
            Self::Tags => "<tool_call>\n",
            Self::Bare => "",
            Self::List => "[TOOL_CALLS]",
        }
    }

    /// A Lark grammar, without its `start`, whose rule `calls` is what follows the opening.
    ///
    /// # Errors
    /// When a tool's schema is too large or too deep.
    pub(super) fn grammar(self, tools: &[&Tool], one: bool) -> Result<String, Failure> {
        let mut rules = match (self, one) {
            (Self::Tags, true) => "calls: \"\\n\"? call \"\\n</tool_call>\"\n".to_owned(),
            (Self::Tags, false) => format!(
                "calls: \"\\n\"? call \"\\n</tool_call>\" more{{0,{}}}\n\
                 more: \"\\n<tool_call>\\n\" call \"\\n</tool_call>\"\n",
                CALLS_MAX - 1
            ),
            (Self::Bare, _) => "calls: call\n".to_owned(),
            (Self::List, true) => "calls: \"[\" call \"]\"\n".to_owned(),
            (Self::List, false) => {
                format!(
                    "calls: \"[\" call (\", \" call){{0,{}}} \"]\"\n",
                    CALLS_MAX - 1
                )
            }
        };
        let names: Vec<String> = (0..tools.len())
            .map(|index| format!("call_{index}"))
            .collect();
        rules.push_str(&format!("call: {}\n", names.join(" | ")));
        let arguments = if self == Self::Bare {
            "parameters"
        } else {
            "arguments"
        };
        for (index, tool) in tools.iter().enumerate() {
            let head = format!("{{\"name\": \"{}\", \"{arguments}\": ", tool.name);
            // A JSON text is a Lark text.
            let head = Value::String(head).to_string();
            let schema = json_rule(&strict(&tool.parameters), (", ", ": "))?;
            rules.push_str(&format!(
                "call_{index}: {head} arguments_{index} \"}}\"\narguments_{index}: {schema}\n"
            ));
        }
        Ok(rules)
    }

    /// The calls in the text that follows an opening, as `(name, arguments)`; `None` when it is
    /// not made of calls alone.
    pub(super) fn parse(self, text: &str) -> Option<Vec<(String, String)>> {
        let calls: Vec<Value> = match self {
            Self::Tags => {
                let texts = text.split("<tool_call>").map(|call| {
                    let call = call.trim();
                    serde_json::from_str(call.strip_suffix("</tool_call>").unwrap_or(call)).ok()
                });
                texts.collect::<Option<_>>()?
            }
            Self::Bare => vec![serde_json::from_str(text.trim()).ok()?],
            Self::List => serde_json::from_str(text.trim()).ok()?,
        };
        let call = |call: &Value| {
            let name = call.get("name")?.as_str()?.to_owned();
            let arguments = call.get("arguments").or_else(|| call.get("parameters"))?;
            arguments.as_object()?;
            Some((name, arguments.to_string()))
        };
        let calls: Vec<_> = calls.iter().map(call).collect::<Option<_>>()?;
        (!calls.is_empty()).then_some(calls)
    }
}

/// The schema of a tool's arguments, which are an object, and one without inventions unless the
/// tool allows them.
fn strict(parameters: &Value) -> Value {
    let mut schema = match parameters {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    let composed = ["$ref", "anyOf", "oneOf", "allOf"]
        .iter()
        .any(|key| schema.contains_key(*key));
    if !composed {
        schema.entry("type").or_insert_with(|| json!("object"));
        schema.entry("additionalProperties").or_insert(json!(false));
    }
    Value::Object(schema)
}

/// Tells a model of tools whose template cannot.
pub(super) fn instructions(tools: &[Value]) -> String {
    let mut text =
        "You can call tools. These are the tools, one JSON object per line:\n".to_owned();
    for tool in tools {
        text.push_str(&python_json(tool));
        text.push('\n');
    }
    text.push_str(
        "To call a tool, answer with nothing but\n<tool_call>\n\
         {\"name\": \"the tool's name\", \"arguments\": {…}}\n</tool_call>\n\
         You are then given its result. Call a tool only when it helps.",
    );
    text
}

/// An assistant's call, for a template that knows no calls.
pub(super) fn call_text(name: &str, arguments: &Value) -> String {
    let call = python_json(&json!({"name": name, "arguments": arguments}));
    format!("<tool_call>\n{call}\n</tool_call>")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_templates() {
        let of = ToolFormat::of_template;
        assert_eq!(of("{% if tools %}<tool_call>"), Some(ToolFormat::Tags));
        assert_eq!(of("{% if tools %}[TOOL_CALLS]"), Some(ToolFormat::List));
        let llama = "{% if tools %}<|start_header_id|>{\"name\": \"parameters\"}";
        assert_eq!(of(llama), Some(ToolFormat::Bare));
        assert_eq!(of("{% if tools %}<tool_call><function=x>"), None);
        assert_eq!(of("<tool_call>"), None);
    }

    #[test]
    fn calls_are_read_back() {
        let text = "\n{\"name\": \"a\", \"arguments\": {\"x\": 1}}\n</tool_call>\n\
                    <tool_call>\n{\"name\": \"b\", \"arguments\": {}}\n</tool_call>";
        assert_eq!(
            ToolFormat::Tags.parse(text).unwrap(),
            [
                ("a".to_owned(), "{\"x\":1}".to_owned()),
                ("b".to_owned(), "{}".to_owned())
            ]
        );
        let bare = "{\"name\": \"a\", \"parameters\": {\"x\": \"y\"}}";
        assert_eq!(ToolFormat::Bare.parse(bare).unwrap().len(), 1);
        let list = "[{\"name\": \"a\", \"arguments\": {}}, {\"name\": \"b\", \"arguments\": {}}]";
        assert_eq!(ToolFormat::List.parse(list).unwrap().len(), 2);
        for broken in [
            "",
            "hello",
            "{\"name\": \"a\"}",
            "{\"name\": 1, \"arguments\": {}}",
        ] {
            assert_eq!(ToolFormat::Tags.parse(broken), None, "{broken}");
        }
    }
}
