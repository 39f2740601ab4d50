//! Names of attributes: `name.givenName`, or with the URN of a schema before them.

use crate::{
    problem::{Problem, Result, ScimType},
    schema::{ENTERPRISE_USER, GROUP, USER},
};

/// Longest name of an attribute, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// The name of an attribute or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePath {
    /// The extension it belongs to; `None` for the resource's own schema.
    pub schema: Option<String>,
    /// The attribute's name; `None` for an extension as a whole.
    pub name: Option<String>,
    /// The part's name.
    pub part: Option<String>,
}

impl AttributePath {
    /// Reads a name.
    ///
    /// # Errors
    /// A [`Problem`] of kind `on_failure` when it is not one.
    pub fn parse(text: &str, on_failure: ScimType) -> Result<Self> {
        let wrong = || Problem::invalid(on_failure, format!("`{}` is no attribute", shorten(text)));
        if text.len() > PATH_BYTES_MAX {
            return Err(wrong());
        }
        if text.eq_ignore_ascii_case(ENTERPRISE_USER) {
            return Ok(Self {
                schema: Some(ENTERPRISE_USER.to_owned()),
                name: None,
                part: None,
            });
        }
        let is_urn = text
            .get(..4)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("urn:"));
        let (schema, rest) = match text.rsplit_once(':') {
            Some((urn, rest)) if is_urn => (own_or_extension(urn), rest),
            _ => (None, text),
        };
        let (name, part) = match rest.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (rest, None),
        };
        if !is_name(name) || part.is_some_and(|part| !is_name(part)) {
            return Err(wrong());
        }
        Ok(Self {
            schema,
            name: Some(name.to_owned()),
            part: part.map(str::to_owned),
        })
    }

    /// Whether it names this attribute of the resource's own schema, capitals aside.
    pub fn is(&self, attribute: &str) -> bool {
        let name = self.name.as_deref();
        self.schema.is_none()
            && self.part.is_none()
            && name.is_some_and(|name| name.eq_ignore_ascii_case(attribute))
    }
}

/// The URN of a core schema says no more than none.
fn own_or_extension(urn: &str) -> Option<String> {
    if urn.eq_ignore_ascii_case(USER) || urn.eq_ignore_ascii_case(GROUP) {
        return None;
    }
    if urn.eq_ignore_ascii_case(ENTERPRISE_USER) {
        return Some(ENTERPRISE_USER.to_owned());
    }
    Some(urn.to_owned())
}

/// RFC 7644, figure 1: `ATTRNAME`, and `$ref`.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '$')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '$'))
}

/// The beginning of a text that a message repeats.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<AttributePath> {
        AttributePath::parse(text, ScimType::InvalidPath)
    }

    #[test]
    fn names_with_and_without_a_schema_are_read() {
        let plain = parse("name.givenName").unwrap();
        assert_eq!(
            (plain.name.as_deref(), plain.part.as_deref()),
            (Some("name"), Some("givenName"))
        );
        assert!(
            parse("urn:ietf:params:scim:schemas:core:2.0:User:userName")
                .unwrap()
                .is("username")
        );
        let manager = parse(&format!("{ENTERPRISE_USER}:manager.value")).unwrap();
        assert_eq!(manager.schema.as_deref(), Some(ENTERPRISE_USER));
        assert_eq!(manager.part.as_deref(), Some("value"));
        assert_eq!(parse(ENTERPRISE_USER).unwrap().name, None);
        for bad in ["", ".", "a..b", "1a", "a b", "a.b.c", "urn:", "a:b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
