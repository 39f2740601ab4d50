//! Bounds on what one request may take: bytes of body and time until the answer begins.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Extension, Request},
    http::header,
};
use guildhall_kernel::{Error, ErrorKind, Result};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::Instant;

use crate::scope::SCOPE;

/// Body limit where neither the stack nor the route says otherwise, in bytes.
pub const BODY_BYTES_DEFAULT: usize = 1024 * 1024;

/// Most bytes the body of the present request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

/// A layer that lets a route's bodies have up to `bytes_max` bytes, in place of the stack's limit.
pub fn body_limit(bytes_max: usize) -> (Extension<BodyLimit>, DefaultBodyLimit) {
    (
        Extension(BodyLimit(bytes_max)),
        DefaultBodyLimit::max(bytes_max),
    )
}

/// Reads the whole body within its limit.
///
/// # Errors
/// `body_too_large` (413) naming the limit; `body_incomplete` when the caller broke off.
pub async fn read_body(request: Request) -> Result<Bytes> {
    let limit = request
        .extensions()
        .get::<BodyLimit>()
        .map_or(BODY_BYTES_DEFAULT, |limit| limit.0);
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
    {
        return Err(too_large(limit));
    }
    collect(request.into_body(), limit).await
}

async fn collect(body: Body, limit: usize) -> Result<Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(Error::invalid(
            "body_incomplete",
            "the request's body ended early; send it again",
        )
        .with_source(error)),
    }
}

fn too_large(limit: usize) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "body_too_large",
        format!("the request's body is larger than the {limit} bytes this operation takes"),
    )
}

/// Gives the present request `more` time from now on, for answers that take long to begin.
/// Without effect outside a request.
pub fn extend_deadline(more: Duration) {
    // Outside a request nothing waits for an answer, so there is no deadline to move.
    let _ = SCOPE.try_with(|scope| scope.deadline.extend(more));
}

/// When a request's answer must have begun. Handlers may move it, later only.
#[derive(Debug)]
pub(crate) struct Deadline(Mutex<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Mutex::new(Instant::now() + timeout))
    }

    fn get(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn extend(&self, more: Duration) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Instant::now() + more);
    }

    /// Runs `future` to its end, or gives `None` once the deadline is over.
    pub(crate) async fn bound<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        loop {
            let until = self.get();
            match tokio::time::timeout_at(until, &mut future).await {
                Ok(output) => return Some(output),
                Err(_) if self.get() > until => {}
                Err(_) => return None,
            }
        }
    }
}
