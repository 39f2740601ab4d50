//! What is revoked.

use std::collections::BTreeMap;

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// What is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crl {
    /// Rises with every list.
    pub version: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is due. A list past it warns and never blocks.
    pub next_update: Timestamp,
    /// Everything that is revoked.
    pub revoked: Vec<Revocation>,
    /// The oldest product versions that are still safe, by product.
    #[serde(default)]
    pub min_versions: BTreeMap<String, String>,
}

/// One thing that is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Revocation {
    /// What.
    #[serde(flatten)]
    pub target: RevocationTarget,
    /// Why, in a word such as `refunded`.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// What follows.
    pub effect: Effect,
    /// A sentence for the administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A revocation as it is read: an entry that names two targets would mean one thing here and another elsewhere.
#[derive(Deserialize)]
struct Entry {
    license_id: Option<String>,
    install_key_fp: Option<String>,
    lease_id: Option<String>,
    key_id: Option<String>,
    bundle_sha256: Option<String>,
    reason: String,
    at: Timestamp,
    effect: Effect,
    message: Option<String>,
}

impl TryFrom<Entry> for Revocation {
    type Error = &'static str;

    fn try_from(entry: Entry) -> Result<Self, Self::Error> {
        let targets = [
            entry.license_id.map(RevocationTarget::LicenseId),
            entry.install_key_fp.map(RevocationTarget::InstallKeyFp),
            entry.lease_id.map(RevocationTarget::LeaseId),
            entry.key_id.map(RevocationTarget::KeyId),
            entry.bundle_sha256.map(RevocationTarget::BundleSha256),
        ];
        let mut targets = targets.into_iter().flatten();
        let (Some(target), None) = (targets.next(), targets.next()) else {
            return Err("a revocation names exactly one thing");
        };
        Ok(Self {
            target,
            reason: entry.reason,
            at: entry.at,
            effect: entry.effect,
            message: entry.message,
        })
    }
}

/// Names what is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationTarget {
    /// A licence, all serials.
    LicenseId(String),
    /// A node, by the fingerprint of its install key.
    InstallKeyFp(String),
    /// A lease.
    LeaseId(String),
    /// A key: licences and leases that no other key signed too.
    KeyId(String),
    /// A bundle.
    BundleSha256(String),
}

/// What follows a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A banner.
    Warn,
    /// Nothing new.
    RestrictNew,
    /// Nothing changes any more, where the licence allows that.
    ReadOnly,
}
