//! Every SQL statement on `idempotency_keys`.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Ctx, Error, Result};

/// How long an answer is remembered.
const KEPT_SECONDS: i64 = 24 * 3600;

/// `Some(answer)` when this request was done before; the answer is `None` when it held a secret.
pub(super) fn find(reader: &Reader<'_>, ctx: &Ctx) -> Result<Option<Option<String>>> {
    let Some(key) = ctx.idempotency.as_deref() else {
        return Ok(None);
    };
    let row = reader.query_opt(
        "SELECT fingerprint, answer FROM idempotency_keys
         WHERE person_id = ? AND key = ? AND created_at >= ?",
        params![ctx.person, key.key.as_str(), oldest(ctx)],
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

/// Remembers an answer and forgets the person's old ones.
pub(super) fn remember(tx: &Tx<'_>, ctx: &Ctx, answer: Option<String>) -> Result<()> {
    let Some(key) = ctx.idempotency.as_deref() else {
        return Ok(());
    };
    tx.execute(
        "DELETE FROM idempotency_keys WHERE person_id = ? AND created_at < ?",
        params![ctx.person, oldest(ctx)],
    )?;
    tx.execute(
        "INSERT INTO idempotency_keys (person_id, key, fingerprint, answer, created_at)
         VALUES (?, ?, ?, ?, ?)",
        params![
            ctx.person,
            key.key.as_str(),
            key.fingerprint.as_str(),
            answer,
            ctx.now()
        ],
    )?;
    Ok(())
}

fn oldest(ctx: &Ctx) -> guildhall_kernel::Timestamp {
    ctx.now().plus_seconds(-KEPT_SECONDS)
}
