//! Checks a document against the manifest's JSON Schema and says what is wrong in words. It knows
//! exactly the schema words that the manifest uses (a test sees to it).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{
    Manifest, PATTERNS,
    report::Problem,
    yaml::{Document, join},
};

static SCHEMA: LazyLock<Value> = LazyLock::new(Manifest::json_schema);
static COMPILED: LazyLock<Vec<(&str, Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, hint)| Some((pattern, Regex::new(pattern).ok()?, hint));
    PATTERNS.into_iter().filter_map(compile).collect()
});

/// Everything in `document` that the schema refuses.
pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut check = Check {
        document,
        problems: Vec::new(),
    };
    check.value(&SCHEMA, &document.value, "");
    check.problems
}

struct Check<'a> {
    document: &'a Document,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, path: &str, message: impl Into<String>) {
        let problem = self.problem(path, message);
        self.problems.push(problem);
    }

    fn problem(&self, path: &str, message: impl Into<String>) -> Problem {
        Problem::new(path, self.document.line(path), message)
    }

    fn value(&mut self, schema: &Value, value: &Value, path: &str) {
        let (schema, is_nullable) = resolve(schema);
        if is_nullable && value.is_null() {
            return;
        }
        let choices = choices(schema);
        if !choices.is_empty() {
            return self.choice(&choices, value, path);
        }
        match (text(schema, "type"), value) {
            ("object", Value::Object(fields)) => self.object(schema, fields, path),
            ("array", Value::Array(items)) => self.array(schema, items, path),
            ("string", Value::String(content)) => self.string(schema, content, path),
            ("integer", Value::Number(number)) if number.is_i64() => {
                self.integer(schema, number.as_i64().unwrap_or_default(), path);
            }
            ("boolean", Value::Bool(_)) => {}
            (expected, found) => self.report(path, wrong_type(expected, found)),
        }
    }

    fn choice(&mut self, choices: &[&str], value: &Value, path: &str) {
        let known = choices.join(", ");
        match value.as_str() {
            Some(written) if choices.contains(&written) => {}
            Some(written) if choices.len() == 1 => {
                self.report(
                    path,
                    format!("is `{}`; the only known value is `{known}`", brief(written)),
                );
            }
            Some(written) => {
                let message = format!("is `{}`; known values are {known}", brief(written));
                let problem = self.problem(path, message);
                self.problems
                    .push(problem.suggesting(written, choices.iter().copied()));
            }
            None => self.report(
                path,
                format!("must be one of {known}, not {}", describe(value)),
            ),
        }
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, path: &str) {
        let none = Map::new();
        let known = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        let mut misspelt = Vec::new();
        for (name, value) in fields {
            let path = join(path, name);
            if let Some(schema) = known.get(name) {
                self.value(schema, value, &path);
                continue;
            }
            let absent = known
                .keys()
                .map(String::as_str)
                .filter(|known| !fields.contains_key(*known));
            let mut problem = self
                .problem(&path, "unknown field")
                .suggesting(name, absent);
            match &problem.suggestion {
                Some(suggestion) => misspelt.push(suggestion.clone()),
                None => {
                    let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
                    names.sort_unstable();
                    problem.message = format!("unknown field; known here are {}", names.join(", "));
                }
            }
            self.problems.push(problem);
        }
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for name in required.filter_map(Value::as_str) {
            // A misspelt field is reported once, under the name that was written.
            if !fields.contains_key(name) && !misspelt.iter().any(|known| known == name) {
                let purpose = known
                    .get(name)
                    .map_or("", |schema| text(schema, "description"));
                let message = format!("is missing: {}", lower_first(purpose.trim_end_matches('.')));
                self.report(&join(path, name), message.trim_end_matches(": "));
            }
        }
    }

    fn array(&mut self, schema: &Value, items: &[Value], path: &str) {
        let (minimum, maximum) = (number(schema, "minItems"), number(schema, "maxItems"));
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if minimum.is_some_and(|minimum| count < minimum) {
            self.report(
                path,
                format!(
                    "has too few entries: at least {} needed, {count} written",
                    minimum.unwrap_or(0)
                ),
            );
        }
        if maximum.is_some_and(|maximum| count > maximum) {
            self.report(
                path,
                format!(
                    "has too many entries: at most {} allowed, {count} written",
                    maximum.unwrap_or(0)
                ),
            );
            return;
        }
        let is_unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        for (place, item) in items.iter().enumerate() {
            let path = format!("{path}[{place}]");
            if is_unique && items.iter().take(place).any(|earlier| earlier == item) {
                self.report(&path, format!("repeats {}", describe(item)));
            }
            if let Some(schema) = schema.get("items") {
                self.value(schema, item, &path);
            }
        }
    }

    fn string(&mut self, schema: &Value, content: &str, path: &str) {
        let length = i64::try_from(content.chars().count()).unwrap_or(i64::MAX);
        if let Some(letter) = content.chars().find(|letter| is_hidden(*letter)) {
            self.report(
                path,
                format!(
                    "holds the invisible character U+{:04X}; remove it",
                    u32::from(letter)
                ),
            );
        }
        if content.trim().is_empty() {
            return self.report(path, "must not be empty");
        }
        if let Some(minimum) = number(schema, "minLength").filter(|minimum| length < *minimum) {
            let message =
                format!("is too short: at least {minimum} characters needed, {length} written");
            return self.report(path, message);
        }
        if let Some(maximum) = number(schema, "maxLength").filter(|maximum| length > *maximum) {
            let message =
                format!("is too long: at most {maximum} characters allowed, {length} written");
            return self.report(path, message);
        }
        let pattern = text(schema, "pattern");
        if let Some((_, regex, hint)) = COMPILED.iter().find(|(known, ..)| *known == pattern)
            && !regex.is_match(content)
        {
            self.report(
                path,
                format!("is `{}`, which is not {hint}", brief(content)),
            );
        }
    }

    fn integer(&mut self, schema: &Value, value: i64, path: &str) {
        if let Some(minimum) = number(schema, "minimum").filter(|minimum| value < *minimum) {
            self.report(path, format!("is {value}; at least {minimum} needed"));
        }
        if let Some(maximum) = number(schema, "maximum").filter(|maximum| value > *maximum) {
            self.report(path, format!("is {value}; at most {maximum} allowed"));
        }
    }
}

