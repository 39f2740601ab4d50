//! What a provider's failure is called here. Its own words are looked at and never passed on: they may
//! hold the key or the prompt.

use axum::http::HeaderMap;
use guildhall_kernel::{Error, ErrorKind, Result};
use serde_json::Value;

use super::at;

/// Longest wait for which a provider is believed, in seconds.
const RETRY_AFTER_MAX: u32 = 3600;

/// Failures that more than one place names.
pub(in crate::inference::provider) mod codes {
    use guildhall_kernel::Error;

    /// The provider refused the key.
    pub(in crate::inference::provider) const AUTH_FAILED: &str = "provider_auth_failed";
    /// The provider asks to wait.
    pub(in crate::inference::provider) const RATE_LIMITED: &str = "provider_rate_limited";
    /// The provider is down or overloaded.
    pub(in crate::inference::provider) const UNAVAILABLE: &str = "provider_unavailable";
    /// The stream ended before the answer did.
    pub(in crate::inference::provider) const STREAM_CUT: &str = "provider_stream_cut";
    /// What came is not what the protocol says.
    pub(in crate::inference::provider) const GARBLED: &str = "provider_garbled";
    /// A web page came in place of an answer.
    pub(in crate::inference::provider) const NOT_AN_API: &str = "provider_not_an_api";

    /// The request needs what only models on this node do.
    pub(in crate::inference::provider) const LOCAL_MODEL_NEEDED: &str = "local_model_needed";

    pub(in crate::inference::provider) fn cut() -> Error {
        Error::unavailable(
            STREAM_CUT,
            "the provider's answer ended in the middle; ask again",
            2,
        )
    }
}

/// What came is not what the protocol says.
pub(in crate::inference::provider) fn garbled(what: &str) -> Error {
    Error::unavailable(
        codes::GARBLED,
        format!("the provider {what}; check that its kind and base URL fit together"),
        30,
    )
}

/// Reads JSON of a provider. The source of the failure is left out: it may quote the answer.
pub(super) fn read_json(data: &[u8]) -> Result<Value> {
    serde_json::from_slice(data).map_err(|_| garbled("sent something that is no JSON"))
}

/// The provider's content filter stopped the answer.
pub(super) fn filtered() -> Error {
    Error::conflict(
        "provider_filtered",
        "the provider's content filter stopped the answer; put the question differently or use a model on this node",
    )
}

/// A web page where an answer should be.
pub(in crate::inference::provider) fn not_an_api(provider: &str) -> Error {
    let message = format!(
        "{provider} answered with a web page in place of JSON; check its base URL, or a proxy or login page stands in between"
    );
    Error::unavailable(codes::NOT_AN_API, message, 60)
}

/// What an answer with this status means.
pub(in crate::inference::provider) fn of_status(
    provider: &str,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Error {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let token = reason(headers, &value);
    let named = token
        .as_deref()
        .map_or_else(|| status.to_string(), |token| format!("{status} {token}"));
    match status {
        _ if is_too_long(&value) => too_long(provider),
        300..=399 => {
            let message = format!(
                "{provider} redirects elsewhere ({status}), which is not followed; correct its base URL"
            );
            Error::conflict("provider_redirected", message)
        }
        401 | 403 => auth_failed(provider, &named),
        404 => {
            let message = format!(
                "{provider} does not know the model or the path ({named}); check the model's name and the base URL"
            );
            Error::conflict("provider_model_missing", message)
        }
        408 | 409 | 425 | 500..=599 => unavailable(provider, &named, retry_after(headers)),
        429 => {
            let wait = retry_after(headers).unwrap_or(5);
            let message = format!(
                "{provider} takes no more requests at the moment ({named}); try again in {wait} s"
            );
            Error::too_many(codes::RATE_LIMITED, message, wait)
        }
        _ => {
            let message = format!(
                "{provider} refused the request ({named}); the model may not take one of its parameters, tools or schemas"
            );
            Error::invalid("provider_rejected", message)
        }
    }
}

/// A failure that a provider reports inside its stream, by its own name for it.
pub(super) fn of_stream(value: &Value, token: Option<&str>) -> Error {
    let provider = "the provider";
    if is_too_long(value) {
        return too_long(provider);
    }
    let token = token
        .map(ToOwned::to_owned)
        .or_else(|| reason(&HeaderMap::new(), value))
        .unwrap_or_else(|| "unnamed".to_owned());
    let lower = token.to_ascii_lowercase();
    if lower.contains("throttl") || lower.contains("rate_limit") {
        let message = format!("{provider} takes no more requests at the moment ({token})");
        return Error::too_many(codes::RATE_LIMITED, message, 5);
    }
    if lower.contains("auth") || lower.contains("permission") || lower.contains("accessdenied") {
        return auth_failed(provider, &token);
    }
    if lower.contains("invalid_request") || lower.contains("validation") {
        let message = format!("{provider} refused the request ({token})");
        return Error::invalid("provider_rejected", message);
    }
    unavailable(provider, &token, None)
}

fn auth_failed(provider: &str, named: &str) -> Error {
    let message = format!(
        "{provider} refused the node's key ({named}); enter a valid one under Administration"
    );
    Error::conflict(codes::AUTH_FAILED, message)
}

fn unavailable(provider: &str, named: &str, wait: Option<u32>) -> Error {
    let message =
        format!("{provider} cannot answer at the moment ({named}); try again or use another model");
    Error::unavailable(codes::UNAVAILABLE, message, wait.unwrap_or(5))
}

fn too_long(provider: &str) -> Error {
    let message = format!(
        "the conversation is longer than {provider} reads at once; start a new one or shorten it"
    );
    Error::new(
        ErrorKind::Conflict,
        guildhall_engine_protocol::codes::CONTEXT_EXCEEDED,
        message,
    )
}

/// Words by which providers say that a prompt is too long, where they have no code for it.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "maximum context length",
    "prompt is too long",
    "input is too long",
    "exceeds the maximum number of tokens",
    "exceeds the available context size",
];

