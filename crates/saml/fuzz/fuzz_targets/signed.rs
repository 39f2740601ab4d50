//! Whatever is made of responses that an identity provider signed: what is taken is what it signed, word for word.
#![no_main]

use std::sync::LazyLock;

use guildhall_kernel::Timestamp;
use guildhall_saml::{
    Assertion, Certificate, Expectations, SpKey, validate_response, validate_response_xml,
};
use zeroize::Zeroizing;

/// When the responses in the crate's tests were made, 2026-11-27T10:43:17Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_776_197_000);

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../src/tests/data/", $name))
    };
}

struct Genuine {
    certificates: [Certificate; 1],
    keys: [SpKey; 1],
    /// What the responses say that were really signed.
    said: Vec<Assertion>,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let der = |text: &str| {
        let certificate = Certificate::from_text(text);
        certificate.map(|certificate| certificate.der().to_vec())
    };
    let key = Zeroizing::new(base64(data!("sp_key.txt")));
    let own = der(data!("sp_certificate.txt")).expect("the certificate of the tests reads");
    let mut genuine = Genuine {
        certificates: [Certificate::from_text(data!("idp_certificate.txt")).expect("it reads")],
        keys: [SpKey::from_parts(key, own).expect("the key of the tests can be used")],
        said: Vec::new(),
    };
    let made = [
        data!("normal.xml"),
        data!("signed_response.xml"),
        data!("encrypted.xml"),
        data!("encrypted_response.xml"),
        data!("odd.xml"),
    ];
    let said = made.map(|xml| validate_response_xml(xml.as_bytes(), &genuine.expected(), NOW));
    genuine.said = said
        .map(|said| said.expect("what was signed is taken"))
        .into();
    genuine
});

impl Genuine {
    fn expected(&self) -> Expectations<'_> {
        Expectations {
            idp_entity_id: "https://idp.example/metadata",
            certificates: &self.certificates,
            sp_entity_id: "https://node.example/saml/idp_1/metadata",
            acs_url: "https://node.example/saml/idp_1/acs",
            in_response_to: Some("_request-1"),
            keys: &self.keys,
            want_encrypted: false,
        }
    }

    /// Whether an identity provider said this; anybody may encrypt it.
    fn is_said(&self, taken: &Assertion) -> bool {
        let is_same = |said: &Assertion| {
            let encrypted = taken.encrypted;
            Assertion {
                encrypted,
                ..said.clone()
            } == *taken
        };
        self.said.iter().any(is_same)
    }
}

/// Base64 without line breaks or errors.
fn base64(text: &str) -> Vec<u8> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.trim().chars().filter_map(|digit| digits.find(digit));
    let values: Vec<usize> = values.collect();
    let bytes = values.chunks(4).flat_map(|chunk| {
        let all = chunk.iter().fold(0, |all, value| all << 6 | value) << (6 * (4 - chunk.len()));
        [all >> 16, all >> 8, all]
            .into_iter()
            .take(chunk.len() - 1)
            .map(|byte| byte as u8)
    });
    bytes.collect()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let genuine = &*GENUINE;
    if let Ok(taken) = validate_response_xml(bytes, &genuine.expected(), NOW) {
        assert!(genuine.is_said(&taken), "{taken:?}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = validate_response(text, &genuine.expected(), NOW);
    }
});
