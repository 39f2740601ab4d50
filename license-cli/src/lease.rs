//! `lease`: answers the activation request of a node.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use guildhall_kernel::{Id, IdKind, SystemClock, Timestamp};
use guildhall_license::{
    ActivationRequest, BindingMode, CrlReference, Lease, License, Refusal, RevocationTarget,
    Verified, activation_request, fingerprint,
};
use serde_json::json;

use crate::{
    Result,
    artefacts::{self, about},
    dates, files,
    issue::{Signing, find_license},
    ledger::{Event, Ledger, Request, Signed},
    output::Answer,
};

const HOURS_PER_DAY: u64 = 24;
/// Days of a lease where neither the option nor the licence says.
const DAYS: u32 = 90;

#[derive(Clone, Copy)]
struct LeaseKind;

impl IdKind for LeaseKind {
    const PREFIX: &'static str = "lse";
}

#[derive(Args)]
pub(crate) struct Answering {
    /// The node's activation request.
    request: PathBuf,
    /// The licence; without it the newest serial of the requested licence in the ledger.
    #[arg(long, value_name = "FILE")]
    license: Option<String>,
    #[command(flatten)]
    signing: Signing,
    /// For how long; never longer than the licence allows or lasts.
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    /// Hours that the node may run with it, whatever its clock says; as many as it lasts, when left out.
    #[arg(long, value_name = "HOURS")]
    runtime_hours: Option<u64>,
    /// Counter of the lease at least: where a licence server gave leases to the same node, one more than its last.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    counter_min: u64,
    /// Answer a node whose counter went back, because it was restored from a backup.
    #[arg(long)]
    accept_restored: bool,
    /// A sentence for the administrators of the node. Give it again for more.
    #[arg(long = "notice", value_name = "TEXT")]
    notices: Vec<String>,
}

/// A request and the licence that it is about.
struct Case {
    request: Verified<ActivationRequest>,
    license: Verified<License>,
    remembered: Request,
    now: Timestamp,
}

pub(crate) fn run(arguments: &Answering) -> Result<Answer> {
    let signing = &arguments.signing;
    let mut ledger = signing.open_ledger()?;
    let trusted = signing.trust.load()?;
    let request = activation_request(&files::read(&arguments.request)?)
        .map_err(|refusal| about(&arguments.request, refusal))?;
    let name = arguments
        .license
        .as_ref()
        .unwrap_or(&request.value.license_id);
    let license = find_license(name, &trusted, &ledger)?;
    let case = Case {
        remembered: remembered(&request.value)?,
        now: dates::now(),
        request,
        license,
    };
    check_license(&case, &ledger)?;
    check_request(&case, &ledger, arguments.accept_restored)?;
    let lease = make(&case, &ledger, arguments)?;
    let (envelope, verified) = artefacts::sign_checked(&lease, &signing.keys.open()?, &trusted)?;
    let event = Event::Leased {
        artefact: Signed::new(&envelope),
        request: case.remembered,
    };
    ledger.append(case.now, event)?;
    artefacts::write(&signing.out, &envelope, signing.form())?;
    Ok(answer(&verified, signing))
}

fn answer(verified: &Verified<Lease>, signing: &Signing) -> Answer {
    if signing.is_piped() {
        return Answer::silent();
    }
    let lease = &verified.value;
    let value = json!({
        "lease_id": lease.lease_id, "license_id": lease.license_id, "license_serial": lease.license_serial, "counter": lease.counter,
        "valid_until": lease.valid_until, "runtime_budget_hours": lease.runtime_budget_hours, "payload_sha256": verified.sha256,
        "file": signing.out,
    });
    let line = format!(
        "signed lease {} (number {}) of licence {} until {}: {}",
        lease.lease_id,
        lease.counter,
        lease.license_id,
        dates::day(lease.valid_until),
        signing.out.display()
    );
    Answer::new(value, [line])
}

fn remembered(request: &ActivationRequest) -> Result<Request> {
    let key = STANDARD.decode(&request.install_public_key).map_err(|_| {
        Refusal::new(
            "artefact_malformed",
            "the request's install key is not base 64; export the request again",
        )
    })?;
    Ok(Request {
        install_id: request.install_id.clone(),
        install_key_fp: fingerprint(&key),
        install_public_key: request.install_public_key.clone(),
        nonce: request.nonce.clone(),
        counter: request.counter,
    })
}

