//! An identity provider that signs with the crate's own canonicalisation. What other programs sign is
//! tried in `foreign`.

use std::sync::LazyLock;

use guildhall_kernel::Timestamp;
use ring::digest;

use crate::{
    Assertion, Certificate, Expectations, RSA_SHA256, Result, SpKey,
    canonical::{Form, canonical},
    encoding::base64_encode,
    scan::Comments,
    validate_response_xml,
    xml::{ns, parse},
};

/// 2026-01-05, a Monday.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_767_571_200_000);
pub(super) const IDP: &str = "https://idp.example/metadata";
pub(super) const SP: &str = "https://node.example/saml/idp_1/metadata";
pub(super) const ACS: &str = "https://node.example/saml/idp_1/acs";
pub(super) const REQUEST: &str = "_request-1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

fn key() -> SpKey {
    let validity = (NOW.plus_seconds(-86_400), NOW.plus_seconds(86_400));
    SpKey::generate("test", 2048, validity).unwrap()
}

pub(super) static IDP_KEY: LazyLock<SpKey> = LazyLock::new(key);
pub(super) static OTHER_KEY: LazyLock<SpKey> = LazyLock::new(key);
pub(super) static SP_KEY: LazyLock<SpKey> = LazyLock::new(key);

pub(super) fn certificate(key: &SpKey) -> Certificate {
    Certificate::from_der(key.certificate()).unwrap()
}

/// What an identity provider says; change a field to change it.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) recipient: String,
    pub(super) destination: String,
    pub(super) in_response_to: Option<String>,
    pub(super) issued_at: Timestamp,
    pub(super) not_before: Timestamp,
    pub(super) not_on_or_after: Timestamp,
    pub(super) name_id: String,
    pub(super) status: String,
    pub(super) method: String,
    pub(super) digest: String,
    /// More conditions, as XML.
    pub(super) conditions: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            issuer: IDP.into(),
            audience: SP.into(),
            recipient: ACS.into(),
            destination: ACS.into(),
            in_response_to: Some(REQUEST.into()),
            issued_at: NOW,
            not_before: NOW.plus_seconds(-60),
            not_on_or_after: NOW.plus_seconds(300),
            name_id: "ana@example.org".into(),
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".into(),
            method: RSA_SHA256.into(),
            digest: SHA256.into(),
            conditions: String::new(),
        }
    }
}

/// Where a signature goes.
const PLACE: &str = "@signature@";

impl Draft {
    /// An assertion with a place for its signature.
    fn assertion_template(&self) -> String {
        let answer = self
            .in_response_to
            .as_ref()
            .map_or_else(String::new, |id| format!(" InResponseTo=\"{id}\""));
        format!(
            "<saml:Assertion xmlns:saml=\"{assertion}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ID=\"_assertion-1\" IssueInstant=\"{issued}\" Version=\"2.0\">\
             <saml:Issuer>{issuer}</saml:Issuer>{PLACE}<saml:Subject>\
             <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData\
             {answer} NotOnOrAfter=\"{until}\" Recipient=\"{recipient}\"/></saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>\
             </saml:AudienceRestriction>{conditions}</saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{issued}\" SessionIndex=\"_session-1\"><saml:AuthnContext><saml:AuthnContextClassRef>\
             urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement><saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\">\
             <saml:AttributeValue xsi:type=\"xs:string\">ana@example.org</saml:AttributeValue></saml:Attribute>\
             <saml:Attribute Name=\"groups\"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>R&amp;D</saml:AttributeValue>\
             </saml:Attribute></saml:AttributeStatement></saml:Assertion>",
            assertion = ns::ASSERTION,
            issued = self.issued_at.to_rfc3339(),
            issuer = self.issuer,
            name = self.name_id,
            until = self.not_on_or_after.to_rfc3339(),
            from = self.not_before.to_rfc3339(),
            recipient = self.recipient,
            audience = self.audience,
            conditions = self.conditions,
        )
    }

