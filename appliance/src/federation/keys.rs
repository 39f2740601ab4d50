//! The node's own keys towards SAML providers: sealed in the database, opened once.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, IdentityProviderId, Result, SecretId, Timestamp, random_token};
use guildhall_saml::{KEY_BITS, SpKey};

use super::store::{self, KeyRow};
use crate::{app::App, audit, secrets::Secrets};

/// Three years; another key takes over before that.
const KEY_DAYS: i64 = 3 * 365;
const DAY_SECONDS: i64 = 86_400;
const KEY_ID_BYTES: usize = 10;

/// Keys that were opened since the node started. A cheap clone.
#[derive(Clone, Default)]
pub struct Federation(Arc<RwLock<HashMap<SecretId, SpKey>>>);

impl Federation {
    fn known(&self, id: SecretId) -> Option<SpKey> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).cloned()
    }

    fn remember(&self, id: SecretId, key: SpKey) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, key);
    }

    fn forget(&self, id: SecretId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&id);
    }
}

/// Makes a key. It takes a second or so, beside the executor.
///
/// # Errors
/// Internal when the system cannot.
pub(super) async fn make(app: &App) -> Result<SpKey> {
    let now = app.clock.now();
    let validity = (
        now.plus_seconds(-DAY_SECONDS),
        now.plus_seconds(KEY_DAYS * DAY_SECONDS),
    );
    let name = format!("Guildhall {}", app.config.host_name);
    let made = tokio::task::spawn_blocking(move || SpKey::generate(&name, KEY_BITS, validity));
    made.await
        .map_err(|error| Error::internal("making a key stopped").with_source(error))?
        .map_err(|refusal| Error::internal("no key came about").with_source(refusal))
}

/// Seals a key for a provider in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn keep(
    tx: &Tx<'_>,
    (secrets, federation): (&Secrets, &Federation),
    provider: IdentityProviderId,
    (key, active): (&SpKey, bool),
    now: Timestamp,
) -> Result<()> {
    let secret = secrets.put(tx, &provider.to_string(), key.pkcs8())?;
    let (federation, made) = (federation.clone(), key.clone());
    tx.after_commit(move || federation.remember(secret, made));
    let row = KeyRow {
        id: format!("spk_{}", random_token(KEY_ID_BYTES)),
        secret,
        fingerprint: key.fingerprint(),
        certificate: key.certificate().to_vec(),
        not_after: now.plus_seconds(KEY_DAYS * DAY_SECONDS),
        active,
    };
    store::insert_key(tx, provider, &row, now)
}

/// The node's keys towards a provider, opened: the one that signs first.
///
/// # Errors
/// `secret_unreadable`.
pub(super) async fn open(app: &App, provider: IdentityProviderId) -> Result<Vec<SpKey>> {
    let rows = app
        .db
        .read(move |reader| store::list_keys(reader, provider))
        .await?;
    let mut keys = Vec::new();
    for row in rows {
        if let Some(key) = app.federation.known(row.secret) {
            keys.push(key);
            continue;
        }
        let sealed = app
            .secrets
            .reveal(row.secret, &provider.to_string())
            .await?;
        let key = SpKey::from_parts(sealed, row.certificate).map_err(|refusal| {
            Error::internal("a sealed key does not read").with_source(refusal)
        })?;
        app.federation.remember(row.secret, key.clone());
        keys.push(key);
    }
    Ok(keys)
}

/// Makes the key that takes over later: from now on it stands in the metadata and opens assertions.
///
/// # Errors
/// `not_found`; `key_waiting` when there is such a key already.
pub(super) async fn rotate(app: &App, ctx: &Ctx, id: IdentityProviderId) -> Result<()> {
    let rows = app.db.read(move |reader| {
        store::read_provider(reader, id)?.saml()?;
        store::list_keys(reader, id)
    });
    refuse_second(&rows.await?)?;
    let key = make(app).await?;
    let (caller, secrets, federation) = (ctx.clone(), app.secrets.clone(), app.federation.clone());
    let written = app.write(ctx, move |tx| {
        store::read_provider(tx, id)?.saml()?;
        refuse_second(&store::list_keys(tx, id)?)?;
        keep(tx, (&secrets, &federation), id, (&key, false), caller.now())?;
        let facts = serde_json::json!({ "fingerprint": key.fingerprint() });
        audit::record_with(tx, &caller, "identity_provider.key_made", id, facts)
    });
    written.await
}

fn refuse_second(rows: &[KeyRow]) -> Result<()> {
    if rows.iter().any(|row| !row.active) {
        return Err(Error::conflict(
            "key_waiting",
            "there is a new key already; activate it once the identity provider knows its certificate",
        ));
    }
    Ok(())
}

/// Lets the waiting key take over; the old one is deleted.
///
/// # Errors
/// `not_found`; `no_key_waiting`.
pub(super) async fn activate(app: &App, ctx: &Ctx, id: IdentityProviderId) -> Result<()> {
    let (caller, secrets, federation) = (ctx.clone(), app.secrets.clone(), app.federation.clone());
    let written = app.write(ctx, move |tx| {
        store::read_provider(tx, id)?.saml()?;
        let rows = store::list_keys(tx, id)?;
        let waiting = rows.iter().find(|row| !row.active).ok_or_else(|| {
            Error::conflict("no_key_waiting", "there is no new key; make one first")
        })?;
        for old in rows.iter().filter(|row| row.active) {
            forget(tx, (&secrets, &federation), id, old)?;
        }
        store::activate_key(tx, id, &waiting.id)?;
        let facts = serde_json::json!({ "fingerprint": waiting.fingerprint });
        audit::record_with(tx, &caller, "identity_provider.key_activated", id, facts)
    });
    written.await
}

/// Deletes a key and its sealed half.
///
/// # Errors
/// Those of the database.
pub(super) fn forget(
    tx: &Tx<'_>,
    (secrets, federation): (&Secrets, &Federation),
    provider: IdentityProviderId,
    row: &KeyRow,
) -> Result<()> {
    secrets.delete(tx, row.secret)?;
    store::delete_key(tx, provider, &row.id)?;
    let (federation, secret) = (federation.clone(), row.secret);
    tx.after_commit(move || federation.forget(secret));
    Ok(())
}
