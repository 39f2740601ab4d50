//! Provisional.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use guildhall_kernel::{Error, ErrorKind, Result, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    crl::Revocation,
    ids::LicenceId,
    installs::Lease,
    licences::{Environment, Term},
    sales::{Contract, Customer, Plan},
};

pub const LICENCE_TYPE: &str = "application/vnd.guildhall.license.v1+json";
pub const LEASE_TYPE: &str = "application/vnd.guildhall.lease.v1+json";
pub const CRL_TYPE: &str = "application/vnd.guildhall.crl.v1+json";
pub const REQUEST_TYPE: &str = "application/vnd.guildhall.activation-request.v1+json";
pub const REPORT_TYPE: &str = "application/vnd.guildhall.usage-report.v1+json";

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
pub struct LicencePayload {
    pub environment: Environment,
    pub install_key_fp: Option<String>,
    pub term_end: Option<Timestamp>,
    pub grace_days: u32,
    pub lease_max_days: Option<u32>,
}
impl LicencePayload {
    pub fn runtime_budget_hours(&self, until: Timestamp, now: Timestamp) -> u32 {
        u32::try_from((until.as_millis() - now.as_millis()) / 3_600_000).unwrap_or(0)
    }
}
pub struct ActivationRequest {
    pub licence: Option<LicenceId>,
    pub node_id: String,
    pub public_key: [u8; 32],
    pub key_fingerprint: String,
    pub nonce: String,
    pub counter: i64,
    pub product_version: String,
}
pub struct UsageReport {
    pub seq: i64,
    pub prev_sha256: String,
    pub sha256: String,
    pub summary: Value,
}
pub struct ReportClaim {
    pub licence: Option<LicenceId>,
    pub key_fingerprint: String,
}
pub struct LeaseFacts<'a> {
    pub lease: &'a Lease,
    pub payload_sha256: &'a str,
    pub request: &'a ActivationRequest,
    pub crl: Option<(u64, String)>,
    pub runtime_budget_hours: u32,
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
pub fn licence_payload(
    facts: &LicenceFacts,
    (customer, contract): (&Customer, &Contract),
    plan: &Plan,
) -> Result<String> {
    Ok(serde_json::to_string(&json!({
        "license_id": facts.licence, "serial": facts.serial, "customer": {"id": customer.id, "name": customer.name},
        "contract_ref": contract.reference, "term_end": facts.term.end, "max": facts.max_installs,
        "grace": plan.terms.grace_days, "lease_days": plan.terms.lease.max_days, "fp": facts.install_key_fp,
        "env": facts.environment,
    }))?)
}
pub fn read_licence_payload(bytes: &[u8]) -> Result<LicencePayload> {
    let value: Value = serde_json::from_slice(bytes)?;
    let get = |name: &str| value.get(name).cloned().unwrap_or(Value::Null);
    Ok(LicencePayload {
        environment: serde_json::from_value(get("env"))?,
        install_key_fp: serde_json::from_value(get("fp"))?,
        term_end: serde_json::from_value(get("term_end"))?,
        grace_days: serde_json::from_value(get("grace"))?,
        lease_max_days: serde_json::from_value(get("lease_days"))?,
    })
}
pub fn lease_payload(facts: &LeaseFacts<'_>) -> Result<String> {
    Ok(serde_json::to_string(&json!({
        "lease_id": facts.lease.id, "counter": facts.lease.counter, "nonce": facts.request.nonce,
        "sha": facts.payload_sha256, "crl": facts.crl, "hours": facts.runtime_budget_hours,
    }))?)
}
pub fn crl_payload(
    version: u64,
    (this_update, next_update): (Timestamp, Timestamp),
    entries: &[Revocation],
) -> Result<String> {
    Ok(serde_json::to_string(
        &json!({ "version": version, "this_update": this_update, "next_update": next_update, "revoked": entries }),
    )?)
}
fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    out.extend_from_slice(payload);
    out
}
pub fn sign(key: &SigningKey, payload_type: &str, payload: &[u8]) -> Result<Vec<u8>> {
    let signature = key.sign(&pae(payload_type, payload));
    let (id, _) = describe_key(key);
    Ok(serde_json::to_vec(&json!({
        "payloadType": payload_type, "payload": STANDARD.encode(payload),
        "signatures": [{"keyid": id, "sig": STANDARD.encode(signature.to_bytes())}],
    }))?)
}
pub fn require_fits(envelope: &[u8], code: &'static str, message: &str) -> Result<()> {
    if envelope.len() <= 64 * 1024 {
        return Ok(());
    }
    Err(Error::conflict(code, message))
}
pub fn describe_key(key: &SigningKey) -> (String, String) {
    let public = key.verifying_key().to_bytes();
    (sha256_hex(&public), STANDARD.encode(public))
}
pub fn read_seed(text: &str) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    <[u8; 32]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| Error::invalid("invalid_seed", "not a seed"))
}
pub fn unarmour(text: &str) -> Result<Vec<u8>> {
    Ok(text.as_bytes().to_vec())
}
fn bad() -> Error {
    Error::new(ErrorKind::Invalid, "invalid_artefact", "not an artefact")
}
fn open(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| bad())?;
    let payload = value.get("payload").and_then(Value::as_str).ok_or_else(bad)?;
    let sig = value
        .pointer("/signatures/0/sig")
        .and_then(Value::as_str)
        .ok_or_else(bad)?;
    Ok((
        STANDARD.decode(payload).map_err(|_| bad())?,
        STANDARD.decode(sig).map_err(|_| bad())?,
    ))
}
pub fn verify(bytes: &[u8], payload_type: &str, public: &[u8; 32]) -> Result<Vec<u8>> {
    let (payload, sig) = open(bytes)?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| bad())?;
    let sig = Signature::from_slice(&sig).map_err(|_| bad())?;
    key.verify_strict(&pae(payload_type, &payload), &sig)
        .map_err(|_| bad())?;
    Ok(payload)
}
pub fn read_activation_request(bytes: &[u8]) -> Result<ActivationRequest> {
    let (payload, _) = open(bytes)?;
    let value: Value = serde_json::from_slice(&payload).map_err(|_| bad())?;
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(bad)
    };
    let public = STANDARD
        .decode(text("install_public_key")?)
        .map_err(|_| bad())?;
    let public: [u8; 32] = public.as_slice().try_into().map_err(|_| bad())?;
    verify(bytes, REQUEST_TYPE, &public)?;
    Ok(ActivationRequest {
        licence: text("license_id")?.parse().ok(),
        node_id: text("install_id")?,
        public_key: public,
        key_fingerprint: sha256_hex(&public),
        nonce: text("nonce")?,
        counter: value.get("counter").and_then(Value::as_i64).ok_or_else(bad)?,
        product_version: text("product_version")?,
    })
}
pub fn peek_usage_report(bytes: &[u8]) -> Result<ReportClaim> {
    let (payload, _) = open(bytes)?;
    let value: Value = serde_json::from_slice(&payload).map_err(|_| bad())?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(ReportClaim {
        licence: text("license_id").parse().ok(),
        key_fingerprint: text("fp").to_owned(),
    })
}
pub fn read_usage_report(bytes: &[u8], public: &[u8]) -> Result<UsageReport> {
    let public: [u8; 32] = public.try_into().map_err(|_| bad())?;
    let payload = verify(bytes, REPORT_TYPE, &public)?;
    let value: Value = serde_json::from_slice(&payload).map_err(|_| bad())?;
    Ok(UsageReport {
        seq: value.get("seq").and_then(Value::as_i64).ok_or_else(bad)?,
        prev_sha256: value
            .get("prev_sha256")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        sha256: sha256_hex(&payload),
        summary: value,
    })
}
