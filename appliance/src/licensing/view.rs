//! What is known, made ready to be shown.

use guildhall_kernel::{Result, Timestamp};
use guildhall_license::{
    Algorithm, BindingMode, Crl, Keyring, License, Verified,
    clock::Anomaly,
    state::{Holding, NodeState, State, TRIAL_DAYS},
};

use super::{
    Known, Licensing,
    model::{
        ClockAnomaly, CrlView, KeyringKeyView, KeyringView, LeaseView, LicenseNotice,
        LicenseStatus, LicenseView, Meter, Trial, name_of,
    },
    verdict::{self, Current},
};
use crate::{app::App, identity};

const DAY_SECONDS: i64 = 24 * 3600;

/// What the node may do, why, and how much of it is used.
///
/// # Errors
/// Those of the database.
pub async fn status(app: &App) -> Result<LicenseStatus> {
    let licensing = &app.licensing;
    let current = licensing.current();
    let (counted, since) = (
        licensing.0.counted,
        current.time.now.plus_seconds(-30 * DAY_SECONDS),
    );
    let counts = app.db.read(move |reader| {
        let (seats, _) = identity::count_seats(reader, since)?;
        Ok((seats, (counted.employees)(reader)?))
    });
    let (seats, employees) = counts.await?;
    Ok(licensing.status(&current, (seats, employees)))
}

impl Licensing {
    fn status(&self, current: &Current, (seats, employees): (u64, u64)) -> LicenseStatus {
        let node = &current.node;
        let licenses = self.licenses(current);
        let granted = &node.entitlements;
        let meter = |used, max| Meter {
            used,
            max,
            ceiling: verdict::ceiling(node, &current.holdings, max),
        };
        let known = self.known();
        let started_at = known.watch.memory.first_start;
        let anomalies = current.time.anomaly.map(|anomaly| ClockAnomaly {
            kind: name_of(anomaly),
            wall_time: current.wall,
        });
        LicenseStatus {
            state: node.verdict.state.name().to_owned(),
            since: node.verdict.since,
            until: node.verdict.until,
            reason: name_of(node.verdict.reason),
            trust_root: self.trust_root().to_owned(),
            license: licenses.iter().find(|license| license.deciding).cloned(),
            licenses,
            entitlements: verdict::as_json(granted),
            seats: meter(seats, granted.seats_named()),
            employees: meter(employees, granted.agents_max()),
            effective_time: current.time.now,
            anomalies: anomalies.into_iter().collect(),
            clock_anomalies_total: current.time.marks.anomalies,
            trial: Trial {
                started_at,
                ends_at: started_at.plus_seconds(TRIAL_DAYS * DAY_SECONDS),
            },
            notices: notices(current, &known),
            install: self.0.install.clone(),
            keyring: keyring(&known.held.keyring),
            crl: known.held.crl().map(crl),
            files: known.files.list(),
        }
    }

    fn licenses(&self, current: &Current) -> Vec<LicenseView> {
        let (holdings, node) = (&current.holdings, &current.node);
        let fingerprint = &self.0.install.key_fingerprint;
        let shown = holdings.iter().enumerate();
        shown
            .map(|(index, holding)| view_of((index, holding), node, fingerprint))
            .collect()
    }
}

/// The licence of that hash among the holdings.
pub(super) fn license_of(
    (holdings, node): (&[Holding], &NodeState),
    sha256: &str,
    install_key_fp: &str,
) -> Option<LicenseView> {
    let mut shown = holdings.iter().enumerate();
    let found = shown.find(|(_, holding)| holding.license.sha256 == sha256)?;
    Some(view_of(found, node, install_key_fp))
}

fn view_of(
    (index, holding): (usize, &Holding),
    node: &NodeState,
    install_key_fp: &str,
) -> LicenseView {
    let Verified {
        value: license,
        sha256,
        signers,
    } = &holding.license;
    let verdict = node.verdicts.get(index).copied().flatten();
    LicenseView {
        license_id: license.license_id.clone(),
        serial: license.serial,
        customer: license.customer.name.clone(),
        contract_ref: license.contract_ref.clone(),
        kind: name_of(license.kind),
        environment: name_of(license.environment),
        product: license.product.clone(),
        edition: license.edition.clone(),
        issued_at: license.issued_at,
        not_before: license.not_before,
        term_end: license.term_end,
        grace_end: license
            .term_end
            .map(|end| end.plus_seconds(i64::from(license.grace_days) * DAY_SECONDS)),
        maintenance_end: license.maintenance_end,
        binding: name_of(license.binding.mode),
        names_other_node: names_other(license, install_key_fp),
        expiry_behavior: name_of(license.expiry_behavior),
        lease_required: license.lease.required,
        lease: holding.lease.as_ref().map(|lease| LeaseView {
            lease_id: lease.value.lease_id.clone(),
            issued_at: lease.value.issued_at,
            valid_until: lease.value.valid_until,
            hours_left: lease
                .value
                .runtime_budget_hours
                .saturating_sub(holding.lease_running_hours),
            notices: lease.value.notices.clone(),
        }),
        entitlements: verdict::as_json(&license.entitlements),
        state: verdict.map(|verdict| verdict.state.name().to_owned()),
        deciding: node.deciding == Some(index),
        imported_at: holding.imported_at,
        sha256: sha256.clone(),
        signers: signers.clone(),
    }
}

