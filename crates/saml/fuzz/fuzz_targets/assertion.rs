//! Whatever a signature covers: reading it does not panic, and what is read of it keeps to the bounds.
#![no_main]

use guildhall_kernel::Timestamp;
use guildhall_saml::{Expectations, fuzzing::read_opened};

/// When the responses in the crate's tests were made, 2026-11-27T10:43:17Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_776_197_000);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let expected = Expectations {
        idp_entity_id: "https://idp.example/metadata",
        certificates: &[],
        sp_entity_id: "https://node.example/saml/idp_1/metadata",
        acs_url: "https://node.example/saml/idp_1/acs",
        in_response_to: Some("_request-1"),
        keys: &[],
        want_encrypted: false,
    };
    let Ok(read) = read_opened(bytes, &expected, NOW) else {
        return;
    };
    assert!(!read.name_id.value.is_empty() && read.name_id.value.len() <= 1024);
    assert!(read.id.len() <= 1024 && read.expires_at > NOW);
    let values: usize = read.attributes.iter().map(|found| found.values.len()).sum();
    assert!(read.attributes.len() <= 200 && values <= 2000);
});
