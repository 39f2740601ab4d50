//! Signing, verifying and what is refused.
#![cfg(feature = "sign")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod sample;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_license::{
    ActivationRequest, Algorithm, Crl, Envelope, Keyring, KeyringKey, Lease, License, Role,
    Signature, TrustRoot, activation_request, armour, compiled_in, fingerprint, pae, sign, verify,
};
use sample::{at, crl, development_key, license};

fn ring() -> Keyring {
    compiled_in().unwrap().0
}

fn code<T: std::fmt::Debug>(result: Result<T, guildhall_license::Refusal>) -> &'static str {
    result.err().map_or("", |refusal| refusal.code)
}

#[test]
fn what_the_development_key_signs_is_read_back() {
    let (ring, root) = compiled_in().unwrap();
    assert_eq!(root, TrustRoot::Development);
    let envelope = sign::sign(&license(), &[&development_key("license")]).unwrap();
    let verified = verify::<License>(armour(&envelope).as_bytes(), &ring).unwrap();
    assert_eq!(verified.value, license());
    assert_eq!(verified.signers.len(), 1);
}

#[test]
fn every_flipped_bit_is_refused() {
    let envelope = sign::sign(&license(), &[&development_key("license")]).unwrap();
    let bytes = envelope.to_bytes();
    let ring = ring();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(verified) = verify::<License>(&changed, &ring) {
            // Base 64 padding is the one part that may be written in another way: what is read must be the same to the byte.
            assert_eq!(verified.value, license(), "bit {bit}");
            let read = Envelope::read(&changed).unwrap();
            assert_eq!(
                (read.payload(), read.signatures()),
                (envelope.payload(), envelope.signatures())
            );
        }
    }
}

#[test]
fn kinds_and_roles_are_not_exchanged() {
    let ring = ring();
    let license_key = development_key("license");
    let as_license = sign::sign(&license(), &[&license_key]).unwrap().to_bytes();
    assert_eq!(
        code(verify::<Lease>(&as_license, &ring)),
        "artefact_wrong_type"
    );
    for wrong in ["lease", "crl", "root-1", "release"] {
        let by_wrong = sign::sign(&license(), &[&development_key(wrong)])
            .unwrap()
            .to_bytes();
        assert_eq!(
            code(verify::<License>(&by_wrong, &ring)),
            "artefact_wrong_key",
            "{wrong}"
        );
    }
    // The bytes of a licence under the type of a list.
    let envelope = sign::sign(&license(), &[&license_key]).unwrap();
    let renamed = Envelope::new(
        "crl",
        envelope.payload().to_vec(),
        envelope.signatures().to_vec(),
    );
    assert_eq!(
        code(verify::<Crl>(&renamed.to_bytes(), &ring)),
        "artefact_wrong_key"
    );
    let resigned = sign::sign_payload(
        "crl",
        envelope.payload().to_vec(),
        &[&development_key("crl")],
    )
    .unwrap();
    assert_eq!(
        code(verify::<Crl>(&resigned.to_bytes(), &ring)),
        "artefact_malformed"
    );
    let stranger = SigningKey::from_bytes(&[7; 32]);
    assert_eq!(
        code(verify::<License>(
            &sign::sign(&license(), &[&stranger]).unwrap().to_bytes(),
            &ring
        )),
        "artefact_wrong_key"
    );
}

#[test]
fn one_key_twice_is_one_signature() {
    let key = development_key("crl");
    let mut two = ring();
    two.thresholds.insert(Role::Crl, 2);
    let two = Keyring::new(two.version, two.expires, two.keys, two.thresholds).unwrap();
    let envelope = sign::sign(&crl(1), &[&key]).unwrap();
    let twice = [envelope.signatures(), envelope.signatures()].concat();
    let twice = Envelope::new("crl", envelope.payload().to_vec(), twice);
    assert_eq!(
        code(verify::<Crl>(&twice.to_bytes(), &two)),
        "artefact_threshold"
    );
    assert!(verify::<Crl>(&twice.to_bytes(), &ring()).is_ok());
}

