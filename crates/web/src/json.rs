//! JSON in and out, with refusals that name the field and the way out.

mod strict;

use axum::{
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorKind, FieldError, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::{error::HttpError, limits};

/// Room for most answers, so that they are not moved while they are written.
const ANSWER_BYTES: usize = 1024;

/// A JSON body. As an extractor it refuses, in this order: another content type (415), too many
/// bytes (413), what is not JSON (400 `malformed_json`), what does not fit `T` (400 with the path
/// of the field: `unknown_field`, `missing_field`, `invalid_field`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        if !is_json(request.headers()) {
            return Err(unsupported_media_type().into());
        }
        let bytes = limits::read_body(request).await?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = HttpError;

    /// `None` for an empty body without a content type.
    async fn from_request(request: Request, _state: &S) -> Result<Option<Self>, HttpError> {
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        if typed && !is_json(request.headers()) {
            return Err(unsupported_media_type().into());
        }
        let bytes = limits::read_body(request).await?;
        match (bytes.is_empty(), typed) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(Self(parse(&bytes)?))),
            (false, false) => Err(unsupported_media_type().into()),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(ANSWER_BYTES);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], bytes).into_response()
            }
            Err(error) => {
                let error = Error::internal("writing the answer as JSON").with_source(error);
                HttpError(error).into_response()
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn unsupported_media_type() -> Error {
    Error::new(
        ErrorKind::UnsupportedMedia,
        "unsupported_media_type",
        "this operation takes JSON; send `Content-Type: application/json`",
    )
}

/// Reads `bytes` as JSON of the form `T`: objects from objects only, and `3.0` for a whole number too.
///
/// # Errors
/// As for the extractor [`Json`].
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(strict::Strict(&mut deserializer))
        .map_err(|error| refuse(&error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn refuse(path: &str, error: &serde_json::Error) -> Error {
    if !error.is_data() {
        return malformed(error);
    }
    let text = error.to_string();
    // serde_json appends the position, which says less than the path.
    let reason = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(reason, _)| reason);
    refused_field(path, reason)
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::invalid(
        "malformed_json",
        format!("the body is not valid JSON: {error}"),
    )
}

/// Turns serde's words about the field at `path` (`.` for the whole) into an error that names it.
pub(crate) fn refused_field(path: &str, reason: &str) -> Error {
    if let Some(name) = quoted(reason, "unknown field `") {
        let field = member(path, name);
        let hint = suggestion(name, reason);
        let message = format!("`{field}` is not a field of this request{hint}");
        return field_error("unknown_field", field, message);
    }
    if let Some(name) = quoted(reason, "missing field `") {
        let field = member(path, name);
        let message = format!("`{field}` is missing");
        return field_error("missing_field", field, message);
    }
    let message = format!("`{path}` is not as it should be: {reason}");
    field_error("invalid_field", path.to_owned(), message)
}

fn field_error(code: &'static str, field: String, message: String) -> Error {
    Error::invalid(code, message.clone()).with_field(FieldError {
        field,
        code: code.to_owned(),
        message,
    })
}

fn quoted<'a>(reason: &'a str, opening: &str) -> Option<&'a str> {
    reason.strip_prefix(opening)?.split('`').next()
}

/// The path of member `name` of the object at `path`, which may name the member already.
fn member(path: &str, name: &str) -> String {
    let parent = path.strip_suffix(name).unwrap_or(path);
    match parent.trim_end_matches('.') {
        "" => name.to_owned(),
        parent => format!("{parent}.{name}"),
    }
}

fn suggestion(name: &str, reason: &str) -> String {
    let known = reason.split('`').skip(3).step_by(2);
    let closest = known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match closest {
        Some((likeness, candidate)) if likeness >= 0.8 => format!("; did you mean `{candidate}`?"),
        _ => match reason.split_once(", expected ") {
            Some((_, known)) => format!("; it takes {known}"),
            None => "; it takes none".to_owned(),
        },
    }
}
