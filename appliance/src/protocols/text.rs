//! Text as these protocols write it: a string, or a list of parts.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

/// Part types that are text, by protocol: `text` everywhere, the others in OpenAI's responses.
const TEXT_TYPES: [&str; 3] = ["text", "input_text", "output_text"];

/// A text, its parts joined. Parts of another type are refused, since they could only be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

/// The schema of [`Text`] for the OpenAPI document.
#[derive(utoipa::ToSchema)]
#[schema(as = TextOrParts)]
#[allow(dead_code)] // Documents the wire; values are read by `Text`.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub(super) enum TextSchema {
    /// The text.
    Text(String),
    /// Its parts.
    Parts(Vec<TextPart>),
}

/// One part of a text.
#[derive(Deserialize, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TextPart {
    /// `text`, `input_text` or `output_text`.
    r#type: String,
    #[serde(default)]
    text: Option<String>,
    /// What a model said when it refused.
    #[serde(default)]
    refusal: Option<String>,
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a list of text parts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text, A::Error> {
        let mut whole = String::new();
        while let Some(part) = parts.next_element::<TextPart>()? {
            let text = match part.r#type.as_str() {
                known if TEXT_TYPES.contains(&known) => part.text,
                "refusal" => part.refusal,
                other => {
                    let other: String = other.chars().take(40).collect();
                    return Err(A::Error::custom(format!(
                        "models here read text only, not a part of the type `{other}`"
                    )));
                }
            };
            let text = text.ok_or_else(|| A::Error::missing_field("text"))?;
            if !whole.is_empty() {
                whole.push('\n');
            }
            whole.push_str(&text);
        }
        Ok(Text(whole))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn strings_and_parts_are_the_same_text() {
        let read = |json: &str| serde_json::from_str::<Text>(json).map(|text| text.0);
        assert_eq!(read(r#""Hello""#).unwrap(), "Hello");
        let parts = r#"[{"type":"text","text":"Hello"},{"type":"input_text","text":"there"}]"#;
        assert_eq!(read(parts).unwrap(), "Hello\nthere");
        let error = read(r#"[{"type":"image_url","image_url":{"url":"x"}}]"#).unwrap_err();
        assert!(error.to_string().contains("`image_url`"), "{error}");
        assert!(read("7").is_err());
    }
}
