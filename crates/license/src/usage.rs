//! What a node reports of its use.

use std::collections::BTreeMap;

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// What a node used, without a word about people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// Rises by one.
    pub seq: u64,
    /// SHA-256 of the payload before; none in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_sha256: Option<String>,
    /// The licence in use; none in the node's own trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// The node's id.
    pub install_id: String,
    /// What it covers.
    pub period: UsagePeriod,
    /// One entry a day.
    pub daily: Vec<UsageDay>,
    /// Names of licensed features that were used.
    pub features_used: Vec<String>,
    /// How far the numbers of the licence were passed, by name.
    pub overage: BTreeMap<String, u64>,
    /// How often the clock was found wrong.
    pub clock_anomalies: u64,
    /// Version of the node.
    pub product_version: String,
    /// Newest entry of the node's audit trail, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_head: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// From the first day to the last, both included, as `2026-11-27`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsagePeriod {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
}

/// One day of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageDay {
    /// As `2026-11-27`, UTC.
    pub date: String,
    /// People with an account, at the day's end.
    pub seats: u64,
    /// People who signed in within the 30 days before.
    pub active_30d: u64,
    /// The most employees that worked here at one time.
    pub ves_peak: u64,
    /// Answers given.
    pub answers: u64,
}
