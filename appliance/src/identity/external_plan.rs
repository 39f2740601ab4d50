//! What a source's word on somebody changes: decided by reading, so that a preview and the change itself never
//! differ.

use std::collections::BTreeMap;

use guildhall_db::Reader;
use guildhall_kernel::{Clock, Error, OrgId, PersonId, Result, Role};

use super::{
    external::{ExternalChange, ExternalIdentity, Grant},
    external_store::{self, Account, Given},
    model::{checked_email, checked_name},
    roles, store,
};

/// What is to be done, found by reading only.
pub(super) struct Plan {
    pub(super) change: ExternalChange,
    pub(super) email: String,
    pub(super) display_name: String,
    /// Whether the source made the account, and so may name it.
    pub(super) is_owner: bool,
    pub(super) has_password: bool,
    /// Whether name or address are other than stored.
    pub(super) is_renamed: bool,
}

/// Finds out what a source's word changes.
///
/// # Errors
/// `account_exists`, `unknown_role`, `invalid_email`, `invalid_name`.
pub(super) fn plan(
    reader: &Reader<'_>,
    clock: &dyn Clock,
    identity: &ExternalIdentity,
) -> Result<Plan> {
    let email = checked_email("email", &identity.email)?;
    let display_name = named(&identity.display_name, &email)?;
    let found = find(reader, identity, &email)?;
    let person = found
        .as_ref()
        .map_or_else(|| PersonId::new(clock), |(account, _)| account.person);
    let (granted, withdrawn) = differences(reader, identity, person)?;
    let change = ExternalChange {
        person,
        created: found.is_none(),
        granted,
        withdrawn,
    };
    let (is_owner, has_password) = found.as_ref().map_or((true, false), |(account, is_owner)| {
        (*is_owner, account.has_password)
    });
    let mut plan = Plan {
        change,
        email,
        display_name,
        is_owner,
        has_password,
        is_renamed: false,
    };
    if let Some((account, true)) = found {
        // Somebody else's address stays somebody else's.
        let is_taken = external_store::find_account_by_email(reader, &plan.email)?
            .is_some_and(|other| other.person != account.person);
        if is_taken {
            plan.email.clone_from(&account.email);
        }
        plan.is_renamed = plan.email != account.email || plan.display_name != account.display_name;
    }
    Ok(plan)
}

/// A shown name that fits: a source's may be empty or too long.
fn named(given: &str, email: &str) -> Result<String> {
    let plain: String = given
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(80)
        .collect();
    let name = if plain.trim().is_empty() {
        email
    } else {
        &plain
    };
    let short: String = name.chars().take(80).collect();
    checked_name("display_name", &short)
}

/// The account that the source means, and whether the source made it.
fn find(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
    email: &str,
) -> Result<Option<(Account, bool)>> {
    if let Some(link) = external_store::find_link(reader, &identity.source, &identity.subject)? {
        let account = external_store::find_account(reader, link.person)?;
        return Ok(account.map(|account| (account, link.is_owner)));
    }
    let Some(account) = external_store::find_account_by_email(reader, email)? else {
        return Ok(None);
    };
    if account.is_platform_administrator || (account.has_password && account.is_administrator) {
        return Err(Error::conflict(
            "account_exists",
            "an administrator of this node has this e-mail address; log in with the password instead",
        ));
    }
    Ok(Some((account, false)))
}

/// The memberships to give and the organisations to leave.
fn differences(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
    person: PersonId,
) -> Result<(Vec<Grant>, Vec<OrgId>)> {
    let wanted = wanted(reader, identity)?;
    let given = external_store::memberships_of(reader, person)?;
    let is_mine =
        |membership: &&Given| membership.source.as_deref() == Some(identity.source.as_str());
    let withdrawn = given
        .iter()
        .filter(is_mine)
        .filter(|membership| !wanted.contains_key(&membership.organisation))
        .map(|membership| membership.organisation)
        .collect();
    let granted = wanted.into_iter().filter(|(organisation, role)| {
        given
            .iter()
            .find(|membership| membership.organisation == *organisation)
            .is_none_or(|membership| is_mine(&membership) && membership.role != *role)
    });
    let granted = granted.map(|(organisation, role)| Grant { organisation, role });
    Ok((granted.collect(), withdrawn))
}

/// The role in each organisation that exists; of several for one organisation the first counts.
fn wanted(reader: &Reader<'_>, identity: &ExternalIdentity) -> Result<BTreeMap<OrgId, String>> {
    let mut wanted = BTreeMap::new();
    if !identity.active {
        return Ok(wanted);
    }
    for grant in &identity.grants {
        let role: Role = grant.role.parse()?;
        if store::find_organisation(reader, grant.organisation)?.is_some() {
            roles::check_role_exists(reader, grant.organisation, role)?;
            wanted
                .entry(grant.organisation)
                .or_insert_with(|| role.to_string());
        }
    }
    Ok(wanted)
}
