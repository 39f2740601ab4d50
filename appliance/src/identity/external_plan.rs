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
    /// Whether the source made the account.
    pub(super) is_owner: bool,
    /// Whether the account is the source's to name, and to end everywhere: it made it, no organisation that is not the
    /// source's has it too, and it does not administer the node.
    pub(super) is_its_own: bool,
    /// Whether the account belongs to no organisation, and the source is the first to let it in again.
    pub(super) begins_afresh: bool,
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
    let known = found.as_ref().map(|(account, _)| account);
    let person = known.map_or_else(|| PersonId::new(clock), |account| account.person);
    let given = external_store::memberships_of(reader, person)?;
    let (granted, withdrawn) = differences(reader, identity, &given)?;
    let is_shared = known.is_some_and(|account| account.is_platform_administrator)
        || given.iter().any(|one| !is_of(identity, one));
    let begins_afresh = known.is_some() && given.is_empty() && !granted.is_empty();
    let is_owner = begins_afresh || found.as_ref().is_none_or(|(_, is_owner)| *is_owner);
    let mut plan = Plan {
        change: ExternalChange {
            person,
            created: found.is_none(),
            granted,
            withdrawn,
            name_kept: false,
        },
        is_owner,
        is_its_own: is_owner && !is_shared,
        begins_afresh,
        has_password: known.is_some_and(|account| account.has_password),
        email,
        display_name,
        is_renamed: false,
    };
    if let Some(account) = known.filter(|_| is_owner) {
        name(reader, account, &mut plan)?;
    }
    Ok(plan)
}

/// Finds out whether an account gets another name or address.
fn name(reader: &Reader<'_>, account: &Account, plan: &mut Plan) -> Result<()> {
    let is_other = plan.email != account.email || plan.display_name != account.display_name;
    if !plan.is_its_own {
        plan.change.name_kept = is_other;
        return Ok(());
    }
    // Somebody else's address stays somebody else's.
    let is_taken = external_store::find_account_by_email(reader, &plan.email)?
        .is_some_and(|other| other.person != account.person);
    if is_taken {
        plan.email.clone_from(&account.email);
    }
    plan.is_renamed = plan.email != account.email || plan.display_name != account.display_name;
    Ok(())
}

/// Whether a membership is in an organisation that the source is for.
fn is_of(identity: &ExternalIdentity, membership: &Given) -> bool {
    identity.organisations.contains(&membership.organisation)
        || membership.source.as_deref() == Some(identity.source.as_str())
}

/// A shown name that fits: a source's may be empty or too long.
pub(super) fn named(given: &str, email: &str) -> Result<String> {
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

/// The account that the source means, and whether the source made it. An address alone proves nothing to who else has the
/// account: it leads to none that belongs to an organisation which is not the source's.
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
            "an administrator of this node has this e-mail address; log in with the password of that account instead",
        ));
    }
    if has_others(reader, identity, &account)? {
        return Err(Error::conflict(
            "account_exists",
            "this e-mail address has an account in another organisation of this node; log in with that account, or ask an administrator for an invitation",
        ));
    }
    Ok(Some((account, false)))
}

/// Whether the source does not know somebody yet whose address has an account that others have a say in.
///
/// # Errors
/// Those of the database.
pub(super) fn is_elsewhere(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
    email: &str,
) -> Result<bool> {
    if external_store::find_link(reader, &identity.source, &identity.subject)?.is_some() {
        return Ok(false);
    }
    match external_store::find_account_by_email(reader, email)? {
        Some(account) => has_others(reader, identity, &account),
        None => Ok(false),
    }
}

/// Whether an account belongs to an organisation that is not the source's, or administers the node from nowhere.
fn has_others(reader: &Reader<'_>, identity: &ExternalIdentity, account: &Account) -> Result<bool> {
    let given = external_store::memberships_of(reader, account.person)?;
    Ok(given.iter().any(|one| !is_of(identity, one))
        || (given.is_empty() && account.is_platform_administrator))
}

/// The memberships to give and the organisations to leave.
fn differences(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
    given: &[Given],
) -> Result<(Vec<Grant>, Vec<OrgId>)> {
    let wanted = wanted(reader, identity)?;
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
