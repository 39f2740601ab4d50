//! The short way through a stream of chat completions: most of its chunks bring nothing but text, and
//! differ from the one before in nothing but that text.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

/// A chunk that brings nothing but text.
#[derive(Deserialize)]
struct TextChunk<'a> {
    #[serde(borrow)]
    choices: [TextChoice<'a>; 1],
    usage: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct TextChoice<'a> {
    #[serde(borrow)]
    delta: TextDelta<'a>,
    logprobs: Option<IgnoredAny>,
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct TextDelta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    tool_calls: Option<IgnoredAny>,
}

/// A text that is borrowed where it holds no escapes: within an `Option`, only a type of its own is.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the chunks of one stream that bring nothing but text.
#[derive(Default)]
pub(super) struct PlainTexts {
    /// The last such chunk up to its text, with the quotation mark.
    before: Vec<u8>,
    /// And what followed its text, from the quotation mark on.
    after: Vec<u8>,
}

impl PlainTexts {
    /// The text of a chunk that brings nothing else; nothing for every other chunk, which is then to be
    /// looked at field by field.
    pub(super) fn read(&mut self, data: &[u8]) -> Option<String> {
        self.like_the_last(data).or_else(|| self.parse(data))
    }

    /// Between the same bytes as before, a text that needs no unescaping makes the same chunk with that text.
    fn like_the_last(&self, data: &[u8]) -> Option<String> {
        if self.before.is_empty() {
            return None;
        }
        let rest = data.strip_prefix(self.before.as_slice())?;
        let text = rest.strip_suffix(self.after.as_slice())?;
        let is_literal = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let text = std::str::from_utf8(text).ok()?;
        text.as_bytes()
            .iter()
            .all(is_literal)
            .then(|| text.to_owned())
    }

    fn parse(&mut self, data: &[u8]) -> Option<String> {
        // The chunks that end a stream have no text, and finding that out by parsing takes longest.
        memchr::memmem::find(data, b"\"content\"")?;
        let chunk: TextChunk<'_> = serde_json::from_slice(data).ok()?;
        let [choice] = chunk.choices;
        let more = [
            chunk.usage,
            chunk.error,
            choice.logprobs,
            choice.finish_reason,
            choice.delta.tool_calls,
        ];
        if more.iter().any(Option::is_some) {
            return None;
        }
        let Text(text) = choice.delta.content.unwrap_or_default();
        if let Cow::Borrowed(text) = text {
            self.remember(data, text);
        }
        Some(text.into_owned())
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

    #[test]
    fn only_chunks_of_nothing_but_text_are_read_the_short_way() {
        let text = |chunk: &str| PlainTexts::default().read(chunk.as_bytes());
        let plain = r#"{"choices":[{"delta":{"role":"assistant","content":"a\n"},"finish_reason":null}],"usage":null}"#;
        assert_eq!(text(plain).as_deref(), Some("a\n"));
        let silent = r#"{"choices":[{"delta":{"content":null}}]}"#;
        assert_eq!(text(silent).as_deref(), Some(""));
        let more = [
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","tool_calls":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"message":{"content":"a"}}]}"#,
            r#"{"choices":[]}"#,
            r#"{"error":{"message":"no"}}"#,
            "[DONE]",
        ];
        for chunk in more {
            assert_eq!(text(chunk), None, "{chunk}");
        }
    }

    #[test]
    fn a_chunk_like_the_last_is_read_without_parsing() {
        let chunk = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
        let mut texts = PlainTexts::default();
        assert_eq!(texts.like_the_last(chunk("a").as_bytes()), None);
        assert_eq!(texts.read(chunk("a").as_bytes()).as_deref(), Some("a"));
        assert_eq!(
            texts.like_the_last(chunk("é b").as_bytes()).as_deref(),
            Some("é b")
        );
        assert_eq!(
            texts.like_the_last(chunk("").as_bytes()).as_deref(),
            Some("")
        );
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
                prop_assert_eq!(&alone, &(end > 1).then(|| text.clone()));
                prop_assert_eq!(reader.read(data.as_bytes()), alone);
            }
        }
    }
}
