//! A response to a login: from the bytes of a form to an assertion that may be believed.

use guildhall_kernel::Timestamp;

use crate::{
    assertion::{
        self, Assertion, check_in_response_to, check_issuer, check_version, not_from_the_future,
    },
    certificate::Certificate,
    encoding::base64_decode,
    encryption,
    key::SpKey,
    refusal::{Refusal, Result, quoted},
    scan::Comments,
    signature::{self, Signed},
    xml::{Element, ns, parse},
};

/// Largest response, in bytes of XML.
pub const RESPONSE_BYTES_MAX: usize = 256 * 1024;
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What a response is held against: settings and the login request, never the response itself.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// Who must have sent it.
    pub idp_entity_id: &'a str,
    /// Whose signatures are taken: one or, while the identity provider changes keys, several.
    pub certificates: &'a [Certificate],
    /// Who it must be for.
    pub sp_entity_id: &'a str,
    /// Where it must be sent.
    pub acs_url: &'a str,
    /// The login request it must answer; without one only what answers nothing is taken
    /// (IdP-initiated, which the caller must have allowed).
    pub in_response_to: Option<&'a str>,
    /// The keys that open encrypted assertions.
    pub keys: &'a [SpKey],
    /// Whether an assertion must come encrypted.
    pub want_encrypted: bool,
}

