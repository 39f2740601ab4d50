//! What may be done, and which role may do it. A handler names its permission in its signature.

use std::{collections::BTreeSet, sync::Arc};

use guildhall_kernel::Role;
use guildhall_web::Permission;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Permission markers for `Auth<perm::…>`.
        pub mod perm {
            $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $name;
            impl super::Permission for $name { const NAME: &'static str = $text; })*
        }
    };
}

permissions! {
    /// Read who one is and log out.
    SessionRead = "session.read";
    /// Change one's own account, sessions and API keys.
    AccountManage = "account.manage";
    /// Hear what changes in the organisation.
    EventsRead = "events.read";
    /// Read the catalogue and which models there are to choose from.
    CatalogRead = "catalog.read";
    /// Read the team and its usage.
    TeamRead = "team.read";
    /// Hire.
    TeamHire = "team.hire";
    /// Change and dismiss employees.
    TeamManage = "team.manage";
    /// Chat with employees.
    ChatUse = "chat.use";
    /// Call models directly, through the programming interfaces under `/v1`.
    ModelsUse = "models.use";
    /// Read and fill in prompt templates.
    PromptsRead = "prompts.read";
    /// Write, restore and archive prompt templates.
    PromptsManage = "prompts.manage";
    /// Compare models in the playground.
    PlaygroundUse = "playground.use";
    /// Read how answers were judged, by agent and model.
    RatingsRead = "ratings.read";
    /// Read the people of the organisation.
    PeopleRead = "people.read";
    /// Add, change and remove people.
    PeopleManage = "people.manage";
    /// Read the node's models and their state.
    ModelsRead = "models.read";
    /// Load, unload and remove models.
    ModelsManage = "models.manage";
    /// Limit what people, employees and keys of the organisation use.
    QuotasManage = "quotas.manage";
    /// Enter, change and test providers of models outside the node.
    ProvidersManage = "providers.manage";
    /// Say where the organisation's prompts may be computed.
    ResidencyManage = "residency.manage";
    /// Choose the models that read the organisation's collections.
    CollectionsManage = "collections.manage";
    /// Turn the switch of outgoing connections.
    EgressManage = "egress.manage";
    /// Read what the licence allows, and how much of it is used.
    LicenseRead = "license.read";
    /// Import licences, ask for leases, export usage reports.
    LicenseManage = "license.manage";
    /// Read the node's state and metrics.
    NodeObserve = "node.observe";
    /// List and make organisations.
    NodeOrganisations = "node.organisations";
}

const OWN_ACCOUNT: &[&str] = &["session.read", "account.manage"];
const NORMAL: &[&str] = &[
    "catalog.read",
    "chat.use",
    "events.read",
    "models.use",
    "prompts.read",
    "team.read",
];
const STAFF: &[&str] = &[
    "models.read",
    "people.read",
    "playground.use",
    "prompts.manage",
    "ratings.read",
    "team.hire",
    "team.manage",
];
const ADMIN: &[&str] = &[
    "collections.manage",
    "license.read",
    "people.manage",
    "quotas.manage",
    "residency.manage",
];
const PLATFORM: &[&str] = &[
    "egress.manage",
    "license.manage",
    "license.read",
    "models.manage",
    "models.read",
    "node.observe",
    "node.organisations",
    "quotas.manage",
    "providers.manage",
];

/// Permissions that come from administering the node, not from a role in an organisation.
pub(super) fn is_node_permission(name: &str) -> bool {
    matches!(
        name,
        "egress.manage"
            | "license.manage"
            | "models.manage"
            | "node.observe"
            | "node.organisations"
            | "providers.manage"
    )
}

/// What a person may do. Who must change their password may do nothing else first.
pub(super) fn granted(
    role: Role,
    is_platform_administrator: bool,
    must_change_password: bool,
) -> Arc<BTreeSet<&'static str>> {
    let mut granted: BTreeSet<&'static str> = OWN_ACCOUNT.iter().copied().collect();
    if must_change_password {
        return Arc::new(granted);
    }
    granted.extend(NORMAL);
    if role != Role::Normal {
        granted.extend(STAFF);
    }
    if role == Role::Admin {
        granted.extend(ADMIN);
    }
    if is_platform_administrator {
        granted.extend(PLATFORM);
    }
    Arc::new(granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_holds_what_the_one_below_holds() {
        let normal = granted(Role::Normal, false, false);
        let staff = granted(Role::Staff, false, false);
        let admin = granted(Role::Admin, false, false);
        assert!(normal.is_subset(&staff) && staff.is_subset(&admin));
        assert!(
            !admin.contains("models.manage"),
            "the node is not an organisation's to run"
        );
    }

    #[test]
    fn a_temporary_password_opens_nothing_but_its_own_change() {
        let granted = granted(Role::Admin, true, true);
        assert_eq!(
            granted.iter().copied().collect::<Vec<_>>(),
            ["account.manage", "session.read"]
        );
    }
}
