//! Installs and leases as shown.

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{InstallId, LeaseId, LicenceId};

/// A node on which a licence was activated.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Install {
    pub id: InstallId,
    pub licence_id: LicenceId,
    /// The fingerprint of the node's install key.
    pub key_fingerprint: String,
    /// What the node calls itself.
    pub node_id: String,
    pub product_version: String,
    pub activated_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// When its place was given back.
    pub released_at: Option<Timestamp>,
    /// When its counter went back: a copy, or a restored snapshot.
    pub clone_suspected_at: Option<Timestamp>,
    pub last_report_seq: i64,
    #[serde(skip)]
    #[schema(ignore)]
    pub public_key: Vec<u8>,
    #[serde(skip)]
    #[schema(ignore)]
    pub request_counter: i64,
}

impl Install {
    /// Enough of the key's fingerprint to recognise the node by.
    pub fn short_name(&self) -> String {
        self.key_fingerprint.chars().take(16).collect()
    }
}

/// A lease that was given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    pub id: LeaseId,
    pub licence_id: LicenceId,
    pub install_id: InstallId,
    pub serial: u32,
    pub counter: i64,
    pub issued_at: Timestamp,
    pub valid_until: Timestamp,
}
