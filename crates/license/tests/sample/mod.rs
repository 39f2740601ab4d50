//! A licence to change, and the development keys.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::Timestamp;
use guildhall_license::{
    Binding, BindingMode, Crl, Customer, Entitlements, Environment, ExpiryBehavior, LeaseTerms,
    License, LicenseKind, Overage, OveragePolicy, ReportTerms,
};

/// So many days after 2026-06-01.
pub fn at(days: i64) -> Timestamp {
    Timestamp::from_millis(1_780_272_000_000).plus_seconds(days * 86_400)
}

/// The development key of that name.
pub fn development_key(name: &str) -> SigningKey {
    let path = format!("{}/development/{name}.key.json", env!("CARGO_MANIFEST_DIR"));
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let seed = STANDARD.decode(file["seed"].as_str().unwrap()).unwrap();
    SigningKey::from_bytes(seed.as_slice().try_into().unwrap())
}

/// A subscription for a year from day 0.
pub fn license() -> License {
    License {
        license_id: "lic_1".to_owned(),
        serial: 1,
        supersedes: Vec::new(),
        customer: Customer {
            id: "cus_1".to_owned(),
            name: "Linden & Vale".to_owned(),
        },
        contract_ref: None,
        kind: LicenseKind::Subscription,
        environment: Environment::Production,
        product: "guildhall".to_owned(),
        edition: "enterprise".to_owned(),
        issued_at: at(0),
        not_before: at(0),
        term_end: Some(at(365)),
        grace_days: 14,
        maintenance_end: None,
        binding: Binding {
            mode: BindingMode::None,
            install_key_fp: None,
            max_installs: 1,
        },
        lease: LeaseTerms {
            required: false,
            max_days: 0,
            first_use_days: 0,
        },
        entitlements: serde_json::from_str::<Entitlements>(
            r#"{"feature.sso":true,"agents.max":3,"seats.named":10}"#,
        )
        .unwrap(),
        overage: Overage {
            policy: OveragePolicy::None,
            pct: 0,
            true_up: false,
        },
        expiry_behavior: ExpiryBehavior::RestrictNew,
        report: ReportTerms {
            required: false,
            every_days: 0,
        },
        min_crl_version: 0,
        crit: Vec::new(),
    }
}

/// An empty list.
pub fn crl(version: u64) -> Crl {
    Crl {
        version,
        this_update: at(1),
        next_update: at(31),
        revoked: Vec::new(),
        min_versions: std::collections::BTreeMap::new(),
    }
}
