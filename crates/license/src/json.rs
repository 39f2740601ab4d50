//! JSON that can be read in one way only.

use std::{borrow::Cow, cell::Cell, collections::HashSet};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

use crate::Refusal;

/// Objects and lists inside each other.
const DEPTH_MAX: usize = 8;

/// Reads a value of which every key of every object occurs once, nested at most eight deep, with nothing behind it.
///
/// # Errors
/// `artefact_malformed`, `artefact_duplicate_key` or `artefact_too_deep`.
pub(crate) fn read<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Refusal> {
    let _ = names_crit(what, bytes)?;
    parse(what, bytes)
}

/// Checks that JSON can be read in one way only. Says whether the object that it is has a key `crit`.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn names_crit(what: &str, bytes: &[u8]) -> Result<bool, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let names_crit = Cell::new(false);
    let walk = Once {
        depth: DEPTH_MAX,
        names_crit: &names_crit,
    };
    walk.deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| refuse(what, &error))?;
    Ok(names_crit.get())
}

/// Reads JSON that was checked.
///
/// # Errors
/// `artefact_malformed`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| refuse(what, &error))
}

fn refuse(what: &str, error: &serde_json::Error) -> Refusal {
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
}

const DUPLICATE: &str = "it names the same thing twice";
const TOO_DEEP: &str = "it is nested too deep";

/// Walks a value and keeps nothing.
#[derive(Clone, Copy)]
struct Once<'a> {
    /// How much deeper it may go.
    depth: usize,
    names_crit: &'a Cell<bool>,
}

impl Once<'_> {
    fn deeper<E: serde::de::Error>(mut self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        self.depth = depth.ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(self)
    }
}

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
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
        let deeper = self.deeper()?;
        while list.next_element_seed(deeper)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        let mut names = Names::default();
        while let Some(Name(name)) = object.next_key()? {
            object.next_value_seed(deeper)?;
            if self.depth == DEPTH_MAX && name == "crit" {
                self.names_crit.set(true);
            }
            if !names.insert(name) {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(())
    }
}

/// A key that is copied only where it is written with escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The keys of an object: few as a rule, so that comparing them is quicker than hashing them.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    const FEW: usize = 32;

    /// Whether the key is new.
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
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
    fn what_must_be_understood_is_seen_however_it_is_written() {
        let names_crit = |text: &str| super::names_crit("licence", text.as_bytes()).unwrap();
        assert!(names_crit(r#"{"a": 1, "crit": ["b"]}"#));
        assert!(names_crit(r#"{"\u0063rit": ["b"]}"#));
        assert!(!names_crit(r#"{"a": {"crit": ["b"]}, "b": "crit"}"#));
        assert!(!names_crit(r#"["crit"]"#));
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
        let many: Vec<String> = (0..100).map(|number| format!(r#""{number}":0"#)).collect();
        assert_eq!(code(&format!("{{{}}}", many.join(","))), "");
        let twice = format!(r#"{{{},"99":0}}"#, many.join(","));
        assert_eq!(code(&twice), "artefact_duplicate_key");
        assert_eq!(code("{} {}"), "artefact_malformed");
        assert_eq!(code("\u{feff}{}"), "artefact_malformed");
        assert_eq!(code(&("[".repeat(8) + &"]".repeat(8))), "");
        assert_eq!(code(&("[".repeat(9) + &"]".repeat(9))), "artefact_too_deep");
        assert_eq!(code(&"[".repeat(60_000)), "artefact_too_deep");
    }
}