fn check_license(case: &Case, ledger: &Ledger) -> Result<()> {
    let license = &case.license.value;
    let refuse = |code, message: String| Err(Refusal::new(code, message));
    if license.license_id != case.request.value.license_id {
        return refuse(
            "license_mismatch",
            format!(
                "the request is about licence {} and this is {}; choose the other licence",
                case.request.value.license_id, license.license_id
            ),
        );
    }
    let is_revoked = |target: &RevocationTarget| match target {
        RevocationTarget::LicenseId(id) => *id == license.license_id,
        RevocationTarget::InstallKeyFp(id) => *id == case.remembered.install_key_fp,
        _ => false,
    };
    let listed = ledger
        .newest_crl()?
        .map(|(list, _)| list.revoked)
        .unwrap_or_default();
    if ledger
        .revocations()
        .chain(&listed)
        .any(|revocation| is_revoked(&revocation.target))
    {
        return refuse(
            "license_revoked",
            format!(
                "licence {} or this node is revoked; issue another licence",
                license.license_id
            ),
        );
    }
    if last_moment(license).is_some_and(|end| end <= case.now) {
        return refuse(
            "license_ended",
            format!(
                "licence {} and its grace days are over; renew it first",
                license.license_id
            ),
        );
    }
    if license.binding.mode == BindingMode::InstallKey
        && license.binding.install_key_fp.as_ref() != Some(&case.remembered.install_key_fp)
    {
        return refuse(
            "license_other_install",
            format!(
                "licence {} is bound to another node; renew it with this one's --install-key-fp",
                license.license_id
            ),
        );
    }
    Ok(())
}

fn check_request(case: &Case, ledger: &Ledger, accept_restored: bool) -> Result<()> {
    let (leases, this) = (ledger.leases()?, &case.remembered);
    if leases
        .iter()
        .any(|(_, request)| request.nonce == this.nonce)
    {
        let message = "this request was answered before, and each is answered once; export a new one from the node";
        return Err(Refusal::new("nonce_reused", message));
    }
    let of_node = leases
        .iter()
        .filter(|(_, request)| request.install_key_fp == this.install_key_fp);
    let last = of_node.map(|(_, request)| request.counter).max();
    if let Some(last) = last.filter(|last| *last >= this.counter && !accept_restored) {
        let message = format!(
            "the node's counter went back from {last} to {}: it is a copy, or was restored from a backup; ask the customer, and give --accept-restored when it was restored",
            this.counter
        );
        return Err(Refusal::new("request_counter_back", message));
    }
    let license = &case.license.value;
    let mut others: Vec<&str> = leases
        .iter()
        .filter(|(lease, request)| {
            lease.license_id == license.license_id
                && lease.valid_until > case.now
                && request.install_key_fp != this.install_key_fp
        })
        .map(|(_, request)| request.install_key_fp.as_str())
        .collect();
    others.sort_unstable();
    others.dedup();
    if others.len() as u64 >= u64::from(license.binding.max_installs) {
        let message = format!(
            "licence {} is in use on {} nodes, as many as it is for; wait until a lease of another node ends, or renew it with more --max-installs",
            license.license_id,
            others.len()
        );
        return Err(Refusal::new("installs_exhausted", message));
    }
    Ok(())
}

fn make(case: &Case, ledger: &Ledger, arguments: &Answering) -> Result<Lease> {
    let license = &case.license.value;
    let most = Some(license.lease.max_days).filter(|days| *days > 0);
    let wanted = arguments.days.or(most).unwrap_or(DAYS);
    let days = most.map_or(wanted, |most| wanted.min(most)).max(1);
    let until = dates::days_after(case.now, days);
    let until = last_moment(license).map_or(until, |end| until.min(end));
    let last = ledger
        .leases()?
        .iter()
        .map(|(lease, _)| lease.counter)
        .max()
        .unwrap_or(0);
    let crl = ledger.newest_crl()?.map(|(list, signed)| CrlReference {
        version: list.version,
        sha256: signed.payload_sha256.clone(),
    });
    Ok(Lease {
        lease_id: Id::<LeaseKind>::new(&SystemClock).to_string(),
        license_id: license.license_id.clone(),
        license_serial: license.serial,
        license_sha256: case.license.sha256.clone(),
        install_key_fp: case.remembered.install_key_fp.clone(),
        request_nonce: case.request.value.nonce.clone(),
        counter: (last + 1).max(arguments.counter_min),
        issued_at: case.now,
        valid_until: until,
        runtime_budget_hours: arguments
            .runtime_hours
            .unwrap_or(u64::from(days) * HOURS_PER_DAY),
        crl,
        notices: arguments.notices.clone(),
    })
}

/// A lease never reaches beyond the term and its grace days.
fn last_moment(license: &License) -> Option<Timestamp> {
    license
        .term_end
        .map(|end| dates::days_after(end, license.grace_days))
}
