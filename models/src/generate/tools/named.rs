//! Tool calls of Mistral's newer templates: `[TOOL_CALLS]name[ARGS]{…}`, some with `[CALL_ID]` and nine
//! characters in between. Source: mistral-common, tokenizers v11 and v13.

use serde_json::Value;

use super::Calls;

/// What names a call in the first of the two forms.
pub(super) const ID: &str = "[CALL_ID]";
/// What comes before the arguments.
pub(super) const ARGUMENTS: &str = "[ARGS]";
/// What comes before every call.
pub(super) const CALL: &str = "[TOOL_CALLS]";

/// The calls in the text that follows the first `[TOOL_CALLS]`.
pub(super) fn parse(text: &str) -> Option<Calls> {
    let mut calls = Vec::new();
    let mut rest = text.trim();
    loop {
        let (head, after) = rest.split_once(ARGUMENTS)?;
        let name = head.split_once(ID).map_or(head, |(name, _)| name).trim();
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let arguments = values.next()?.ok()?;
        arguments.as_object()?;
        let end = values.byte_offset();
        if name.is_empty() {
            return None;
        }
        calls.push((name.to_owned(), arguments.to_string()));
        rest = after.get(end..)?.trim_start();
        if rest.is_empty() {
            return Some(calls);
        }
        rest = rest.strip_prefix(CALL)?;
    }
}
