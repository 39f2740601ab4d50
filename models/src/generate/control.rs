//! Keeps text from posing as the model's control tokens.
//!
//! A chat template marks turns with control tokens such as `<|im_end|>`. The same characters in
//! a message must stay text, or anyone who writes to the model could forge a turn. A mark is put
//! into them before the template is applied, and the prompt is tokenised in pieces between the
//! marks, so that no piece holds the whole name of a control token that came from a message.

use std::collections::HashMap;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token_type::LlamaTokenAttr;

/// A Unicode noncharacter: reserved for use inside programs, never valid in exchanged text.
pub(super) const MARK: char = '\u{FDD0}';

/// The written forms of a model's control tokens, by their first character.
#[derive(Debug, Default)]
pub(super) struct ControlTexts {
    by_first: HashMap<char, Vec<String>>,
}

impl ControlTexts {
    /// Those of a model, and its own tokens that its chat template mentions: markers such as
    /// `<tool_response>` are no control tokens in every model.
    pub(super) fn of(model: &LlamaModel, template: &str) -> Self {
        let vocab = model.vocab();
        let texts = vocab.tokens().filter_map(|token| {
            let attributes = vocab.attr(token);
            let is_control = attributes.contains(LlamaTokenAttr::Control)
                || attributes.contains(LlamaTokenAttr::Unknown);
            let is_own = attributes.contains(LlamaTokenAttr::UserDefined);
            if !is_control && !is_own {
                return None;
            }
            let text = vocab.text(token)?.to_str().ok()?;
            let is_marker = is_control || (text.starts_with(['<', '[']) && template.contains(text));
            is_marker.then(|| text.to_owned())
        });
        Self::new(texts)
    }

    fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut by_first = HashMap::<char, Vec<String>>::new();
        for text in texts {
            let mut characters = text.chars();
            // One character cannot be split by a mark inside it.
            if let (Some(first), Some(_)) = (characters.next(), characters.next()) {
                by_first.entry(first).or_default().push(text);
            }
        }
        Self { by_first }
    }

    /// Returns `content` with a mark inside every control token's name, and without anything
    /// that could not pass through a chat template.
    pub(super) fn disarm(&self, content: &str) -> String {
        let content = content.replace(['\0', MARK], "\u{FFFD}");
        let mut disarmed = String::with_capacity(content.len());
        for (position, character) in content.char_indices() {
            disarmed.push(character);
            let rest = content.get(position..).unwrap_or_default();
            let names = self.by_first.get(&character).map_or(&[][..], Vec::as_slice);
            if names.iter().any(|name| rest.starts_with(name.as_str())) {
                disarmed.push(MARK);
            }
        }
        disarmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> ControlTexts {
        ControlTexts::new(["<|im_end|>", "</s>", "x"].map(str::to_owned))
    }

    #[test]
    fn names_of_control_tokens_are_split() {
        assert_eq!(
            texts().disarm("a<|im_end|>b</s>"),
            format!("a<{MARK}|im_end|>b<{MARK}/s>")
        );
    }

    #[test]
    fn other_text_is_untouched() {
        let text = "x < 3 && <b>grüß</b> 北京 <|im_en";
        assert_eq!(texts().disarm(text), text);
    }

    #[test]
    fn marks_and_zeros_from_outside_are_replaced() {
        assert_eq!(texts().disarm("a\0b\u{FDD0}c"), "a\u{FFFD}b\u{FFFD}c");
    }
}
