//! Writes the development root of trust: the keyring that is compiled in when no other is named, and its private keys, which are public on
//! purpose. usage: cargo run -p guildhall-license --features sign --example development_root
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the terminal"
)]

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::Timestamp;
use guildhall_license::{Algorithm, Keyring, KeyringKey, Role, fingerprint, sign};
use sha2::{Digest, Sha256};

const NAMES: [(&str, Role); 7] = [
    ("root-1", Role::Root),
    ("root-2", Role::Root),
    ("root-3", Role::Root),
    ("license", Role::License),
    ("lease", Role::Lease),
    ("crl", Role::Crl),
    ("release", Role::Release),
];
/// 2026-01-01 and 2126-01-01.
const BEGIN: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const END: Timestamp = Timestamp::from_millis(4_922_899_200_000);

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("development");
    let mut keys = Vec::new();
    let mut roots = Vec::new();
    for (name, role) in NAMES {
        let seed: [u8; 32] = Sha256::digest(format!("guildhall development key {name}")).into();
        let key = SigningKey::from_bytes(&seed);
        let public = key.verifying_key().to_bytes();
        keys.push(KeyringKey {
            id: fingerprint(&public),
            alg: Algorithm::Ed25519,
            role,
            public: STANDARD.encode(public),
            not_before: BEGIN,
            not_after: END,
            revoked_after: None,
            genuine: Vec::new(),
        });
        let text = serde_json::json!({
            "about": "PUBLIC ON PURPOSE: a key of the development root; whatever it signs is worth nothing outside development",
            "alg": "ed25519", "role": role, "public": STANDARD.encode(public), "seed": STANDARD.encode(seed),
        });
        let text = serde_json::to_string_pretty(&text).unwrap() + "\n";
        fs::write(folder.join(format!("{name}.key.json")), text).unwrap();
        if role == Role::Root {
            roots.push(key);
        }
    }
    let ring = Keyring::new(1, END, keys, BTreeMap::from([(Role::Root, 2)])).unwrap();
    let signers: Vec<&dyn sign::Signer> = roots
        .iter()
        .take(2)
        .map(|key| key as &dyn sign::Signer)
        .collect();
    let envelope = sign::sign_keyring(&ring, &signers).unwrap();
    Keyring::first(&envelope.to_bytes()).unwrap();
    fs::write(folder.join("keyring.json"), envelope.to_bytes()).unwrap();
    println!("wrote {}", folder.display());
}
