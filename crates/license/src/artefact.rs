//! What the artefacts say. Field names are those of the files; unknown fields are passed over unless `crit` names them.

use std::collections::BTreeMap;

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Crl, Entitlements, Role, UsageReport};

/// Something that is signed.
pub trait Artefact: DeserializeOwned {
    /// The middle of its payload type.
    const KIND: &'static str;
    /// Whose keys sign it; none for what a node signs with its install key.
    const ROLE: Option<Role>;
    /// Every field this version understands: what `crit` may name.
    const FIELDS: &'static [&'static str];

    /// When it was issued, as it says.
    fn issued_at(&self) -> Timestamp;
}

/// What a customer bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// The same over all serials.
    pub license_id: String,
    /// Rises with every renewal; the highest counts.
    pub serial: u64,
    /// Ids of licences that this one takes the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// Whose it is.
    pub customer: Customer,
    /// The vendor's name for the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_ref: Option<String>,
    /// Kind of licence.
    pub kind: LicenseKind,
    /// Where it may be used.
    pub environment: Environment,
    /// What is licensed, such as `guildhall`.
    pub product: String,
    /// The product's edition, such as `enterprise`.
    pub edition: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it begins to count.
    pub not_before: Timestamp,
    /// When it ends; none for one that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_end: Option<Timestamp>,
    /// Days after the end in which everything still works.
    pub grace_days: u32,
    /// Until when upgrades are included; none: as long as the licence counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_end: Option<Timestamp>,
    /// Which nodes it is for.
    pub binding: Binding,
    /// Whether a node must fetch leases.
    pub lease: LeaseTerms,
    /// What it grants.
    pub entitlements: Entitlements,
    /// What happens above the numbers it grants.
    pub overage: Overage,
    /// What follows the grace days.
    pub expiry_behavior: ExpiryBehavior,
    /// Whether usage reports are due.
    pub report: ReportTerms,
    /// The oldest revocation list that the vendor wants beside it; an older one warns.
    #[serde(default)]
    pub min_crl_version: u64,
    /// Fields that a reader must understand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crit: Vec<String>,
}

/// Whose a licence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The vendor's id.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// Kind of licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenseKind {
    /// To try the product.
    Trial,
    /// For a term.
    Subscription,
    /// For good.
    Perpetual,
    /// Not for resale: partners.
    Nfr,
    /// The vendor's own.
    Internal,
}

/// Where a licence may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real work.
    Production,
    /// Tests and rehearsals.
    Nonproduction,
}

/// Which nodes a licence is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// How it is bound.
    pub mode: BindingMode,
    /// Fingerprint of the one install key, for `install_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_key_fp: Option<String>,
    /// Nodes that may be active at the same time; the licence server counts them.
    pub max_installs: u32,
}

/// How a licence is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingMode {
    /// To one node, by its install key.
    InstallKey,
    /// To the customer's site, by leases.
    Site,
    /// To nothing.
    None,
}

/// Whether a node must fetch leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseTerms {
    /// Whether one is needed at all.
    pub required: bool,
    /// The longest time one is given for.
    pub max_days: u32,
    /// Days after the import in which none is needed yet.
    pub first_use_days: u32,
}

/// What happens above the numbers of a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overage {
    /// Whether more is possible.
    pub policy: OveragePolicy,
    /// How much more, in percent, for `pct`.
    #[serde(default)]
    pub pct: u32,
    /// Whether it is charged with the next report.
    #[serde(default)]
    pub true_up: bool,
}

/// Whether more than the numbers of a licence is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OveragePolicy {
    /// No.
    None,
    /// A share more.
    Pct,
    /// Yes.
    Always,
}

impl Overage {
    /// The number up to which new things are possible, for a granted `limit`; none: as many as one likes.
    pub fn ceiling(&self, limit: u64) -> Option<u64> {
        match self.policy {
            OveragePolicy::None => Some(limit),
            OveragePolicy::Pct => {
                Some(limit.saturating_add(limit.saturating_mul(u64::from(self.pct)) / 100))
            }
            OveragePolicy::Always => None,
        }
    }
}

/// What follows the grace days of a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryBehavior {
    /// A banner; everything works.
    Warn,
    /// Nothing new.
    RestrictNew,
    /// Nothing changes any more.
    ReadOnly,
}

