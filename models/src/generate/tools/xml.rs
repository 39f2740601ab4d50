//! Tool calls of Qwen3-Coder: `<function=…>` with one `<parameter=…>` per argument, whose texts stand as they
//! are and everything else as JSON. Source: the chat template of the model's own repository.

use guildhall_engine_protocol::{Failure, Tool};
use serde_json::{Map, Value};

use super::{json_call, strict};
use crate::generate::constraint::{invalid, json_rule};

/// What ends an argument.
const PARAMETER_END: &str = "\n</parameter>\n";

/// A Lark rule `call_INDEX` of one tool's call, with the rules it needs.
///
/// # Errors
/// When a schema is too large or too deep, or an argument's name cannot be written.
pub(super) fn grammar(tool: &Tool, index: usize) -> Result<String, Failure> {
    let schema = strict(&tool.parameters);
    let Some(parameters) = parameters(&schema) else {
        // What cannot be told apart argument by argument is written as one JSON object.
        return json_call(tool, index, "arguments");
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let head = literal(&format!("<function={}>\n", tool.name));
    let (mut body, mut rules) = (String::new(), String::new());
    for (place, (name, schema)) in parameters.iter().enumerate() {
        if name.contains(['<', '>', '\n']) {
            let message = format!("the argument {name:?} of {} cannot be written", tool.name);
            return Err(invalid(&message));
        }
        let rule = format!("argument_{index}_{place}");
        let optional = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        body.push_str(&format!(" {rule}{optional}"));
        let opening = literal(&format!("<parameter={name}>\n"));
        let value = value_rule(schema, &rule)?;
        rules.push_str(&format!("{rule}: {opening} value_{rule}\n{value}"));
    }
    Ok(format!(
        "call_{index}: {head}{body} \"</function>\"\n{rules}"
    ))
}

/// The arguments that a schema names; `None` when it says them in another way.
fn parameters(schema: &Value) -> Option<Map<String, Value>> {
    const COMPOSED: [&str; 5] = ["$ref", "anyOf", "oneOf", "allOf", "patternProperties"];
    let is_composed = COMPOSED.iter().any(|key| schema.get(key).is_some());
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    if is_composed || !is_closed {
        return None;
    }
    match schema.get("properties") {
        None => Some(Map::new()),
        Some(properties) => properties.as_object().cloned(),
    }
}

/// The rule `value_NAME` of what stands in an argument, its end included.
fn value_rule(schema: &Value, name: &str) -> Result<String, Failure> {
    let ended = |text: &str| literal(&format!("{text}{PARAMETER_END}"));
    if !is_text(schema) {
        let json = json_rule(schema, (", ", ": "))?;
        let end = literal(PARAMETER_END);
        return Ok(format!(
            "value_{name}: json_{name} {end}\njson_{name}: {json}\n"
        ));
    }
    if let Some(choices) = choices(schema) {
        let choices: Vec<String> = choices.iter().map(|choice| ended(choice)).collect();
        return Ok(format!("value_{name}: {}\n", choices.join(" | ")));
    }
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let least = bound("minLength").unwrap_or(0);
    let text = match (
        schema.get("pattern").and_then(Value::as_str),
        bound("maxLength"),
    ) {
        (Some(pattern), _) => text_of_pattern(pattern),
        (None, Some(most)) => format!("(?s:.{{{least},{}}})", most.max(least)),
        (None, None) => format!("(?s:.{{{least},}})"),
    };
    // Lazy: the first end is the end.
    Ok(format!(
        "value_{name}[lazy]: /{text}\\n<\\/parameter>\\n/\n"
    ))
}

/// A JSON Schema's pattern as a piece of a Lark regular expression.
fn text_of_pattern(pattern: &str) -> String {
    let start = if pattern.starts_with('^') {
        ""
    } else {
        "(?s:.*)"
    };
    let end = if pattern.ends_with('$') && !pattern.ends_with("\\$") {
        ""
    } else {
        "(?s:.*)"
    };
    let body = pattern.strip_prefix('^').unwrap_or(pattern);
    let body = if end.is_empty() {
        body.strip_suffix('$').unwrap_or(body)
    } else {
        body
    };
    let body = body.replace("\\/", "/").replace('/', "\\/");
    format!("{start}(?:{body}){end}")
}

/// Whether an argument's text stands as it is.
fn is_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(kind) => kind == "string",
        None => choices(schema).is_some(),
    }
}

/// The texts that an argument chooses from.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(only) = schema.get("const") {
        return only.as_str().map(|only| vec![only]);
    }
    let choices = schema.get("enum")?.as_array()?;
    choices.iter().map(Value::as_str).collect()
}

/// A JSON text is a Lark text.
fn literal(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Reads one call at the beginning of `text`, and gives what follows it.
pub(super) fn read<'a>(text: &'a str, tools: &[Tool]) -> Option<((String, String), &'a str)> {
    let rest = text.strip_prefix("<function=")?;
    let (name, mut rest) = rest.split_once('>')?;
    let tool = tools.iter().find(|tool| tool.name == name);
    let mut arguments = Map::new();
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix("<parameter=") else {
            break;
        };
        let (key, value) = parameter.split_once('>')?;
        let value = value.strip_prefix('\n').unwrap_or(value);
        let (value, after) = match value.split_once("\n</parameter>") {
            Some(parts) => parts,
            None => value.split_once("</parameter>")?,
        };
        let schema = tool.and_then(|tool| tool.parameters.get("properties")?.get(key));
        arguments.insert(key.to_owned(), argument(value, schema));
        rest = after;
    }
    let rest = rest.strip_prefix("</function>")?;
    let arguments = Value::Object(arguments).to_string();
    Some(((name.to_owned(), arguments), rest))
}

/// Text where the schema wants text or the model wrote no JSON.
fn argument(value: &str, schema: Option<&Value>) -> Value {
    let text = || Value::String(value.to_owned());
    if schema.is_some_and(is_text) {
        return text();
    }
    serde_json::from_str(value).unwrap_or_else(|_| text())
}
