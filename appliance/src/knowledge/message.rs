//! Reads a message: what is asked, and which part of it is text to be read rather than a question.

use std::ops::Range;

use super::sentence::{push_trimmed, sentences};

/// Shorter text beside a question is part of the question, in bytes.
const PASTED_BYTES_MIN: usize = 60;

/// Text on lines of its own under a question may be shorter, in bytes.
const LINES_BYTES_MIN: usize = 20;

/// Longer text in front of a question is something to be read, in bytes.
const CONTEXT_BYTES_MAX: usize = 240;

/// A first or last paragraph up to this length may be the question, in bytes.
const QUESTION_BYTES_MAX: usize = 300;

/// A message taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// What is asked, without the text it is asked about.
    pub(super) question: String,
    /// Where the text to be read stands in the message, in bytes.
    pub(super) pasted: Vec<Range<usize>>,
}

/// Takes a message apart. Text to be read is what stands in quotation marks after a colon, the
/// paragraphs beside a short question, or the sentences that follow a question.
pub(super) fn read(message: &str) -> Message {
    quoted(message)
        .or_else(|| by_paragraph(message))
        .or_else(|| by_sentence(message))
        .unwrap_or_else(|| Message {
            question: message.trim().to_owned(),
            pasted: Vec::new(),
        })
}

/// `Draft a reply to this: "…"`: everything inside long quotation marks is text to be read.
fn quoted(message: &str) -> Option<Message> {
    let open = message.find(": \"").or_else(|| message.find(":\n\""))? + 3;
    let close = message
        .rfind('"')
        .filter(|close| *close > open + PASTED_BYTES_MIN)?;
    let inside = message.get(open..close)?;
    if inside.contains("\" \"") {
        return None;
    }
    let mut pasted = Vec::new();
    push_trimmed(&mut pasted, message, open..close);
    let question = format!(
        "{} {}",
        message.get(..open - 3)?.trim(),
        message.get(close + 1..)?.trim()
    );
    Some(Message {
        question: question.trim().to_owned(),
        pasted,
    })
}

/// A question on the first or last line beside longer text; without a question mark, a short
/// first line with a blank line or full stop after it.
fn by_paragraph(message: &str) -> Option<Message> {
    let text = message.trim();
    let offset = message.len() - message.trim_start().len();
    let (first, rest) = text.split_once('\n')?;
    let (first, rest_length) = (first.trim(), rest.trim().len());
    let below = || with_pasted(message, first, offset + first.len()..offset + text.len());
    let rest_asks = rest.trim_end().ends_with('?');
    if first.ends_with(['?', ':'])
        && is_short(first)
        && rest_length >= LINES_BYTES_MIN
        && !rest_asks
    {
        return Some(below());
    }
    let (before, last) = text.rsplit_once('\n')?;
    if rest_asks && is_short(last) && before.len() >= PASTED_BYTES_MIN {
        return Some(with_pasted(message, last, offset..offset + before.len()));
    }
    let is_set_apart =
        first.ends_with(['.', '!']) || rest.trim_start_matches([' ', '\r']).starts_with('\n');
    (is_short(first) && is_set_apart && rest_length >= PASTED_BYTES_MIN && !rest_asks).then(below)
}

fn is_short(line: &str) -> bool {
    !line.trim().is_empty() && line.len() <= QUESTION_BYTES_MAX
}

fn with_pasted(message: &str, question: &str, range: Range<usize>) -> Message {
    let mut pasted = Vec::new();
    push_trimmed(&mut pasted, message, range);
    Message {
        question: question.trim().trim_end_matches(':').to_owned(),
        pasted,
    }
}

/// In one paragraph, the statements after a question are text to be read; so are the statements
/// before it when they are too long to be its context.
fn by_sentence(message: &str) -> Option<Message> {
    let ranges = sentences(message);
    let is_question = |range: &Range<usize>| {
        message
            .get(range.clone())
            .is_some_and(|sentence| sentence.ends_with('?'))
    };
    let last = ranges.iter().rposition(is_question)?;
    let first = ranges.iter().position(is_question)?;
    let after = ranges.get(last + 1..).unwrap_or_default();
    let before = ranges.get(..first).unwrap_or_default();
    let length = |part: &[Range<usize>]| match (part.first(), part.last()) {
        (Some(start), Some(end)) => end.end - start.start,
        _ => 0,
    };
    let text = if length(after) >= PASTED_BYTES_MIN && first == 0 {
        after
    } else if length(before) > CONTEXT_BYTES_MAX && after.is_empty() {
        before
    } else {
        return None;
    };
    let asked = ranges.iter().filter(|range| !text.contains(range));
    let question = asked
        .filter_map(|range| message.get(range.clone()))
        .collect::<Vec<_>>()
        .join(" ");
    let span = text.first()?.start..text.last()?.end;
    Some(Message {
        question,
        pasted: vec![span],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parts(message: &str) -> (String, Vec<&str>) {
        let read = read(message);
        (
            read.question,
            read.pasted
                .into_iter()
                .map(|range| message.get(range).unwrap())
                .collect(),
        )
    }

    #[test]
    fn a_plain_question_has_nothing_pasted() {
        let message = "A supplier e-mailed us new bank details. What do I do?";
        assert_eq!(parts(message), (message.to_owned(), vec![]));
    }

    #[test]
    fn text_in_quotation_marks_is_to_be_read() {
        let (question, pasted) = parts(
            "Our policy says: \"Unused leave lapses on 31 March of the following year unless the manager agreed.\" Is that enough?",
        );
        assert_eq!(question, "Our policy says Is that enough?");
        assert_eq!(
            pasted,
            ["Unused leave lapses on 31 March of the following year unless the manager agreed."]
        );
    }

    #[test]
    fn lines_under_a_question_are_to_be_read() {
        let (question, pasted) =
            parts("What is the invoice number?\nInvoice number: 2291\nTotal: 260.00\nDue: 3 May\n");
        assert_eq!(question, "What is the invoice number?");
        assert_eq!(pasted, ["Invoice number: 2291\nTotal: 260.00\nDue: 3 May"]);
    }

    #[test]
    fn a_question_under_long_text_is_found() {
        let (question, pasted) = parts(
            "The agreement starts on 1 March and runs for 24 months. It renews for 12 months.\n\nHow long does it run?",
        );
        assert_eq!(question, "How long does it run?");
        assert_eq!(pasted.len(), 1);
        assert!(pasted[0].starts_with("The agreement") && pasted[0].ends_with("12 months."));
    }

    #[test]
    fn statements_after_a_question_are_to_be_read() {
        let (question, pasted) = parts(
            "How long does it run? The agreement starts on 1 March. It runs for 24 months and then renews for 12.",
        );
        assert_eq!(question, "How long does it run?");
        assert_eq!(
            pasted,
            ["The agreement starts on 1 March. It runs for 24 months and then renews for 12."]
        );
    }
}
