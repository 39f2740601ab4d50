//! The text of an answer as it grows: whole UTF-8 only, and nothing that may become a stop text.

use std::str;

/// Collects the bytes of tokens and gives out text that is certain.
#[derive(Debug)]
pub(super) struct AnswerText {
    stops: Vec<String>,
    /// Bytes of a character that is not complete yet.
    bytes: Vec<u8>,
    /// Text that may be the beginning of a stop text.
    held: String,
    /// Whether anything but white space was given out.
    begun: bool,
}

/// What a token added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addition {
    /// Text that is certain now; often empty.
    pub(super) text: String,
    /// Whether a stop text was met: the answer ends here.
    pub(super) stopped: bool,
}

impl AnswerText {
    pub(super) fn new(stops: impl IntoIterator<Item = String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        Self {
            stops,
            bytes: Vec::new(),
            held: String::new(),
            begun: false,
        }
    }

    /// Adds the bytes of the next token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Addition {
        self.bytes.extend_from_slice(bytes);
        self.decode();
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        if let Some(place) = found {
            self.held.truncate(place);
            return Addition {
                text: self.release(place),
                stopped: true,
            };
        }
        let certain = self.held.len() - self.possible_stop();
        Addition {
            text: self.release(certain),
            stopped: false,
        }
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

    /// Length of the longest end of `held` that begins a stop text.
    fn possible_stop(&self) -> usize {
        let begins = |start: &usize| {
            let end = self.held.get(*start..).unwrap_or_default();
            self.stops.iter().any(|stop| stop.starts_with(end))
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
        AnswerText::new(stops.iter().map(|stop| (*stop).to_owned()))
    }

    fn text(text: &str) -> Addition {
        Addition {
            text: text.to_owned(),
            stopped: false,
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
            stopped: true,
        };
        assert_eq!(answer.push(b" soSTOP and more"), stopped);
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
                stopped = addition.stopped;
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
