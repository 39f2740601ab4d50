//! The written question sets: those of the built-in agents (`catalog/*/questions.yaml`) and those
//! about documents that people attach or paste (`documents.yaml`). Shared by the tests and the
//! evaluation program.
#![allow(
    dead_code,
    reason = "the tests read a part of it, the evaluation program another"
)]

use std::{fs, path::Path};

use guildhall::{
    catalog::Handbook,
    knowledge::{Source, SourceKind},
};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Weights were fitted on one half; the other half only measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Seen while choosing weights and the threshold.
    Fit,
    /// Never looked at for choosing anything.
    Test,
}

/// A built-in agent's handbook and questions.
pub struct Agent {
    /// Its directory.
    pub slug: String,
    /// Every second agent by name belongs to the test half.
    pub half: Half,
    /// Its handbook.
    pub handbook: Vec<Source>,
    /// Its questions.
    pub questions: Vec<Question>,
}

/// A document with the agent who is asked about it.
pub struct Document {
    /// Which half it belongs to.
    pub half: Half,
    /// File name.
    pub name: String,
    /// Slug of the agent.
    pub agent: String,
    /// The text.
    pub text: String,
    /// Questions; none has a passage.
    pub questions: Vec<Question>,
}

/// A question as a person would type it.
pub struct Question {
    /// What is asked.
    pub ask: String,
    /// The handbook passage that answers, if one does.
    pub passage: Option<String>,
    /// The sentence or line that answers best, word for word; none when nothing answers.
    pub quote: Option<String>,
}

/// Every agent below `catalog`, by slug.
pub fn agents(catalog: &Path) -> Vec<Agent> {
    let mut slugs: Vec<String> = fs::read_dir(catalog)
        .expect("the catalogue can be listed")
        .map(|entry| entry.expect("an entry can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("slugs are UTF-8"))
        .collect();
    slugs.sort();
    let halves = [Half::Fit, Half::Test].into_iter().cycle();
    slugs
        .into_iter()
        .zip(halves)
        .map(|(slug, half)| agent(catalog, slug, half))
        .collect()
}

fn agent(catalog: &Path, slug: String, half: Half) -> Agent {
    let read = |name: &str| fs::read_to_string(catalog.join(&slug).join(name)).expect(name);
    let handbook = Handbook::parse(&read("handbook.md")).expect("built-in handbooks are valid");
    let source = |passage: guildhall::catalog::Passage| Source {
        kind: SourceKind::Handbook,
        id: passage.id,
        title: passage.title,
        section: Some(passage.section),
        text: passage.text,
    };
    Agent {
        half,
        handbook: handbook.passages.into_iter().map(source).collect(),
        questions: yaml(&read("questions.yaml")).iter().map(question).collect(),
        slug,
    }
}

/// The documents of `file`.
pub fn documents(file: &Path) -> Vec<Document> {
    let text = fs::read_to_string(file).expect("the documents can be read");
    let field = |value: &Value, name: &str| value[name].as_str().expect(name).to_owned();
    yaml(&text)
        .iter()
        .map(|document| Document {
            half: match field(document, "half").as_str() {
                "fit" => Half::Fit,
                "test" => Half::Test,
                other => panic!("{other} is neither fit nor test"),
            },
            name: field(document, "name"),
            agent: field(document, "agent"),
            text: field(document, "text"),
            questions: document["questions"]
                .as_array()
                .expect("questions")
                .iter()
                .map(question)
                .collect(),
        })
        .collect()
}

fn question(value: &Value) -> Question {
    Question {
        ask: value["ask"].as_str().expect("ask").to_owned(),
        passage: value["passage"].as_str().map(str::to_owned),
        quote: value["quote"].as_str().map(str::to_owned),
    }
}

/// The items of a YAML list.
fn yaml(text: &str) -> Vec<Value> {
    let mut events = Parser::new_from_str(text).map(|event| event.expect("the YAML is valid").0);
    let value = events
        .find(|event| matches!(event, Event::SequenceStart(..)))
        .map(|start| node(start, &mut events));
    value
        .and_then(|value| value.as_array().cloned())
        .expect("the YAML is a list")
}

fn node<'t>(event: Event<'t>, events: &mut impl Iterator<Item = Event<'t>>) -> Value {
    match event {
        Event::Scalar(text, style, ..) => {
            let is_null = style == ScalarStyle::Plain && matches!(&*text, "null" | "~" | "");
            if is_null {
                Value::Null
            } else {
                Value::String(text.into_owned())
            }
        }
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            while let Some(event) = events.next().filter(|event| *event != Event::SequenceEnd) {
                items.push(node(event, events));
            }
            Value::Array(items)
        }
        Event::MappingStart(..) => {
            let mut fields = Map::new();
            while let Some(Event::Scalar(key, ..)) = events.next() {
                let value = events.next().expect("every key has a value");
                fields.insert(key.into_owned(), node(value, events));
            }
            Value::Object(fields)
        }
        other => panic!("unexpected YAML: {other:?}"),
    }
}
