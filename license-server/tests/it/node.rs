//! A node as the server sees it: an install key and what it signs.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::Timestamp;
use guildhall_license::{
    ActivationRequest, Crl, Keyring, Lease, UsageDay, UsagePeriod, UsageReport, Verified,
    fingerprint, sign, verify,
};

use crate::server::START;

/// A node.
pub struct Node {
    pub key: SigningKey,
    pub counter: u64,
}

impl Node {
    pub fn new(number: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[number; 32]),
            counter: 0,
        }
    }

    pub fn fingerprint(&self) -> String {
        fingerprint(self.key.verifying_key().as_bytes())
    }

    /// The next activation request, as its file.
    pub fn request(&mut self, licence: &str) -> Vec<u8> {
        self.counter += 1;
        let nonce = guildhall_kernel::random_token(16);
        self.request_with(licence, self.counter, &nonce)
    }

    pub fn request_with(&self, licence: &str, counter: u64, nonce: &str) -> Vec<u8> {
        let moment = Timestamp::from_millis(START);
        let request = ActivationRequest {
            install_id: format!("node-{}", &self.fingerprint()[..8]),
            install_public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            license_id: licence.to_owned(),
            nonce: nonce.to_owned(),
            counter,
            product_version: "1.0.0".to_owned(),
            build_date: moment,
            fingerprints: BTreeMap::new(),
            audit_head: None,
            last_report_seq: 0,
            wall_time: moment,
            time_floor: moment,
            clock_anomalies: 0,
        };
        sign::sign(&request, &[&self.key]).unwrap().to_bytes()
    }

    /// A usage report as its file, and its hash.
    pub fn report(&self, licence: Option<&str>, seq: u64, prev: Option<&str>) -> (Vec<u8>, String) {
        let report = UsageReport {
            seq,
            prev_sha256: prev.map(str::to_owned),
            license_id: licence.map(str::to_owned),
            install_id: "node".to_owned(),
            period: UsagePeriod {
                from: "2027-02-01".to_owned(),
                to: "2027-02-28".to_owned(),
            },
            daily: vec![UsageDay {
                date: "2027-02-01".to_owned(),
                seats: 12,
                active_30d: 9,
                ves_peak: 3,
                answers: 40,
            }],
            features_used: vec!["sso".to_owned()],
            overage: BTreeMap::new(),
            clock_anomalies: 0,
            product_version: "1.0.0".to_owned(),
            audit_head: Some(guildhall_kernel::random_token(4)),
            created_at: Timestamp::from_millis(START),
        };
        let envelope = sign::sign(&report, &[&self.key]).unwrap();
        let hash = fingerprint(envelope.payload());
        (envelope.to_bytes(), hash)
    }
}

/// The lease that the node would import.
pub fn lease(bytes: &[u8], ring: &Keyring) -> Verified<Lease> {
    verify::<Lease>(bytes, ring).unwrap()
}

/// The revocation list that a node would import.
pub fn crl(bytes: &[u8], ring: &Keyring) -> Verified<Crl> {
    verify::<Crl>(bytes, ring).unwrap()
}

/// Keys of the development root, whose private halves lie in the repository on purpose.
pub fn development_keys(name: &str) -> Vec<SigningKey> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/license/development");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(name)
        })
        .filter(|path| path.to_string_lossy().ends_with(".key.json"))
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let key: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let seed = STANDARD.decode(key["seed"].as_str().unwrap()).unwrap();
        SigningKey::from_bytes(&<[u8; 32]>::try_from(seed.as_slice()).unwrap())
    };
    files.iter().map(read).collect()
}
