//! Mutated seeds, as the fuzz targets do it, on the stable toolchain: nothing panics, what is read is written the same, and nothing is
//! verified but what was signed.
#![cfg(feature = "sign")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod sample;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_license::{
    ActivationRequest, Crl, Envelope, Keyring, Lease, License, UsageReport, activation_request,
    armour, compiled_in, fingerprint, sign, verify, verify_by_install_key,
};
use sample::{at, crl, development_key, license};

const ROUNDS: usize = 15_000;
/// Bytes that parsers stumble over.
const PIECES: [&[u8]; 10] = [
    b"\"",
    b"{",
    b"}",
    b"[[[[[[[[[[",
    b"\\u0000",
    b"null",
    b"-1e999",
    b"=",
    b"\xff\xfe",
    b",\"sig\":\"\"",
];

/// A generator that gives the same sequence every time (xorshift64*).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let scrambled = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(scrambled).unwrap() % bound.max(1)
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (place, length) = (self.below(bytes.len() + 1), self.below(40));
        let end = (place + length).min(bytes.len());
        match self.below(6) {
            0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
            1 => drop(bytes.drain(place..end)),
            2 => drop(bytes.splice(
                place..place,
                PIECES[self.below(PIECES.len())].iter().copied(),
            )),
            3 => {
                let again = bytes[place..end].to_vec();
                drop(bytes.splice(place..place, again));
            }
            4 => {
                let from = self.below(other.len());
                let until = (from + length).min(other.len());
                drop(bytes.splice(place..end, other[from..until].iter().copied()));
            }
            _ => bytes.truncate(bytes.len() - self.below(4).min(bytes.len())),
        }
    }
}

fn node() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn seeds() -> Vec<Vec<u8>> {
    let request = ActivationRequest {
        install_id: "ins_1".to_owned(),
        install_public_key: STANDARD.encode(node().verifying_key().as_bytes()),
        license_id: "lic_1".to_owned(),
        nonce: "n".to_owned(),
        counter: 1,
        product_version: "1.0.0".to_owned(),
        build_date: at(0),
        fingerprints: BTreeMap::new(),
        audit_head: None,
        last_report_seq: 0,
        wall_time: at(1),
        time_floor: at(0),
        clock_anomalies: 0,
    };
    let license = sign::sign(&license(), &[&development_key("license")]).unwrap();
    let list = sign::sign(&crl(3), &[&development_key("crl")]).unwrap();
    let request = sign::sign(&request, &[&node()]).unwrap();
    let ring = include_bytes!("../development/keyring.json").to_vec();
    let armoured = armour(&license).into_bytes();
    vec![
        license.to_bytes(),
        armoured,
        list.to_bytes(),
        request.to_bytes(),
        ring,
    ]
}

/// Hashes of the payloads that are taken as signed.
fn accepted(bytes: &[u8], ring: &Keyring) -> Vec<String> {
    let key = node().verifying_key().to_bytes();
    let keyring = || Envelope::read(bytes).map(|envelope| fingerprint(envelope.payload()));
    [
        verify::<License>(bytes, ring).map(|verified| verified.sha256),
        verify::<Lease>(bytes, ring).map(|verified| verified.sha256),
        verify::<Crl>(bytes, ring).map(|verified| verified.sha256),
        activation_request(bytes).map(|verified| verified.sha256),
        verify_by_install_key::<UsageReport>(bytes, &key).map(|verified| verified.sha256),
        Keyring::first(bytes).and_then(|_| keyring()),
        ring.followed_by(bytes).and_then(|_| keyring()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn mutated_seeds_are_never_taken_for_signed() {
    let (ring, seeds) = (compiled_in().unwrap().0, seeds());
    let known: Vec<String> = seeds
        .iter()
        .flat_map(|seed| accepted(seed, &ring))
        .collect();
    assert_eq!(known.len(), seeds.len());
    let (mut sequence, mut read) = (Sequence(0x6775_696c_6468_616c), 0);
    for _ in 0..ROUNDS {
        let mut bytes = seeds[sequence.below(seeds.len())].clone();
        let other = &seeds[sequence.below(seeds.len())];
        for _ in 0..=sequence.below(4) {
            sequence.mutate(&mut bytes, other);
        }
        for sha256 in accepted(&bytes, &ring) {
            assert!(
                known.contains(&sha256),
                "{}",
                String::from_utf8_lossy(&bytes)
            );
        }
        if let Ok(envelope) = Envelope::read(&bytes) {
            read += 1;
            assert_eq!(Envelope::read(&envelope.to_bytes()).unwrap(), envelope);
            assert_eq!(
                Envelope::read(armour(&envelope).as_bytes()).ok(),
                Some(envelope)
            );
        }
    }
    assert!(
        read > ROUNDS / 100,
        "only {read} mutants could be read: the test tests little"
    );
}
