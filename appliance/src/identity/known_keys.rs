//! API keys that were looked up before, so that a program's request costs no query.
//!
//! Safe because of one number: every change of anybody's access raises it once the change is durable and
//! before its maker hears of it, and an entry counts only while the number is the one that was read
//! *before* the entry was looked up. A key revoked a moment ago is therefore never served from here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use guildhall_db::Tx;
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Role, Timestamp, VeId};

/// Keys remembered at most; beyond it all are forgotten and looked up anew.
const KEYS_MAX: usize = 10_000;

/// The keys in use. A cheap clone.
#[derive(Clone, Default)]
pub struct KnownKeys(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How often anybody's access changed.
    changes: AtomicU64,
    keys: RwLock<HashMap<String, Arc<KnownKey>>>,
}

/// What a key stands for.
pub(super) struct KnownKey {
    pub(super) id: ApiKeyId,
    pub(super) person: PersonId,
    pub(super) organisation: OrgId,
    pub(super) role: Role,
    pub(super) permissions: Arc<BTreeSet<&'static str>>,
    /// The only employees it is for.
    pub(super) ves: Option<Arc<[VeId]>>,
    pub(super) expires_at: Option<Timestamp>,
    /// When its last use was written down, in milliseconds; `i64::MIN` before the first time.
    pub(super) touched_at: AtomicI64,
    /// The number of changes that the look-up had seen.
    pub(super) seen: u64,
}

impl KnownKeys {
    /// How often anybody's access changed so far. Read it before looking a key up.
    pub(super) fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }

    /// The key with this hash, if it was looked up since the last change of anybody's access and has
    /// not expired.
    pub(super) fn find(&self, hash: &str, now: Timestamp) -> Option<Arc<KnownKey>> {
        let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(hash)?;
        let is_live = known.expires_at.is_none_or(|end| end > now);
        (known.seen == self.changes() && is_live).then(|| Arc::clone(known))
    }

    pub(super) fn remember(&self, hash: String, key: Arc<KnownKey>) {
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(hash, key);
    }

    /// Forgets every key once the transaction's change is durable.
    pub(super) fn forget_after(&self, tx: &Tx<'_>) {
        let known = self.clone();
        tx.after_commit(move || {
            known.0.changes.fetch_add(1, Ordering::AcqRel);
        });
    }
}
