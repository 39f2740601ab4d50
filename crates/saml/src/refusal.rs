//! Why something was not taken.

use std::fmt;

/// Why a message, a certificate or metadata was not taken: a stable code for programs and one
/// sentence for the administrator. The person at the login page never sees either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The stable code, such as `saml_wrong_audience`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// One sentence that names the thing and the way out.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

/// Something that may be refused.
pub type Result<T> = std::result::Result<T, Refusal>;

/// What a foreign message says, short enough and plain enough to stand in a sentence.
pub(crate) fn quoted(text: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    text.chars()
        .take(CHARACTERS_MAX)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
