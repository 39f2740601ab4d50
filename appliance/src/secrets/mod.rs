//! Secrets of others that the node keeps: provider keys and the like, sealed with the node's
//! key-encryption key.
//!
//! Invariants: a value is stored sealed and bound to its own row and owner, so that a row copied
//! elsewhere does not open; it is never logged and never part of an answer; opening one for use leaves
//! an audit entry; a value is replaced, not edited. Rotating the key reseals every row in one
//! transaction, and a rotation that was interrupted is finished at the next start.

mod cipher;
mod store;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use guildhall_db::{Db, Reader, Tx};
use guildhall_kernel::{Clock, Ctx, Error, RequestId, Result, SecretId, Timestamp};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use self::{
    cipher::{SealingKey, unopened},
    store::SealedRow,
};
use crate::{audit, keys::Keys};

/// A secret on its way in: what prints it prints dots.
#[derive(Clone, utoipa::ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl SecretText {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// The sealed secrets of the node. A cheap clone.
#[derive(Clone)]
pub struct Secrets(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    keys: PathBuf,
    key: RwLock<SealingKey>,
    rotating: tokio::sync::Mutex<()>,
}

impl Secrets {
    /// Takes the node's key and finishes a rotation that was interrupted.
    ///
    /// # Errors
    /// Those of the database and of the disk.
    pub async fn open(keys: (&Keys, &Path), db: &Db, clock: Arc<dyn Clock>) -> Result<Self> {
        let (keys, directory) = keys;
        let secrets = Self(Arc::new(Inner {
            db: db.clone(),
            clock,
            keys: directory.to_owned(),
            key: RwLock::new(SealingKey::new(keys.encryption())),
            rotating: tokio::sync::Mutex::default(),
        }));
        if let Some(next) = Keys::next_encryption(directory)? {
            secrets.adopt(&next).await?;
        }
        Ok(secrets)
    }

    fn key(&self) -> SealingKey {
        self.0
            .key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Seals a value for `owner` in the caller's transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put(&self, tx: &Tx<'_>, owner: &str, value: &[u8]) -> Result<SecretId> {
        let id = SecretId::new(self.0.clock.as_ref());
        let key = self.key();
        let row = SealedRow {
            id,
            sealed: key.seal(value, &bound_to(id, owner))?,
            key_id: key.id,
            owner: owner.to_owned(),
        };
        store::insert(tx, &row, self.0.clock.now())?;
        Ok(id)
    }

    /// Forgets a value in the caller's transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn delete(&self, tx: &Tx<'_>, id: SecretId) -> Result<()> {
        store::delete(tx, id)
    }

    /// Opens a value for use and leaves an audit entry that says for what.
    ///
    /// # Errors
    /// `secret_unreadable` when it is gone or was sealed with another key or for another owner.
    pub async fn reveal(&self, id: SecretId, owner: &str) -> Result<Zeroizing<Vec<u8>>> {
        let (secrets, owner) = (self.clone(), owner.to_owned());
        self.0
            .db
            .write(move |tx| {
                let value = secrets.open_row(tx, id, &owner)?;
                let clock = secrets.0.clock.as_ref();
                store::note_opened(tx, id, clock.now())?;
                let what = ("secret.opened", id.to_string());
                let facts = json!({ "owner": owner });
                audit::record_node(tx, clock, &RequestId::new(), (what.0, &what.1), facts)?;
                Ok(value)
            })
            .await
    }

    /// Opens a value inside the caller's transaction, whose own audit entry says for what.
    ///
    /// # Errors
    /// `secret_unreadable` as for [`Secrets::reveal`].
    pub fn open_in(&self, tx: &Tx<'_>, id: SecretId, owner: &str) -> Result<Zeroizing<Vec<u8>>> {
        store::note_opened(tx, id, self.0.clock.now())?;
        self.open_row(tx, id, owner)
    }

    fn open_row(
        &self,
        reader: &Reader<'_>,
        id: SecretId,
        owner: &str,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let row = store::find(reader, id)?.ok_or_else(unopened)?;
        let key = self.key();
        if row.key_id != key.id {
            return Err(unopened());
        }
        key.open(&row.sealed, &bound_to(id, owner))
    }

    /// Makes a new key-encryption key and seals every value anew with it. Returns how many.
    ///
    /// # Errors
    /// Those of the database and of the disk; the old key stays in use then.
    pub async fn rotate(&self, ctx: &Ctx) -> Result<u32> {
        let _rotating = self.0.rotating.lock().await;
        let next = Keys::make_next_encryption(&self.0.keys)?;
        let count = self.adopt(&next).await?;
        let caller = ctx.clone();
        self.0
            .db
            .write(move |tx| {
                let facts = json!({ "secrets": count });
                audit::record_with(tx, &caller, "secrets.rotated", "node", facts)
            })
            .await?;
        Ok(count)
    }

    /// Reseals what another key sealed, then makes the next key the one of the node. A crash in
    /// between leaves both keys on disk, and the next start comes here again.
    async fn adopt(&self, next: &[u8; 32]) -> Result<u32> {
        let (old, new) = (self.key(), SealingKey::new(next));
        let (key, now) = (new.clone(), self.0.clock.now());
        let resealed = self.0.db.write(move |tx| reseal(tx, (&old, &key), now));
        let count = resealed.await?;
        Keys::install_next_encryption(&self.0.keys)?;
        *self.0.key.write().unwrap_or_else(PoisonError::into_inner) = new;
        tracing::info!(secrets = count, "the key-encryption key was rotated");
        Ok(count)
    }
}

