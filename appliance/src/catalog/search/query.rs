//! From what a person typed to queries of the index.

use tantivy::{
    Searcher, Term,
    collector::Count,
    query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption},
    tokenizer::{TextAnalyzer, TokenStream},
};

/// More words than this say nothing new, and each costs a walk through the index.
const WORDS_MAX: usize = 12;
/// Words that say nothing about the work that is looked for.
const STOP_WORDS: [&str; 27] = [
    "a", "agent", "an", "and", "can", "do", "for", "from", "help", "i", "in", "is", "me", "my",
    "of", "on", "or", "our", "that", "the", "to", "we", "what", "which", "who", "with", "you",
];

/// The searched words of `text`, at most [`WORDS_MAX`].
pub(super) fn words(mut analyzer: TextAnalyzer, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut stream = analyzer.token_stream(text);
    while stream.advance() && words.len() < WORDS_MAX {
        let word = stream.token().text.clone();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    // The last word stays: it may be the beginning of another one.
    let last = words.pop();
    words.retain(|word| !STOP_WORDS.contains(&word.as_str()));
    words.extend(last);
    words
}

/// The queries to try one after the other: all words, then half of them.
pub(super) fn of_words(
    searcher: &Searcher,
    fields: &[(Field, f32)],
    words: &[String],
) -> tantivy::Result<Vec<BooleanQuery>> {
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if let Some(query) = of_word(searcher, fields, word, place + 1 == words.len())? {
            found.push((Occur::Should, query));
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let half = words.len().div_ceil(2);
    let mut needed = vec![words.len(), half];
    needed.dedup();
    needed.retain(|needed| *needed <= found.len());
    let query = |needed| {
        let clauses = found
            .iter()
            .map(|(occur, query)| (*occur, query.box_clone()))
            .collect();
        BooleanQuery::with_minimum_required_clauses(clauses, needed)
    };
    Ok(needed.into_iter().map(query).collect())
}

/// The word as written; as a beginning when it is the last; as a typing mistake when it occurs nowhere.
fn of_word(
    searcher: &Searcher,
    fields: &[(Field, f32)],
    word: &str,
    is_last: bool,
) -> tantivy::Result<Option<Box<dyn Query>>> {
    let mut as_written: Vec<Box<dyn Query>> = Vec::new();
    for (field, weight) in fields {
        let term = Term::from_field_text(*field, word);
        let exact = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
        as_written.push(boosted(exact, *weight * 2.0));
        if is_last {
            as_written.push(boosted(FuzzyTermQuery::new_prefix(term, 0, true), *weight));
        }
    }
    let as_written = BooleanQuery::union(as_written);
    if searcher.search(&as_written, &Count)? > 0 {
        return Ok(Some(Box::new(as_written)));
    }
    let Some(distance) = tolerated_mistakes(word) else {
        return Ok(None);
    };
    let mistyped = fields.iter().map(|(field, weight)| {
        let term = Term::from_field_text(*field, word);
        let query = if is_last {
            FuzzyTermQuery::new_prefix(term, distance, true)
        } else {
            FuzzyTermQuery::new(term, distance, true)
        };
        boosted(query, *weight)
    });
    let mistyped = BooleanQuery::union(mistyped.collect());
    let is_known = searcher.search(&mistyped, &Count)? > 0;
    Ok(is_known.then(|| Box::new(mistyped) as Box<dyn Query>))
}

/// How many letters may be wrong; short words would match anything.
fn tolerated_mistakes(word: &str) -> Option<u8> {
    match word.chars().count() {
        0..=3 => None,
        4..=7 => Some(1),
        _ => Some(2),
    }
}

fn boosted(query: impl Query, weight: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(Box::new(query), weight))
}