#[test]
fn what_cannot_be_read_in_one_way_is_refused_although_it_is_signed() {
    let (key, ring) = (development_key("license"), ring());
    let payload =
        String::from_utf8(sign::sign(&license(), &[&key]).unwrap().payload().to_vec()).unwrap();
    let refused = |payload: String| {
        let envelope = sign::sign_payload("license", payload.into_bytes(), &[&key]).unwrap();
        code(verify::<License>(&envelope.to_bytes(), &ring))
    };
    assert_eq!(
        refused(payload.replacen('{', r#"{"serial":9,"#, 1)),
        "artefact_duplicate_key"
    );
    assert_eq!(refused(format!("\u{feff}{payload}")), "artefact_malformed");
    assert_eq!(refused(format!("{payload} {{}}")), "artefact_malformed");
    assert_eq!(
        refused(payload.replacen(
            '{',
            &format!(r#"{{"x":{}{},"#, "[".repeat(9), "]".repeat(9)),
            1
        )),
        "artefact_too_deep"
    );
    assert_eq!(
        refused(payload.replacen('{', r#"{"crit":["teleport"],"#, 1)),
        "artefact_unknown_crit"
    );
    let huge = " ".repeat(70_000);
    assert_eq!(
        code(verify::<License>(huge.as_bytes(), &ring)),
        "artefact_too_large"
    );
    // A field that nobody must understand is passed over.
    let newer = payload.replacen('{', r#"{"teleport":true,"#, 1);
    let envelope = sign::sign_payload("license", newer.into_bytes(), &[&key]).unwrap();
    assert_eq!(
        verify::<License>(&envelope.to_bytes(), &ring)
            .unwrap()
            .value,
        license()
    );
}

#[test]
fn revoked_keys_count_for_what_they_really_signed() {
    let key = development_key("license");
    let envelope = sign::sign(&license(), &[&key]).unwrap();
    let genuine = verify::<License>(&envelope.to_bytes(), &ring())
        .unwrap()
        .sha256;
    let mut revoked = ring();
    for entry in &mut revoked.keys {
        if entry.role == Role::License {
            entry.revoked_after = Some(at(100));
            entry.genuine = vec![genuine.clone()];
        }
    }
    let revoked = Keyring::new(2, revoked.expires, revoked.keys, revoked.thresholds).unwrap();
    assert!(verify::<License>(&envelope.to_bytes(), &revoked).is_ok());
    let mut backdated = license();
    backdated.serial = 99;
    let backdated = sign::sign(&backdated, &[&key]).unwrap();
    assert_eq!(
        code(verify::<License>(&backdated.to_bytes(), &revoked)),
        "artefact_key_revoked"
    );
}

#[test]
fn a_revoked_key_spoils_no_signature_of_another() {
    let second = SigningKey::from_bytes(&[42; 32]);
    let public = second.verifying_key().to_bytes();
    let mut two = ring();
    let mut entry = two
        .keys
        .iter()
        .find(|key| key.role == Role::License)
        .unwrap()
        .clone();
    entry.id = fingerprint(&public);
    entry.public = STANDARD.encode(public);
    entry.revoked_after = Some(at(50));
    two.keys.push(entry);
    let two = Keyring::new(2, two.expires, two.keys, two.thresholds).unwrap();
    let good = development_key("license");
    let both = sign::sign(&license(), &[&second, &good]).unwrap();
    let verified = verify::<License>(&both.to_bytes(), &two).unwrap();
    assert_eq!(
        verified.signers,
        [fingerprint(good.verifying_key().as_bytes())]
    );
    let alone = sign::sign(&license(), &[&second]).unwrap();
    assert_eq!(
        code(verify::<License>(&alone.to_bytes(), &two)),
        "artefact_key_revoked"
    );
}

#[test]
fn every_kind_says_what_must_be_understood() {
    let key = development_key("crl");
    let plain = serde_json::to_string(&crl(2)).unwrap();
    let read = |crit: &str| {
        let payload = plain.replacen('{', &format!(r#"{{"crit":["{crit}"],"#), 1);
        let envelope = sign::sign_payload("crl", payload.into_bytes(), &[&key]).unwrap();
        code(verify::<Crl>(&envelope.to_bytes(), &ring()))
    };
    assert_eq!(read("teleport"), "artefact_unknown_crit");
    assert_eq!(read("revoked"), "");
}

#[test]
fn a_revocation_names_exactly_one_thing() {
    let read = |targets: &str| {
        let payload = format!(
            r#"{{"version":2,"this_update":"2026-06-02T00:00:00Z","next_update":"2026-07-02T00:00:00Z","revoked":[{{{targets}"reason":"x","at":"2026-06-02T00:00:00Z","effect":"restrict_new"}}]}}"#
        );
        let key = development_key("crl");
        let envelope = sign::sign_payload("crl", payload.into_bytes(), &[&key]).unwrap();
        code(verify::<Crl>(&envelope.to_bytes(), &ring()))
    };
    assert_eq!(read(r#""license_id":"lic_1","#), "");
    assert_eq!(read(""), "artefact_malformed");
    assert_eq!(
        read(r#""license_id":"lic_1","install_key_fp":"own","#),
        "artefact_malformed"
    );
}

#[test]
fn keys_sign_in_their_time_only() {
    let mut early = license();
    early.issued_at = guildhall_kernel::Timestamp::from_millis(0);
    let envelope = sign::sign(&early, &[&development_key("license")]).unwrap();
    assert_eq!(
        code(verify::<License>(&envelope.to_bytes(), &ring())),
        "artefact_key_period"
    );
}

fn root_entry(key: &SigningKey) -> KeyringKey {
    KeyringKey {
        id: fingerprint(key.verifying_key().as_bytes()),
        alg: Algorithm::Ed25519,
        role: Role::Root,
        public: STANDARD.encode(key.verifying_key().as_bytes()),
        not_before: at(0),
        not_after: at(10_000),
        revoked_after: None,
        genuine: Vec::new(),
    }
}

#[test]
fn roots_rotate_one_version_at_a_time() {
    let keys: Vec<SigningKey> = (1..=5)
        .map(|seed| SigningKey::from_bytes(&[seed; 32]))
        .collect();
    let ring = |version, keys: &[SigningKey]| {
        let keys = keys.iter().map(root_entry).collect();
        Keyring::new(version, at(10_000), keys, BTreeMap::from([(Role::Root, 2)])).unwrap()
    };
    let signed = |ring: &Keyring, signers: &[usize]| {
        let signers: Vec<&dyn sign::Signer> = signers
            .iter()
            .map(|index| &keys[*index] as &dyn sign::Signer)
            .collect();
        sign::sign_keyring(ring, &signers).unwrap().to_bytes()
    };
    let first = Keyring::first(&signed(&ring(1, &keys[..3]), &[0, 1])).unwrap();
    let second = ring(2, &keys[1..4]);
    let third = ring(3, &keys[2..5]);
    // Two of the old ring are not two of the new one, and the other way round.
    assert_eq!(
        code(first.followed_by(&signed(&second, &[0, 1]))),
        "keyring_threshold"
    );
    assert_eq!(
        code(first.followed_by(&signed(&second, &[1, 3]))),
        "keyring_threshold"
    );
    let second_bytes = signed(&second, &[1, 2]);
    let third_bytes = signed(&third, &[2, 3]);
    // A node that skipped one takes both in order, and the third alone never.
    assert_eq!(code(first.followed_by(&third_bytes)), "keyring_threshold");
    let second = first.followed_by(&second_bytes).unwrap();
    let third = second.followed_by(&third_bytes).unwrap();
    assert_eq!(third.version, 3);
    assert_eq!(code(third.followed_by(&second_bytes)), "keyring_threshold");
    assert_eq!(
        code(second.followed_by(&signed(&ring(4, &keys[1..4]), &[1, 2]))),
        "keyring_step"
    );
}

#[test]
fn a_node_signs_its_request_without_the_vendor_s_code() {
    let key = SigningKey::from_bytes(&[9; 32]);
    let public = key.verifying_key().to_bytes();
    let request = ActivationRequest {
        install_id: "node_1".to_owned(),
        install_public_key: STANDARD.encode(public),
        license_id: license().license_id,
        nonce: "n".repeat(32),
        counter: 1,
        product_version: "0.1.0".to_owned(),
        build_date: at(0),
        fingerprints: BTreeMap::new(),
        audit_head: None,
        last_report_seq: 0,
        wall_time: at(3),
        time_floor: at(0),
        clock_anomalies: 0,
    };
    let payload = serde_json::to_vec(&request).unwrap();
    let message = pae(
        "application/vnd.guildhall.activation-request.v1+json",
        &payload,
    );
    let signature = Signature {
        key_id: fingerprint(&public),
        bytes: ed25519_dalek::Signer::sign(&key, &message)
            .to_bytes()
            .to_vec(),
    };
    let envelope = Envelope::new("activation-request", payload.clone(), vec![signature]);
    assert_eq!(
        activation_request(&envelope.to_bytes()).unwrap().value,
        request
    );
    let stranger = sign::sign_payload(
        "activation-request",
        payload,
        &[&SigningKey::from_bytes(&[1; 32])],
    )
    .unwrap();
    assert_eq!(
        code(activation_request(&stranger.to_bytes())),
        "artefact_wrong_key"
    );
}

#[test]
fn only_checked_signatures_are_named() {
    let mut envelope = sign::sign(&license(), &[&development_key("license")]).unwrap();
    let signer = envelope.signatures()[0].key_id.clone();
    // One of a stranger, and one of a key that is trusted for something else: neither is checked, so neither vouches.
    for name in [
        "00".repeat(32),
        sign::Signer::key_id(&development_key("crl")),
    ] {
        envelope.add(Signature {
            key_id: name,
            bytes: vec![1; 64],
        });
    }
    let verified = verify::<License>(&envelope.to_bytes(), &ring()).unwrap();
    assert_eq!(verified.signers, [signer]);
}