fn reseal(tx: &Tx<'_>, (old, new): (&SealingKey, &SealingKey), now: Timestamp) -> Result<u32> {
    let rows = store::sealed_otherwise(tx, &new.id)?;
    let count = u32::try_from(rows.len()).map_err(|_| Error::internal("too many secrets"))?;
    for mut row in rows {
        let place = bound_to(row.id, &row.owner);
        if row.key_id != old.id {
            return Err(unopened());
        }
        let value = old.open(&row.sealed, &place)?;
        row.sealed = new.seal(&value, &place)?;
        row.key_id.clone_from(&new.id);
        store::reseal(tx, &row, now)?;
    }
    Ok(count)
}

/// The associated data of a row.
fn bound_to(id: SecretId, owner: &str) -> String {
    format!("guildhall secret {id} of {owner}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_db::{DbOptions, Migration};
    use guildhall_kernel::{OrgId, PersonId, Principal, Role, SystemClock};

    use super::*;

    const MIGRATIONS: &[Migration] = &[
        Migration {
            version: 1,
            name: "identity",
            sql: include_str!("../../migrations/0001_identity.sql"),
        },
        Migration {
            version: 2,
            name: "providers",
            sql: include_str!("../../migrations/0008_providers.sql"),
        },
    ];

    fn operator() -> Ctx {
        let clock = SystemClock;
        Ctx {
            person: PersonId::new(&clock),
            organisation: OrgId::new(&clock),
            role: Role::Admin,
            permissions: Arc::default(),
            reach: guildhall_kernel::Reach::default(),
            principal: Principal::Operator,
            request_id: RequestId::new(),
            idempotency: None,
            entitlements: Arc::new(guildhall_kernel::Entitlements::unlimited()),
            clock: Arc::new(clock),
        }
    }

    async fn open(directory: &Path, db: &Db) -> Secrets {
        let keys = Keys::open(directory).unwrap();
        Secrets::open((&keys, directory), db, Arc::new(SystemClock))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn values_survive_rotation_also_an_interrupted_one() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let options = DbOptions::new(directory.path().join("t.db"), MIGRATIONS);
        let db = Db::open(options).unwrap();
        let secrets = open(&keys, &db).await;
        let putting = secrets.clone();
        let id = db
            .write(move |tx| putting.put(tx, "prv_1", b"sk-1"))
            .await
            .unwrap();
        let before = secrets.key().id;
        assert_eq!(secrets.rotate(&operator()).await.unwrap(), 1);
        assert_ne!(secrets.key().id, before);
        assert_eq!(
            secrets.reveal(id, "prv_1").await.unwrap().as_slice(),
            b"sk-1"
        );
        assert!(secrets.reveal(id, "prv_2").await.is_err(), "another owner");

        // A crash after the rows were resealed and before the key was put in place.
        let again = open(&keys, &db).await;
        assert_eq!(again.reveal(id, "prv_1").await.unwrap().as_slice(), b"sk-1");
        let next = Keys::make_next_encryption(&keys).unwrap();
        let (old, new, now) = (again.key(), SealingKey::new(&next), SystemClock.now());
        db.write(move |tx| reseal(tx, (&old, &new), now))
            .await
            .unwrap();
        let restarted = open(&keys, &db).await;
        assert_eq!(
            restarted.reveal(id, "prv_1").await.unwrap().as_slice(),
            b"sk-1"
        );
        assert!(!keys.join("encryption.key.next").exists());
    }
}
