//! What a verified assertion says, and whether it is said to us, now, about somebody who just logged in
//! (SAML profiles, section 4.1.4).

use guildhall_kernel::Timestamp;

use crate::{
    encoding::instant,
    refusal::{Refusal, Result, quoted},
    response::Expectations,
    xml::{Element, ns},
};

/// How far clocks may differ.
pub const SKEW_SECONDS: i64 = 300;
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
const TEXT_BYTES_MAX: usize = 1024;
const ATTRIBUTES_MAX: usize = 200;
const VALUES_MAX: usize = 2000;

/// Who somebody is at the identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// What kind of name it is, as a URI.
    pub format: Option<String>,
    /// The domain that the name belongs to.
    pub name_qualifier: Option<String>,
    /// The service provider that the name is for.
    pub sp_name_qualifier: Option<String>,
}

/// A statement about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name, often a URI.
    pub name: String,
    /// The name for people.
    pub friendly_name: Option<String>,
    /// Its values.
    pub values: Vec<String>,
}

/// What an identity provider says of somebody who logged in: signed by it, meant for us, valid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// To be taken once: the caller remembers it until `expires_at`.
    pub id: String,
    /// Who it is about.
    pub name_id: NameId,
    /// The login session there, for Single Logout.
    pub session_index: Option<String>,
    /// When the login there ends.
    pub session_expires_at: Option<Timestamp>,
    /// What it says of the person.
    pub attributes: Vec<Attribute>,
    /// From when on it would be refused as too old anyway.
    pub expires_at: Timestamp,
    /// Whether it came encrypted.
    pub encrypted: bool,
}

impl Assertion {
    /// The values of the attribute with that name, else with that friendly name.
    pub fn values(&self, name: &str) -> &[String] {
        let by_name = self.attributes.iter().find(|found| found.name == name);
        let friendly = |found: &&Attribute| found.friendly_name.as_deref() == Some(name);
        by_name
            .or_else(|| self.attributes.iter().find(friendly))
            .map_or(&[], |found| &found.values)
    }
}

