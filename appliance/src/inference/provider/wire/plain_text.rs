//! The short way through a stream of chat completions: nearly all of its chunks bring text, the reason of the end or
//! figures and nothing else, and most differ from the one before in nothing but the text.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

use super::Usage;

/// A chunk as most are: at most one answer, which calls no tool.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    usage: Option<Figures>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
    logprobs: Option<IgnoredAny>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    tool_calls: Option<IgnoredAny>,
}

/// A text that is borrowed where it holds no escapes: within an `Option`, only a type of its own is.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Figures {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptFigures>,
}

#[derive(Deserialize)]
struct PromptFigures {
    cached_tokens: Option<u64>,
}

/// What a plain chunk brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    /// Empty where it brings none.
    pub(super) text: Cow<'a, str>,
    pub(super) usage: Option<Usage>,
    /// Why the answer ends here, in the provider's word.
    pub(super) finish: Option<String>,
}

/// Reads the plain chunks of one stream.
#[derive(Default)]
pub(super) struct PlainTexts {
    /// The last chunk of nothing but text up to its text, with the quotation mark.
    before: Vec<u8>,
    /// And what followed its text, from the quotation mark on.
    after: Vec<u8>,
}

impl From<Figures> for Usage {
    fn from(figures: Figures) -> Self {
        Self {
            input: figures.prompt_tokens,
            cached: figures
                .prompt_tokens_details
                .and_then(|details| details.cached_tokens),
            output: figures.completion_tokens,
        }
    }
}

impl PlainTexts {
    /// What a plain chunk brings; nothing for every other chunk, which is then to be looked at field by field.
    pub(super) fn read<'a>(&mut self, data: &'a [u8]) -> Option<Plain<'a>> {
        self.like_the_last(data)
            .map(|text| Plain {
                text: text.into(),
                ..Plain::default()
            })
            .or_else(|| self.parse(data))
    }

    /// Between the same bytes as before, a text that needs no unescaping makes the same chunk with that text.
    fn like_the_last<'a>(&self, data: &'a [u8]) -> Option<&'a str> {
        if self.before.is_empty() {
            return None;
        }
        let rest = data.strip_prefix(self.before.as_slice())?;
        let text = rest.strip_suffix(self.after.as_slice())?;
        let is_literal = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let text = std::str::from_utf8(text).ok()?;
        text.as_bytes().iter().all(is_literal).then_some(text)
    }

    fn parse<'a>(&mut self, data: &'a [u8]) -> Option<Plain<'a>> {
        let mut chunk: Chunk<'_> = serde_json::from_slice(data).ok()?;
        let choice = chunk.choices.pop();
        if !chunk.choices.is_empty() || chunk.error.is_some() {
            return None;
        }
        let usage = chunk.usage.map(Usage::from);
        let Some(choice) = choice else {
            return Some(Plain {
                usage,
                ..Plain::default()
            });
        };
        if choice.logprobs.is_some() || choice.delta.tool_calls.is_some() {
            return None;
        }
        let Text(text) = choice.delta.content.unwrap_or_default();
        let finish = choice.finish_reason.map(|Text(reason)| reason.into_owned());
        if let (Cow::Borrowed(text), None, None) = (&text, usage, &finish) {
            self.remember(data, text);
        }
        Some(Plain {
            text,
            usage,
            finish,
        })
    }

    /// Keeps what stands around a text that was read from `data` without unescaping.
    fn remember(&mut self, data: &[u8], text: &str) {
        let start = (text.as_ptr().addr()).wrapping_sub(data.as_ptr().addr());
        let around = data
            .split_at_checked(start)
            .and_then(|(before, rest)| Some((before, rest.strip_prefix(text.as_bytes())?)));
        // A chunk without any text has none to stand around.
        if let Some((before, after)) = around
            .filter(|(before, after)| before.last() == Some(&b'"') && after.first() == Some(&b'"'))
        {
            self.before.clear();
            self.before.extend_from_slice(before);
            self.after.clear();
            self.after.extend_from_slice(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Plain<'_> {
        Plain {
            text: text.into(),
            ..Plain::default()
        }
    }

    #[test]
    fn plain_chunks_are_read_the_short_way_and_no_others() {
        fn read(chunk: &str) -> Option<Plain<'_>> {
            PlainTexts::default().read(chunk.as_bytes())
        }
        let plain = r#"{"choices":[{"delta":{"role":"assistant","content":"a\n"},"finish_reason":null}],"usage":null}"#;
        assert_eq!(read(plain), Some(text("a\n")));
        let silent = [
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[]}"#,
        ];
        for chunk in silent {
            assert_eq!(read(chunk), Some(text("")), "{chunk}");
        }
        let end = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}"#;
        let usage = Usage {
            input: Some(3),
            cached: Some(1),
            output: Some(2),
        };
        assert_eq!(
            read(end),
            Some(Plain {
                usage: Some(usage),
                finish: Some("stop".to_owned()),
                ..text("a")
            })
        );
        let more = [
            r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","tool_calls":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":"1"}}"#,
            r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"message":{"content":"a"}}]}"#,
            r#"{"choices":[],"error":{"message":"no"}}"#,
            r#"{"error":{"message":"no"}}"#,
            "[DONE]",
        ];
        for chunk in more {
            assert_eq!(read(chunk), None, "{chunk}");
        }
    }

    #[test]
    fn a_chunk_like_the_last_is_read_without_parsing() {
        let chunk = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
        let mut texts = PlainTexts::default();
        assert_eq!(texts.like_the_last(chunk("a").as_bytes()), None);
        assert_eq!(texts.read(chunk("a").as_bytes()), Some(text("a")));
        for next in ["é b", ""] {
            assert_eq!(texts.like_the_last(chunk(next).as_bytes()), Some(next));
        }
        // What would end the text, change it or is no text is parsed like any other chunk.
        for other in [r#"b","tool_calls":[],"x":""#, r"b\n", "b\n", "b\u{1}"] {
            assert_eq!(
                texts.like_the_last(chunk(other).as_bytes()),
                None,
                "{other:?}"
            );
        }
        let mut broken = chunk("b").into_bytes();
        for byte in &mut broken {
            if *byte == b'b' {
                *byte = 0xff;
            }
        }
        assert_eq!(texts.read(&broken), None);
    }

    proptest! {
        #[test]
        fn whatever_came_before_a_chunk_is_read_alike(
            texts in proptest::collection::vec(prop_oneof![".{0,6}", Just("\",\"".to_owned()), Just("\\".to_owned())], 1..12),
            roles in proptest::collection::vec(any::<bool>(), 12),
            ends in proptest::collection::vec(0_u8..6, 12),
        ) {
            let mut reader = PlainTexts::default();
            for ((text, role), end) in texts.iter().zip(roles).zip(ends) {
                let mut chunk = json!({ "choices": [{ "delta": { "content": text }, "finish_reason": null }] });
                if role {
                    chunk["choices"][0]["delta"]["role"] = json!("assistant");
                }
                match end {
                    0 => chunk["choices"][0]["finish_reason"] = json!("stop"),
                    1 => chunk["choices"][0]["delta"]["tool_calls"] = json!([{ "index": 0 }]),
                    _ => {}
                }
                let data = chunk.to_string();
                let alone = PlainTexts::default().read(data.as_bytes());
                let finish = (end == 0).then(|| "stop".to_owned());
                let plain = Plain { text: text.into(), usage: None, finish };
                prop_assert_eq!(&alone, &(end != 1).then_some(plain));
                prop_assert_eq!(reader.read(data.as_bytes()), alone);
            }
        }
    }
}
