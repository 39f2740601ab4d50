//! Refusals in the words of SCIM.

use std::fmt;

use serde_json::{Value, json};

/// The crate's result type.
pub type Result<T> = std::result::Result<T, Problem>;

/// The schema of an error body.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What sort of refusal it is, where RFC 7644 (3.12) has a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// The filter is malformed or compares what cannot be compared.
    InvalidFilter,
    /// The filter would find more than the service is willing to look at.
    TooMany,
    /// Another resource has the same name.
    Uniqueness,
    /// The attribute cannot be changed.
    Mutability,
    /// The body is not of the form it must have.
    InvalidSyntax,
    /// The path of a PATCH operation is malformed.
    InvalidPath,
    /// The path of a PATCH operation leads to nothing.
    NoTarget,
    /// A value is missing or not one the attribute takes.
    InvalidValue,
}

impl ScimType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
        }
    }
}

/// A refusal: HTTP status, SCIM's own word, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// SCIM's own word for it.
    pub scim_type: Option<ScimType>,
    /// A sentence for whoever set the client up.
    pub detail: String,
}

impl Problem {
    /// A refusal with status 400.
    pub fn invalid(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    /// Another resource has the same name (409).
    pub fn taken(detail: impl Into<String>) -> Self {
        Self {
            status: 409,
            scim_type: Some(ScimType::Uniqueness),
            detail: detail.into(),
        }
    }

    /// A refusal for which SCIM has no word of its own.
    pub fn plain(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    /// The resource is not there, or the caller may not know of it (404).
    pub fn not_found() -> Self {
        Self::plain(404, "there is no such resource")
    }

    /// The body of the answer (RFC 7644, 3.12).
    pub fn body(&self) -> Value {
        let mut body = json!({
            "schemas": [ERROR],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(word), Some(members)) = (self.scim_type, body.as_object_mut()) {
            members.insert("scimType".to_owned(), Value::from(word.as_str()));
        }
        body
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
