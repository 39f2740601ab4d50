//! What people may write into fields.

use guildhall_kernel::{Error, Result};

const NAME_CHARACTERS_MAX: usize = 120;
const EMAIL_CHARACTERS_MAX: usize = 254;

/// A name without control characters, trimmed, of 1 to 120 characters.
///
/// # Errors
/// `invalid_name` on the field.
pub fn checked_name(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > NAME_CHARACTERS_MAX || text.chars().any(char::is_control) {
        let message =
            format!("give a name of 1 to {NAME_CHARACTERS_MAX} characters without line breaks");
        return Err(Error::invalid_field(field, "invalid_name", message));
    }
    Ok(text.to_owned())
}

/// An e-mail address in lower case.
///
/// # Errors
/// `invalid_email` on the field.
pub fn checked_email(field: &str, text: &str) -> Result<String> {
    let text = text.trim().to_lowercase();
    let is_good = text.len() <= EMAIL_CHARACTERS_MAX
        && !text
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control())
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.contains('@')
        });
    if is_good {
        return Ok(text);
    }
    Err(Error::invalid_field(
        field,
        "invalid_email",
        "give an e-mail address such as ada@example.com",
    ))
}

/// A country of two capital letters (ISO 3166 alpha-2), or nothing.
///
/// # Errors
/// `invalid_country` on the field.
pub fn checked_country(field: &str, text: &str) -> Result<String> {
    let text = text.trim().to_uppercase();
    if text.is_empty() || (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Ok(text);
    }
    Err(Error::invalid_field(
        field,
        "invalid_country",
        "give a country of two letters such as DE, or leave it empty",
    ))
}

/// Text of several lines.
///
/// # Errors
/// `text_too_long` on the field.
pub fn checked_text(field: &str, text: &str, characters_max: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() <= characters_max {
        return Ok(text.to_owned());
    }
    Err(Error::invalid_field(
        field,
        "text_too_long",
        format!("give at most {characters_max} characters"),
    ))
}
