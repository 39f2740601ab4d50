//! The text of an answer as it grows: whole UTF-8 only, and nothing that may become a stop text.

use std::str;

/// Collects the bytes of tokens and gives out text that is certain.
#[derive(Debug)]
pub(super) struct AnswerText {
    stops: Vec<String>,
    /// What begins a tool call.
    opening: Option<Opening>,
    /// Bytes of a character that is not complete yet.
    bytes: Vec<u8>,
    /// Text that may be the beginning of a stop text.
    held: String,
    /// Whether anything but white space was given out.
    begun: bool,
}

/// What begins a tool call.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// Its text.
    pub(super) text: String,
    /// It counts only at the beginning of the answer, and is part of the call.
    pub(super) at_start: bool,
}

/// What a token added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addition {
    /// Text that is certain now; often empty.
    pub(super) text: String,
    /// What was met: the answer's text ends here.
    pub(super) end: Option<End>,
}

/// What ends the text of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// This stop text.
    Stop(String),
    /// A tool call, with what is known of it.
    Call(String),
}

impl AnswerText {
    /// An answer that ends at one of `stops`. White space at its beginning is dropped when
    /// `trimmed`.
    pub(super) fn new(stops: impl IntoIterator<Item = String>, trimmed: bool) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        Self {
            stops,
            opening: None,
            bytes: Vec::new(),
            held: String::new(),
            begun: !trimmed,
        }
    }

    /// Ends also where a tool call begins.
    pub(super) fn with_opening(mut self, opening: Opening) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Adds the bytes of the next token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Addition {
        self.bytes.extend_from_slice(bytes);
        self.decode();
        let call = self.call();
        match (self.stop(), call) {
            (Some((place, stop)), call) if call.is_none_or(|(call, _)| place <= call) => {
                self.held.truncate(place);
                Addition {
                    text: self.release(place),
                    end: Some(End::Stop(stop)),
                }
            }
            (_, Some((place, start))) => {
                let known = self.held.split_off(start);
                self.held.truncate(place);
                Addition {
                    text: self.release(place),
                    end: Some(End::Call(known)),
                }
            }
            _ => {
                let certain = self.held.len() - self.possible_end();
                Addition {
                    text: self.release(certain),
                    end: None,
                }
            }
        }
    }

    /// Where the first stop text is, and which one: the longest of those that begin there.
    fn stop(&self) -> Option<(usize, String)> {
        let found = self
            .stops
            .iter()
            .filter_map(|stop| Some((self.held.find(stop.as_str())?, stop)));
        found
            .min_by_key(|(place, stop)| (*place, std::cmp::Reverse(stop.len())))
            .map(|(place, stop)| (place, stop.clone()))
    }

    /// Where a tool call's opening is, and where the call itself begins.
    fn call(&self) -> Option<(usize, usize)> {
        let opening = self.opening.as_ref()?;
        let place = self.held.find(opening.text.as_str())?;
        if !opening.at_start {
            return Some((place, place + opening.text.len()));
        }
        let before = self.held.get(..place).unwrap_or_default();
        (!self.begun && before.trim().is_empty()).then_some((place, place))
    }

    /// Ends the answer and gives out what was held back.
    pub(super) fn finish(mut self) -> String {
        if !self.bytes.is_empty() {
            self.held.push(char::REPLACEMENT_CHARACTER);
        }
        let all = self.held.len();
        self.release(all)
    }

    /// Moves whole characters from `bytes` to `held`; bytes that are no UTF-8 are replaced.
    fn decode(&mut self) {
        loop {
            match str::from_utf8(&self.bytes) {
                Ok(text) => {
                    self.held.push_str(text);
                    self.bytes.clear();
                    return;
                }
                Err(error) => {
                    let valid: Vec<u8> = self.bytes.drain(..error.valid_up_to()).collect();
                    self.held.push_str(&String::from_utf8_lossy(&valid));
                    let Some(broken) = error.error_len() else {
                        return;
                    };
                    self.bytes.drain(..broken);
                    self.held.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }

    /// Length of the longest end of `held` that begins a stop text or a call's opening.
    fn possible_end(&self) -> usize {
        let opening = self.opening.iter().map(|opening| &opening.text);
        let ends: Vec<&String> = self.stops.iter().chain(opening).collect();
        let begins = |start: &usize| {
            let end = self.held.get(*start..).unwrap_or_default();
            ends.iter().any(|stop| stop.starts_with(end))
        };
        let starts = self.held.char_indices().map(|(start, _)| start);
        starts
            .into_iter()
            .find(begins)
            .map_or(0, |start| self.held.len() - start)
    }

    /// Takes `length` bytes from the front of `held`; white space before the answer is dropped.
    fn release(&mut self, length: usize) -> String {
        let text: String = self.held.drain(..length).collect();
        if self.begun {
            return text;
        }
        let text = text.trim_start().to_owned();
        self.begun = !text.is_empty();
        text
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(stops: &[&str]) -> AnswerText {
        AnswerText::new(stops.iter().map(|stop| (*stop).to_owned()), true)
    }

    fn text(text: &str) -> Addition {
        Addition {
            text: text.to_owned(),
            end: None,
        }
    }

    #[test]
    fn half_a_character_waits_for_the_other_half() {
        let mut answer = answer(&[]);
        assert_eq!(answer.push(b"gr\xC3"), text("gr"));
        assert_eq!(answer.push(b"\xBC"), text("ü"));
        assert_eq!(answer.push(b"\xFF!"), text("\u{FFFD}!"));
        assert_eq!(answer.push(b"\xE5\x8C"), text(""));
        assert_eq!(answer.finish(), "\u{FFFD}");
    }

    #[test]
    fn a_stop_text_ends_the_answer_and_is_not_part_of_it() {
        let mut answer = answer(&["\nUser:", "STOP"]);
        assert_eq!(answer.push(b"fine\nUs"), text("fine"));
        assert_eq!(answer.push(b"ually"), text("\nUsually"));
        let stopped = Addition {
            text: " so".to_owned(),
            end: Some(End::Stop("STOP".to_owned())),
        };
        assert_eq!(answer.push(b" soSTOP and more"), stopped);
    }

    #[test]
    fn of_several_stop_texts_the_first_met_is_named() {
        let named = |stops: &[&str], said: &[u8]| match answer(stops).push(said).end {
            Some(End::Stop(stop)) => stop,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(&["b", "a"], b"xxab"), "a");
        assert_eq!(named(&["a", "ab"], b"xxab"), "ab");
    }

    #[test]
    fn what_only_might_have_been_a_stop_text_comes_out_at_the_end() {
        let mut answer = answer(&["STOP"]);
        assert_eq!(answer.push(b"a ST"), text("a "));
        assert_eq!(answer.finish(), "ST");
    }

    #[test]
    fn an_answer_does_not_begin_with_white_space() {
        let mut answer = answer(&[]);
        assert_eq!(answer.push(b" \n"), text(""));
        assert_eq!(answer.push(b" Yes"), text("Yes"));
        assert_eq!(answer.push(b" indeed"), text(" indeed"));
    }

    #[test]
    fn a_call_ends_the_text_and_begins_after_its_opening() {
        let opening = |at_start, text: &str| Opening {
            text: text.to_owned(),
            at_start,
        };
        let mut tags = answer(&[]).with_opening(opening(false, "<tool_call>"));
        assert_eq!(tags.push(b"Let me see <tool"), text("Let me see "));
        let call = Addition {
            text: String::new(),
            end: Some(End::Call("\n{".to_owned())),
        };
        assert_eq!(tags.push(b"_call>\n{"), call);

        let mut bare = answer(&[]).with_opening(opening(true, "{"));
        let call = Addition {
            text: String::new(),
            end: Some(End::Call("{\"".to_owned())),
        };
        assert_eq!(bare.push(b" \n{\""), call);
        let mut bare = answer(&[]).with_opening(opening(true, "{"));
        assert_eq!(bare.push(b"Use {x}"), text("Use {x}"));
    }

    #[test]
    fn bare_text_keeps_its_white_space() {
        let mut answer = AnswerText::new(Vec::new(), false);
        assert_eq!(answer.push(b" \n"), text(" \n"));
    }

    proptest! {
        #[test]
        fn the_text_does_not_depend_on_how_it_is_cut(
            whole in "[a-cé北 ]{0,40}",
            cuts in proptest::collection::vec(0_usize..100, 0..8),
        ) {
            let bytes = whole.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut answer = answer(&["abc", "é北é"]);
            let mut seen = String::new();
            let mut stopped = false;
            for pair in cuts.windows(2) {
                let addition = answer.push(&bytes[pair[0]..pair[1]]);
                seen.push_str(&addition.text);
                stopped = addition.end.is_some();
                if stopped {
                    break;
                }
            }
            if !stopped {
                seen.push_str(&answer.finish());
            }
            let end = ["abc", "é北é"].iter().filter_map(|stop| whole.find(stop)).min();
            prop_assert_eq!(stopped, end.is_some());
            prop_assert_eq!(seen, whole[..end.unwrap_or(whole.len())].trim_start());
        }
    }
}
