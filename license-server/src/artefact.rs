//! Between the server's rows and the signed files of `guildhall-license`.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_license::{
    Binding, BindingMode, Crl, CrlReference, ENVELOPE_BYTES_MAX, Entitlement, Entitlements,
    Envelope, Lease, LeaseTerms, License, Overage, Refusal, ReportTerms, UsageReport, fingerprint,
    sign::sign_payload,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    crl::Revocation,
    ids::LicenceId,
    installs,
    licences::{Environment, Term},
    sales::{Contract, Customer, Plan, PriceUnit},
};

/// Media types of the files, which are their DSSE payload types.
pub const LICENCE_TYPE: &str = "application/vnd.guildhall.license.v1+json";
pub const LEASE_TYPE: &str = "application/vnd.guildhall.lease.v1+json";
pub const CRL_TYPE: &str = "application/vnd.guildhall.crl.v1+json";

const SEATS: &str = "seats.named";
const HOUR_MILLIS: i64 = 3_600_000;

/// What a licence file says beyond its plan.
pub struct LicenceFacts {
    pub licence: LicenceId,
    pub serial: u32,
    pub environment: Environment,
    pub term: Term,
    pub max_installs: u32,
    pub install_key_fp: Option<String>,
    pub issued_at: Timestamp,
    pub min_crl_version: u64,
}

/// An activation request whose signature was checked with the key it brings.
pub struct ActivationRequest {
    /// Nothing when the id is not one of this server.
    pub licence: Option<LicenceId>,
    pub node_id: String,
    pub public_key: Vec<u8>,
    pub key_fingerprint: String,
    pub nonce: String,
    pub counter: i64,
    pub product_version: String,
}

/// A usage report whose signature was checked.
pub struct Report {
    /// Nothing in a report of the node's own trial.
    pub licence: Option<String>,
    pub seq: i64,
    pub prev_sha256: String,
    pub sha256: String,
    pub summary: Value,
}

/// What a lease says beyond its row.
pub struct LeaseFacts<'a> {
    pub lease: &'a installs::Lease,
    pub payload_sha256: &'a str,
    pub request: &'a ActivationRequest,
    /// The newest revocation list: version and SHA-256 of its payload.
    pub crl: Option<(u64, String)>,
}

/// A refusal of the artefact's library as this server's.
pub fn refused(refusal: Refusal) -> Error {
    Error::invalid(refusal.code, refusal.message)
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    // A key's fingerprint is the SHA-256 of its bytes.
    fingerprint(bytes)
}

/// A licence's payload: exactly the bytes that are signed.
///
/// # Errors
/// `invalid_terms` when the plan's terms do not fit a licence file.
pub fn licence_payload(
    facts: &LicenceFacts,
    (customer, contract): (&Customer, &Contract),
    plan: &Plan,
) -> Result<String> {
    let terms = &plan.terms;
    let licence = License {
        license_id: facts.licence.to_string(),
        serial: u64::from(facts.serial),
        supersedes: Vec::new(),
        customer: guildhall_license::Customer {
            id: customer.id.to_string(),
            name: customer.name.clone(),
        },
        contract_ref: Some(contract.reference.clone()),
        kind: word(terms.kind.as_str())?,
        environment: match facts.environment {
            Environment::Production => guildhall_license::Environment::Production,
            Environment::Nonproduction => guildhall_license::Environment::Nonproduction,
        },
        product: plan.product.clone(),
        edition: terms.edition.clone(),
        issued_at: facts.issued_at,
        not_before: facts.term.not_before,
        term_end: facts.term.end,
        grace_days: terms.grace_days,
        maintenance_end: facts.term.maintenance_end,
        binding: binding(facts, plan)?,
        lease: LeaseTerms {
            required: terms.lease.required,
            max_days: terms.lease.max_days,
            first_use_days: terms.lease.first_use_days,
        },
        entitlements: entitlements(contract, plan)?,
        overage: Overage {
            policy: word(&terms.overage.policy)?,
            pct: terms.overage.pct,
            true_up: terms.overage.true_up,
        },
        expiry_behavior: word(&terms.expiry_behavior)?,
        report: ReportTerms {
            required: terms.report.required,
            every_days: terms.report.every_days,
        },
        min_crl_version: facts.min_crl_version,
        crit: Vec::new(),
    };
    to_text(&licence)
}

