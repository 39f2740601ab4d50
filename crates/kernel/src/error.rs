//! One error type for the whole product: a kind (→ HTTP status), a stable code, a sentence for the
//! caller and a private source for the log.

use std::{error::Error as StdError, fmt};

use serde::Serialize;

use crate::{SecondStep, Timestamp};

/// The product's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; edges map it to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself is wrong (400).
    Invalid,
    /// Nobody is logged in, or the credentials are wrong (401).
    Unauthenticated,
    /// The caller is known and may not do it (403).
    Forbidden,
    /// The thing is not there, or the caller may not know of it (404).
    NotFound,
    /// The state forbids it (409).
    Conflict,
    /// It was there once and no longer is (410).
    Gone,
    /// The body is larger than allowed (413).
    TooLarge,
    /// The media type is not one the operation takes (415).
    UnsupportedMedia,
    /// Too many attempts; try later (429).
    TooManyRequests,
    /// The node cannot do it right now; trying again may work (503).
    Unavailable,
    /// The disk is full (507).
    StorageFull,
    /// Something unexpected; the message stays inside (500).
    Internal,
}

/// A failure with a stable code and a sentence that names the thing and the way out.
pub struct Error {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    fields: Vec<FieldError>,
    restriction: Option<Box<Restriction>>,
    second_step: Option<Box<SecondStep>>,
    retry_after_seconds: Option<u32>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a licence refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Restriction {
    feature: String,
    state: &'static str,
    since: Timestamp,
}

/// One field that was refused.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Path of the field, such as `admin_email` or `price.amount_minor`.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// Sentence for the person who filled it in.
    pub message: String,
}

