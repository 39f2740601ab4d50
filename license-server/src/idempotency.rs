//! `Idempotency-Key`: the key and a digest of the request travel with the request, and the transaction
//! that changes something remembers both with its answer.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse, Response},
};
use guildhall_db::{Tx, params};
use guildhall_kernel::{Error, IdempotencyKey, Result};
use guildhall_web::{HttpError, limits};
use sha2::{Digest, Sha256};

use crate::ctx::Ctx;

const HEADER: &str = "idempotency-key";
const KEY_CHARACTERS_MAX: usize = 255;
/// How long an answer is remembered.
const KEPT_SECONDS: i64 = 24 * 3600;
/// Most old answers that one change clears away.
const CLEARED_MAX: u32 = 64;

/// The layer that reads the header.
pub async fn read_key(request: Request, next: Next) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match with_key(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => HttpError(error).into_response(),
    }
}

async fn with_key(request: Request) -> Result<Request> {
    let key = key(request.headers())?;
    let (parts, body) = request.into_parts();
    let mut digest = Sha256::new();
    digest.update(parts.method.as_str());
    digest.update([0]);
    digest.update(parts.uri.path());
    digest.update([0]);
    let mut whole = Request::from_parts(parts.clone(), body);
    whole.extensions_mut().clone_from(&parts.extensions);
    let bytes = limits::read_body(whole).await?;
    digest.update(&bytes);
    let fingerprint = data_encoding::HEXLOWER.encode(&digest.finalize());
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request
        .extensions_mut()
        .insert(Arc::new(IdempotencyKey { key, fingerprint }));
    Ok(request)
}

fn key(headers: &HeaderMap) -> Result<String> {
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

/// `Some(answer)` when this request was done before; the answer is `None` when it held a secret.
///
/// # Errors
/// `idempotency_key_reused` when the key came with another request.
pub fn recall(tx: &Tx<'_>, ctx: &Ctx) -> Result<Option<Option<String>>> {
    let Some(key) = ctx.idempotency.as_deref() else {
        return Ok(None);
    };
    let oldest = ctx.now().plus_seconds(-KEPT_SECONDS);
    tx.execute(
        "DELETE FROM idempotency_keys WHERE rowid IN
         (SELECT rowid FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
        params![oldest, CLEARED_MAX],
    )?;
    let row = tx.query_opt(
        "SELECT fingerprint, answer FROM idempotency_keys WHERE actor = ? AND key = ? AND created_at >= ?",
        params![ctx.actor.label(), key.key.as_str(), oldest],
        |row| {
            Ok((
                row.get::<String>("fingerprint")?,
                row.get::<Option<String>>("answer")?,
            ))
        },
    )?;
    match row {
        Some((fingerprint, answer)) if fingerprint == key.fingerprint => Ok(Some(answer)),
        Some(_) => Err(Error::conflict(
            "idempotency_key_reused",
            "this idempotency key was used for another request; send a new key",
        )),
        None => Ok(None),
    }
}

/// Remembers the answer of the present request; `None` for one that holds a secret.
///
/// # Errors
/// Those of the database.
pub fn remember(tx: &Tx<'_>, ctx: &Ctx, answer: Option<String>) -> Result<()> {
    let Some(key) = ctx.idempotency.as_deref() else {
        return Ok(());
    };
    tx.execute(
        "INSERT INTO idempotency_keys (actor, key, fingerprint, answer, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (actor, key) DO UPDATE SET fingerprint = excluded.fingerprint,
         answer = excluded.answer, created_at = excluded.created_at",
        params![
            ctx.actor.label(),
            key.key.as_str(),
            key.fingerprint.as_str(),
            answer,
            ctx.now()
        ],
    )?;
    Ok(())
}

/// The refusal for a repeated request whose answer held a secret.
pub fn secret_shown() -> Error {
    Error::conflict(
        "already_done",
        "this request was already carried out and its secret was shown once; make a new one instead",
    )
}
