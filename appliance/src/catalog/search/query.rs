//! From what a person typed to queries of the index.

use std::{collections::BTreeSet, ops::Bound};

use tantivy::{
    Searcher, Term,
    query::{
        BooleanQuery, BoostQuery, FuzzyTermQuery, InvertedIndexRangeQuery, Occur, Query, TermQuery,
    },
    schema::{Field, IndexRecordOption},
    tokenizer::{TextAnalyzer, TokenStream},
};

/// More words than this say nothing new, and each costs a walk through the index.
const WORDS_MAX: usize = 12;
/// Most words of a field that a mistyped one may have meant.
const MISTYPED_TERMS_MAX: usize = 50;
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
    let says_something = |word: &String| !STOP_WORDS.contains(&word.as_str());
    if words.iter().any(says_something) {
        words.retain(says_something);
    }
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
    let mut queries = Vec::new();
    for (field, weight) in fields {
        let term = Term::from_field_text(*field, word);
        if searcher.doc_freq(&term)? > 0 {
            queries.push(term_query(term.clone(), weight * 2.0));
        }
        if is_last {
            let after = format!("{word}{}", char::MAX);
            if has_term_between(searcher, *field, word, &after)? {
                let after = Term::from_field_text(*field, &after);
                let range =
                    InvertedIndexRangeQuery::new(Bound::Excluded(term), Bound::Excluded(after));
                queries.push(Box::new(BoostQuery::new(Box::new(range), *weight)));
            }
        }
    }
    if queries.is_empty() {
        queries = of_mistyped(searcher, fields, word, is_last)?;
    }
    Ok((!queries.is_empty()).then(|| Box::new(BooleanQuery::union(queries)) as Box<dyn Query>))
}

/// The known words from which `word` may have come by mistake.
fn of_mistyped(
    searcher: &Searcher,
    fields: &[(Field, f32)],
    word: &str,
    is_last: bool,
) -> tantivy::Result<Vec<Box<dyn Query>>> {
    let mut queries = Vec::new();
    let (Some(distance), Some((any_field, _))) = (tolerated_mistakes(word), fields.first()) else {
        return Ok(queries);
    };
    let term = Term::from_field_text(*any_field, word);
    let fuzzy = if is_last {
        FuzzyTermQuery::new_prefix(term, distance, true)
    } else {
        FuzzyTermQuery::new(term, distance, true)
    };
    // Made once for all fields: making it costs more than walking through a dictionary with it.
    let automaton = fuzzy.automaton()?;
    for (field, weight) in fields {
        let mut known = BTreeSet::new();
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(*field)?;
            let mut stream = index.terms().search(&automaton).into_stream()?;
            while known.len() < MISTYPED_TERMS_MAX && stream.advance() {
                known.insert(String::from_utf8_lossy(stream.key()).into_owned());
            }
        }
        let terms = known
            .iter()
            .map(|known| Term::from_field_text(*field, known));
        queries.extend(terms.map(|term| term_query(term, *weight)));
    }
    Ok(queries)
}

fn has_term_between(
    searcher: &Searcher,
    field: Field,
    after: &str,
    before: &str,
) -> tantivy::Result<bool> {
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field)?;
        if index
            .terms()
            .range()
            .gt(after)
            .lt(before)
            .into_stream()?
            .advance()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many letters may be wrong; short words would match anything, long ones cost too much.
fn tolerated_mistakes(word: &str) -> Option<u8> {
    match word.chars().count() {
        4..=7 => Some(1),
        8..=24 => Some(2),
        _ => None,
    }
}

fn term_query(term: Term, weight: f32) -> Box<dyn Query> {
    let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
    Box::new(BoostQuery::new(Box::new(query), weight))
}
