//! Full-text matching over passages: BM25 with light stemming, and how much of a question's
//! subject a text covers.
//!
//! Robertson and Zaragoza, “The Probabilistic Relevance Framework: BM25 and Beyond” (2009).

use std::collections::{HashMap, HashSet};

use super::words::{self, Word, is_stop_word};

/// Saturation of repeated words.
const K1: f64 = 1.2;
/// How strongly long passages are discounted.
const B: f64 = 0.5;
/// Weight of a question word that only matches after correcting a typing error.
const CORRECTED_WEIGHT: f64 = 0.7;

/// The passages of a corpus by their words.
#[derive(Debug, Default)]
pub(super) struct Index {
    documents: Vec<Document>,
    document_frequency: HashMap<String, u32>,
    /// Unstemmed words with how often they stand, for correcting typing errors.
    vocabulary: HashMap<String, u32>,
    mean_length: f64,
}

#[derive(Debug)]
struct Document {
    counts: HashMap<String, u32>,
    length: f64,
}

/// A subject word of a question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    /// What is compared.
    pub(super) stem: String,
    /// How telling the word is in this corpus (inverse document frequency).
    pub(super) rarity: f64,
    /// 1, or less when a typing error was corrected.
    pub(super) weight: f64,
}

impl Index {
    /// Indexes one text per passage; a text may repeat words to give them weight.
    pub(super) fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut index = Self::default();
        for text in texts {
            index.add(&words::words(text));
        }
        let total: f64 = index.documents.iter().map(|document| document.length).sum();
        index.mean_length = (total / index.documents.len().max(1) as f64).max(1.0);
        index
    }

    fn add(&mut self, words: &[Word]) {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for word in words.iter().filter(|word| !is_stop_word(&word.plain)) {
            *counts.entry(word.stem.clone()).or_default() += 1;
            *self.vocabulary.entry(word.plain.clone()).or_default() += 1;
        }
        for stem in counts.keys() {
            *self.document_frequency.entry(stem.clone()).or_default() += 1;
        }
        let length = counts.values().map(|count| f64::from(*count)).sum();
        self.documents.push(Document { counts, length });
    }

    /// The subject words of `question`, each once. A word the corpus does not know is replaced by
    /// the known word it was probably meant to be.
    pub(super) fn terms(&self, question: &str) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for word in words::words(question) {
            if is_stop_word(&word.plain) {
                continue;
            }
            let (stem, weight) = self.known(&word);
            if !terms.iter().any(|term| term.stem == stem) {
                terms.push(Term {
                    rarity: self.rarity(&stem),
                    stem,
                    weight,
                });
            }
        }
        terms
    }

    fn known(&self, word: &Word) -> (String, f64) {
        if self.document_frequency.contains_key(&word.stem) {
            return (word.stem.clone(), 1.0);
        }
        match words::correction(&word.plain, &self.vocabulary) {
            Some(known) => (words::stem(known), CORRECTED_WEIGHT),
            None => (word.stem.clone(), 1.0),
        }
    }

    fn rarity(&self, stem: &str) -> f64 {
        let all = self.documents.len() as f64;
        let with = f64::from(self.document_frequency.get(stem).copied().unwrap_or(0));
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }

    /// The BM25 score of a passage divided by the best score its question could reach, 0 to 1.
    /// 0 for a passage that does not exist.
    pub(super) fn score(&self, terms: &[Term], passage: usize) -> f64 {
        let Some(document) = self.documents.get(passage) else {
            return 0.0;
        };
        let best: f64 = terms.iter().map(|term| term.rarity * (K1 + 1.0)).sum();
        if best <= 0.0 {
            return 0.0;
        }
        let norm = K1 * (1.0 - B + B * document.length / self.mean_length);
        let reached: f64 = terms
            .iter()
            .filter_map(|term| {
                document
                    .counts
                    .get(&term.stem)
                    .map(|count| (term, f64::from(*count)))
            })
            .map(|(term, count)| term.weight * term.rarity * count * (K1 + 1.0) / (count + norm))
            .sum();
        reached / best
    }
}

/// The share of the question's subject that `text` mentions, 0 to 1, rare words counting more.
pub(super) fn coverage(terms: &[Term], text: &str) -> f64 {
    let stems: HashSet<String> = words::words(text)
        .into_iter()
        .map(|word| word.stem)
        .collect();
    let all: f64 = terms.iter().map(|term| term.rarity).sum();
    let covered: f64 = terms
        .iter()
        .filter(|term| stems.contains(&term.stem))
        .map(|term| term.rarity * term.weight)
        .sum();
    if all > 0.0 { covered / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXTS: [&str; 3] = [
        "Compare supplier, invoice number and date before posting an invoice.",
        "A payment run starts with a list of invoices that are due.",
        "Printers hang when a job is stuck.",
    ];

    fn index() -> Index {
        Index::new(TEXTS)
    }

    #[test]
    fn the_passage_with_the_rare_words_scores_best() {
        let index = index();
        let terms = index.terms("Which numbers do I compare on an invoice?");
        let scores: Vec<_> = (0..3).map(|passage| index.score(&terms, passage)).collect();
        assert!(scores[0] > scores[1] && scores[1] > scores[2], "{scores:?}");
        assert!(scores[2].abs() < f64::EPSILON && scores[0] <= 1.0);
    }

    #[test]
    fn unknown_words_lower_the_coverage_and_typing_errors_do_not_lose_it() {
        let index = index();
        let known = index.terms("invoice posting");
        let partly = index.terms("invoice weather");
        let misspelt = index.terms("suplier");
        assert!((coverage(&known, TEXTS[0]) - 1.0).abs() < 1e-9);
        assert!(coverage(&partly, TEXTS[0]) < 0.5);
        assert!((coverage(&misspelt, TEXTS[0]) - CORRECTED_WEIGHT).abs() < 1e-9);
    }

    #[test]
    fn an_empty_question_or_corpus_scores_nothing() {
        assert_eq!(index().score(&[], 0), 0.0);
        assert_eq!(Index::new([]).score(&index().terms("invoice"), 0), 0.0);
    }
}
