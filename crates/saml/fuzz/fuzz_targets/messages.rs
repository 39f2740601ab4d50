//! Nothing makes reading metadata, certificates and messages in addresses panic.
#![no_main]

use guildhall_kernel::Timestamp;
use guildhall_saml::{
    Certificate, Direction, LogoutExpectations, RedirectMessage, parse_metadata, read_logout_post,
    read_logout_redirect,
};

const NOW: Timestamp = Timestamp::from_millis(1_767_571_200_000);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Certificate::from_der(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = Certificate::from_text(text);
    let _ = parse_metadata(text, NOW);
    let expected = LogoutExpectations {
        idp_entity_id: "https://idp.example/metadata",
        certificates: &[],
        slo_url: "https://node.example/saml/idp_1/logout",
    };
    let _ = read_logout_post(Direction::Request, text, &expected, NOW);
    if let Ok(message) = RedirectMessage::read(text) {
        let _ = read_logout_redirect(&message, &expected, NOW);
    }
});
