//! YAML text → a plain tree that remembers its lines. Strict on purpose: one document, no anchors
//! and aliases (which make "billion laughs" possible), no tags, no repeated keys, bounded depth.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Value};

use super::report::Problem;

/// How deep lists and maps may nest. A manifest needs four levels.
const DEPTH_MAX: usize = 16;

/// A YAML document as a tree, with the line on which each path stands.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The document's content; scalars are read by the YAML 1.2 core schema.
    pub(crate) value: Value,
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Line (from 1) of `path` or, when it is not there, of what it would stand in.
    pub(crate) fn line(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}

/// Reads YAML text.
///
/// # Errors
/// Every problem up to the first one that makes the rest unreadable.
pub(crate) fn parse(text: &str) -> Result<Document, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        document: Document::default(),
        problems: Vec::new(),
    };
    match reader.document() {
        Ok(()) if reader.problems.is_empty() => Ok(reader.document),
        Ok(()) => Err(reader.problems),
        Err(fatal) => {
            reader.problems.push(fatal);
            Err(reader.problems)
        }
    }
}

struct Reader<'text> {
    events: Parser<'text, StrInput<'text>>,
    document: Document,
    problems: Vec<Problem>,
}

impl<'text> Reader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), Problem> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(syntax(&error)),
            None => Err(Problem::new("", None, "ends in the middle of a value")),
        }
    }

    fn document(&mut self) -> Result<(), Problem> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => {
                    return Err(Problem::new(
                        "",
                        None,
                        "is empty; write the manifest's fields",
                    ));
                }
                (event, span) => {
                    self.document.value = self.node(event, span, "", 0)?;
                    break;
                }
            }
        }
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => {
                    let message = "a second document begins here; keep one document per file";
                    return Err(Problem::new("", Some(span.start.line()), message));
                }
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'text>,
        span: Span,
        path: &str,
        depth: usize,
    ) -> Result<Value, Problem> {
        let line = span.start.line();
        // A key's line is noted before its value is read and stays.
        self.document.lines.entry(path.to_owned()).or_insert(line);
        if depth > DEPTH_MAX {
            let message = format!("is nested deeper than {DEPTH_MAX} levels");
            return Err(Problem::new(path, Some(line), message));
        }
        self.refuse_reference(&event, path, line);
        match event {
            Event::Scalar(text, style, _, _) => Ok(scalar(&text, style)),
            Event::SequenceStart(..) => self.sequence(path, depth),
            Event::MappingStart(..) => self.mapping(path, depth),
            _ => Ok(Value::Null),
        }
    }

    fn refuse_reference(&mut self, event: &Event<'text>, path: &str, line: usize) {
        let (anchor, tag) = match event {
            Event::Alias(_) => (1, None),
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor, tag.as_ref()),
            _ => (0, None),
        };
        let message = match (anchor, tag) {
            (1.., _) => "uses a YAML anchor or alias (`&name`, `*name`); write the value out",
            (0, Some(_)) => "uses a YAML tag (`!name`); write the plain value",
            (0, None) => return,
        };
        self.problems.push(Problem::new(path, Some(line), message));
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, span) => {
                    let path = format!("{path}[{}]", items.len());
                    items.push(self.node(event, span, &path, depth + 1)?);
                }
            }
        }
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Value, Problem> {
        let mut fields = Map::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Object(fields));
            }
            let line = span.start.line();
            let key = self.key(event, path, line)?;
            let key_path = join(path, &key);
            let is_repeated = fields.contains_key(&key);
            if is_repeated {
                let message = "is written twice; keep one of them";
                self.problems
                    .push(Problem::new(key_path.as_str(), Some(line), message));
            }
            self.document.lines.insert(key_path.clone(), line);
            let (event, span) = self.next()?;
            let value = self.node(event, span, &key_path, depth + 1)?;
            fields.insert(key, value);
        }
    }

    fn key(&mut self, event: Event<'text>, path: &str, line: usize) -> Result<String, Problem> {
        self.refuse_reference(&event, path, line);
        match event {
            Event::Scalar(text, _, _, _) => Ok(text.into_owned()),
            _ => Err(Problem::new(
                path,
                Some(line),
                "has a key that is not a plain name",
            )),
        }
    }
}

/// `parent.key`, or `key` at the top.
pub(crate) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

fn syntax(error: &ScanError) -> Problem {
    let message = format!("is not valid YAML: {}", error.info());
    Problem::new("", Some(error.marker().line()), message)
}

/// A scalar by the core schema of YAML 1.2.2, section 10.3.2; hexadecimal, octal, infinite and
/// not-a-number forms stay text, since no manifest field takes them.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let is_numeric = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let integer = text
        .parse::<i64>()
        .ok()
        .filter(|_| is_numeric)
        .map(Value::from);
    let float = || {
        text.parse::<f64>()
            .ok()
            .filter(|_| is_numeric)
            .map(Value::from)
    };
    integer
        .or_else(float)
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        parse(text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let text =
            "a: 1.5B\nb: 1.0.0\nc: 12\nd: 1.5\ne: yes\nf: true\ng: ~\nh: '12'\ni: inf\nj: 0x1f";
        assert_eq!(
            parse(text).unwrap().value,
            json!({"a": "1.5B", "b": "1.0.0", "c": 12, "d": 1.5, "e": "yes", "f": true,
                   "g": null, "h": "12", "i": "inf", "j": "0x1f"})
        );
    }

    #[test]
    fn each_path_knows_its_line() {
        let document = parse("a:\n  - x: 1\n    y: 2\nb: |\n  text\n").unwrap();
        assert_eq!(document.line("a"), Some(1));
        assert_eq!(document.line("a[0].y"), Some(3));
        assert_eq!(document.line("a[0].missing"), Some(2));
        assert_eq!(document.line("b"), Some(4));
    }

    #[test]
    fn what_makes_yaml_dangerous_is_refused() {
        assert_eq!(
            problems("a: &x 1\nb: *x\nc: !!str 1\na: 2\n"),
            [
                "a: uses a YAML anchor or alias (`&name`, `*name`); write the value out [line 1]",
                "b: uses a YAML anchor or alias (`&name`, `*name`); write the value out [line 2]",
                "c: uses a YAML tag (`!name`); write the plain value [line 3]",
                "a: is written twice; keep one of them [line 4]",
            ]
        );
        let deep = "[".repeat(40) + &"]".repeat(40);
        let path = "[0]".repeat(17);
        assert_eq!(
            problems(&deep),
            [format!("{path}: is nested deeper than 16 levels [line 1]")]
        );
        assert_eq!(
            problems("a: 1\n---\nb: 2\n"),
            ["file: a second document begins here; keep one document per file [line 2]"]
        );
        assert_eq!(
            problems(""),
            ["file: is empty; write the manifest's fields"]
        );
        assert_eq!(
            problems("[a]: 1"),
            ["file: has a key that is not a plain name [line 1]"]
        );
    }
}
