//! What names a custom role and would give one that is no longer there.

use guildhall_db::Reader;
use guildhall_kernel::{Error, OrgId, Result, Role, Timestamp};

use super::{invitation_store, role_store};

/// What of another feature gives this role of the organisation, as people call it, such as "the group map of the directory
/// `Head office`". Registered in `app.rs`.
pub type RoleUses = fn(&Reader<'_>, OrgId, Role) -> Result<Vec<String>>;

/// Things named in a refusal at most.
const NAMED_MAX: usize = 5;

/// Refuses to remove a role that somebody has or is to get.
///
/// # Errors
/// `role_in_use`, with who and what.
pub(super) fn check_unused(
    reader: &Reader<'_>,
    (organisation, role, title): (OrgId, Role, &str),
    sources: &[RoleUses],
    now: Timestamp,
) -> Result<()> {
    let in_use = |what: String, way_out: &str| {
        let message = format!("the role `{title}` is given {what}; {way_out}");
        Err(Error::conflict("role_in_use", message))
    };
    let members = role_store::count_members(reader, organisation, role)?;
    if members > 0 {
        let who = format!("to {members} of the organisation's people and service accounts");
        return in_use(who, "give them another one first");
    }
    let invitations = invitation_store::count_open(reader, (organisation, role), now)?;
    if invitations > 0 {
        let what = format!("by open invitations ({invitations})");
        return in_use(what, "withdraw them first");
    }
    let mut named = Vec::new();
    for uses in sources {
        named.extend(uses(reader, organisation, role)?);
    }
    if named.is_empty() {
        return Ok(());
    }
    named.truncate(NAMED_MAX);
    in_use(
        format!("by {}", named.join(" and ")),
        "choose another role there first",
    )
}
