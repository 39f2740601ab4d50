//! `Idempotency-Key`: the same request sent twice changes things once.
//!
//! Invariants: what is remembered is committed with the change, so that neither exists without the other;
//! a key belongs to one person and one request, and another request under it is refused; secrets are
//! never remembered. What is remembered of a feature whose answers show present figures is the id of what
//! was made, and the answer is read anew.

mod store;

use guildhall_db::{Db, Reader, Tx};
use guildhall_kernel::{Ctx, Error, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Carries a change out, unless the caller's key says that it was: then its answer comes from memory.
///
/// # Errors
/// Those of `change`; `idempotency_key_reused`; `already_done` when the answer held a secret.
pub fn once<T: Serialize + DeserializeOwned>(
    tx: &Tx<'_>,
    ctx: &Ctx,
    change: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if let Some(answer) = recall(tx, ctx)? {
        return Ok(answer);
    }
    let value = change()?;
    if ctx.idempotency.is_some() {
        store::remember(tx, ctx, Some(serde_json::to_string(&value)?))?;
    }
    Ok(value)
}

/// As [`once`] for an answer that holds a secret: it is not remembered, so a repeated request is refused.
///
/// # Errors
/// Those of `change`; `idempotency_key_reused`; `already_done` for a repeated request.
pub fn once_secret<T>(tx: &Tx<'_>, ctx: &Ctx, change: impl FnOnce() -> Result<T>) -> Result<T> {
    if store::find(tx, ctx)?.is_some() {
        return Err(secret_shown());
    }
    let value = change()?;
    store::remember(tx, ctx, None)?;
    Ok(value)
}

/// The answer of a request that was carried out already, for changes that look at more than the
/// database before they begin.
///
/// # Errors
/// `idempotency_key_reused`; `already_done` when the answer held a secret.
pub async fn done_before<T>(db: &Db, ctx: &Ctx) -> Result<Option<T>>
where
    T: DeserializeOwned + Send + 'static,
{
    if ctx.idempotency.is_none() {
        return Ok(None);
    }
    let caller = ctx.clone();
    db.read(move |reader| recall(reader, &caller)).await
}

fn recall<T: DeserializeOwned>(reader: &Reader<'_>, ctx: &Ctx) -> Result<Option<T>> {
    let Some(answer) = store::find(reader, ctx)? else {
        return Ok(None);
    };
    let text = answer.ok_or_else(secret_shown)?;
    Ok(Some(serde_json::from_str(&text)?))
}

fn secret_shown() -> Error {
    Error::conflict(
        "already_done",
        "this request was already carried out and its secret was shown once; make a new one instead",
    )
}
