//! What an answer says: text as it becomes certain, and tool calls as wholes.

use guildhall_engine_protocol::{Tool, ToolCall};

use super::answer::{AnswerText, End, Opening};
use super::tools::ToolFormat;

/// Turns the bytes of tokens into text and tool calls.
#[derive(Debug)]
pub(super) struct Writer {
    text: AnswerText,
    format: Option<ToolFormat>,
    /// What the calls are of.
    tools: Vec<Tool>,
    /// The bytes of the calls, from the moment that the answer is a call.
    calls: Option<Vec<u8>>,
    /// Whether the prompt ended with the opening already.
    forced: bool,
    stopped: Option<String>,
}

/// What a token did.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Text that is certain now.
    pub(super) text: String,
    /// A stop text was met.
    pub(super) stopped: bool,
    /// A tool call begins; what is known of it already.
    pub(super) call_begins: Option<String>,
}

/// What an answer ends with.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) text: String,
    /// Names and arguments.
    pub(super) calls: Vec<(String, String)>,
    /// The stop text that was met.
    pub(super) stop_text: Option<String>,
}

impl Writer {
    /// An answer of text alone.
    pub(super) fn new(text: AnswerText) -> Self {
        Self {
            text,
            format: None,
            tools: Vec::new(),
            calls: None,
            forced: false,
            stopped: None,
        }
    }

    /// An answer that may become a call.
    pub(super) fn with_tools(text: AnswerText, format: ToolFormat, tools: &[Tool]) -> Self {
        let opening = Opening {
            text: format.opening().to_owned(),
            at_start: format == ToolFormat::Bare,
        };
        Self {
            text: text.with_opening(opening),
            format: Some(format),
            tools: tools.to_vec(),
            calls: None,
            forced: false,
            stopped: None,
        }
    }

    /// An answer that is a call from its first byte.
    pub(super) fn of_calls(text: AnswerText, format: ToolFormat, tools: &[Tool]) -> Self {
        Self {
            text,
            format: Some(format),
            tools: tools.to_vec(),
            calls: Some(Vec::new()),
            forced: true,
            stopped: None,
        }
    }

    /// Adds the bytes of the next token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Written {
        if let Some(calls) = &mut self.calls {
            calls.extend_from_slice(bytes);
            return Written::default();
        }
        let addition = self.text.push(bytes);
        let mut written = Written {
            text: addition.text,
            ..Written::default()
        };
        match addition.end {
            None => {}
            Some(End::Stop(stop)) => {
                self.stopped = Some(stop);
                written.stopped = true;
            }
            Some(End::Call(known)) => {
                self.calls = Some(known.clone().into_bytes());
                written.call_begins = Some(known);
            }
        }
        written
    }

    /// Whether what is written is a call: control tokens are part of some.
    pub(super) fn is_calling(&self) -> bool {
        self.calls.is_some()
    }

    /// A control token says that a call begins.
    pub(super) fn begin_call(&mut self) -> Written {
        self.calls = Some(Vec::new());
        Written {
            call_begins: Some(String::new()),
            ..Written::default()
        }
    }

    /// Ends the answer. A call that is none is given out as text, unless the answer was cut off
    /// in the middle of it (not `complete`).
    pub(super) fn finish(self, complete: bool) -> Ending {
        let (Some(calls), Some(format)) = (self.calls, self.format) else {
            let text = if self.stopped.is_some() {
                String::new()
            } else {
                self.text.finish()
            };
            return Ending {
                text,
                stop_text: self.stopped,
                ..Ending::default()
            };
        };
        let raw = String::from_utf8_lossy(&calls).into_owned();
        match format.parse(&raw, &self.tools) {
            Some(calls) => Ending {
                calls,
                ..Ending::default()
            },
            None if complete => {
                let opening = if self.forced || format == ToolFormat::Bare {
                    ""
                } else {
                    format.opening()
                };
                Ending {
                    text: format!("{opening}{raw}"),
                    ..Ending::default()
                }
            }
            None => Ending::default(),
        }
    }
}

/// Names a call: nine letters and digits, which is what the strictest chat templates take.
pub(super) fn tool_call(
    request_id: u64,
    index: usize,
    (name, arguments): (String, String),
) -> ToolCall {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64);
    let mut number = now ^ request_id.rotate_left(40) ^ (index as u64).rotate_left(56);
    // One round of SplitMix64, so that names near in time look apart.
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^= number >> 31;
    let id = (0..9)
        .filter_map(|_| {
            let letter = LETTERS.get((number % 36) as usize).copied();
            number /= 36;
            letter.map(char::from)
        })
        .collect();
    ToolCall {
        id,
        name,
        arguments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> AnswerText {
        AnswerText::new(Vec::new(), true)
    }

    #[test]
    fn text_before_a_call_streams_and_the_call_is_whole() {
        let mut writer = Writer::with_tools(text(), ToolFormat::Tags, &[]);
        assert_eq!(writer.push(b"I look. ").text, "I look. ");
        let written = writer.push(b"<tool_call>\n{\"name\"");
        assert_eq!(written.call_begins.as_deref(), Some("\n{\"name\""));
        assert!(
            writer
                .push(b": \"a\", \"arguments\": {}}\n</tool_call>")
                .text
                .is_empty()
        );
        let ending = writer.finish(true);
        assert_eq!(ending.calls, [("a".to_owned(), "{}".to_owned())]);
        assert_eq!(ending.text, "");
    }

    #[test]
    fn what_is_no_call_is_text_and_half_a_call_is_nothing() {
        let mut writer = Writer::with_tools(text(), ToolFormat::Tags, &[]);
        writer.push(b"<tool_call>never mind");
        assert_eq!(writer.finish(true).text, "<tool_call>never mind");
        let mut writer = Writer::of_calls(text(), ToolFormat::Tags, &[]);
        writer.push(b"{\"name\": \"a");
        let ending = writer.finish(false);
        assert!(ending.text.is_empty() && ending.calls.is_empty());
    }

    #[test]
    fn calls_have_names_of_their_own() {
        let call = |index| tool_call(1, index, ("a".to_owned(), "{}".to_owned())).id;
        assert_eq!(call(0).len(), 9);
        assert_ne!(call(0), call(1));
    }
}
