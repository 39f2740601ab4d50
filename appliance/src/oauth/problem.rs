//! Refusals in the shape that OAuth has for them (RFC 6749, 5.2; RFC 8628, 3.5; RFC 8707, 2).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorKind};
use guildhall_web::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, by the code that clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    InvalidTarget,
    AuthorizationPending,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    TemporarilyUnavailable,
    ServerError,
}

impl ProblemCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: ProblemCode,
    pub(super) description: String,
    /// What kept the node from answering: for the log.
    source: Option<Box<Error>>,
}

impl Problem {
    pub(super) fn new(code: ProblemCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            source: None,
        }
    }

    /// The same for the node's own pages, which show a sentence.
    pub(super) fn into_error(self) -> Error {
        match self.source {
            Some(error) => *error,
            None => Error::invalid(self.code.as_str(), self.description),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Internal => ProblemCode::ServerError,
            ErrorKind::Unavailable | ErrorKind::StorageFull | ErrorKind::TooManyRequests => {
                ProblemCode::TemporarilyUnavailable
            }
            _ => ProblemCode::InvalidRequest,
        };
        let description = if code == ProblemCode::ServerError {
            "something went wrong inside the node; its log has the details".to_owned()
        } else {
            error.message().to_owned()
        };
        Self {
            code,
            description,
            source: Some(Box::new(error)),
        }
    }
}

/// A refusal as OAuth clients read it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OauthError {
    error: &'static str,
    error_description: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.code == ProblemCode::ServerError
            && let Some(error) = &self.source
        {
            let request_id = guildhall_web::request_id();
            tracing::error!(request.id = request_id.as_str(), error = %error.chain(), "a token request failed");
        }
        let status = self.code.status();
        let body = OauthError {
            error: self.code.as_str(),
            error_description: self.description,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"guildhall\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