/// Decides on the value of the form field `SAMLResponse` (base64).
///
/// Taken is an assertion that is signed itself or lies in a signed response, by one of the
/// certificates, for us, now, in answer to the request. Whether it was taken before is for the caller
/// to find out by [`Assertion::id`].
///
/// # Errors
/// A refusal with the code of the first check that fails.
pub fn validate_response(
    encoded: &str,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Assertion> {
    if encoded.len() > RESPONSE_BYTES_MAX / 3 * 4 + 4096 {
        return Err(too_large());
    }
    validate_response_xml(&base64_decode(encoded)?, expected, now)
}

/// The same for the response's XML.
///
/// # Errors
/// As [`validate_response`].
pub fn validate_response_xml(
    xml: &[u8],
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Assertion> {
    let sent = read(xml)?;
    check_status(&sent)?;
    check_shape(&sent)?;
    let signed = signature::verify(&sent, expected.certificates, now)?;
    let signed = signed.as_ref().map(reread).transpose()?;
    // From here on a signed response is what was signed, not what was sent.
    let response = signed.as_ref().unwrap_or(&sent);
    check_envelope(response, signed.is_some(), expected, now)?;
    if let Some(encrypted) = response.only(ns::ASSERTION, "EncryptedAssertion")? {
        let opened = encryption::open(encrypted, expected.keys, signed.is_some())?;
        check_opened(&opened)?;
        let believed = believed(&opened, &opened, signed.is_some(), (expected, now))?;
        let mut assertion = assertion::read(&believed, expected, now)?;
        assertion.encrypted = true;
        return Ok(assertion);
    }
    if expected.want_encrypted {
        let message = "the assertion is not encrypted, and the settings of this identity provider demand that it is";
        return Err(Refusal::new("saml_not_encrypted", message));
    }
    // The inner signature is verified where it was made: in the document as sent.
    let inner = sent.one(ns::ASSERTION, "Assertion")?;
    let outer = response.one(ns::ASSERTION, "Assertion")?;
    let believed = believed(inner, outer, signed.is_some(), (expected, now))?;
    assertion::read(&believed, expected, now)
}

fn read(xml: &[u8]) -> Result<Element> {
    if xml.len() > RESPONSE_BYTES_MAX {
        return Err(too_large());
    }
    let text = std::str::from_utf8(xml).map_err(|_| {
        Refusal::new(
            "saml_not_xml",
            "the response is not in UTF-8; have the identity provider send UTF-8",
        )
    })?;
    let root = parse(text, Comments::Refused)?;
    if !root.is(ns::PROTOCOL, "Response") {
        let message = format!(
            "the message is a {}, not a SAML 2.0 response",
            quoted(&root.name)
        );
        return Err(Refusal::new("saml_not_a_response", message));
    }
    root.refuse_duplicate_ids()?;
    check_version(&root)?;
    Ok(root)
}

/// What was signed, as a document of its own.
///
/// # Errors
/// `saml_not_xml`, `saml_forbidden_markup`.
pub(crate) fn reread(signed: &Signed) -> Result<Element> {
    parse(&signed.0, Comments::Refused)
}

/// The assertion that a verified signature covers: its own, or that of the response around it.
fn believed(
    inner: &Element,
    outer: &Element,
    outer_is_signed: bool,
    (expected, now): (&Expectations<'_>, Timestamp),
) -> Result<Element> {
    match signature::verify(inner, expected.certificates, now)? {
        Some(signed) => reread(&signed),
        None if outer_is_signed => Ok(outer.clone()),
        None => Err(Refusal::new(
            "saml_unsigned",
            "neither the response nor the assertion is signed; have the identity provider sign assertions",
        )),
    }
}

/// Whether the login succeeded at the identity provider.
///
/// # Errors
/// `saml_status`, with what the identity provider says.
pub(crate) fn check_status(message: &Element) -> Result<()> {
    let status = message.one(ns::PROTOCOL, "Status")?;
    let code = status.one(ns::PROTOCOL, "StatusCode")?;
    let value = code.required("Value")?;
    if value == SUCCESS {
        return Ok(());
    }
    let second = code.only(ns::PROTOCOL, "StatusCode")?;
    let second = second.and_then(|second| second.attribute("Value"));
    let said = status.only(ns::PROTOCOL, "StatusMessage")?;
    let said = said.map(Element::text).transpose()?.unwrap_or_default();
    let short = |uri: &str| quoted(uri.rsplit(':').next().unwrap_or_default());
    let message = format!(
        "the identity provider did not log the person in: {} {} {}",
        short(value),
        second.map(short).unwrap_or_default(),
        quoted(&said)
    );
    Err(Refusal::new("saml_status", message.trim_end().to_owned()))
}

/// One assertion, in its place; signatures only in the response and in the assertion. A wrapped
/// signature needs a second assertion or a strange place, so it ends here already.
fn check_shape(response: &Element) -> Result<()> {
    let (mut assertions, mut signatures) = (0, 0);
    response.visit(&mut |element| {
        let is_assertion = matches!(element.name.as_str(), "Assertion" | "EncryptedAssertion");
        assertions += usize::from(is_assertion && element.namespace == ns::ASSERTION);
        signatures += usize::from(element.is(ns::SIGNATURE, "Signature"));
    });
    let in_place = |name| response.all(ns::ASSERTION, name).count();
    let placed = in_place("Assertion") + in_place("EncryptedAssertion");
    if assertions != 1 || placed != 1 {
        let message = format!(
            "the response has {assertions} assertions, {placed} of them in their place; exactly one is taken, so look at where it comes from"
        );
        return Err(Refusal::new("saml_not_one_assertion", message));
    }
    let own = response.all(ns::SIGNATURE, "Signature").count();
    let inner = response.all(ns::ASSERTION, "Assertion");
    let inner: usize = inner
        .map(|inner| inner.all(ns::SIGNATURE, "Signature").count())
        .sum();
    if own + inner != signatures {
        return Err(strange_signature());
    }
    Ok(())
}

/// The same for an assertion that came out of its envelope.
///
/// # Errors
/// `saml_not_one_assertion`, `saml_signature_elsewhere`.
pub(crate) fn check_opened(opened: &Element) -> Result<()> {
    if !opened.is(ns::ASSERTION, "Assertion") {
        let message = format!(
            "what was encrypted is a {}, not an assertion",
            quoted(&opened.name)
        );
        return Err(Refusal::new("saml_not_one_assertion", message));
    }
    opened.refuse_duplicate_ids()?;
    let (mut assertions, mut signatures) = (0, 0);
    opened.visit(&mut |element| {
        assertions +=
            usize::from(element.name == "Assertion" || element.name == "EncryptedAssertion");
        signatures += usize::from(element.is(ns::SIGNATURE, "Signature"));
    });
    if assertions != 1 {
        let message = "the encrypted assertion holds another assertion; exactly one is taken";
        return Err(Refusal::new("saml_not_one_assertion", message));
    }
    if signatures != opened.all(ns::SIGNATURE, "Signature").count() {
        return Err(strange_signature());
    }
    Ok(())
}

/// What the response says about itself.
fn check_envelope(
    response: &Element,
    is_signed: bool,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<()> {
    not_from_the_future(response, now)?;
    match response.attribute("Destination") {
        Some(destination) if destination == expected.acs_url => {}
        None if !is_signed => {}
        other => {
            let message = format!(
                "the response is addressed to `{}`, but this node takes responses at `{}`; correct the ACS URL at the identity provider",
                quoted(other.unwrap_or("nowhere")),
                expected.acs_url
            );
            return Err(Refusal::new("saml_wrong_destination", message));
        }
    }
    if let Some(issuer) = response.only(ns::ASSERTION, "Issuer")? {
        check_issuer(issuer, expected.idp_entity_id)?;
    }
    check_in_response_to(response.attribute("InResponseTo"), expected.in_response_to)
}

fn strange_signature() -> Refusal {
    let message = "the response has a signature in a place where SAML has none, as in an attempt to wrap one; look at where it comes from";
    Refusal::new("saml_signature_elsewhere", message)
}

fn too_large() -> Refusal {
    let message = format!(
        "the response is larger than {} KiB; have the identity provider send fewer groups or attributes",
        RESPONSE_BYTES_MAX / 1024
    );
    Refusal::new("saml_too_large", message)
}
