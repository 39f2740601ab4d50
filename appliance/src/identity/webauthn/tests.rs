//! What no browser would send. Whole ceremonies are in the integration tests, with an authenticator in software.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const EXPECTED: Expected<'_> = Expected {
    nonce: b"nonce",
    origin: "https://node.example",
    rp_id: "node.example",
    user_verification: true,
};

fn known(public_key: &[u8]) -> Known<'_> {
    Known {
        public_key,
        sign_count: 0,
        backup_eligible: false,
        user_handle: b"per_1",
    }
}

#[test]
fn data_ends_where_it_says() {
    let hash = [0_u8; 32];
    let plain = [&hash[..], &[1], &[0, 0, 0, 7]].concat();
    assert_eq!(AuthenticatorData::read(&plain).ok().unwrap().sign_count, 7);
    let longer = [&plain[..], &[0]].concat();
    assert!(AuthenticatorData::read(&longer).is_err());
    // Says that a key follows, and none does.
    let hollow = [&hash[..], &[0x41], &[0, 0, 0, 7]].concat();
    assert!(AuthenticatorData::read(&hollow).is_err());
}

#[test]
fn keys_of_other_kinds_are_refused() {
    // {1: 2, 3: -35, -1: 2}: ES384.
    let es384 = [0xa3, 0x01, 0x02, 0x03, 0x38, 0x22, 0x20, 0x02];
    assert!(cose::check(&es384).is_err());
    // {1: 2, 3: -7, -1: 1} without a point.
    let pointless = [0xa3, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
    assert!(cose::check(&pointless).is_err());
    assert!(cose::check(&[0xa0, 0x00]).is_err(), "more than one item");
}

proptest! {
    #[test]
    fn no_bytes_break_the_readers(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = AuthenticatorData::read(&bytes);
        prop_assert!(cose::verify(&bytes, b"message", b"signature").is_err());
        let text = BASE64URL_NOPAD.encode(&bytes);
        let made = json!({ "id": "AAAA", "type": "public-key", "response": {
            "clientDataJSON": text, "attestationObject": text } });
        prop_assert!(register(&made, EXPECTED).is_err());
        let used = json!({ "id": "AAAA", "type": "public-key", "response": {
            "clientDataJSON": text, "authenticatorData": text, "signature": text, "userHandle": text } });
        prop_assert!(verify(&used, EXPECTED, known(&bytes)).is_err());
    }
}
