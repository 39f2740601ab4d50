//! One thing wrong at a time.

use super::idp::{Draft, IDP_KEY, NOW, OTHER_KEY, code, decide, decide_with};
use crate::{Certificate, RESPONSE_BYTES_MAX, SpKey, validate_response};

fn with(change: impl FnOnce(&mut Draft)) -> &'static str {
    let mut draft = Draft::default();
    change(&mut draft);
    code(&draft.usual())
}

#[test]
fn what_is_right_is_taken_whoever_signs_what() {
    let draft = Draft::default();
    let inner_only = draft.usual();
    let outer_only = draft.signed_response(&draft.unsigned_assertion(), &IDP_KEY);
    let both = draft.signed_response(&draft.signed_assertion(&IDP_KEY), &IDP_KEY);
    for xml in [&inner_only, &outer_only, &both] {
        let assertion = decide(xml).unwrap();
        assert_eq!(assertion.id, "_assertion-1");
        assert_eq!(assertion.name_id.value, "ana@example.org");
        assert_eq!(assertion.session_index.as_deref(), Some("_session-1"));
        assert_eq!(assertion.values("mail"), ["ana@example.org"]);
        assert_eq!(assertion.values("groups"), ["staff", "R&D"]);
        assert_eq!(assertion.expires_at, NOW.plus_seconds(600));
    }
}

#[test]
fn unsigned_and_wrongly_signed_is_refused() {
    let draft = Draft::default();
    assert_eq!(
        code(&draft.unsigned_response(&draft.unsigned_assertion())),
        "saml_unsigned"
    );
    let by_other = draft.unsigned_response(&draft.signed_assertion(&OTHER_KEY));
    assert_eq!(code(&by_other), "saml_signature_wrong");
    let one_of_two = draft.signed_response(&draft.signed_assertion(&OTHER_KEY), &IDP_KEY);
    assert_eq!(code(&one_of_two), "saml_signature_wrong");
    let changed = draft.usual().replace(
        "ana@example.org</saml:NameID>",
        "bob@example.org</saml:NameID>",
    );
    assert_eq!(code(&changed), "saml_signature_wrong");
    let changed = draft.usual().replace("R&amp;D", "admins");
    assert_eq!(code(&changed), "saml_signature_wrong");
}

#[test]
fn weak_algorithms_are_refused_before_they_are_tried() {
    let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    assert_eq!(
        with(|draft| draft.method = sha1.into()),
        "saml_weak_algorithm"
    );
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    assert_eq!(
        with(|draft| draft.digest = sha1.into()),
        "saml_weak_algorithm"
    );
    let hmac = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    assert_eq!(
        with(|draft| draft.method = hmac.into()),
        "saml_weak_algorithm"
    );
    let validity = (NOW.plus_seconds(-60), NOW.plus_seconds(60));
    let short = SpKey::generate("short", 1024, validity);
    // Neither this key nor its certificate is taken, whoever refuses it first.
    let refused = short.and_then(|key| Certificate::from_der(key.certificate()));
    assert!(refused.is_err());
}

#[test]
fn what_is_meant_for_others_is_refused() {
    assert_eq!(
        with(|draft| draft.issuer = "https://evil.example".into()),
        "saml_wrong_issuer"
    );
    assert_eq!(
        with(|draft| draft.audience = "https://other.example".into()),
        "saml_wrong_audience"
    );
    assert_eq!(
        with(|draft| draft.recipient = "https://other.example/acs".into()),
        "saml_wrong_recipient"
    );
    assert_eq!(
        with(|draft| draft.destination = "https://other.example/acs".into()),
        "saml_wrong_destination"
    );
    assert_eq!(
        with(|draft| draft.in_response_to = Some("_request-2".into())),
        "saml_wrong_request"
    );
    assert_eq!(
        with(|draft| draft.in_response_to = None),
        "saml_wrong_request"
    );
}

#[test]
fn logins_that_nobody_asked_for_are_taken_only_as_such() {
    let unsolicited = Draft {
        in_response_to: None,
        ..Draft::default()
    }
    .usual();
    let allowed = |xml: &str| {
        decide_with(xml, |expected| crate::Expectations {
            in_response_to: None,
            ..expected
        })
    };
    assert!(allowed(&unsolicited).is_ok());
    // A stolen answer to somebody's request is no login that began at the provider.
    assert_eq!(
        allowed(&Draft::default().usual()).unwrap_err().code(),
        "saml_wrong_request"
    );
}

