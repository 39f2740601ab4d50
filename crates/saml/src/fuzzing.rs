//! For the fuzz target `assertion`: a mutated document is signed by nobody, so that what stands behind the signatures
//! would never be reached with it. Compiled for fuzzing and for the crate's tests, never into the node.

use guildhall_kernel::Timestamp;

use crate::{
    Assertion, Expectations, assertion,
    canonical::{Form, canonical},
    encryption,
    refusal::Result,
    response::{check_opened, reread},
    scan::Comments,
    signature::Signed,
    xml::{ns, parse},
};

/// Where an encrypted assertion stands, with the namespaces that are in scope there as a rule.
const PLACE: &str = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
    xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
    xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"/>";

/// Reads what came out of an encrypted assertion as if a signature over all of it had been verified.
///
/// # Errors
/// As [`crate::validate_response`].
pub fn read_opened(bytes: &[u8], expected: &Expectations<'_>, now: Timestamp) -> Result<Assertion> {
    let opened = encryption::read(bytes, &parse(PLACE, Comments::Refused)?)?;
    check_opened(&opened)?;
    let form = Form {
        inclusive: &[],
        without: opened.all(ns::SIGNATURE, "Signature").next(),
    };
    let signed = Signed(canonical(&opened, form));
    let believed = reread(&signed)?;
    // Otherwise what is read would be something else than what was signed.
    debug_assert_eq!(canonical(&believed, Form::default()), signed.0);
    let mut assertion = assertion::read(&believed, expected, now)?;
    assertion.encrypted = true;
    Ok(assertion)
}