/// The schema behind `$ref`, and whether `null` is allowed beside it.
fn resolve(schema: &Value) -> (&Value, bool) {
    let variants = schema.get("anyOf").and_then(Value::as_array);
    let is_null = |schema: &&Value| text(schema, "type") == "null";
    let is_nullable =
        variants.is_some_and(|variants| variants.iter().any(|schema| is_null(&schema)));
    let schema = variants
        .and_then(|variants| variants.iter().find(|schema| !is_null(schema)))
        .unwrap_or(schema);
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    let schema = target
        .and_then(|pointer| SCHEMA.pointer(pointer))
        .unwrap_or(schema);
    (schema, is_nullable)
}

/// The values of an enumeration.
fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let described = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let constants = described.filter_map(|variant| variant.get("const"));
    listed
        .chain(constants)
        .chain(schema.get("const"))
        .filter_map(Value::as_str)
        .collect()
}

fn text<'a>(schema: &'a Value, word: &str) -> &'a str {
    schema.get(word).and_then(Value::as_str).unwrap_or_default()
}

fn number(schema: &Value, word: &str) -> Option<i64> {
    schema.get(word).and_then(Value::as_i64)
}

fn wrong_type(expected: &str, found: &Value) -> String {
    let found_words = describe(found);
    match (expected, found) {
        (_, Value::Null) => "must not be empty".into(),
        ("string", Value::Number(_) | Value::Bool(_)) => {
            format!("must be text, not {found_words}; put it in quotes")
        }
        ("string", _) => format!("must be text, not {found_words}"),
        ("integer", _) => format!("must be a whole number, not {found_words}"),
        ("boolean", _) => format!("must be true or false, not {found_words}"),
        ("array", _) => format!("must be a list (`- entry`), not {found_words}"),
        _ => format!("must be a group of fields (`name: value`), not {found_words}"),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("`{}`", brief(value)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a group of fields".into(),
    }
}

/// The first characters of `content` on one line.
fn brief(content: &str) -> String {
    const SHOWN: usize = 40;
    let line = content.replace(['\n', '\r', '\t'], " ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Control characters other than line breaks and tabs, and marks that reorder the text around them
/// (Unicode UAX #9), which could make a file read differently from what it is.
fn is_hidden(letter: char) -> bool {
    let is_layout = matches!(letter, '\n' | '\r' | '\t');
    let reorders = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    reorders || letter.is_control() && !is_layout
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    const ENFORCED: &[&str] = &[
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "oneOf",
        "pattern",
        "properties",
        "required",
        "type",
        "uniqueItems",
    ];
    const SAYING_NOTHING: &[&str] = &[
        "$defs",
        "$id",
        "$schema",
        "default",
        "description",
        "format",
        "title",
    ];

    fn words(schema: &Value, found: &mut BTreeSet<String>) {
        let Some(fields) = schema.as_object() else {
            return;
        };
        for (word, inner) in fields {
            found.insert(word.clone());
            match (word.as_str(), inner) {
                ("properties" | "$defs", Value::Object(schemas)) => {
                    schemas.values().for_each(|schema| words(schema, found));
                }
                (_, Value::Array(schemas)) => {
                    schemas.iter().for_each(|schema| words(schema, found))
                }
                (_, schema) => words(schema, found),
            }
        }
    }

    #[test]
    fn every_word_of_the_schema_is_enforced() {
        let mut found = BTreeSet::new();
        words(&SCHEMA, &mut found);
        let unknown: Vec<_> = found
            .iter()
            .filter(|word| {
                !ENFORCED.contains(&word.as_str()) && !SAYING_NOTHING.contains(&word.as_str())
            })
            .collect();
        assert!(
            unknown.is_empty(),
            "the schema uses words that no check knows: {unknown:?}"
        );
        assert!(found.contains("pattern") && found.contains("uniqueItems"));
    }

    #[test]
    fn every_pattern_compiles_and_has_words() {
        assert_eq!(COMPILED.len(), PATTERNS.len());
        let text = SCHEMA.to_string();
        let used = text.matches("\"pattern\":").count();
        let known: usize = PATTERNS
            .iter()
            .map(|(pattern, _)| {
                text.matches(&format!("\"pattern\":{}", Value::from(*pattern)))
                    .count()
            })
            .sum();
        assert_eq!(used, known);
    }
}
