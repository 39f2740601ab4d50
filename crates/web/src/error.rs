//! From [`guildhall_kernel::Error`] to an HTTP answer, in one place.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorDetail, ErrorKind};

use crate::scope;

/// What an answer that refuses says, kept beside its body (as an extension of the response) for edges
/// that speak a foreign protocol and have to say it in that protocol's shape.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// What the caller may see.
    pub detail: ErrorDetail,
}

/// What handlers return.
pub type HttpResult<T> = Result<T, HttpError>;

/// An error on its way out. Anything that converts into a kernel error converts into this one.
#[derive(Debug)]
pub struct HttpError(pub Error);

impl<E: Into<Error>> From<E> for HttpError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.0.kind() == ErrorKind::Internal {
            let request_id = scope::request_id();
            tracing::error!(request.id = request_id.as_str(), error = %self.0.chain(), "request failed");
        }
        respond(status, &self.0)
    }
}

/// The answer for a failure that only HTTP knows, such as a method that is not allowed (405).
pub(crate) fn respond(status: StatusCode, error: &Error) -> Response {
    let body = error.body(scope::request_id().as_str());
    let mut response = (status, axum::Json(&body)).into_response();
    response.extensions_mut().insert(Refused {
        kind: error.kind(),
        detail: body.error,
    });
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 wants a challenge with every 401; `Bearer` opens no dialogue in a browser.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
