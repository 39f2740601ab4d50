//! The sentences that carry most of a text: those nearest to its mean vector that do not repeat
//! one another.
//!
//! Carbonell and Goldstein, “The use of MMR, diversity-based reranking” (1998).

use super::{
    corpus::{Corpus, Vectors},
    retrieve::Group,
};

/// Sentences or lines that are compared; a longer text is summed up by its beginning.
const UNITS_COMPARED: usize = 120;

/// Sentences or lines of a summary at most.
const UNITS_MAX: usize = 5;

/// One sentence of a summary for so many of the text.
const UNITS_PER_SENTENCE: usize = 3;

/// How much repeating a chosen sentence counts against being central.
const REPETITION: f64 = 0.5;

/// Shorter lines are captions and scraps, in bytes.
const UNIT_BYTES_MIN: usize = 25;

/// The units of the person's own texts that [`central_units`] compares.
fn compared(corpus: &Corpus) -> Vec<(usize, usize)> {
    (0..corpus.passages.len())
        .filter(|passage| Group::of(corpus, *passage) == Group::Own)
        .flat_map(|passage| (0..corpus.unit_count(passage)).map(move |unit| (passage, unit)))
        .filter(|(passage, unit)| corpus.unit_quote(*passage, *unit).len() >= UNIT_BYTES_MIN)
        .take(UNITS_COMPARED)
        .collect()
}

/// Texts whose vectors [`central_units`] needs.
pub fn texts(corpus: &Corpus) -> Vec<String> {
    compared(corpus)
        .into_iter()
        .map(|(passage, unit)| corpus.unit_quote(passage, unit).to_owned())
        .collect()
}

/// The central sentences or lines, in the order they stand, each with its cosine to the mean:
/// position of the passage, position in it, cosine. Empty when the person gave no text.
pub fn central_units(corpus: &Corpus, vectors: &Vectors) -> Vec<(usize, usize, f64)> {
    let compared = compared(corpus);
    let quotes: Vec<&str> = compared
        .iter()
        .map(|(passage, unit)| corpus.unit_quote(*passage, *unit))
        .collect();
    let central: Vec<f64> = quotes
        .iter()
        .map(|quote| {
            mean(
                quotes
                    .iter()
                    .map(|other| vectors.cosine(Group::Own, quote, other)),
            )
        })
        .collect();
    let wanted = (quotes.len().div_ceil(UNITS_PER_SENTENCE)).min(UNITS_MAX);
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < wanted {
        let worth = |at: &usize| {
            let repeated = chosen.iter().filter_map(|other| {
                Some(vectors.cosine(Group::Own, quotes.get(*at)?, quotes.get(*other)?))
            });
            central.get(*at).unwrap_or(&0.0) - REPETITION * repeated.fold(0.0, f64::max)
        };
        let left = (0..quotes.len()).filter(|at| !chosen.contains(at));
        let Some(best) = left.max_by(|a, b| worth(a).total_cmp(&worth(b)).then(b.cmp(a))) else {
            break;
        };
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
        .into_iter()
        .filter_map(|at| {
            compared
                .get(at)
                .map(|(passage, unit)| (*passage, *unit, central.get(at).copied().unwrap_or(0.0)))
        })
        .collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}
