//! Words of a text for full-text matching: tokens with byte ranges, light English stemming, stop
//! words and tolerance for typing errors. Nothing here knows of passages or scores.

use std::{collections::HashMap, ops::Range};

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// Lower case, accents removed.
    pub(super) plain: String,
    /// What full-text matching compares.
    pub(super) stem: String,
}

/// A word that carries no subject of its own: articles, pronouns, auxiliaries and the verbs every
/// question uses. Sorted, for binary search.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "always", "am", "an", "and", "another", "any",
    "anybody", "anyone", "anything", "are", "as", "ask", "at", "away", "be", "because", "been",
    "before", "being", "but", "by", "can", "cannot", "could", "did", "do", "does", "doing", "done",
    "each", "either", "else", "ever", "every", "explain", "find", "for", "from", "get", "give",
    "go", "goes", "going", "got", "had", "has", "have", "having", "he", "hello", "help", "her",
    "here", "hers", "hi", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just",
    "kind", "know", "let", "like", "ll", "look", "lot", "m", "made", "make", "many", "may", "maybe",
    "me", "mean", "might", "mine", "more", "most", "much", "must", "my", "need", "needs", "no",
    "not", "now", "of", "off", "ok", "okay", "on", "one", "only", "onto", "or", "other", "our",
    "ours", "out", "own", "please", "put", "really", "s", "said", "say", "says", "see", "shall",
    "she", "should", "show", "so", "some", "somebody", "someone", "something", "still", "such",
    "sure", "t", "take", "tell", "than", "thank", "thanks", "that", "the", "their", "them", "then",
    "there", "these", "they", "thing", "things", "this", "those", "to", "too", "us", "use", "used",
    "using", "ve", "very", "want", "wants", "was", "way", "we", "well", "were", "what", "when",
    "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with", "without",
    "would", "yes", "you", "your", "yours",
];

/// The words of `text` in order, stop words included.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut start = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if character.is_alphanumeric() || start.is_some() && joins(character, text, at, next) {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            push_word(&mut found, text, from..at);
        }
    }
    if let Some(from) = start {
        push_word(&mut found, text, from..text.len());
    }
    found
}

/// Stems of the words that carry a subject, each once, in order of appearance.
pub(super) fn content_stems(text: &str) -> Vec<String> {
    let mut stems = Vec::new();
    for word in words(text) {
        if !is_stop_word(&word.plain) && !stems.contains(&word.stem) {
            stems.push(word.stem);
        }
    }
    stems
}

/// Whether a lower-case word carries no subject of its own.
pub(super) fn is_stop_word(plain: &str) -> bool {
    STOP_WORDS.binary_search(&plain).is_ok()
}

/// A character that holds a word together: the point of a figure (`2.5`, `2/10`), the apostrophe
/// of a contraction.
fn joins(character: char, text: &str, at: usize, next: Option<char>) -> bool {
    let previous = text.get(..at).and_then(|before| before.chars().next_back());
    match character {
        '.' | ',' | '/' | ':' => {
            previous.is_some_and(|p| p.is_ascii_digit()) && next.is_some_and(|n| n.is_ascii_digit())
        }
        '\'' | '\u{2019}' => next.is_some_and(char::is_alphabetic),
        _ => false,
    }
}

fn push_word(found: &mut Vec<Word>, text: &str, range: Range<usize>) {
    let Some(raw) = text.get(range.clone()) else {
        return;
    };
    let mut plain: String = raw
        .chars()
        .flat_map(char::to_lowercase)
        .map(without_accent)
        .collect();
    if let Some(at) = plain.find('\'') {
        plain.truncate(at);
    }
    if !plain.is_empty() {
        found.push(Word {
            range,
            stem: stem(&plain),
            plain,
        });
    }
}

fn without_accent(character: char) -> char {
    match character {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        '\u{2019}' => '\'',
        other => other,
    }
}

/// Endings that are taken off, longest first, with the least number of bytes that must remain.
#[rustfmt::skip]
const ENDINGS: &[(&str, usize)] = &[
    ("isation", 4), ("ization", 4), ("ability", 4), ("ibility", 4), ("ations", 4), ("ation", 4),
    ("ments", 3), ("ment", 3), ("ances", 4), ("ences", 4), ("ance", 4), ("ence", 4), ("able", 4),
    ("ible", 4), ("ness", 4), ("ings", 3), ("ing", 3), ("ions", 4), ("ion", 4), ("ise", 4),
    ("ize", 4), ("ate", 4), ("ity", 4), ("ful", 4), ("ers", 3), ("ors", 4), ("er", 3), ("or", 4),
    ("al", 4), ("ly", 4), ("ed", 3), ("es", 3), ("e", 3),
];

