//! Enveloped XML signatures in the one shape that SAML allows (SAML core, section 5.4).
//!
//! Nothing in a signature is obeyed: it must name its own parent by id, use the two transforms that
//! SAML names, and fit a key from the settings. `KeyInfo` is not read. What comes back are the bytes
//! that were signed; callers read those and nothing else of the document, so that whatever else it
//! holds (signature wrapping) has no part in it.

use guildhall_kernel::Timestamp;
use ring::digest;

use crate::{
    algorithm,
    canonical::{Form, canonical, inclusive_prefixes},
    certificate::Certificate,
    encoding::base64_decode,
    refusal::{Refusal, Result, quoted},
    xml::{Element, ns},
};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What a signature covers: the canonical form of its parent, without the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed(pub(crate) String);

/// Verifies the signature that stands directly in `element`; nothing when there is none.
///
/// # Errors
/// `saml_ambiguous`, `saml_signature_shape`, `saml_weak_algorithm`, `saml_signature_wrong`,
/// `saml_certificate_expired`.
pub(crate) fn verify(
    element: &Element,
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Option<Signed>> {
    let Some(signature) = element.only(ns::SIGNATURE, "Signature")? else {
        return Ok(None);
    };
    let known = ["SignedInfo", "SignatureValue", "KeyInfo"];
    let is_known =
        |child: &Element| known.contains(&child.name.as_str()) && child.namespace == ns::SIGNATURE;
    if !signature.elements().all(is_known) {
        return Err(shape(
            "it holds more than SignedInfo, SignatureValue and KeyInfo",
        ));
    }
    signature.only(ns::SIGNATURE, "KeyInfo")?;
    let info = signature.one(ns::SIGNATURE, "SignedInfo")?;
    let value = signature.one(ns::SIGNATURE, "SignatureValue")?.text()?;
    let signed = check_reference(element, signature, info)?;
    check_value(info, &base64_decode(&value)?, certificates, now)?;
    Ok(Some(signed))
}

/// The reference must mean the signature's parent and have its digest.
fn check_reference(element: &Element, signature: &Element, info: &Element) -> Result<Signed> {
    let reference = info.one(ns::SIGNATURE, "Reference")?;
    let id = element.attribute("ID").unwrap_or_default();
    let uri = reference.required("URI")?;
    if id.is_empty() || uri.strip_prefix('#') != Some(id) {
        let message = format!(
            "the signature in {} is over `{}`, not over the element it stands in; a wrapped signature looks like this, so look at where the message comes from",
            element.name,
            quoted(uri)
        );
        return Err(Refusal::new("saml_signature_elsewhere", message));
    }
    let inclusive = transforms(reference)?;
    let form = Form {
        inclusive: &inclusive,
        without: Some(signature),
    };
    let bytes = canonical(element, form);
    let method = reference.one(ns::SIGNATURE, "DigestMethod")?;
    let method = algorithm::digest(method.required("Algorithm")?)?;
    let expected = base64_decode(&reference.one(ns::SIGNATURE, "DigestValue")?.text()?)?;
    if digest::digest(method, bytes.as_bytes()).as_ref() != expected.as_slice() {
        return Err(wrong("its content was changed after it was signed"));
    }
    Ok(Signed(bytes))
}

/// Exactly enveloped-signature, then exclusive canonicalisation; gives the prefixes treated inclusively.
fn transforms(reference: &Element) -> Result<Vec<String>> {
    let listed = reference.one(ns::SIGNATURE, "Transforms")?;
    let all: Vec<&Element> = listed.elements().collect();
    let [first, second] = all.as_slice() else {
        return Err(shape(
            "it does not have exactly the two transforms that SAML names",
        ));
    };
    let is = |transform: &Element, uri: &str| {
        transform.is(ns::SIGNATURE, "Transform") && transform.attribute("Algorithm") == Some(uri)
    };
    if !is(first, ENVELOPED) || !is(second, EXCLUSIVE) {
        return Err(shape(
            "it uses other transforms than enveloped-signature and exclusive canonicalisation",
        ));
    }
    if first.elements().next().is_some() {
        return Err(shape("a transform has parameters that SAML does not know"));
    }
    Ok(inclusive_prefixes(second))
}

/// The signature's value must come from the key of one of the certificates.
fn check_value(
    info: &Element,
    value: &[u8],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<()> {
    let canonicalisation = info.one(ns::SIGNATURE, "CanonicalizationMethod")?;
    if canonicalisation.required("Algorithm")? != EXCLUSIVE {
        return Err(shape("SignedInfo is not canonicalised exclusively"));
    }
    let method = info.one(ns::SIGNATURE, "SignatureMethod")?;
    if method.elements().next().is_some() {
        return Err(shape("the signature method has parameters"));
    }
    let inclusive = inclusive_prefixes(canonicalisation);
    let form = Form {
        inclusive: &inclusive,
        without: None,
    };
    let message = canonical(info, form);
    check_bytes(
        method.required("Algorithm")?,
        message.as_bytes(),
        value,
        (certificates, now),
    )
}

/// Whether one of the certificates' keys made the signature over these bytes.
///
/// # Errors
/// `saml_weak_algorithm`, `saml_signature_wrong`, `saml_certificate_expired`.
pub(crate) fn check_bytes(
    method: &str,
    message: &[u8],
    value: &[u8],
    (certificates, now): (&[Certificate], Timestamp),
) -> Result<()> {
    let mut expired = None;
    for certificate in certificates {
        if algorithm::verifies(method, certificate.key(), message, value)? {
            match certificate.check_time(now) {
                Ok(()) => return Ok(()),
                // Another certificate may hold the same key and still be valid.
                Err(refusal) => expired = Some(refusal),
            }
        }
    }
    Err(expired.unwrap_or_else(|| {
        wrong("it does not fit any of the certificates entered for this identity provider")
    }))
}

fn wrong(how: &str) -> Refusal {
    Refusal::new(
        "saml_signature_wrong",
        format!(
            "the signature does not hold: {how}; if the identity provider has a new certificate, enter it"
        ),
    )
}

fn shape(how: &str) -> Refusal {
    Refusal::new(
        "saml_signature_shape",
        format!("the signature has a shape that SAML does not allow: {how}"),
    )
}