/// Reads an assertion and checks everything but its signature.
///
/// # Errors
/// The codes of the checks below.
pub(crate) fn read(
    element: &Element,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Assertion> {
    check_issuer(
        element.one(ns::ASSERTION, "Issuer")?,
        expected.idp_entity_id,
    )?;
    check_version(element)?;
    not_from_the_future(element, now)?;
    let id = short(element.required("ID")?, "the assertion's ID")?;
    let subject = element.one(ns::ASSERTION, "Subject")?;
    let confirmed_until = confirm(subject, expected, now)?;
    let conditions = element.one(ns::ASSERTION, "Conditions")?;
    let valid_until = check_conditions(conditions, expected, now)?;
    let statement = element.all(ns::ASSERTION, "AuthnStatement").next();
    let statement = statement.ok_or_else(|| {
        Refusal::new(
            "saml_no_login",
            "the assertion does not say that anybody logged in (it has no AuthnStatement); have the identity provider send one",
        )
    })?;
    let session_expires_at = session_end(statement, now)?;
    Ok(Assertion {
        id,
        name_id: name_id(subject)?,
        session_index: statement.attribute("SessionIndex").map(str::to_owned),
        session_expires_at,
        attributes: attributes(element)?,
        expires_at: confirmed_until.max(valid_until).plus_seconds(SKEW_SECONDS),
        encrypted: false,
    })
}

/// Refuses what another identity provider says.
///
/// # Errors
/// `saml_wrong_issuer`.
pub(crate) fn check_issuer(issuer: &Element, expected: &str) -> Result<()> {
    let name = issuer.text()?;
    let is_entity = issuer
        .attribute("Format")
        .is_none_or(|format| format == ENTITY);
    if name == expected && is_entity {
        return Ok(());
    }
    let message = format!(
        "the message comes from `{}`, but this identity provider's entity id is entered as `{expected}`",
        quoted(&name)
    );
    Err(Refusal::new("saml_wrong_issuer", message))
}

/// Refuses other versions of SAML.
///
/// # Errors
/// `saml_wrong_version`.
pub(crate) fn check_version(element: &Element) -> Result<()> {
    if element.attribute("Version") == Some("2.0") {
        return Ok(());
    }
    let message = format!(
        "{} is not of SAML version 2.0; set the identity provider to SAML 2.0",
        element.name
    );
    Err(Refusal::new("saml_wrong_version", message))
}

/// Refuses what claims to be made later than now.
///
/// # Errors
/// `saml_not_yet_valid`.
pub(crate) fn not_from_the_future(element: &Element, now: Timestamp) -> Result<()> {
    let issued = instant(element.required("IssueInstant")?)?;
    if issued > now.plus_seconds(SKEW_SECONDS) {
        return Err(not_yet(issued, now));
    }
    Ok(())
}

/// One bearer confirmation must be for us, now and for the request. Returns until when it holds.
fn confirm(subject: &Element, expected: &Expectations<'_>, now: Timestamp) -> Result<Timestamp> {
    let mut refused = None;
    for confirmation in subject.all(ns::ASSERTION, "SubjectConfirmation") {
        if confirmation.attribute("Method") != Some(BEARER) {
            continue;
        }
        match confirm_one(confirmation, expected, now) {
            Ok(until) => return Ok(until),
            Err(refusal) => refused = Some(refusal),
        }
    }
    Err(refused.unwrap_or_else(|| {
        Refusal::new(
            "saml_no_bearer",
            "the assertion has no bearer confirmation; set the identity provider to the Web Browser SSO profile",
        )
    }))
}

fn confirm_one(
    confirmation: &Element,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Timestamp> {
    let data = confirmation.one(ns::ASSERTION, "SubjectConfirmationData")?;
    let recipient = data.required("Recipient")?;
    if recipient != expected.acs_url {
        let message = format!(
            "the assertion is for `{}`, but this node takes assertions at `{}`; correct the ACS URL at the identity provider",
            quoted(recipient),
            expected.acs_url
        );
        return Err(Refusal::new("saml_wrong_recipient", message));
    }
    check_in_response_to(data.attribute("InResponseTo"), expected.in_response_to)?;
    let until = instant(data.required("NotOnOrAfter")?)?;
    check_window(data.attribute("NotBefore"), Some(until), now)?;
    Ok(until)
}

/// An answer must name the request it answers; what nobody asked for must name none.
///
/// # Errors
/// `saml_wrong_request`.
pub(crate) fn check_in_response_to(given: Option<&str>, expected: Option<&str>) -> Result<()> {
    match (given, expected) {
        (Some(given), Some(expected)) if given == expected => Ok(()),
        (None, None) => Ok(()),
        (Some(_), None) => Err(Refusal::new(
            "saml_wrong_request",
            "the response answers a login that this node does not know, that was used already or took longer than ten minutes; begin again at this node",
        )),
        (_, Some(_)) => Err(Refusal::new(
            "saml_wrong_request",
            "the response does not answer the login request of this browser; begin again at this node",
        )),
    }
}

fn check_conditions(
    conditions: &Element,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Timestamp> {
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let is_known =
        |child: &Element| child.namespace == ns::ASSERTION && known.contains(&child.name.as_str());
    if let Some(unknown) = conditions.elements().find(|child| !is_known(child)) {
        let message = format!(
            "the assertion has the condition {}, which is not known here, so it does not hold",
            quoted(&unknown.name)
        );
        return Err(Refusal::new("saml_unknown_condition", message));
    }
    let until = conditions
        .attribute("NotOnOrAfter")
        .map(instant)
        .transpose()?;
    check_window(conditions.attribute("NotBefore"), until, now)?;
    let mut restricted = false;
    for restriction in conditions.all(ns::ASSERTION, "AudienceRestriction") {
        check_audience(restriction, expected.sp_entity_id)?;
        restricted = true;
    }
    if !restricted {
        return Err(wrong_audience(
            "nobody in particular",
            expected.sp_entity_id,
        ));
    }
    Ok(until.unwrap_or(now))
}

fn check_audience(restriction: &Element, sp_entity_id: &str) -> Result<()> {
    let mut named = Vec::new();
    for audience in restriction.all(ns::ASSERTION, "Audience") {
        let audience = audience.text()?;
        if audience == sp_entity_id {
            return Ok(());
        }
        named.push(audience);
    }
    Err(wrong_audience(&named.join(", "), sp_entity_id))
}

fn wrong_audience(named: &str, sp_entity_id: &str) -> Refusal {
    let message = format!(
        "the assertion is meant for {}, but this node's entity id is `{sp_entity_id}`; correct the audience at the identity provider",
        quoted(named)
    );
    Refusal::new("saml_wrong_audience", message)
}

fn check_window(from: Option<&str>, until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if let Some(from) = from {
        let from = instant(from)?;
        if now.plus_seconds(SKEW_SECONDS) < from {
            return Err(not_yet(from, now));
        }
    }
    match until {
        Some(until) if until.plus_seconds(SKEW_SECONDS) <= now => Err(too_late(until, now)),
        _ => Ok(()),
    }
}

fn session_end(statement: &Element, now: Timestamp) -> Result<Option<Timestamp>> {
    let end = statement.attribute("SessionNotOnOrAfter");
    let end = end.map(instant).transpose()?;
    check_window(None, end, now)?;
    Ok(end)
}

fn not_yet(from: Timestamp, now: Timestamp) -> Refusal {
    let message = format!(
        "the assertion holds from {} on, and here it is {}; set the clocks of both machines",
        from.to_rfc3339(),
        now.to_rfc3339()
    );
    Refusal::new("saml_not_yet_valid", message)
}

fn too_late(until: Timestamp, now: Timestamp) -> Refusal {
    let message = format!(
        "the assertion held until {}, and here it is {}; set the clocks of both machines, or log in again",
        until.to_rfc3339(),
        now.to_rfc3339()
    );
    Refusal::new("saml_expired", message)
}

/// The `NameID` in an element.
///
/// # Errors
/// `saml_no_name`, `saml_too_long`.
pub(crate) fn name_id(parent: &Element) -> Result<NameId> {
    let found = parent.only(ns::ASSERTION, "NameID")?;
    let found = found.ok_or_else(|| {
        Refusal::new(
            "saml_no_name",
            "the message names nobody (it has no NameID, or an encrypted one); have the identity provider send a plain NameID",
        )
    })?;
    let value = short(&found.text()?, "NameID")?;
    if value.is_empty() {
        return Err(Refusal::new(
            "saml_no_name",
            "NameID is empty; have the identity provider send a name",
        ));
    }
    let attribute = |name: &str| {
        let value = found.attribute(name);
        value.map(|value| short(value, "NameID")).transpose()
    };
    Ok(NameId {
        value,
        format: attribute("Format")?,
        name_qualifier: attribute("NameQualifier")?,
        sp_name_qualifier: attribute("SPNameQualifier")?,
    })
}

fn attributes(assertion: &Element) -> Result<Vec<Attribute>> {
    let mut found: Vec<Attribute> = Vec::new();
    let mut count = 0;
    let statements = assertion.all(ns::ASSERTION, "AttributeStatement");
    for attribute in statements.flat_map(|statement| statement.all(ns::ASSERTION, "Attribute")) {
        let mut values = Vec::new();
        for value in attribute.all(ns::ASSERTION, "AttributeValue") {
            // A value with elements in it is no text that a rule could be about.
            if value.elements().next().is_none() {
                values.push(value.text()?);
            }
        }
        count += values.len();
        found.push(Attribute {
            name: attribute.required("Name")?.to_owned(),
            friendly_name: attribute.attribute("FriendlyName").map(str::to_owned),
            values,
        });
    }
    if found.len() > ATTRIBUTES_MAX || count > VALUES_MAX {
        let message = format!(
            "the assertion has more than {ATTRIBUTES_MAX} attributes or {VALUES_MAX} values; have the identity provider send fewer"
        );
        return Err(Refusal::new("saml_too_complex", message));
    }
    Ok(found)
}

fn short(text: &str, what: &str) -> Result<String> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("{what} is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Refusal::new("saml_too_long", message));
    }
    Ok(text.to_owned())
}