/// A key that is known beforehand binds the licence to it, whatever the plan says.
fn binding(facts: &LicenceFacts, plan: &Plan) -> Result<Binding> {
    let mode: BindingMode = word(&plan.terms.binding.mode)?;
    if mode == BindingMode::InstallKey && facts.install_key_fp.is_none() {
        return Err(Error::invalid_field(
            "install_key_fp",
            "install_key_needed",
            "this plan binds a licence to one install key; give the key's fingerprint, which the node shows under Admin, Licence",
        ));
    }
    Ok(Binding {
        mode: match facts.install_key_fp {
            Some(_) => BindingMode::InstallKey,
            None => mode,
        },
        install_key_fp: facts.install_key_fp.clone(),
        max_installs: facts.max_installs,
    })
}

fn entitlements(contract: &Contract, plan: &Plan) -> Result<Entitlements> {
    let granted = serde_json::to_value(&plan.terms.entitlements)?;
    let mut granted: Entitlements = serde_json::from_value(granted)
        .map_err(|error| invalid_terms("entitlements").with_source(error))?;
    if plan.price.unit == PriceUnit::Seat {
        let seats = Entitlement::Limit(u64::from(contract.quantity));
        granted.0.insert(SEATS.to_owned(), seats);
    }
    Ok(granted)
}

/// One of the file format's words.
fn word<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_value(json!(text)).map_err(|error| invalid_terms(text).with_source(error))
}

fn invalid_terms(what: &str) -> Error {
    Error::invalid(
        "invalid_terms",
        format!("the plan says `{what}`, which a licence file cannot say; make a new plan"),
    )
}

fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("writing an artefact").with_source(error))
}

/// Reads a payload that this server stored.
///
/// # Errors
/// Internal when it is none.
pub fn read_licence_payload(payload: &[u8]) -> Result<License> {
    Ok(serde_json::from_slice(payload)?)
}

/// A lease's payload.
///
/// # Errors
/// None in practice.
pub fn lease_payload(facts: &LeaseFacts<'_>) -> Result<String> {
    let row = facts.lease;
    let runs = row.valid_until.as_millis() - row.issued_at.as_millis();
    let lease = Lease {
        lease_id: row.id.to_string(),
        license_id: row.licence_id.to_string(),
        license_serial: u64::from(row.serial),
        license_sha256: facts.payload_sha256.to_owned(),
        install_key_fp: facts.request.key_fingerprint.clone(),
        request_nonce: facts.request.nonce.clone(),
        counter: u64::try_from(row.counter)
            .map_err(|error| Error::internal("a counter below zero").with_source(error))?,
        issued_at: row.issued_at,
        valid_until: row.valid_until,
        // A node that never stops uses up exactly the lease's time; a frozen clock gives no more.
        runtime_budget_hours: u64::try_from(runs / HOUR_MILLIS + 1).unwrap_or(1),
        crl: facts
            .crl
            .clone()
            .map(|(version, sha256)| CrlReference { version, sha256 }),
        notices: Vec::new(),
    };
    to_text(&lease)
}

/// A revocation list's payload.
///
/// # Errors
/// None in practice.
pub fn crl_payload(
    version: u64,
    (this_update, next_update): (Timestamp, Timestamp),
    entries: &[Revocation],
) -> Result<String> {
    let revoked = entries.iter().map(|entry| {
        let target = json!({ entry.kind.as_str(): entry.subject });
        Ok(guildhall_license::Revocation {
            target: serde_json::from_value(target)?,
            reason: entry.reason.clone(),
            at: entry.at,
            effect: word(entry.effect.as_str())?,
            message: (!entry.message.is_empty()).then(|| entry.message.clone()),
        })
    });
    to_text(&Crl {
        version,
        this_update,
        next_update,
        revoked: revoked.collect::<Result<_>>()?,
        min_versions: std::collections::BTreeMap::new(),
    })
}

