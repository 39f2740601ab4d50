//! Sentences of a text as byte ranges, so that a quotation is word for word what the source says.

use std::ops::Range;

/// Abbreviations after which a full stop does not end a sentence. Lower case, without the stop.
#[rustfmt::skip]
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "sr", "jr", "st", "mt", "e.g", "i.e", "eg", "ie",
    "cf", "vs", "viz", "approx", "ca", "no", "nos", "nr", "p", "pp", "para", "paras", "art", "arts",
    "sec", "fig", "figs", "vol", "ch", "ed", "eds", "est", "ref", "tel", "ext", "dept", "gen",
    "col", "capt", "u.s", "u.k", "e.u", "z.b", "d.h", "u.a", "bzw", "abs", "vgl", "str", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

/// Abbreviations that may end a sentence: only a capital letter after them tells.
const MAY_END: &[&str] = &[
    "etc", "inc", "ltd", "co", "corp", "plc", "gmbh", "a.m", "p.m",
];

/// The sentences of `text`, in order, without the white space between them. A blank line always
/// ends one; a single line break never does. Every range lies on character boundaries.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if at < start {
            continue;
        }
        let end = match character {
            '.' | '!' | '?' | '…' => sentence_end(text, start, at, character),
            '\n' if is_blank_line(text, at) => Some(at),
            _ => None,
        };
        if let Some(end) = end {
            push_trimmed(&mut found, text, start..end);
            start = end;
        }
    }
    push_trimmed(&mut found, text, start..text.len());
    found
}

/// Adds `range` without the white space around it, unless nothing remains.
pub(super) fn push_trimmed(found: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let Some(piece) = text.get(range.clone()) else {
        return;
    };
    let start = range.start + (piece.len() - piece.trim_start().len());
    let end = start + piece.trim().len();
    if start < end {
        found.push(start..end);
    }
}

/// Where the sentence ends whose possible last mark stands at `at`, or `None` if it goes on.
fn sentence_end(text: &str, start: usize, at: usize, mark: char) -> Option<usize> {
    let after = text.get(at + mark.len_utf8()..)?;
    let closing: usize = after
        .chars()
        .take_while(|c| {
            matches!(
                c,
                '.' | '!' | '?' | '"' | '\'' | '”' | '’' | '»' | ')' | ']'
            )
        })
        .map(char::len_utf8)
        .sum();
    let end = at + mark.len_utf8() + closing;
    let rest = text.get(end..)?;
    let Some(first) = rest.chars().next() else {
        return Some(end);
    };
    if !first.is_whitespace() {
        return None;
    }
    let next = rest.trim_start().chars().next()?;
    if next.is_lowercase() {
        return None;
    }
    let before = text.get(start..at)?;
    (mark != '.' || closing > 0 || !is_abbreviation(before, next)).then_some(end)
}

/// Whether the full stop after `before` belongs to an abbreviation, an initial or the number of
/// a list item rather than to the sentence.
fn is_abbreviation(before: &str, next: char) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '“'))
        .next();
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return false;
    };
    let lower = word.to_lowercase();
    let alone = before.trim().len() == word.len();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_item_number = alone && word.len() <= 3 && word.chars().all(|c| c.is_ascii_digit());
    let needs_figure = matches!(
        lower.as_str(),
        "no" | "nos"
            | "nr"
            | "p"
            | "pp"
            | "ch"
            | "art"
            | "sec"
            | "fig"
            | "vol"
            | "ed"
            | "mar"
            | "jun"
            | "jul"
            | "str"
            | "abs"
    );
    if needs_figure {
        return next.is_ascii_digit();
    }
    is_initial
        || is_item_number
        || ABBREVIATIONS.contains(&lower.as_str())
        || MAY_END.contains(&lower.as_str()) && !next.is_uppercase()
}

/// Whether the line after the break at `at` is blank.
fn is_blank_line(text: &str, at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    rest.chars().find(|c| *c == '\n' || !c.is_whitespace()) == Some('\n')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text)
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn abbreviations_decimals_and_addresses_do_not_end_a_sentence() {
        assert_eq!(
            split(
                "Mr. Brandt pays 1.5 percent, e.g. by card. Write to a.b@c.example! J. Smith knows."
            ),
            [
                "Mr. Brandt pays 1.5 percent, e.g. by card.",
                "Write to a.b@c.example!",
                "J. Smith knows."
            ]
        );
        assert_eq!(
            split("See no. 12 of the list. No. That is all."),
            ["See no. 12 of the list.", "No.", "That is all."]
        );
        assert_eq!(
            split("Acme Ltd. pays. Ask Acme Ltd. They pay."),
            ["Acme Ltd. pays.", "Ask Acme Ltd.", "They pay."]
        );
    }

    #[test]
    fn a_quotation_mark_closes_with_its_sentence() {
        assert_eq!(
            split("She said “Stop.” He did. “Really?” he asked. (It was late.) Then no."),
            [
                "She said “Stop.”",
                "He did.",
                "“Really?” he asked.",
                "(It was late.)",
                "Then no."
            ]
        );
    }

    #[test]
    fn a_line_break_inside_a_sentence_stays_and_a_blank_line_ends_it() {
        assert_eq!(
            split("One sentence over\ntwo lines. And\n\na heading"),
            ["One sentence over\ntwo lines.", "And", "a heading"]
        );
        assert_eq!(
            split("1. First step. 2. Second step."),
            ["1. First step.", "2. Second step."]
        );
    }

    proptest! {
        #[test]
        fn sentences_cover_everything_but_white_space(text in "([A-Za-z0-9äß.!?\"”()\n -]|e\\.g\\.|\n\n){0,200}") {
            let ranges = sentences(&text);
            let mut at = 0;
            for range in &ranges {
                prop_assert!(text.get(at..range.start).unwrap().trim().is_empty());
                prop_assert!(!text.get(range.clone()).unwrap().is_empty());
                at = range.end;
            }
            prop_assert!(text.get(at..).unwrap().trim().is_empty());
        }
    }
}
