//! Revocations as shown.

use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a revocation does on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A banner.
    Warn,
    /// Nothing new; what runs keeps running.
    RestrictNew,
    /// Reading only.
    ReadOnly,
}

impl Effect {
    /// The effect as it stands in a list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::RestrictNew => "restrict_new",
            Self::ReadOnly => "read_only",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        [Self::Warn, Self::RestrictNew, Self::ReadOnly]
            .into_iter()
            .find(|effect| effect.as_str() == text)
            .ok_or_else(|| Error::internal("a stored effect is none"))
    }
}

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    LicenseId,
    InstallKeyFp,
    LeaseId,
    KeyId,
    BundleSha256,
}

impl SubjectKind {
    const EVERY: [Self; 5] = [
        Self::LicenseId,
        Self::InstallKeyFp,
        Self::LeaseId,
        Self::KeyId,
        Self::BundleSha256,
    ];

    /// The kind as it stands in a list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LicenseId => "license_id",
            Self::InstallKeyFp => "install_key_fp",
            Self::LeaseId => "lease_id",
            Self::KeyId => "key_id",
            Self::BundleSha256 => "bundle_sha256",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::EVERY
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal("a stored kind of revocation is none"))
    }
}

/// An entry to add.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRevocation {
    pub kind: SubjectKind,
    pub subject: String,
    pub reason: String,
    pub effect: Effect,
    /// What administrators of the node read.
    pub message: String,
}

/// An entry of the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    pub id: i64,
    pub kind: SubjectKind,
    pub subject: String,
    pub reason: String,
    pub effect: Effect,
    pub message: String,
    pub at: Timestamp,
    /// The version in which it first stood.
    pub crl_version: u64,
}

/// A published list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PublishedCrl {
    pub version: u64,
    /// SHA-256 of the signed payload, in hex: how leases name the list.
    pub payload_sha256: String,
    pub issued_at: Timestamp,
    /// When a node may call the list old; it never blocks for that.
    pub next_update: Timestamp,
}
