//! Metadata, written and read.

use super::idp::{IDP, IDP_KEY, NOW, OTHER_KEY, SP_KEY, certificate};
use crate::{
    SpDescription, SpKey,
    encoding::base64_encode,
    parse_metadata,
    scan::Comments,
    xml::{ns, parse},
};

fn idp_metadata(certificates: &[&SpKey], more: &str) -> String {
    let keys: String = certificates.iter().fold(String::new(), |text, key| {
        text + &format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"{}\"><X509Data><X509Certificate>\n{}\n</X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            ns::SIGNATURE,
            base64_encode(key.certificate())
        )
    });
    format!(
        "<?xml version=\"1.0\"?><!-- made by hand --><EntityDescriptor xmlns=\"{}\" entityID=\"{IDP}\" {more}>\
         <IDPSSODescriptor WantAuthnRequestsSigned=\"true\" protocolSupportEnumeration=\"{}\">{keys}\
         <SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/slo\"/>\
         <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example/post\"/>\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/sso\"/>\
         </IDPSSODescriptor></EntityDescriptor>",
        ns::METADATA,
        ns::PROTOCOL
    )
}

#[test]
fn an_identity_providers_metadata_read() {
    let read = parse_metadata(&idp_metadata(&[&IDP_KEY, &OTHER_KEY], ""), NOW).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert_eq!(read.sso_url, "https://idp.example/sso");
    assert_eq!(read.slo_url.as_deref(), Some("https://idp.example/slo"));
    assert_eq!(
        read.certificates,
        [certificate(&IDP_KEY), certificate(&OTHER_KEY)]
    );
    assert!(read.wants_signed_requests);
}

#[test]
fn metadata_without_what_is_needed_are_refused() {
    let code = |xml: &str| parse_metadata(xml, NOW).unwrap_err().code();
    let one = idp_metadata(&[&IDP_KEY], "");
    assert_eq!(code(&idp_metadata(&[], "")), "saml_metadata_no_certificate");
    assert_eq!(
        code(&idp_metadata(
            &[&IDP_KEY],
            "validUntil=\"2020-01-01T00:00:00Z\""
        )),
        "saml_metadata_expired"
    );
    assert_eq!(
        code(&one.replace("HTTP-Redirect", "SOAP")),
        "saml_metadata_no_redirect"
    );
    assert_eq!(
        code("<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>"),
        "saml_metadata_no_idp"
    );
    assert_eq!(code(&format!("<!DOCTYPE x>{one}")), "saml_forbidden_markup");
    assert_eq!(code("not xml"), "saml_not_xml");
}

#[test]
fn while_keys_change_both_certificates_stand_in_ours() {
    let keys = [SP_KEY.clone(), OTHER_KEY.clone()];
    let xml = SpDescription {
        entity_id: "https://node.example/a?b&c",
        acs_url: "https://node.example/acs",
        slo_url: "https://node.example/logout",
        signs_requests: true,
        keys: &keys,
        name_id_format: None,
    }
    .to_xml();
    let root = parse(&xml, Comments::Refused).unwrap();
    assert_eq!(
        root.attribute("entityID"),
        Some("https://node.example/a?b&c")
    );
    let role = root.one(ns::METADATA, "SPSSODescriptor").unwrap();
    let uses: Vec<_> = role
        .all(ns::METADATA, "KeyDescriptor")
        .filter_map(|key| key.attribute("use"))
        .collect();
    assert_eq!(uses, ["signing", "encryption", "signing", "encryption"]);
}
