//! The vendor: signs with the development keys, which are in the repository on purpose.

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use guildhall_kernel::Timestamp;
use guildhall_license::{
    ActivationRequest, Artefact, Binding, BindingMode, Crl, Customer, Effect, Entitlements,
    Environment, ExpiryBehavior, Lease, LeaseTerms, License, LicenseKind, Overage, OveragePolicy,
    ReportTerms, Revocation, RevocationTarget, Verified, armour, fingerprint, sign,
};
use serde::Serialize;

/// So many days after the clock of the tests begins.
pub fn day(days: i64) -> Timestamp {
    Timestamp::from_millis(crate::harness::START_MILLIS).plus_seconds(days * super::DAY)
}

/// The development key of that name.
pub fn key(name: &str) -> SigningKey {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/license/development");
    let bytes = std::fs::read(format!("{folder}/{name}.key.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let seed = BASE64
        .decode(file["seed"].as_str().unwrap().as_bytes())
        .unwrap();
    SigningKey::from_bytes(seed.as_slice().try_into().unwrap())
}

/// A subscription for a year from today with ten days of grace: 3 employees, 10 people.
pub fn license() -> License {
    License {
        license_id: "lic_1".to_owned(),
        serial: 1,
        supersedes: Vec::new(),
        customer: Customer {
            id: "cus_1".to_owned(),
            name: "Linden & Vale".to_owned(),
        },
        contract_ref: Some("C-1".to_owned()),
        kind: LicenseKind::Subscription,
        environment: Environment::Production,
        product: "guildhall".to_owned(),
        edition: "business".to_owned(),
        issued_at: day(0),
        not_before: day(0),
        term_end: Some(day(365)),
        grace_days: 10,
        maintenance_end: None,
        binding: Binding {
            mode: BindingMode::None,
            install_key_fp: None,
            max_installs: 1,
        },
        lease: LeaseTerms {
            required: false,
            max_days: 30,
            first_use_days: 7,
        },
        entitlements: entitlements(
            r#"{"feature.providers": true, "feature.organisations": true, "agents.max": 3, "seats.named": 10}"#,
        ),
        overage: Overage {
            policy: OveragePolicy::None,
            pct: 0,
            true_up: false,
        },
        expiry_behavior: ExpiryBehavior::RestrictNew,
        report: ReportTerms {
            required: true,
            every_days: 30,
        },
        min_crl_version: 0,
        crit: Vec::new(),
    }
}

pub fn entitlements(json: &str) -> Entitlements {
    serde_json::from_str(json).unwrap()
}

/// A revocation list that revokes a licence, or nothing.
pub fn crl(version: u64, revoked: Option<(&str, Effect)>) -> Crl {
    let revoked = revoked.map(|(id, effect)| Revocation {
        target: RevocationTarget::LicenseId(id.to_owned()),
        reason: "refunded".to_owned(),
        at: day(0),
        effect,
        message: None,
    });
    Crl {
        version,
        this_update: day(0),
        next_update: day(3000),
        revoked: revoked.into_iter().collect(),
        min_versions: std::collections::BTreeMap::new(),
    }
}

/// The lease that answers a request, for so many days.
pub fn lease(
    license: &License,
    request: &Verified<ActivationRequest>,
    (counter, days): (u64, i64),
) -> Lease {
    let request = &request.value;
    let public = BASE64
        .decode(request.install_public_key.as_bytes())
        .unwrap();
    let issued_at = request.wall_time;
    Lease {
        lease_id: format!("lse_{counter}"),
        license_id: license.license_id.clone(),
        license_serial: license.serial,
        license_sha256: fingerprint(&serde_json::to_vec(license).unwrap()),
        install_key_fp: fingerprint(&public),
        request_nonce: request.nonce.clone(),
        counter,
        issued_at,
        valid_until: issued_at.plus_seconds(days * super::DAY),
        runtime_budget_hours: u64::try_from(days).unwrap() * 24,
        crl: None,
        notices: Vec::new(),
    }
}

/// Signed by the key of its role, as mail carries it.
pub fn text<T: Artefact + Serialize>(artefact: &T) -> String {
    armour(&sign::sign(artefact, &[&key(T::KIND)]).unwrap())
}

/// The same as a bare file.
pub fn file<T: Artefact + Serialize>(artefact: &T) -> Vec<u8> {
    sign::sign(artefact, &[&key(T::KIND)]).unwrap().to_bytes()
}