/// Takes the commonest English endings off a lower-case word, so that “approve”, “approved” and
/// “approval” meet. Not a linguistic stem; only ever compared with its like.
pub(super) fn stem(plain: &str) -> String {
    if plain.len() < 4 || !plain.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return plain.to_owned();
    }
    let singular = without_plural(plain);
    let mut base = singular.as_str();
    for (ending, least) in ENDINGS {
        if let Some(rest) = base.strip_suffix(ending)
            && rest.len() >= *least
            && rest.bytes().any(|byte| b"aeiouy".contains(&byte))
        {
            base = rest;
            break;
        }
    }
    let mut base = without_double(base).to_owned();
    if base.len() > 3 && base.ends_with('e') {
        base.pop();
    }
    if base.len() > 3 && base.ends_with('y') {
        base.pop();
        base.push('i');
    }
    base
}

fn without_plural(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies")
        && rest.len() >= 2
    {
        return format!("{rest}y");
    }
    let keeps = ["ss", "us", "is"]
        .iter()
        .any(|ending| word.ends_with(ending));
    match word.strip_suffix('s') {
        Some(rest) if !keeps && rest.len() >= 3 => rest.to_owned(),
        _ => word.to_owned(),
    }
}

/// `planned` → `plann` → `plan`; `ll` and `ss` stay, since they belong to the word.
fn without_double(word: &str) -> &str {
    let mut last = word.bytes().rev();
    match (last.next(), last.next()) {
        (Some(a), Some(b)) if a == b && b"bdfgmnprt".contains(&a) && word.len() > 3 => {
            word.get(..word.len() - 1).unwrap_or(word)
        }
        _ => word,
    }
}

/// The word of `vocabulary` that `plain` was probably meant to be: one typing error away (two for
/// ten letters or more) with the same first letter. The most frequent wins. `None` for short
/// words and for words with digits.
pub(super) fn correction<'v>(plain: &str, vocabulary: &'v HashMap<String, u32>) -> Option<&'v str> {
    let length = plain.chars().count();
    if length < 5 || !plain.chars().all(char::is_alphabetic) {
        return None;
    }
    let allowed = if length >= 10 { 2 } else { 1 };
    let first = plain.chars().next();
    vocabulary
        .iter()
        .filter(|(known, _)| {
            known.chars().next() == first && known.len().abs_diff(plain.len()) <= 2
        })
        .map(|(known, count)| (strsim::osa_distance(plain, known), *count, known.as_str()))
        .filter(|(distance, ..)| *distance <= allowed)
        .min_by(|a, b| (a.0, u32::MAX - a.1, a.2).cmp(&(b.0, u32::MAX - b.1, b.2)))
        .map(|(_, _, known)| known)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn stop_words_are_sorted_for_the_search() {
        assert!(STOP_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_stop_word("the") && is_stop_word("yours") && !is_stop_word("invoice"));
    }

    #[test]
    fn word_families_share_a_stem() {
        for family in [
            &["approve", "approved", "approving", "approval", "approver"][..],
            &["deduct", "deduction", "deductible", "deducted"],
            &["policy", "policies"],
            &["plan", "planned", "planning"],
            &["invoice", "invoices", "invoiced"],
            &["accept", "acceptance", "acceptable"],
            &["pay", "payment", "payments", "paying"],
        ] {
            let stems: Vec<_> = family.iter().map(|word| stem(word)).collect();
            assert!(
                stems.iter().all(|stem| *stem == stems[0]),
                "{family:?} → {stems:?}"
            );
        }
    }

    #[test]
    fn figures_and_contractions_stay_whole() {
        let plain: Vec<_> = words("Net 2/10, 1,250.50 isn’t Müller's.")
            .into_iter()
            .map(|word| word.plain)
            .collect();
        assert_eq!(plain, ["net", "2/10", "1,250.50", "isn", "muller"]);
    }

    #[test]
    fn ranges_point_into_the_text() {
        let text = "Prüfe die Rechnung – bitte";
        for word in words(text) {
            assert!(text.get(word.range).is_some());
        }
    }

    #[test]
    fn a_typing_error_finds_its_word_and_a_real_word_does_not() {
        let vocabulary = HashMap::from([
            ("difference".to_owned(), 3),
            ("password".to_owned(), 9),
            ("price".to_owned(), 1),
        ]);
        assert_eq!(correction("differnce", &vocabulary), Some("difference"));
        assert_eq!(correction("pasword", &vocabulary), Some("password"));
        assert_eq!(correction("passport", &vocabulary), None);
        assert_eq!(correction("mice", &vocabulary), None);
    }
}
