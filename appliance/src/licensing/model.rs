//! Licences as shown. Kinds and modes stand as they do in the files.

use std::collections::BTreeMap;

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What the node may do, why, and how much of it is used.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseStatus {
    /// `trial`, `active`, `expiring_soon`, `grace`, `restrict_new` or `read_only`.
    pub state: String,
    /// When the state began.
    pub since: Timestamp,
    /// When the next step down comes by time alone.
    #[schema(required)]
    pub until: Option<Timestamp>,
    /// What decides: `trial`, `term`, `lease`, `lease_budget`, `other_node` or `revoked`.
    pub reason: String,
    /// `development` or `production`: whose root keys are in the program.
    pub trust_root: String,
    /// The licence that decides; none in the node's own trial.
    #[schema(required)]
    pub license: Option<LicenseView>,
    /// Every licence of the node, the deciding one too.
    pub licenses: Vec<LicenseView>,
    /// What is granted, by name: `feature.*` true or false, numbers, lists of names. A number that is not named is not limited.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub entitlements: BTreeMap<String, Value>,
    /// People with a seat, all organisations of the node together.
    pub seats: Meter,
    /// Employees that work here, all organisations of the node together.
    pub employees: Meter,
    /// The time that counts for licences.
    pub effective_time: Timestamp,
    /// What is wrong with the clock right now.
    pub anomalies: Vec<ClockAnomaly>,
    /// How often the clock was found wrong since the first start.
    pub clock_anomalies_total: u64,
    /// When the node's own trial began and ends.
    pub trial: Trial,
    /// What the administrators should know, most pressing first; codes such as `crl_stale` with a sentence.
    pub notices: Vec<LicenseNotice>,
    /// This node, as its licences name it.
    pub install: Install,
    /// The keys that are trusted.
    pub keyring: KeyringView,
    /// The newest revocation list.
    #[schema(required)]
    pub crl: Option<CrlView>,
    /// Files of the folder `license` in the data directory.
    pub files: Vec<LicenseFile>,
}

/// How much of something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LicenseMeter)]
pub struct Meter {
    pub used: u64,
    /// The number of the licence; none: as many as one likes.
    #[schema(required)]
    pub max: Option<u64>,
    /// The number up to which new ones are possible, where the licence tolerates more than `max`.
    #[schema(required)]
    pub ceiling: Option<u64>,
}

/// What is wrong with the clock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClockAnomaly {
    /// `behind_floor`, `behind_mark` or `jump_forward`.
    pub kind: String,
    /// What the clock of the machine says.
    pub wall_time: Timestamp,
}

/// The node's own trial.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LicenseTrial)]
pub struct Trial {
    pub started_at: Timestamp,
    pub ends_at: Timestamp,
}

/// Something the administrators should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenseNotice {
    pub code: String,
    pub message: String,
}

/// This node, as its licences name it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LicenseInstall)]
pub struct Install {
    /// A short name to compare by eye.
    pub id: String,
    /// SHA-256 of the public install key, in hexadecimal: what a licence is bound to.
    pub key_fingerprint: String,
    /// The public install key (Ed25519), in base 64.
    pub public_key: String,
}

/// The keys that are trusted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyringView {
    pub version: u64,
    /// When the vendor meant to renew it; one past it is used on.
    pub expires: Timestamp,
    pub keys: Vec<KeyringKeyView>,
}

/// A key of the keyring.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyringKeyView {
    /// SHA-256 of the public key.
    pub id: String,
    pub role: String,
    pub algorithm: String,
    pub not_after: Timestamp,
    pub revoked: bool,
}

/// The newest revocation list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct CrlView {
    pub version: u64,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    /// How many things it revokes.
    pub entries: usize,
}

/// A file of the folder `license`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenseFile {
    pub name: String,
    /// `used`, `older` (something newer is in use) or `refused`.
    pub outcome: String,
    /// Why it is refused, as a sentence.
    #[schema(required)]
    pub reason: Option<String>,
}

