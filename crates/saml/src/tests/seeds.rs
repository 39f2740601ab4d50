//! What the fuzz target `assertion` begins with reaches the end: otherwise it would try out nothing but refusals.

use super::idp::{ACS, IDP, REQUEST, SP};
use crate::{Assertion, Expectations, Result, encoding::instant, fuzzing::read_opened};

fn read(xml: &str) -> Result<Assertion> {
    let expected = Expectations {
        idp_entity_id: IDP,
        certificates: &[],
        sp_entity_id: SP,
        acs_url: ACS,
        in_response_to: Some(REQUEST),
        keys: &[],
        want_encrypted: false,
    };
    let made_at = instant(include_str!("data/made_at.txt")).unwrap();
    read_opened(xml.as_bytes(), &expected, made_at)
}

#[test]
fn every_seed_is_taken() {
    for (xml, name) in [
        (include_str!("../../fuzz/seeds/assertion/all.xml"), "ana"),
        (
            include_str!("../../fuzz/seeds/assertion/normal.xml"),
            "ana-7f3a",
        ),
        (
            include_str!("../../fuzz/seeds/assertion/signed_response.xml"),
            "ana-7f3a",
        ),
        (
            include_str!("../../fuzz/seeds/assertion/odd.xml"),
            "müller & \"söhne\" <a>",
        ),
    ] {
        assert_eq!(read(xml).unwrap().name_id.value, name);
    }
}

#[test]
fn past_the_signature_everything_else_is_still_asked() {
    let all = include_str!("../../fuzz/seeds/assertion/all.xml");
    let code = |from: &str, to: &str| {
        assert!(all.contains(from), "{from}");
        read(&all.replacen(from, to, 1)).unwrap_err().code()
    };
    assert_eq!(code(SP, "https://other.example"), "saml_wrong_audience");
    assert_eq!(code(ACS, "https://other.example"), "saml_wrong_recipient");
    assert_eq!(code(REQUEST, "_request-2"), "saml_wrong_request");
    assert_eq!(
        code("saml:OneTimeUse", "saml:Never"),
        "saml_unknown_condition"
    );
    assert_eq!(
        code("<ds:SignedInfo/>", "<ds:Signature/>"),
        "saml_signature_elsewhere"
    );
}