/// Signs a payload. `payload_type` is one of the media types above.
///
/// # Errors
/// Internal when the type is none of them, or signing fails.
pub fn sign(key: &SigningKey, payload_type: &str, payload: &[u8]) -> Result<Vec<u8>> {
    let kind = payload_type
        .strip_prefix("application/vnd.guildhall.")
        .and_then(|rest| rest.strip_suffix(".v1+json"))
        .ok_or_else(|| Error::internal("signing a payload of an unknown type"))?;
    let envelope = sign_payload(kind, payload.to_vec(), &[key])
        .map_err(|refusal| Error::internal("signing").with_source(refusal))?;
    Ok(envelope.to_bytes())
}

/// Refuses an envelope that no reader would take.
///
/// # Errors
/// A conflict with this code and message.
pub fn require_fits(envelope: &[u8], code: &'static str, message: &str) -> Result<()> {
    if envelope.len() <= ENVELOPE_BYTES_MAX {
        return Ok(());
    }
    Err(Error::conflict(code, message))
}

/// The id and the public bytes (base64) of a key, as they stand in a keyring.
pub fn describe_key(key: &SigningKey) -> (String, String) {
    let public = key.verifying_key().to_bytes();
    (fingerprint(&public), STANDARD.encode(public))
}

/// A key's seed in base64 or hex.
///
/// # Errors
/// `invalid_seed`.
pub fn read_seed(text: &str) -> Result<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()
        .or_else(|| STANDARD.decode(text).ok())
        .map(Zeroizing::new);
    bytes
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(Zeroizing::new)
        .ok_or_else(|| {
            Error::invalid(
                "invalid_seed",
                "the file holds no Ed25519 seed; give 32 bytes in base64 or hex",
            )
        })
}

/// The bare envelope of a file that may have its armour.
///
/// # Errors
/// Those of reading an envelope.
pub fn unarmour(text: &str) -> Result<Vec<u8>> {
    let envelope = Envelope::read(text.as_bytes()).map_err(refused)?;
    Ok(envelope.to_bytes())
}

/// Reads an activation request and checks its signature with the key it brings.
///
/// # Errors
/// Those of the artefact's library.
pub fn read_activation_request(bytes: &[u8]) -> Result<ActivationRequest> {
    let verified = guildhall_license::activation_request(bytes).map_err(refused)?;
    let request = verified.value;
    let public_key = STANDARD
        .decode(&request.install_public_key)
        .map_err(|error| Error::internal("a checked key that does not read").with_source(error))?;
    Ok(ActivationRequest {
        licence: request.license_id.parse().ok(),
        node_id: request.install_id,
        key_fingerprint: fingerprint(&public_key),
        public_key,
        nonce: request.nonce,
        counter: i64::try_from(request.counter).unwrap_or(i64::MAX),
        product_version: request.product_version,
    })
}

/// The fingerprint of the key that a usage report names as its signer; nothing is checked yet.
///
/// # Errors
/// Those of reading an envelope.
pub fn report_signer(bytes: &[u8]) -> Result<String> {
    let envelope = Envelope::read(bytes).map_err(refused)?;
    let signer = envelope.signatures().first();
    Ok(signer
        .map(|signature| signature.key_id.clone())
        .unwrap_or_default())
}

/// Reads a usage report and checks its signature with the node's key.
///
/// # Errors
/// Those of the artefact's library.
pub fn read_usage_report(bytes: &[u8], public_key: &[u8]) -> Result<Report> {
    let verified = guildhall_license::verify_by_install_key::<UsageReport>(bytes, public_key)
        .map_err(refused)?;
    let summary = serde_json::to_value(&verified.value)?;
    let report = verified.value;
    Ok(Report {
        licence: report.license_id,
        seq: i64::try_from(report.seq).unwrap_or(i64::MAX),
        prev_sha256: report.prev_sha256.unwrap_or_default(),
        sha256: verified.sha256,
        summary,
    })
}