/// One licence of the node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseView {
    pub license_id: String,
    pub serial: u64,
    pub customer: String,
    #[schema(required)]
    pub contract_ref: Option<String>,
    /// `trial`, `subscription`, `perpetual`, `nfr` or `internal`.
    pub kind: String,
    /// `production` or `nonproduction`.
    pub environment: String,
    pub product: String,
    pub edition: String,
    pub issued_at: Timestamp,
    pub not_before: Timestamp,
    #[schema(required)]
    pub term_end: Option<Timestamp>,
    /// When the days of grace after the end are over.
    #[schema(required)]
    pub grace_end: Option<Timestamp>,
    #[schema(required)]
    pub maintenance_end: Option<Timestamp>,
    /// `install_key`, `site` or `none`.
    pub binding: String,
    /// Whether it names another node.
    pub names_other_node: bool,
    /// What follows the end: `warn`, `restrict_new` or `read_only`.
    pub expiry_behavior: String,
    pub lease_required: bool,
    #[schema(required)]
    pub lease: Option<LeaseView>,
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub entitlements: BTreeMap<String, Value>,
    /// Its own state; none while it waits for its beginning or another took its place.
    #[schema(required)]
    pub state: Option<String>,
    /// Whether it decides.
    pub deciding: bool,
    pub imported_at: Timestamp,
    /// SHA-256 of what was signed.
    pub sha256: String,
    /// Ids of the keys that signed.
    pub signers: Vec<String>,
}

/// The lease of a licence.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeaseView {
    pub lease_id: String,
    pub issued_at: Timestamp,
    pub valid_until: Timestamp,
    /// Hours that the node may still run with it.
    pub hours_left: u64,
    /// Sentences of the vendor.
    pub notices: Vec<String>,
}

/// What an import came to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportedArtefact {
    /// `license`, `lease`, `crl` or `keyring`.
    pub kind: String,
    /// `imported`, or `already_there` when the node had this very one.
    pub outcome: String,
    /// The licence it is or belongs to.
    #[schema(required)]
    pub license_id: Option<String>,
    /// Serial, counter or version.
    pub number: u64,
    /// The licence, when it is one: as it would decide or decides.
    #[schema(required)]
    pub license: Option<LicenseView>,
    /// The state of the node afterwards, or as it would be.
    pub state: String,
}

/// A request for a lease, to be carried to the vendor.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseRequest {
    pub file_name: String,
    /// The signed file.
    pub text: String,
    /// What it says, to be read before it leaves.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub says: Value,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseEvent {
    pub id: i64,
    pub at: Timestamp,
    /// Such as `imported`, `state_changed`, `request_made`, `clock_anomaly`, `notice`, `usage_exported`, `server_contacted`.
    pub kind: String,
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub details: Value,
}

/// The licence server of a connected node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenseServer {
    /// Such as `https://licences.example.com`.
    pub base_url: String,
    /// Whether it lies on the local network.
    pub local_network: bool,
    /// Certificates (PEM) to trust beside the public authorities.
    #[schema(required)]
    pub ca_pem: Option<String>,
    /// Whether the node asks it by itself.
    pub enabled: bool,
    #[schema(required)]
    pub tried_at: Option<Timestamp>,
    #[schema(required)]
    pub succeeded_at: Option<Timestamp>,
    /// Why the last try failed, as a sentence.
    #[schema(required)]
    pub failure: Option<String>,
}

/// One day of use: counts, and nothing about people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenseUsageDay {
    /// As `2026-11-27`, UTC.
    pub date: String,
    pub seats: u64,
    pub active_30d: u64,
    pub ves_peak: u64,
    pub answers: u64,
}

/// A usage report of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenseUsageReport {
    pub seq: u64,
    pub sha256: String,
    pub first_day: String,
    pub last_day: String,
    pub created_at: Timestamp,
    #[schema(required)]
    pub exported_at: Option<Timestamp>,
    #[schema(required)]
    pub sent_at: Option<Timestamp>,
    pub bytes: u64,
}

/// What an export would hold, and what there is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseUsage {
    /// The next report, exactly as it would be signed.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub preview: Value,
    /// The last days, newest first.
    pub days: Vec<LicenseUsageDay>,
    /// The last reports, newest first.
    pub reports: Vec<LicenseUsageReport>,
}

/// One usage report as a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseUsageFile {
    pub file_name: String,
    /// The signed report.
    pub text: String,
}

/// Usage reports as a file, and each as one of its own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseUsageExport {
    pub file_name: String,
    /// One signed report after the other.
    pub text: String,
    /// The same, one by one.
    pub files: Vec<LicenseUsageFile>,
    pub reports: u64,
}

/// As it stands in the files: the name of a unit variant.
pub(super) fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}
