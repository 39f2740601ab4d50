//! From what a provider says of somebody to who they are here.

use std::collections::BTreeMap;

use guildhall_kernel::{Error, Result};

use super::model::ProviderRow;
use crate::identity::{ExternalIdentity, Grant};

/// What a provider says of somebody: values by the attribute's or claim's name.
pub(super) type Claims = BTreeMap<String, Vec<String>>;

/// Names under which providers usually send things, tried in this order when none is entered.
const EMAIL: &[&str] = &[
    "email",
    "mail",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
];
const DISPLAY_NAME: &[&str] = &[
    "displayName",
    "name",
    "cn",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "urn:oid:2.5.4.3",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
];
const GROUPS: &[&str] = &[
    "groups",
    "memberOf",
    "isMemberOf",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
];

/// Who somebody is here, by the provider's settings. `subject` is the stable name there, `email` what
/// the protocol itself says the address is, if it does.
///
/// # Errors
/// `no_email` when the provider says no address.
pub(super) fn identity_of(
    provider: &ProviderRow,
    (subject, email): (&str, Option<&str>),
    claims: &Claims,
) -> Result<ExternalIdentity> {
    let names = &provider.attributes;
    let email = first(claims, &names.email, EMAIL).or(email);
    let email = email.filter(|email| !email.trim().is_empty()).ok_or_else(|| {
        Error::invalid(
            "no_email",
            "the identity provider sent no e-mail address; have it send one, or correct the attribute's name in the settings",
        )
    })?;
    let display_name = first(claims, &names.display_name, DISPLAY_NAME).unwrap_or_default();
    let groups = all(claims, &names.groups, GROUPS);
    Ok(ExternalIdentity {
        source: provider.id.to_string(),
        subject: subject.to_owned(),
        email: email.trim().to_owned(),
        display_name: display_name.trim().to_owned(),
        grants: grants(provider, groups),
        organisations: provider
            .grants()
            .map(|(organisation, _)| organisation)
            .collect(),
        active: true,
    })
}

/// What the groups give; what everybody gets when they give nothing.
fn grants(provider: &ProviderRow, groups: &[String]) -> Vec<Grant> {
    let fitting = provider
        .group_map
        .iter()
        .filter(|rule| groups.contains(&rule.group));
    let mut grants: Vec<Grant> = fitting
        .map(|rule| Grant {
            organisation: rule.organisation_id,
            role: rule.role.to_string(),
        })
        .collect();
    if grants.is_empty() {
        let everybody = provider.default_grant.iter();
        grants.extend(everybody.map(|grant| Grant {
            organisation: grant.organisation_id,
            role: grant.role.to_string(),
        }));
    }
    grants
}

fn all<'a>(claims: &'a Claims, entered: &str, usual: &[&str]) -> &'a [String] {
    if !entered.is_empty() {
        return claims.get(entered).map_or(&[], Vec::as_slice);
    }
    let mut known = usual.iter().filter_map(|name| claims.get(*name));
    known.next().map_or(&[], Vec::as_slice)
}

fn first<'a>(claims: &'a Claims, entered: &str, usual: &[&str]) -> Option<&'a str> {
    all(claims, entered, usual).first().map(String::as_str)
}