#[test]
fn time_is_taken_with_five_minutes_to_spare() {
    let within = |draft: &mut Draft| {
        draft.not_on_or_after = NOW.plus_seconds(-299);
        draft.not_before = NOW.plus_seconds(-600);
    };
    assert_eq!(with(within), "taken");
    assert_eq!(
        with(|draft| draft.not_on_or_after = NOW.plus_seconds(-300)),
        "saml_expired"
    );
    assert_eq!(
        with(|draft| draft.not_before = NOW.plus_seconds(300)),
        "taken"
    );
    assert_eq!(
        with(|draft| draft.not_before = NOW.plus_seconds(301)),
        "saml_not_yet_valid"
    );
    assert_eq!(
        with(|draft| draft.issued_at = NOW.plus_seconds(301)),
        "saml_not_yet_valid"
    );
}

#[test]
fn certificates_end() {
    let validity = (NOW.plus_seconds(-200), NOW.plus_seconds(-100));
    let old = SpKey::generate("old", 2048, validity).unwrap();
    let draft = Draft::default();
    let xml = draft.unsigned_response(&draft.signed_assertion(&old));
    let certificates = [Certificate::from_der(old.certificate()).unwrap()];
    let expected = crate::Expectations {
        idp_entity_id: super::idp::IDP,
        certificates: &certificates,
        sp_entity_id: super::idp::SP,
        acs_url: super::idp::ACS,
        in_response_to: Some(super::idp::REQUEST),
        keys: &[],
        want_encrypted: false,
    };
    let refused = crate::validate_response_xml(xml.as_bytes(), &expected, NOW).unwrap_err();
    assert_eq!(refused.code(), "saml_certificate_expired");
}

#[test]
fn what_the_provider_refused_is_told() {
    let status = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let draft = Draft {
        status: status.into(),
        ..Draft::default()
    };
    let refused = decide(&draft.usual()).unwrap_err();
    assert_eq!(refused.code(), "saml_status");
    assert!(refused.message().contains("Responder"), "{refused}");
}

#[test]
fn conditions_that_are_not_known_do_not_hold() {
    let strange = "<x:Geofence xmlns:x=\"urn:x\"/>";
    assert_eq!(
        with(|draft| draft.conditions = strange.into()),
        "saml_unknown_condition"
    );
    assert_eq!(
        with(|draft| draft.conditions = "<saml:OneTimeUse/>".into()),
        "taken"
    );
    // Every restriction must name us.
    let other = "<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>";
    assert_eq!(
        with(|draft| draft.conditions = other.into()),
        "saml_wrong_audience"
    );
}

#[test]
fn comments_entities_and_bombs_are_refused() {
    let usual = Draft::default().usual();
    // Canonicalisation drops comments, so the signature would hold.
    let split = usual.replace(
        "ana@example.org</saml:NameID>",
        "ana@example.org<!-- -->.evil</saml:NameID>",
    );
    assert_eq!(code(&split), "saml_forbidden_markup");
    let commented = usual.replace(
        "ana@example.org</saml:NameID>",
        "ana<!-- -->@example.org</saml:NameID>",
    );
    assert_eq!(code(&commented), "saml_forbidden_markup");
    let bomb =
        format!("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>{usual}");
    assert_eq!(code(&bomb), "saml_forbidden_markup");
    let external = format!("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>{usual}");
    assert_eq!(code(&external), "saml_forbidden_markup");
    assert_eq!(code(&usual.replace("staff", "&undefined;")), "saml_not_xml");
    assert_eq!(
        code(&usual.replace("<saml:Subject>", "<?x y?><saml:Subject>")),
        "saml_forbidden_markup"
    );
    assert_eq!(
        code(&usual.replace("staff", "<![CDATA[staff]]>")),
        "saml_forbidden_markup"
    );
    assert_eq!(code(&"<a>".repeat(10_000)), "saml_too_complex");
}

#[test]
fn size_is_bounded_before_anything_is_decoded() {
    let expected = crate::Expectations {
        idp_entity_id: "",
        certificates: &[],
        sp_entity_id: "",
        acs_url: "",
        in_response_to: None,
        keys: &[],
        want_encrypted: false,
    };
    let large = "QUFB".repeat(RESPONSE_BYTES_MAX);
    assert_eq!(
        validate_response(&large, &expected, NOW)
            .unwrap_err()
            .code(),
        "saml_too_large"
    );
    assert_eq!(
        validate_response("not base64!", &expected, NOW)
            .unwrap_err()
            .code(),
        "saml_not_base64"
    );
    assert_eq!(
        validate_response("QUFB", &expected, NOW)
            .unwrap_err()
            .code(),
        "saml_not_xml"
    );
}

#[test]
fn other_messages_are_no_responses() {
    let assertion = Draft::default().signed_assertion(&IDP_KEY);
    assert_eq!(code(&assertion), "saml_not_a_response");
    let old = Draft::default()
        .usual()
        .replacen("Version=\"2.0\"", "Version=\"1.1\"", 1);
    assert_eq!(code(&old), "saml_wrong_version");
}