impl Error {
    /// A failure of the given kind.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            fields: Vec::new(),
            restriction: None,
            second_step: None,
            retry_after_seconds: None,
            source: None,
        }
    }

    /// The request is wrong.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// One field of the request is wrong.
    pub fn invalid_field(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::invalid(code, message.clone());
        error.fields.push(FieldError {
            field: field.into(),
            code: code.into(),
            message,
        });
        error
    }

    /// The thing is not there, or the caller may not know of it. Code: `not_found`.
    pub fn not_found(thing: &str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            "not_found",
            format!("there is no such {thing}"),
        )
    }

    /// The state forbids it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, code, message)
    }

    /// The caller may not do it.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, code, message)
    }

    /// The licence does not allow `feature` in its `state`. Code: `license_restricted`.
    pub fn restricted(
        feature: &str,
        state: &'static str,
        since: Timestamp,
        message: impl Into<String>,
    ) -> Self {
        let mut error = Self::forbidden("license_restricted", message);
        error.restriction = Some(Box::new(Restriction {
            feature: feature.to_owned(),
            state,
            since,
        }));
        error
    }

    /// Nobody is logged in, or the credentials are wrong.
    pub fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthenticated, code, message)
    }

    /// Not possible right now; the caller may try again after `retry_after_seconds`.
    pub fn unavailable(
        code: &'static str,
        message: impl Into<String>,
        retry_after_seconds: u32,
    ) -> Self {
        let mut error = Self::new(ErrorKind::Unavailable, code, message);
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    /// Too many attempts; the caller may try again after `retry_after_seconds`.
    pub fn too_many(
        code: &'static str,
        message: impl Into<String>,
        retry_after_seconds: u32,
    ) -> Self {
        let mut error = Self::new(ErrorKind::TooManyRequests, code, message);
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    /// Something unexpected happened while doing `what`; only the log sees the source.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "internal", what)
    }

    /// Adds the private cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a refused field.
    #[must_use]
    pub fn with_field(mut self, field: FieldError) -> Self {
        self.fields.push(field);
        self
    }

    /// Says how the login goes on.
    #[must_use]
    pub fn with_second_step(mut self, step: SecondStep) -> Self {
        self.second_step = Some(Box::new(step));
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence as raised; for [`ErrorKind::Internal`] it is for the log only.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Seconds after which trying again makes sense.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    /// Whether the caller may simply try the same again.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Unavailable | ErrorKind::TooManyRequests | ErrorKind::StorageFull
        )
    }

    /// The HTTP status of this kind (RFC 9110; 507 from RFC 4918).
    pub fn status(&self) -> u16 {
        match self.kind {
            ErrorKind::Invalid => 400,
            ErrorKind::Unauthenticated => 401,
            ErrorKind::Forbidden => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Conflict => 409,
            ErrorKind::Gone => 410,
            ErrorKind::TooLarge => 413,
            ErrorKind::UnsupportedMedia => 415,
            ErrorKind::TooManyRequests => 429,
            ErrorKind::Internal => 500,
            ErrorKind::Unavailable => 503,
            ErrorKind::StorageFull => 507,
        }
    }

    /// What the caller may see.
    pub fn body(&self, request_id: &str) -> ErrorBody {
        let message = if self.kind == ErrorKind::Internal {
            "something went wrong inside the node; the log has the details under this request id"
                .into()
        } else {
            self.message.clone()
        };
        let restriction = self.restriction.as_deref();
        let step = self.second_step.as_deref();
        let has_details = restriction.is_some() || step.is_some() || !self.fields.is_empty();
        let details = has_details.then(|| {
            Box::new(ErrorFields {
                fields: self.fields.clone(),
                feature: restriction.map(|restriction| restriction.feature.clone()),
                state: restriction.map(|restriction| restriction.state.to_owned()),
                since: restriction.map(|restriction| restriction.since),
                challenge: step.map(|step| step.challenge.clone()),
                methods: step.map(|step| step.methods.clone()),
                passkey_options: step.map(|step| step.passkey_options.clone()),
            })
        });
        ErrorBody {
            error: ErrorDetail {
                code: self.code.into(),
                message,
                request_id: request_id.into(),
                details,
            },
        }
    }

    /// The whole chain of causes in one line, for the log.
    pub fn chain(&self) -> String {
        let mut text = format!("{}: {}", self.code, self.message);
        let mut source = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.chain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Self::new(
                ErrorKind::StorageFull,
                "disk_full",
                "the disk is full; free some space and try again",
            )
            .with_source(error);
        }
        Self::internal("input or output failed").with_source(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal("stored JSON does not read").with_source(error)
    }
}

/// The body of every error answer.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for a program and for a person.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// Stable code.
    pub code: String,
    /// One sentence that names the thing and the way out.
    pub message: String,
    /// The id under which the log knows this request.
    pub request_id: String,
    /// The refused fields, or what the licence refused, when there is such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<ErrorFields>>,
}

/// The refused fields of a request, or what the licence refused.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorFields {
    /// One entry per refused field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub fields: Vec<FieldError>,
    /// For `license_restricted`: what was refused, such as `agents.max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// For `license_restricted`: the state of the licence, such as `restrict_new`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// For `license_restricted`: when that state began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// For `second_factor_required`: what the second step names the login by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// For `second_factor_required`: `totp`, `passkey`, `recovery_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<&'static str>>,
    /// For `second_factor_required`: what a browser asks its passkeys with, or null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub passkey_options: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_an_internal_error_stays_inside() {
        let error =
            Error::internal("reading row 7").with_source(std::io::Error::other("bad sector"));
        let body = error.body("req_1");
        assert!(!body.error.message.contains("row 7"));
        assert_eq!(error.chain(), "internal: reading row 7: bad sector");
        assert_eq!(error.status(), 500);
    }

    #[test]
    fn a_full_disk_is_retryable_and_says_so() {
        let error = Error::from(std::io::Error::from(std::io::ErrorKind::StorageFull));
        assert_eq!(
            (error.code(), error.status(), error.is_retryable()),
            ("disk_full", 507, true)
        );
    }
}
