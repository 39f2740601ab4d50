//! Looks up `Key: value` lines: “What is the invoice number?” is answered by the line itself.

use super::{
    corpus::Corpus,
    model::Layout,
    passage::key_value,
    retrieve::Group,
    words::{self, is_stop_word},
};

/// Share of the question's own words that the key and its surroundings must account for.
const QUESTION_SHARE_MIN: f64 = 0.6;

/// A line that answers, with the share of the question's words its key accounts for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// Position of the passage in the corpus.
    pub(super) passage: usize,
    /// Position of the line in the passage.
    pub(super) unit: usize,
    /// From [`QUESTION_SHARE_MIN`] to 1.
    pub(super) share: f64,
}

/// The line of the person's own texts whose key the question names, the best first; at most two,
/// the second only when it fits as well as the first.
pub(super) fn find(corpus: &Corpus) -> Vec<Line> {
    let asked = asked_stems(&corpus.query.question);
    let mut lines: Vec<Line> = corpus
        .compared()
        .into_iter()
        .filter(|passage| Group::of(corpus, *passage) == Group::Own)
        .flat_map(|passage| (0..corpus.unit_count(passage)).map(move |unit| (passage, unit)))
        .filter_map(|(passage, unit)| {
            let share = share_of_question(corpus, passage, unit, &asked)?;
            Some(Line {
                passage,
                unit,
                share,
            })
        })
        .collect();
    lines.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then((a.passage, a.unit).cmp(&(b.passage, b.unit)))
    });
    let best = lines.first().map_or(0.0, |line| line.share);
    lines.retain(|line| line.share >= best);
    lines.truncate(2);
    lines
}

/// How much of the question the key of a line accounts for; `None` when the line has no key, the
/// question does not name all of it, or too much of the question is about something else.
fn share_of_question(corpus: &Corpus, passage: usize, unit: usize, asked: &Asked) -> Option<f64> {
    let text = corpus.unit_text(passage, unit);
    if matches!(
        corpus.passages.get(passage)?.passage.layout,
        Layout::Table { .. }
    ) {
        return None;
    }
    let (key, _) = key_value(&text)?;
    let key: Vec<String> = stems(key).filter(|stem| !is_stop_word(stem)).collect();
    let names = |stem: &String| asked.stems.contains(stem) || is_one_of(stem, asked.implied);
    let named = key.iter().filter(|stem| asked.stems.contains(stem)).count();
    if named == 0 || !key.iter().all(names) {
        return None;
    }
    let source = corpus.source_of(passage)?;
    // The other keys say what a form is about: one with an invoice number is an invoice.
    let lines: Vec<String> = (0..corpus.unit_count(passage))
        .map(|unit| corpus.unit_text(passage, unit))
        .collect();
    let other_keys = lines.iter().filter_map(|line| Some(key_value(line)?.0));
    let around: Vec<String> = other_keys
        .flat_map(stems)
        .chain(stems(&source.title))
        .chain(stems(corpus.topic(passage).unwrap_or_default()))
        .collect();
    let explained = asked
        .stems
        .iter()
        .filter(|stem| {
            key.contains(stem) || around.contains(stem) || is_one_of(stem, DOCUMENT_WORDS)
        })
        .count();
    let share = explained as f64 / asked.stems.len().max(1) as f64;
    (share >= QUESTION_SHARE_MIN).then_some(share)
}

/// Words that only name the text asked about.
const DOCUMENT_WORDS: &[&str] = &[
    "text",
    "document",
    "fil",
    "attach",
    "attachment",
    "messag",
    "letter",
    "not",
    "list",
    "read",
    "stat",
    "giv",
    "written",
    "exact",
    "past",
];

fn is_one_of(stem: &str, words: &[&str]) -> bool {
    words.iter().any(|word| words::stem(word) == stem)
}

struct Asked {
    stems: Vec<String>,
    /// Words of a key that the question word stands for: “when” asks for a date.
    implied: &'static [&'static str],
}

fn asked_stems(question: &str) -> Asked {
    let lower = question.to_lowercase();
    let implied: &[&str] = if lower.contains("when") || lower.contains("until") {
        &["date", "day", "time", "deadline"]
    } else if lower.contains("who") {
        &["name", "person", "contact", "by"]
    } else if lower.contains("how much") {
        &["amount", "price", "total", "sum", "value", "cost"]
    } else if lower.contains("how many") {
        &["number", "quantity", "count"]
    } else if lower.contains("where") {
        &["address", "place", "location", "room"]
    } else {
        &[]
    };
    let stems = stems(question).filter(|stem| !is_stop_word(stem)).collect();
    Asked { stems, implied }
}

/// Stems with the usual abbreviations of forms written out.
fn stems(text: &str) -> impl Iterator<Item = String> {
    words::words(text)
        .into_iter()
        .map(|word| match word.plain.as_str() {
            "no" | "nr" | "num" => words::stem("number"),
            "qty" => words::stem("quantity"),
            "amt" => words::stem("amount"),
            "tel" | "telephone" | "phone" => words::stem("phone"),
            "ref" => words::stem("reference"),
            "addr" => words::stem("address"),
            _ => word.stem,
        })
}