/// Whether usage reports are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportTerms {
    /// Whether the vendor asks for them.
    pub required: bool,
    /// How often.
    pub every_days: u32,
}

/// Leave for one node to go on within a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its id.
    pub lease_id: String,
    /// The licence it is within.
    pub license_id: String,
    /// That licence's serial.
    pub license_serial: u64,
    /// SHA-256 of that licence's payload.
    pub license_sha256: String,
    /// The node it is for.
    pub install_key_fp: String,
    /// The nonce of the request it answers.
    pub request_nonce: String,
    /// Rises with every lease of that node; a lower one is never taken after a higher one.
    pub counter: u64,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it counts.
    pub valid_until: Timestamp,
    /// Hours that the node may run with it, whatever its clock says.
    pub runtime_budget_hours: u64,
    /// The newest revocation list there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<CrlReference>,
    /// Sentences of the vendor for the administrators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// Names a revocation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrlReference {
    /// Its version.
    pub version: u64,
    /// SHA-256 of its payload.
    pub sha256: String,
}

/// A node asks for a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationRequest {
    /// The node's id.
    pub install_id: String,
    /// The node's public key, 32 bytes in base 64.
    pub install_public_key: String,
    /// The licence it wants to use.
    pub license_id: String,
    /// Random; the lease repeats it.
    pub nonce: String,
    /// Rises with every request of the node.
    pub counter: u64,
    /// Version of the node.
    pub product_version: String,
    /// When that version was built.
    pub build_date: Timestamp,
    /// Marks of the machine by name, keyed hashes that say nothing by themselves.
    #[serde(default)]
    pub fingerprints: BTreeMap<String, String>,
    /// Newest entry of the node's audit trail, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_head: Option<String>,
    /// Number of the last usage report.
    #[serde(default)]
    pub last_report_seq: u64,
    /// What the node's clock says.
    pub wall_time: Timestamp,
    /// The latest time that anything signed has proven to the node.
    pub time_floor: Timestamp,
    /// How often its clock was found wrong.
    #[serde(default)]
    pub clock_anomalies: u64,
}

macro_rules! artefact {
    ($type:ty, $kind:literal, $role:expr, $issued:ident, [$($field:literal),+ $(,)?]) => {
        impl Artefact for $type {
            const KIND: &'static str = $kind;
            const ROLE: Option<Role> = $role;
            const FIELDS: &'static [&'static str] = &[$($field),+];

            fn issued_at(&self) -> Timestamp {
                self.$issued
            }
        }
    };
}

artefact!(
    License,
    "license",
    Some(Role::License),
    issued_at,
    [
        "license_id",
        "serial",
        "supersedes",
        "customer",
        "contract_ref",
        "kind",
        "environment",
        "product",
        "edition",
        "issued_at",
        "not_before",
        "term_end",
        "grace_days",
        "maintenance_end",
        "binding",
        "lease",
        "entitlements",
        "overage",
        "expiry_behavior",
        "report",
        "min_crl_version",
    ]
);
artefact!(
    Lease,
    "lease",
    Some(Role::Lease),
    issued_at,
    [
        "lease_id",
        "license_id",
        "license_serial",
        "license_sha256",
        "install_key_fp",
        "request_nonce",
        "counter",
        "issued_at",
        "valid_until",
        "runtime_budget_hours",
        "crl",
        "notices",
    ]
);
artefact!(
    Crl,
    "crl",
    Some(Role::Crl),
    this_update,
    [
        "version",
        "this_update",
        "next_update",
        "revoked",
        "min_versions"
    ]
);
artefact!(
    ActivationRequest,
    "activation-request",
    None,
    wall_time,
    [
        "install_id",
        "install_public_key",
        "license_id",
        "nonce",
        "counter",
        "product_version",
        "build_date",
        "fingerprints",
        "audit_head",
        "last_report_seq",
        "wall_time",
        "time_floor",
        "clock_anomalies",
    ]
);
artefact!(
    UsageReport,
    "usage-report",
    None,
    created_at,
    [
        "seq",
        "prev_sha256",
        "license_id",
        "install_id",
        "period",
        "daily",
        "features_used",
        "overage",
        "clock_anomalies",
        "product_version",
        "audit_head",
        "created_at",
    ]
);
