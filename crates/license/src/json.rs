//! JSON that can be read in one way only.

use std::collections::HashSet;

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

use crate::Refusal;

/// Objects and lists inside each other.
const DEPTH_MAX: usize = 8;

/// Reads a value of which every key of every object occurs once, nested at most eight deep, with nothing behind it.
///
/// # Errors
/// `artefact_malformed`, `artefact_duplicate_key` or `artefact_too_deep`.
pub(crate) fn read<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Refusal> {
    let refuse = |error: serde_json::Error| {
        let text = error.to_string();
        let code = match () {
            () if text.starts_with(DUPLICATE) => "artefact_duplicate_key",
            () if text.starts_with(TOO_DEEP) => "artefact_too_deep",
            () => "artefact_malformed",
        };
        Refusal::new(
            code,
            format!("the {what} cannot be read: {text}; ask for the file again"),
        )
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Once(DEPTH_MAX).deserialize(&mut reader).map_err(refuse)?;
    reader.end().map_err(refuse)?;
    serde_json::from_slice(bytes).map_err(refuse)
}

const DUPLICATE: &str = "it names the same thing twice";
const TOO_DEEP: &str = "it is nested too deep";

/// Walks a value and keeps nothing; holds how much deeper it may go.
struct Once(usize);

impl Once {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        self.0.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Once {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while list.next_element_seed(Once(depth))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            object.next_value_seed(Once(depth))?;
            if !names.insert(name) {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn code(text: &str) -> &'static str {
        read::<Value>("licence", text.as_bytes()).map_or_else(|refusal| refusal.code, |_| "")
    }

    #[test]
    fn one_reading_only() {
        assert_eq!(code(r#"{"a": [1, {"b": null}], "c": "d"}"#), "");
        assert_eq!(code(r#"{"a": 1, "a": 2}"#), "artefact_duplicate_key");
        assert_eq!(
            code(r#"[{"a": {"b": 1, "b": 1}}]"#),
            "artefact_duplicate_key"
        );
        assert_eq!(code(r#"{"a": 1, "\u0061": 2}"#), "artefact_duplicate_key");
        assert_eq!(code("{} {}"), "artefact_malformed");
        assert_eq!(code("\u{feff}{}"), "artefact_malformed");
        assert_eq!(code(&("[".repeat(8) + &"]".repeat(8))), "");
        assert_eq!(code(&("[".repeat(9) + &"]".repeat(9))), "artefact_too_deep");
        assert_eq!(code(&"[".repeat(60_000)), "artefact_too_deep");
    }
}