fn is_too_long(value: &Value) -> bool {
    let texts = [
        at(value, "/error/code"),
        at(value, "/error/message"),
        at(value, "/message"),
        at(value, "/error"),
    ];
    texts.into_iter().filter_map(Value::as_str).any(|text| {
        let lower = text.to_ascii_lowercase();
        TOO_LONG.iter().any(|words| lower.contains(words))
    })
}

/// The provider's short name of the failure, when it looks like one.
fn reason(headers: &HeaderMap, value: &Value) -> Option<String> {
    let error = at(value, "/error");
    let header = headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok());
    let texts = [
        at(error, "/code").as_str(),
        at(error, "/status").as_str(),
        at(error, "/type").as_str(),
        at(value, "/__type").as_str(),
        header,
    ];
    let token = texts.into_iter().flatten().next()?;
    // `com.amazon.coral#ThrottlingException:http://…` names itself in the middle.
    let token = token.split(':').next()?.rsplit('#').next()?;
    let is_name = (1..=64).contains(&token.len())
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"_-.".contains(&byte));
    is_name.then(|| token.to_owned())
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3), or in milliseconds as some send it. Dates are rare
/// and not read.
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let number = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        text.trim().parse::<f64>().ok().filter(|wait| *wait >= 0.0)
    };
    let seconds = number("retry-after-ms")
        .map(|wait| wait / 1000.0)
        .or_else(|| number("retry-after"))?;
    let bounded = seconds.min(f64::from(RETRY_AFTER_MAX)).ceil();
    (0..=RETRY_AFTER_MAX).find(|wait| f64::from(*wait) >= bounded)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_providers_words_are_not_passed_on() {
        let body = json!({ "error": { "message": "Incorrect API key provided: sk-live-123. Prompt: the secret plan",
            "type": "invalid_request_error", "code": "invalid_api_key" } });
        let error = of_status(
            "OpenAI",
            401,
            &HeaderMap::new(),
            body.to_string().as_bytes(),
        );
        assert_eq!(error.code(), "provider_auth_failed");
        let shown = error.chain();
        assert!(shown.contains("401 invalid_api_key"), "{shown}");
        assert!(
            !shown.contains("sk-live") && !shown.contains("plan"),
            "{shown}"
        );
        let sly = json!({ "error": { "code": "sk-live-123 leaked" } });
        let error = of_status("OpenAI", 400, &HeaderMap::new(), sly.to_string().as_bytes());
        assert!(!error.chain().contains("leaked"), "{error}");
    }

    #[test]
    fn waits_are_believed_within_bounds() {
        for (name, value, wait) in [
            ("retry-after", "7", Some(7)),
            ("retry-after", "0.2", Some(1)),
            ("retry-after-ms", "1500", Some(2)),
            ("retry-after", "1e300", Some(3600)),
            ("retry-after", "-1", None),
            ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(retry_after(&headers), wait, "{name}: {value}");
        }
    }

    #[test]
    fn too_long_is_recognised_by_code_or_words() {
        for body in [
            json!({ "error": { "code": "context_length_exceeded" } }),
            json!({ "type": "error", "error": { "type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum" } }),
            json!({ "message": "Input is too long for requested model." }),
        ] {
            let error = of_status("X", 400, &HeaderMap::new(), body.to_string().as_bytes());
            assert_eq!(error.code(), "context_exceeded");
        }
    }
}
