//! Logout messages, both ways.

use super::idp::{Draft, IDP, IDP_KEY, NOW, OTHER_KEY, certificate};
use crate::{
    Direction, LogoutExpectations, LogoutMessage, LogoutRequestMessage, LogoutResponseMessage,
    NameId, RedirectMessage, Result, SpKey, encoding::base64_encode, read_logout_post,
    read_logout_redirect, redirect_url,
};

const SLO: &str = "https://node.example/saml/idp_1/logout";

fn name() -> NameId {
    NameId {
        value: "ana@example.org".into(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        name_qualifier: Some(IDP.into()),
        sp_name_qualifier: None,
    }
}

fn request(issuer: &str, destination: &str) -> String {
    LogoutRequestMessage {
        id: "_logout-1",
        issued_at: NOW,
        destination,
        issuer,
        name_id: &name(),
        session_index: Some("_session-1"),
    }
    .to_xml()
}

fn decide(direction: Direction, xml: &str, key: Option<&SpKey>) -> Result<LogoutMessage> {
    let certificates = [certificate(&IDP_KEY)];
    let expected = LogoutExpectations {
        idp_entity_id: IDP,
        certificates: &certificates,
        slo_url: SLO,
    };
    let url = redirect_url(SLO, (direction, xml), Some("state"), key).unwrap();
    let message = RedirectMessage::read(url.split_once('?').unwrap().1)?;
    read_logout_redirect(&message, &expected, NOW)
}

#[test]
fn signed_requests_are_taken() {
    let taken = decide(Direction::Request, &request(IDP, SLO), Some(&IDP_KEY)).unwrap();
    let LogoutMessage::Request(request) = taken else {
        panic!("not a request")
    };
    assert_eq!(request.name_id, name());
    assert_eq!(request.session_indexes, ["_session-1"]);
}

#[test]
fn others_are_refused() {
    let code = |xml: &str, key| decide(Direction::Request, xml, key).unwrap_err().code();
    let good = request(IDP, SLO);
    assert_eq!(code(&good, None), "saml_unsigned");
    assert_eq!(code(&good, Some(&OTHER_KEY)), "saml_signature_wrong");
    assert_eq!(
        code(&request("https://evil.example", SLO), Some(&IDP_KEY)),
        "saml_wrong_issuer"
    );
    assert_eq!(
        code(&request(IDP, "https://other.example"), Some(&IDP_KEY)),
        "saml_wrong_destination"
    );
    let old = good.replace(&NOW.to_rfc3339(), &NOW.plus_seconds(-901).to_rfc3339());
    assert_eq!(code(&old, Some(&IDP_KEY)), "saml_expired");
}

#[test]
fn a_changed_address_is_refused() {
    let url = redirect_url(
        SLO,
        (Direction::Request, &request(IDP, SLO)),
        Some("state"),
        Some(&IDP_KEY),
    )
    .unwrap();
    let query = url.split_once('?').unwrap().1;
    let certificates = [certificate(&IDP_KEY)];
    let signed = |query: &str| {
        RedirectMessage::read(query).and_then(|message| message.is_signed(&certificates, NOW))
    };
    assert_eq!(signed(query), Ok(true));
    let changed = query.replace("RelayState=state", "RelayState=other");
    assert_eq!(signed(&changed).unwrap_err().code(), "saml_signature_wrong");
    let weak = query.replace("rsa-sha256", "rsa-sha1");
    assert_eq!(signed(&weak).unwrap_err().code(), "saml_weak_algorithm");
}

#[test]
fn forms_carry_their_signature_inside() {
    let certificates = [certificate(&IDP_KEY)];
    let expected = LogoutExpectations {
        idp_entity_id: IDP,
        certificates: &certificates,
        slo_url: SLO,
    };
    let template = request(IDP, SLO).replace("</saml:Issuer>", "</saml:Issuer>@signature@");
    let signed = Draft::default().sign(&template, "_logout-1", &IDP_KEY);
    let post = |xml: &str| {
        read_logout_post(
            Direction::Request,
            &base64_encode(xml.as_bytes()),
            &expected,
            NOW,
        )
    };
    assert!(matches!(post(&signed), Ok(LogoutMessage::Request(_))));
    assert_eq!(
        post(&template.replace("@signature@", ""))
            .unwrap_err()
            .code(),
        "saml_unsigned"
    );
}

#[test]
fn answers_may_be_unsigned_but_not_wrong() {
    let answer = LogoutResponseMessage {
        id: "_answer-1",
        issued_at: NOW,
        destination: SLO,
        issuer: IDP,
        in_response_to: "_logout-2",
    }
    .to_xml();
    let taken = decide(Direction::Response, &answer, None).unwrap();
    assert_eq!(
        taken,
        LogoutMessage::Response {
            in_response_to: "_logout-2".into(),
            failure: None
        }
    );
    assert!(decide(Direction::Response, &answer, Some(&OTHER_KEY)).is_err());
    assert_eq!(
        decide(Direction::Request, &answer, Some(&IDP_KEY))
            .unwrap_err()
            .code(),
        "saml_not_a_logout"
    );
}
