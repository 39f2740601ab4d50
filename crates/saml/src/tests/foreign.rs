//! Responses that another program made, signed and encrypted (pysaml2 and xmlsec1; see `data/README.md`).

use guildhall_kernel::Timestamp;
use zeroize::Zeroizing;

use super::idp::{ACS, REQUEST, SP};
use crate::{
    Assertion, Certificate, Expectations, Result, SpKey,
    encoding::{base64_decode, instant},
    validate_response_xml,
};

fn sp_key() -> SpKey {
    let key = base64_decode(include_str!("data/sp_key.txt")).unwrap();
    let certificate = base64_decode(include_str!("data/sp_certificate.txt")).unwrap();
    SpKey::from_parts(Zeroizing::new(key), certificate).unwrap()
}

fn made_at() -> Timestamp {
    instant(include_str!("data/made_at.txt")).unwrap()
}

fn decide_at(xml: &str, now: Timestamp) -> Result<Assertion> {
    let certificates = [Certificate::from_text(include_str!("data/idp_certificate.txt")).unwrap()];
    let keys = [sp_key()];
    let expected = Expectations {
        idp_entity_id: "https://idp.example/metadata",
        certificates: &certificates,
        sp_entity_id: SP,
        acs_url: ACS,
        in_response_to: Some(REQUEST),
        keys: &keys,
        want_encrypted: false,
    };
    validate_response_xml(xml.as_bytes(), &expected, now)
}

#[test]
fn what_pysaml2_and_xmlsec1_make_is_taken() {
    for (xml, is_encrypted) in [
        (include_str!("data/normal.xml"), false),
        (include_str!("data/signed_response.xml"), false),
        (include_str!("data/encrypted.xml"), true),
        (include_str!("data/encrypted_response.xml"), true),
    ] {
        let assertion = decide_at(xml, made_at()).unwrap();
        assert_eq!(assertion.name_id.value, "ana-7f3a");
        assert_eq!(assertion.values("mail"), ["ana@example.test"]);
        assert_eq!(assertion.values("eduPersonAffiliation"), ["staff"]);
        assert_eq!(assertion.encrypted, is_encrypted);
        let late = made_at().plus_seconds(3600);
        assert_eq!(decide_at(xml, late).unwrap_err().code(), "saml_expired");
    }
}

#[test]
fn odd_but_right_xml_is_taken_as_xmlsec1_signed_it() {
    let assertion = decide_at(include_str!("data/odd.xml"), made_at()).unwrap();
    assert_eq!(assertion.name_id.value, "müller & \"söhne\" <a>");
    // The second value is in no namespace, so it is none.
    assert_eq!(assertion.values("odd"), ["one\r\ntwo"]);
    assert_eq!(assertion.attributes[0].name, "a\tb\nc\"d'e<");
}