    fn response_template(&self, inner: &str) -> String {
        let answer = self
            .in_response_to
            .as_ref()
            .map_or_else(String::new, |id| format!(" InResponseTo=\"{id}\""));
        format!(
            "<samlp:Response xmlns:samlp=\"{protocol}\" xmlns:saml=\"{assertion}\" Destination=\"{destination}\" ID=\"_response-1\"\
             {answer} IssueInstant=\"{issued}\" Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer>{PLACE}<samlp:Status>\
             <samlp:StatusCode Value=\"{status}\"/></samlp:Status>{inner}</samlp:Response>",
            protocol = ns::PROTOCOL,
            assertion = ns::ASSERTION,
            destination = self.destination,
            issued = self.issued_at.to_rfc3339(),
            issuer = self.issuer,
            status = self.status,
        )
    }

    pub(super) fn unsigned_assertion(&self) -> String {
        self.assertion_template().replace(PLACE, "")
    }

    pub(super) fn signed_assertion(&self, key: &SpKey) -> String {
        self.sign(&self.assertion_template(), "_assertion-1", key)
    }

    pub(super) fn unsigned_response(&self, inner: &str) -> String {
        self.response_template(inner).replace(PLACE, "")
    }

    pub(super) fn signed_response(&self, inner: &str, key: &SpKey) -> String {
        self.sign(&self.response_template(inner), "_response-1", key)
    }

    /// A response whose assertion is signed: what most identity providers send.
    pub(super) fn usual(&self) -> String {
        self.unsigned_response(&self.signed_assertion(&IDP_KEY))
    }

    /// Puts a signature into its place.
    pub(super) fn sign(&self, template: &str, id: &str, key: &SpKey) -> String {
        let bare = parse(&template.replace(PLACE, ""), Comments::Refused).unwrap();
        let bytes = canonical(
            &bare,
            Form {
                inclusive: &["xs".to_owned()],
                without: None,
            },
        );
        let digest = digest::digest(&digest::SHA256, bytes.as_bytes());
        let unsigned = self.signature(id, &base64_encode(digest.as_ref()), "");
        let parsed = parse(&unsigned, Comments::Refused).unwrap();
        let info = parsed.one(ns::SIGNATURE, "SignedInfo").unwrap();
        let value = key
            .sign(canonical(info, Form::default()).as_bytes())
            .unwrap();
        template.replace(
            PLACE,
            &self.signature(id, &base64_encode(digest.as_ref()), &base64_encode(&value)),
        )
    }

    fn signature(&self, id: &str, digest: &str, value: &str) -> String {
        format!(
            "<ds:Signature xmlns:ds=\"{ds}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{exclusive}\"/>\
             <ds:SignatureMethod Algorithm=\"{method}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{ds}enveloped-signature\"/><ds:Transform Algorithm=\"{exclusive}\">\
             <ec:InclusiveNamespaces xmlns:ec=\"{exclusive}\" PrefixList=\"xs\"/></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{hash}\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
             <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{own}</ds:X509Certificate>\
             </ds:X509Data></ds:KeyInfo></ds:Signature>",
            ds = ns::SIGNATURE,
            exclusive = ns::EXCLUSIVE,
            method = self.method,
            hash = self.digest,
            own = base64_encode(OTHER_KEY.certificate()),
        )
    }
}

/// Decides on a response with the usual settings.
pub(super) fn decide(xml: &str) -> Result<Assertion> {
    decide_with(xml, |expected| expected)
}

/// The same with settings changed.
pub(super) fn decide_with(
    xml: &str,
    change: impl for<'a> Fn(Expectations<'a>) -> Expectations<'a>,
) -> Result<Assertion> {
    let (certificates, keys) = ([certificate(&IDP_KEY)], [SP_KEY.clone()]);
    let expected = Expectations {
        idp_entity_id: IDP,
        certificates: &certificates,
        sp_entity_id: SP,
        acs_url: ACS,
        in_response_to: Some(REQUEST),
        keys: &keys,
        want_encrypted: false,
    };
    validate_response_xml(xml.as_bytes(), &change(expected), NOW)
}

/// Why a response was refused; `taken` when it was not.
pub(super) fn code(xml: &str) -> &'static str {
    decide(xml).map_or_else(|refusal| refusal.code(), |_| "taken")
}
