//! Tool calls: how each family of models writes them, the grammar that keeps a small model to
//! it, and reading them back.

mod named;
mod xml;

use guildhall_engine_protocol::{Failure, Tool};
use serde_json::{Map, Value, json};

use super::constraint::json_rule;
use super::template::python_json;

/// Most calls in one answer.
const CALLS_MAX: usize = 8;

/// Names and arguments, a JSON object as text each.
pub(super) type Calls = Vec<(String, String)>;

/// How a model writes tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolFormat {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen 2.5 and 3, and every
    /// model that is told to.
    Tags,
    /// `{"name": …, "parameters": …}` as the whole answer: Llama 3.1 and later.
    Bare,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}]`: Mistral until 2024.
    List,
    /// `[TOOL_CALLS]name[ARGS]{…}`: Mistral since.
    Named {
        /// With `[CALL_ID]` and nine characters after the name.
        has_id: bool,
    },
    /// `<tool_call><function=name><parameter=…>…`: Qwen3-Coder.
    Xml,
}

impl ToolFormat {
    /// The format that a chat template itself teaches; `None` when it knows no tools, or writes
    /// them in a way that is not known here.
    pub(super) fn of_template(source: &str) -> Option<Self> {
        if !source.contains("tools") {
            return None;
        }
        let is_xml = source.contains("<function=") && source.contains("<parameter=");
        match (source.contains("<tool_call>"), source.contains(named::CALL)) {
            (true, _) if is_xml => Some(Self::Xml),
            // Something else in between, which is not known here.
            _ if source.contains("<function=") => None,
            (true, _) => Some(Self::Tags),
            (_, true) if source.contains(named::ARGUMENTS) => Some(Self::Named {
                has_id: source.contains(named::ID),
            }),
            (_, true) => Some(Self::List),
            _ if source.contains("<|start_header_id|>") && source.contains("\"parameters\"") => {
                Some(Self::Bare)
            }
            _ => None,
        }
    }

    /// Whether an answer may be either a call or something else that a grammar describes: only where a call
    /// cannot be mistaken for JSON.
    pub(super) fn stands_beside_json(self) -> bool {
        matches!(self, Self::Tags | Self::Xml)
    }

    /// What introduces a call. For [`ToolFormat::Bare`] a brace at the answer's beginning does,
    /// and is part of the call.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Tags | Self::Xml => "<tool_call>",
            Self::Bare => "{",
            Self::List | Self::Named { .. } => named::CALL,
        }
    }

    /// What a prompt ends with so that the answer can only be a call.
    pub(super) fn prompt_end(self) -> &'static str {
        match self {
            Self::Tags | Self::Xml => "<tool_call>\n",
            Self::Bare => "",
            Self::List | Self::Named { .. } => named::CALL,
        }
    }

    /// A Lark grammar, without its `start`, whose rule `calls` is what follows the opening. `mark` gives the
    /// Lark term for one of the format's own words, which is a control token in the models that have it.
    ///
    /// # Errors
    /// When a tool's schema is too large or too deep.
    pub(super) fn grammar(
        self,
        tools: &[&Tool],
        one: bool,
        mark: impl Fn(&str) -> String,
    ) -> Result<String, Failure> {
        let more = CALLS_MAX - 1;
        let mut rules = match self {
            Self::Tags | Self::Xml if one => {
                "calls: \"\\n\"? call \"\\n</tool_call>\"\n".to_owned()
            }
            Self::Tags | Self::Xml => format!(
                "calls: \"\\n\"? call \"\\n</tool_call>\" more{{0,{more}}}\n\
                 more: \"\\n<tool_call>\\n\" call \"\\n</tool_call>\"\n",
            ),
            Self::Bare => "calls: call\n".to_owned(),
            Self::List if one => "calls: \"[\" call \"]\"\n".to_owned(),
            Self::List => format!("calls: \"[\" call (\", \" call){{0,{more}}} \"]\"\n"),
            Self::Named { .. } if one => "calls: call\n".to_owned(),
            Self::Named { .. } => {
                let again = mark(named::CALL);
                format!("calls: call ({again} call){{0,{more}}}\n")
            }
        };
        let names: Vec<String> = (0..tools.len())
            .map(|index| format!("call_{index}"))
            .collect();
        rules.push_str(&format!("call: {}\n", names.join(" | ")));
        for (index, tool) in tools.iter().enumerate() {
            rules.push_str(&match self {
                Self::Tags | Self::List => json_call(tool, index, "arguments")?,
                Self::Bare => json_call(tool, index, "parameters")?,
                Self::Xml => xml::grammar(tool, index)?,
                Self::Named { has_id } => named_call(tool, index, has_id, &mark)?,
            });
        }
        Ok(rules)
    }

    /// The calls in the text that follows an opening, as `(name, arguments)`; `None` when it is
    /// not made of calls alone. `tools` say what is text where calls do not.
    pub(super) fn parse(self, text: &str, tools: &[Tool]) -> Option<Calls> {
        let values: Vec<Value> = match self {
            Self::Tags | Self::Xml => return tagged(text, tools),
            Self::Named { .. } => return named::parse(text),
            Self::Bare => vec![serde_json::from_str(text.trim()).ok()?],
            Self::List => serde_json::from_str(text.trim()).ok()?,
        };
        let calls: Calls = values.iter().map(call_of).collect::<Option<_>>()?;
        (!calls.is_empty()).then_some(calls)
    }
}

/// Calls between `<tool_call>` and its end, the first opening left out.
fn tagged(text: &str, tools: &[Tool]) -> Option<Calls> {
    let mut calls = Vec::new();
    let mut rest = text.trim();
    loop {
        let (call, after) = if rest.starts_with('{') {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let value = values.next()?.ok()?;
            (call_of(&value)?, rest.get(values.byte_offset()..)?)
        } else {
            xml::read(rest, tools)?
        };
        calls.push(call);
        let after = after.trim_start();
        rest = after
            .strip_prefix("</tool_call>")
            .unwrap_or(after)
            .trim_start();
        if rest.is_empty() {
            return Some(calls);
        }
        rest = rest.strip_prefix("<tool_call>")?.trim_start();
    }
}

fn call_of(call: &Value) -> Option<(String, String)> {
    let name = call.get("name")?.as_str()?.to_owned();
    let arguments = call.get("arguments").or_else(|| call.get("parameters"))?;
    arguments.as_object()?;
    Some((name, arguments.to_string()))
}

/// The rule `call_INDEX` of a call that is one JSON object.
fn json_call(tool: &Tool, index: usize, arguments: &str) -> Result<String, Failure> {
    let head = format!("{{\"name\": \"{}\", \"{arguments}\": ", tool.name);
    // A JSON text is a Lark text.
    let head = Value::String(head).to_string();
    let schema = json_rule(&strict(&tool.parameters), (", ", ": "))?;
    Ok(format!(
        "call_{index}: {head} arguments_{index} \"}}\"\narguments_{index}: {schema}\n"
    ))
}

/// The rule `call_INDEX` of a call whose name stands before its arguments.
fn named_call(
    tool: &Tool,
    index: usize,
    has_id: bool,
    mark: &impl Fn(&str) -> String,
) -> Result<String, Failure> {
    let name = Value::String(tool.name.clone()).to_string();
    let id = if has_id {
        format!("{} /[a-zA-Z0-9]{{9}}/ ", mark(named::ID))
    } else {
        String::new()
    };
    let arguments = mark(named::ARGUMENTS);
    let schema = json_rule(&strict(&tool.parameters), (", ", ": "))?;
    Ok(format!(
        "call_{index}: {name} {id}{arguments} arguments_{index}\narguments_{index}: {schema}\n"
    ))
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
        let coder = "{% if tools %}<tool_call><function=x><parameter=y>";
        assert_eq!(of(coder), Some(ToolFormat::Xml));
        assert_eq!(of("{% if tools %}<tool_call><function=x>"), None);
        let newer = "{% if tools %}[TOOL_CALLS]x[ARGS]";
        assert_eq!(of(newer), Some(ToolFormat::Named { has_id: false }));
        let with_id = "{% if tools %}[TOOL_CALLS]x[CALL_ID]y[ARGS]";
        assert_eq!(of(with_id), Some(ToolFormat::Named { has_id: true }));
        assert_eq!(of("<tool_call>"), None);
    }

    #[test]
    fn calls_are_read_back() {
        let text = "\n{\"name\": \"a\", \"arguments\": {\"x\": 1}}\n</tool_call>\n\
                    <tool_call>\n{\"name\": \"b\", \"arguments\": {}}\n</tool_call>";
        assert_eq!(
            ToolFormat::Tags.parse(text, &[]).unwrap(),
            [
                ("a".to_owned(), "{\"x\":1}".to_owned()),
                ("b".to_owned(), "{}".to_owned())
            ]
        );
        let bare = "{\"name\": \"a\", \"parameters\": {\"x\": \"y\"}}";
        assert_eq!(ToolFormat::Bare.parse(bare, &[]).unwrap().len(), 1);
        let list = "[{\"name\": \"a\", \"arguments\": {}}, {\"name\": \"b\", \"arguments\": {}}]";
        assert_eq!(ToolFormat::List.parse(list, &[]).unwrap().len(), 2);
        for broken in [
            "",
            "hello",
            "{\"name\": \"a\"}",
            "{\"name\": 1, \"arguments\": {}}",
        ] {
            assert_eq!(ToolFormat::Tags.parse(broken, &[]), None, "{broken}");
        }
    }

    #[test]
    fn names_stand_before_arguments_in_mistrals_newer_form() {
        let format = ToolFormat::Named { has_id: true };
        let text = "a[CALL_ID]abcdef123[ARGS]{\"x\": \"[TOOL_CALLS]\"}[TOOL_CALLS]b[ARGS]{}";
        assert_eq!(
            format.parse(text, &[]).unwrap(),
            [
                ("a".to_owned(), "{\"x\":\"[TOOL_CALLS]\"}".to_owned()),
                ("b".to_owned(), "{}".to_owned())
            ]
        );
        for broken in [
            "",
            "a",
            "a[ARGS]",
            "a[ARGS]7",
            "[ARGS]{}",
            "a[ARGS]{} and more",
        ] {
            assert_eq!(format.parse(broken, &[]), None, "{broken}");
        }
    }

    #[test]
    fn arguments_of_qwens_coder_are_text_where_the_schema_says_so() {
        let parameters = json!({"type": "object", "properties": {
            "code": {"type": "string"}, "line": {"type": "integer"}, "mode": {"enum": ["1", "2"]},
        }});
        let tool = Tool {
            name: "edit".to_owned(),
            description: String::new(),
            parameters,
        };
        let text = "\n<function=edit>\n<parameter=code>\n7 < 8\n\n<b>\n</parameter>\n<parameter=line>\n12\n\
                    </parameter>\n<parameter=mode>\n1\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n\
                    <function=stop>\n</function>\n</tool_call>";
        let calls = ToolFormat::Xml.parse(text, &[tool]).unwrap();
        let arguments: Value = serde_json::from_str(&calls[0].1).unwrap();
        let wanted = json!({"code": "7 < 8\n\n<b>", "line": 12, "mode": "1"});
        assert_eq!(arguments, wanted);
        assert_eq!(calls[1], ("stop".to_owned(), "{}".to_owned()));
        for broken in [
            "<function=edit>",
            "<function=edit><parameter=a>1</function>",
            "text",
        ] {
            assert_eq!(ToolFormat::Xml.parse(broken, &[]), None, "{broken}");
        }
    }
}