fn names_other(license: &License, install_key_fp: &str) -> bool {
    let named = license.binding.install_key_fp.as_deref();
    license.binding.mode == BindingMode::InstallKey
        && named.is_some_and(|named| named != install_key_fp)
}

fn keyring(ring: &Keyring) -> KeyringView {
    let keys = ring.keys.iter().map(|key| KeyringKeyView {
        id: key.id.clone(),
        role: name_of(key.role),
        algorithm: match key.alg {
            Algorithm::Ed25519 => "Ed25519".to_owned(),
            Algorithm::RsaPss3072Sha256 => "RSA-PSS 3072, SHA-256".to_owned(),
        },
        not_after: key.not_after,
        revoked: key.revoked_after.is_some(),
    });
    KeyringView {
        version: ring.version,
        expires: ring.expires,
        keys: keys.collect(),
    }
}

fn crl(crl: &Crl) -> CrlView {
    CrlView {
        version: crl.version,
        this_update: crl.this_update,
        next_update: crl.next_update,
        entries: crl.revoked.len(),
    }
}

/// What the administrators should know besides the state, most pressing first.
fn notices(current: &Current, known: &Known) -> Vec<LicenseNotice> {
    let (ring, crl) = (&known.held.keyring, known.held.crl());
    let now = current.time.now;
    let deciding = current
        .node
        .deciding
        .and_then(|index| current.holdings.get(index));
    let license = deciding.map(|holding| &holding.license.value);
    let mut found = Vec::new();
    let mut tell = |code: &str, message: String| {
        found.push(LicenseNotice {
            code: code.to_owned(),
            message,
        });
    };
    match current.time.anomaly {
        None => {}
        Some(Anomaly::BehindMark) => tell(
            "clock_set_back",
            "the clock of this machine was set back; if that was not meant, set it right"
                .to_owned(),
        ),
        Some(_) => tell(
            "clock_wrong",
            "the clock of this machine contradicts what the node knows of time; set it right"
                .to_owned(),
        ),
    }
    if let Some(message) = crl.and_then(unsafe_version) {
        tell("version_unsafe", message);
    }
    let lease_notices = deciding.and_then(|holding| holding.lease.as_ref());
    for notice in lease_notices.iter().flat_map(|lease| &lease.value.notices) {
        tell("vendor", notice.clone());
    }
    for hint in &known.hints {
        tell("newer_license", hint.clone());
    }
    let wanted = license.map_or(0, |license| license.min_crl_version);
    if wanted > crl.map_or(0, |crl| crl.version) {
        tell(
            "crl_too_old",
            format!(
                "the licence asks for revocation list {wanted} or a newer one; import it when you can"
            ),
        );
    } else if crl.is_some_and(|crl| crl.next_update < now) {
        tell(
            "crl_stale",
            "the revocation list is past its date; import a newer one when you can".to_owned(),
        );
    }
    if ring.is_expired(now) {
        tell(
            "keyring_expired",
            "the keyring is past its date; import a newer one when you can".to_owned(),
        );
    }
    if license
        .and_then(|license| license.maintenance_end)
        .is_some_and(|end| end < now)
    {
        tell(
            "maintenance_over",
            "upgrades are no longer included; this version may be used on, security updates too"
                .to_owned(),
        );
    }
    found
}

/// The oldest safe version is newer than this program.
fn unsafe_version(crl: &Crl) -> Option<String> {
    let safe = crl.min_versions.get("guildhall")?;
    let own = env!("CARGO_PKG_VERSION");
    (numbers(own) < numbers(safe)).then(|| format!("this is version {own} and the vendor asks for {safe} or a newer one for safety; upgrade"))
}

fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(|letter: char| !letter.is_ascii_digit());
    parts.map_while(|part| part.parse().ok()).collect()
}

/// When the node's rung will be worse than now, as far as time alone decides; the end of the trial during it.
pub(super) fn next_end(current: &Current, first_start: Timestamp) -> Option<Timestamp> {
    match current.node.verdict.state {
        State::Trial => Some(first_start.plus_seconds(TRIAL_DAYS * DAY_SECONDS)),
        State::ExpiringSoon | State::Grace => current.node.verdict.until,
        State::Active | State::RestrictNew | State::ReadOnly => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_numbers() {
        assert!(numbers("0.9.0") < numbers("0.10.0"));
        assert!(numbers("1.2") < numbers("1.2.1"));
    }
}
