//! Scopes: what a token may be used for, in the words of `identity`.

use super::problem::{Problem, ProblemCode};
use crate::identity;

const REQUEST_CHARACTERS_MAX: usize = 2000;

/// What a scope is for, in words that a person can decide on; nothing for a name that is no scope.
pub(super) fn description(scope: &str) -> Option<&'static str> {
    identity::scope_description(scope)
}

/// The scopes asked for (RFC 6749, 3.3), each of which must be allowed; all that are allowed when none is
/// asked for.
///
/// # Errors
/// `invalid_scope`.
pub(super) fn asked(text: Option<&str>, allowed: &[String]) -> Result<Vec<String>, Problem> {
    let text = text.unwrap_or_default();
    if text.len() > REQUEST_CHARACTERS_MAX {
        return Err(Problem::new(
            ProblemCode::InvalidScope,
            "too many scopes are asked for",
        ));
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        if !allowed.iter().any(|name| name == scope) {
            let shown: String = scope
                .chars()
                .filter(char::is_ascii_graphic)
                .take(60)
                .collect();
            let message = format!("the application may not ask for the scope {shown}");
            return Err(Problem::new(ProblemCode::InvalidScope, message));
        }
        if !scopes.iter().any(|name| name == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        scopes = allowed.to_vec();
    }
    Ok(scopes)
}
