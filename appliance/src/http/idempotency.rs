//! Reads `Idempotency-Key`: the key and a digest of the request travel with the request, and the
//! transaction that changes something remembers both.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, IdempotencyKey};
use guildhall_web::{
    HttpError,
    limits::{self, BodyLimit},
};
use sha2::{Digest, Sha256};

const HEADER: &str = "idempotency-key";
/// The largest body any route takes that reads it whole.
const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
const KEY_CHARACTERS_MAX: usize = 255;

pub(super) async fn read_key(request: Request, next: Next) -> Response {
    let headers = request.headers();
    // Pieces of a file are not read here: they go to the disk as they come, and their offset keeps
    // them from being written twice.
    let bytes = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/octet-stream");
    if request.method().is_safe() || bytes || !headers.contains_key(HEADER) {
        return next.run(request).await;
    }
    match with_key(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => HttpError(error).into_response(),
    }
}

async fn with_key(request: Request) -> Result<Request, Error> {
    let key = key(request.headers())?;
    let (parts, body) = request.into_parts();
    let mut digest = Sha256::new();
    digest.update(parts.method.as_str());
    digest.update([0]);
    digest.update(parts.uri.path());
    digest.update([0]);
    let mut whole = Request::from_parts(parts.clone(), body);
    whole.extensions_mut().clone_from(&parts.extensions);
    // Routes have limits of their own, which apply again when they read the body.
    whole.extensions_mut().insert(BodyLimit(BODY_BYTES_MAX));
    let bytes = limits::read_body(whole).await?;
    digest.update(&bytes);
    let fingerprint = data_encoding::HEXLOWER.encode(&digest.finalize());
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request
        .extensions_mut()
        .insert(Arc::new(IdempotencyKey { key, fingerprint }));
    Ok(request)
}

fn key(headers: &HeaderMap) -> Result<String, Error> {
    let text = headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim();
    if text.is_empty() || text.len() > KEY_CHARACTERS_MAX {
        let message =
            format!("give an Idempotency-Key of 1 to {KEY_CHARACTERS_MAX} plain characters");
        return Err(Error::invalid("invalid_idempotency_key", message));
    }
    Ok(text.to_owned())
}
