//! An identity provider changes its key: for a while two certificates are entered, then one of them is taken out.

use std::sync::LazyLock;

use guildhall_kernel::Timestamp;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use time::OffsetDateTime;

use super::idp::{ACS, Draft, IDP, IDP_KEY, NOW, OTHER_KEY, REQUEST, SP, certificate};
use crate::{
    Certificate, Direction, Expectations, LogoutRequestMessage, NameId, RedirectMessage, SpKey,
    redirect_url, validate_response_xml,
};

const DAY: i64 = 86_400;

/// A key whose certificate ended yesterday.
static OLD_KEY: LazyLock<SpKey> = LazyLock::new(|| {
    let validity = (NOW.plus_seconds(-30 * DAY), NOW.plus_seconds(-DAY));
    SpKey::generate("old", 2048, validity).unwrap()
});

/// Another certificate for the same key.
fn renewed(key: &SpKey, from: Timestamp, until: Timestamp) -> Certificate {
    let pkcs8 = key.pkcs8().into();
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256).unwrap();
    let moment = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_millis() / 1000);
    let mut parameters = CertificateParams::default();
    parameters.not_before = moment(from).unwrap();
    parameters.not_after = moment(until).unwrap();
    let made = parameters.self_signed(&pair).unwrap();
    Certificate::from_der(made.der()).unwrap()
}

/// What becomes of a response with these certificates entered; `taken` when it is not refused.
fn decide(xml: &str, certificates: &[Certificate]) -> &'static str {
    let expected = Expectations {
        idp_entity_id: IDP,
        certificates,
        sp_entity_id: SP,
        acs_url: ACS,
        in_response_to: Some(REQUEST),
        keys: &[],
        want_encrypted: false,
    };
    let decided = validate_response_xml(xml.as_bytes(), &expected, NOW);
    decided.map_or_else(|refusal| refusal.code(), |_| "taken")
}

/// A response with a signed assertion, and one that is signed itself.
fn signed_by(key: &SpKey) -> [String; 2] {
    let draft = Draft::default();
    [
        draft.unsigned_response(&draft.signed_assertion(key)),
        draft.signed_response(&draft.unsigned_assertion(), key),
    ]
}

#[test]
fn while_two_certificates_are_entered_either_key_signs() {
    let (first, second) = (certificate(&IDP_KEY), certificate(&OTHER_KEY));
    for key in [&IDP_KEY, &OTHER_KEY] {
        for xml in signed_by(key) {
            assert_eq!(decide(&xml, &[first.clone(), second.clone()]), "taken");
            assert_eq!(decide(&xml, &[second.clone(), first.clone()]), "taken");
        }
    }
    // Response and assertion need not be signed by the same one.
    let draft = Draft::default();
    let mixed = draft.signed_response(&draft.signed_assertion(&IDP_KEY), &OTHER_KEY);
    assert_eq!(decide(&mixed, &[first.clone(), second]), "taken");
    assert_eq!(decide(&mixed, &[first]), "saml_signature_wrong");
}

#[test]
fn a_certificate_that_was_taken_out_lets_nobody_in() {
    for xml in signed_by(&IDP_KEY) {
        let new_only = [certificate(&OTHER_KEY)];
        assert_eq!(decide(&xml, &new_only), "saml_signature_wrong");
        assert_eq!(decide(&xml, &[]), "saml_signature_wrong");
    }
}

#[test]
fn a_certificate_that_ended_harms_no_other_and_helps_nobody() {
    let (old, good) = (certificate(&OLD_KEY), certificate(&IDP_KEY));
    for xml in signed_by(&IDP_KEY) {
        assert_eq!(decide(&xml, &[old.clone(), good.clone()]), "taken");
        assert_eq!(decide(&xml, &[good.clone(), old.clone()]), "taken");
    }
    for xml in signed_by(&OLD_KEY) {
        let ended = "saml_certificate_expired";
        assert_eq!(decide(&xml, &[old.clone(), good.clone()]), ended);
        assert_eq!(decide(&xml, &[good.clone(), old.clone()]), ended);
    }
}

#[test]
fn a_certificate_renewed_for_the_same_key_counts_from_its_first_day() {
    let old = certificate(&OLD_KEY);
    let renewed_now = renewed(&OLD_KEY, NOW.plus_seconds(-DAY), NOW.plus_seconds(DAY));
    let not_yet = renewed(&OLD_KEY, NOW.plus_seconds(DAY), NOW.plus_seconds(2 * DAY));
    for xml in signed_by(&OLD_KEY) {
        assert_eq!(decide(&xml, &[old.clone(), renewed_now.clone()]), "taken");
        assert_eq!(decide(&xml, &[renewed_now.clone(), old.clone()]), "taken");
        let ended = "saml_certificate_expired";
        assert_eq!(decide(&xml, &[old.clone(), not_yet.clone()]), ended);
        assert_eq!(decide(&xml, std::slice::from_ref(&not_yet)), ended);
    }
}

#[test]
fn logout_messages_are_held_against_the_same_certificates() {
    let name_id = NameId {
        value: "ana@example.org".into(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
    };
    let request = LogoutRequestMessage {
        id: "_logout-1",
        issued_at: NOW,
        destination: ACS,
        issuer: IDP,
        name_id: &name_id,
        session_index: None,
    };
    let message = (Direction::Request, request.to_xml());
    let signed = |key: &SpKey, certificates: &[Certificate]| {
        let url = redirect_url(ACS, (message.0, message.1.as_str()), None, Some(key)).unwrap();
        let read = RedirectMessage::read(url.split_once('?').unwrap().1).unwrap();
        read.is_signed(certificates, NOW)
            .map_err(|refusal| refusal.code())
    };
    let both = [certificate(&OLD_KEY), certificate(&OTHER_KEY)];
    assert_eq!(signed(&OTHER_KEY, &both), Ok(true));
    assert_eq!(signed(&IDP_KEY, &both), Err("saml_signature_wrong"));
    assert_eq!(signed(&OLD_KEY, &both), Err("saml_certificate_expired"));
}
