//! Texts that many requests carry: the rules that they keep, and how the OpenAPI document describes them.

#[cfg(feature = "openapi")]
mod schema;

#[cfg(feature = "openapi")]
pub use schema::{EmailText, NameText, PasswordText, PersonaText, TitleText};

use crate::{Error, Result};

/// A text of one line without the white space around it: something to see, no control characters, and at most
/// `characters_max` characters as it was sent, white space included. `None` for any other.
#[must_use]
pub fn one_line(text: &str, characters_max: usize) -> Option<&str> {
    let line = text.trim();
    let is_line = !line.is_empty()
        && text.chars().count() <= characters_max
        && !line.chars().any(char::is_control);
    is_line.then_some(line)
}

/// A name: [`one_line`], given as `field`.
///
/// # Errors
/// `invalid_name` on the field.
pub fn checked_name(field: &str, text: &str, characters_max: usize) -> Result<String> {
    let name = one_line(text, characters_max).map(str::to_owned);
    name.ok_or_else(|| {
        let message = format!("give a name of 1 to {characters_max} characters");
        Error::invalid_field(field, "invalid_name", message)
    })
}

#[cfg(test)]
mod tests {
    use super::{checked_name, one_line};

    #[test]
    fn a_line_is_trimmed_and_measured_as_sent() {
        assert_eq!(one_line("  Zoë Ö. ", 9), Some("Zoë Ö."));
        assert_eq!(one_line("  Zoë Ö. ", 8), None);
        assert_eq!(one_line(" \t\u{a0}\n", 80), None);
        assert_eq!(one_line("", 80), None);
        assert_eq!(one_line("two\nlines", 80), None);
        assert_eq!(one_line("a bell \u{7}.", 80), None);
        assert_eq!(
            one_line("\nends of lines around it\r\n", 80),
            Some("ends of lines around it")
        );
    }

    #[test]
    fn a_refused_name_says_which_field_and_how_long() {
        let refused = checked_name("title", "", 80).unwrap_err();
        assert_eq!(refused.code(), "invalid_name");
        let fields = refused.body("r").error.details.unwrap().fields;
        assert_eq!(fields[0].field, "title");
        assert_eq!(fields[0].code, "invalid_name");
        assert_eq!(fields[0].message, "give a name of 1 to 80 characters");
    }
}
