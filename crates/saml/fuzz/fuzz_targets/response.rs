//! Nothing that is posted as a response makes deciding panic, and nothing is taken that nobody signed.
#![no_main]

use std::sync::LazyLock;

use guildhall_kernel::Timestamp;
use guildhall_saml::{Certificate, Expectations, SpKey, validate_response, validate_response_xml};

const NOW: Timestamp = Timestamp::from_millis(1_767_571_200_000);

fn key() -> SpKey {
    let validity = (NOW.plus_seconds(-86_400), NOW.plus_seconds(86_400));
    SpKey::generate("fuzz", 2048, validity).expect("the system makes keys")
}

/// The key that opens, and the certificate of a provider that never signed anything.
static KEYS: LazyLock<([SpKey; 1], [Certificate; 1])> = LazyLock::new(|| {
    let certificate =
        Certificate::from_der(key().certificate()).expect("its own certificate reads");
    ([key()], [certificate])
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (keys, certificates) = &*KEYS;
    let expected = Expectations {
        idp_entity_id: "https://idp.example/metadata",
        certificates,
        sp_entity_id: "https://node.example/saml/idp_1/metadata",
        acs_url: "https://node.example/saml/idp_1/acs",
        in_response_to: Some("_request-1"),
        keys,
        want_encrypted: false,
    };
    assert!(validate_response_xml(bytes, &expected, NOW).is_err());
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(validate_response(text, &expected, NOW).is_err());
    }
});
