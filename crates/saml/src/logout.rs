//! Logout messages of an identity provider.

use guildhall_kernel::Timestamp;

use crate::{
    assertion::{NameId, SKEW_SECONDS, check_issuer, check_version, name_id, not_from_the_future},
    binding::{Direction, RedirectMessage},
    certificate::Certificate,
    encoding::{base64_decode, instant},
    refusal::{Refusal, Result, quoted},
    response::{RESPONSE_BYTES_MAX, check_status},
    scan::Comments,
    signature,
    xml::{Element, ns, parse},
};

const MAX_AGE_SECONDS: i64 = 600;
const INDEXES_MAX: usize = 100;

/// What a logout message is held against.
#[derive(Clone, Copy, Debug)]
pub struct LogoutExpectations<'a> {
    /// Who must have sent it.
    pub idp_entity_id: &'a str,
    /// Whose signatures are taken.
    pub certificates: &'a [Certificate],
    /// Where it must be sent.
    pub slo_url: &'a str,
}

/// A logout message that may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutMessage {
    /// The identity provider ends sessions. Always signed.
    Request(LogoutRequest),
    /// The answer to a request of ours.
    Response {
        /// The id of our request.
        in_response_to: String,
        /// What went wrong at the identity provider, if anything did.
        failure: Option<Refusal>,
    },
}

/// Whose sessions end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// To be named in the answer, and taken once.
    pub id: String,
    /// Who it is about.
    pub name_id: NameId,
    /// Which sessions end; all of the person's when none are named.
    pub session_indexes: Vec<String>,
}

/// Reads a logout message that came by the HTTP-Redirect binding. A request must be signed; an answer
/// may be unsigned, since nothing is done because of it.
///
/// # Errors
/// A refusal with the code of the first check that fails.
pub fn read_logout_redirect(
    message: &RedirectMessage,
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<LogoutMessage> {
    let is_signed = message.is_signed(expected.certificates, now)?;
    let root = read(&message.xml)?;
    believe(&root, (message.direction, is_signed), expected, now)
}

/// The same for one that came by the HTTP-POST binding: `encoded` is the form field.
///
/// # Errors
/// As [`read_logout_redirect`].
pub fn read_logout_post(
    direction: Direction,
    encoded: &str,
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<LogoutMessage> {
    let bytes = base64_decode(encoded)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a_logout("not text"))?;
    let root = read(text)?;
    match signature::verify(&root, expected.certificates, now)? {
        Some(signed) => {
            let root = parse(&signed.0, Comments::Refused)?;
            believe(&root, (direction, true), expected, now)
        }
        None => believe(&root, (direction, false), expected, now),
    }
}

fn read(text: &str) -> Result<Element> {
    if text.len() > RESPONSE_BYTES_MAX {
        return Err(not_a_logout("too large"));
    }
    let root = parse(text, Comments::Refused)?;
    root.refuse_duplicate_ids()?;
    Ok(root)
}

fn believe(
    root: &Element,
    (direction, is_signed): (Direction, bool),
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<LogoutMessage> {
    let name = match direction {
        Direction::Request => "LogoutRequest",
        Direction::Response => "LogoutResponse",
    };
    if !root.is(ns::PROTOCOL, name) {
        return Err(not_a_logout(&root.name));
    }
    check_version(root)?;
    check_issuer(root.one(ns::ASSERTION, "Issuer")?, expected.idp_entity_id)?;
    check_address(root, is_signed, expected)?;
    not_from_the_future(root, now)?;
    if direction == Direction::Response {
        return Ok(LogoutMessage::Response {
            in_response_to: root.required("InResponseTo")?.to_owned(),
            failure: check_status(root).err(),
        });
    }
    if !is_signed {
        let message =
            "the logout request is not signed; have the identity provider sign logout requests";
        return Err(Refusal::new("saml_unsigned", message));
    }
    check_age(root, now)?;
    let indexes = root.all(ns::PROTOCOL, "SessionIndex").take(INDEXES_MAX);
    Ok(LogoutMessage::Request(LogoutRequest {
        id: root.required("ID")?.to_owned(),
        name_id: name_id(root)?,
        session_indexes: indexes.map(Element::text).collect::<Result<_>>()?,
    }))
}

fn check_address(root: &Element, is_signed: bool, expected: &LogoutExpectations<'_>) -> Result<()> {
    match root.attribute("Destination") {
        Some(destination) if destination == expected.slo_url => Ok(()),
        None if !is_signed => Ok(()),
        other => {
            let message = format!(
                "the logout message is addressed to `{}`, but this node takes them at `{}`",
                quoted(other.unwrap_or("nowhere")),
                expected.slo_url
            );
            Err(Refusal::new("saml_wrong_destination", message))
        }
    }
}

/// A request that was kept back would end sessions begun after it.
fn check_age(root: &Element, now: Timestamp) -> Result<()> {
    let issued = instant(root.required("IssueInstant")?)?;
    let ends = root.attribute("NotOnOrAfter").map(instant).transpose()?;
    let ends = ends.unwrap_or_else(|| issued.plus_seconds(MAX_AGE_SECONDS));
    if ends.plus_seconds(SKEW_SECONDS) <= now {
        let message = format!(
            "the logout request held until {}, and here it is {}; set the clocks of both machines",
            ends.to_rfc3339(),
            now.to_rfc3339()
        );
        return Err(Refusal::new("saml_expired", message));
    }
    Ok(())
}

fn not_a_logout(what: &str) -> Refusal {
    let message = format!(
        "the message is no SAML 2.0 logout message ({})",
        quoted(what)
    );
    Refusal::new("saml_not_a_logout", message)
}
