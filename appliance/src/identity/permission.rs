//! What may be done, which role may do it, and what a scope leaves of it. A handler names its permission in
//! its signature.

use std::{collections::BTreeSet, sync::Arc};

use guildhall_kernel::Role;
use guildhall_web::Permission;

/// A permission as it stands in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        /// Permission markers for `Auth<perm::…>`.
        pub mod perm {
            $($(#[doc = $doc])+ #[derive(Clone, Copy, Debug)] pub struct $name;
            impl super::Permission for $name { const NAME: &'static str = $text; })*
        }

        /// Every permission there is, with what its marker says of it.
        pub(super) const CATALOGUE: &[Known] = &[
            $(Known { name: $text, description: concat!($($doc),+).trim_ascii() },)*
        ];
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
    /// Call models directly, through the programming interfaces under /v1.
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
    /// Read which roles there are and what each may do.
    RolesRead = "roles.read";
    /// Make, change and remove custom roles.
    RolesManage = "roles.manage";
    /// Say who may use which employee, model or collection, and ask an authoriser of one's own.
    PoliciesManage = "policies.manage";
    /// Make service accounts, give them keys and remove them.
    ServiceAccountsManage = "service_accounts.manage";
    /// Enter applications that ask people for access.
    OauthClientsManage = "oauth_clients.manage";
    /// Provision people and groups by SCIM.
    ScimUse = "scim.use";
    /// Read the audit log.
    AuditRead = "audit.read";
    /// Turn the switch of outgoing connections.
    EgressManage = "egress.manage";
    /// Read what the licence allows, and how much of it is used.
    LicenseRead = "license.read";
    /// Import licences, ask for leases, export usage reports.
    LicenseManage = "license.manage";
    /// Read the node's state and metrics.
    NodeObserve = "node.observe";
    /// List and make organisations, and say who administers the node.
    NodeOrganisations = "node.organisations";
    /// Connect directories and identity providers that people log in with.
    SigninManage = "signin.manage";
    /// Say who may sign up by themselves.
    SignupManage = "signup.manage";
    /// Set rules on passwords, second factors and sessions.
    SecurityManage = "security.manage";
    /// Enter the mail server and try it out.
    MailManage = "mail.manage";
}

/// What everybody has, whatever their role.
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
    "roles.read",
    "team.hire",
    "team.manage",
];
const DEVELOPER: &[&str] = &[
    "models.read",
    "playground.use",
    "prompts.manage",
    "ratings.read",
];
const OPERATOR: &[&str] = &[
    "collections.manage",
    "license.read",
    "models.read",
    "people.read",
    "quotas.manage",
    "ratings.read",
    "roles.read",
    "team.hire",
    "team.manage",
];
const APPROVER: &[&str] = &["people.read", "ratings.read"];
const VIEWER: &[&str] = &[
    "catalog.read",
    "events.read",
    "license.read",
    "models.read",
    "people.read",
    "prompts.read",
    "ratings.read",
    "roles.read",
    "team.read",
];
const AUDITOR: &[&str] = &["audit.read"];
/// What only administering the node gives.
const NODE: &[&str] = &[
    "egress.manage",
    "license.manage",
    "mail.manage",
    "models.manage",
    "node.observe",
    "node.organisations",
    "providers.manage",
    "security.manage",
    "signin.manage",
    "signup.manage",
];
/// What administering the node gives of what a role may give too.
const PLATFORM: &[&str] = &["license.read", "models.read", "quotas.manage"];
/// What a key that is for some employees only may do at most: whatever made another key, person or
/// employee would lead around its bounds.
const WITH_EMPLOYEES: &[&str] = &[
    "catalog.read",
    "chat.use",
    "events.read",
    "models.use",
    "session.read",
    "team.manage",
    "team.read",
];
/// Names for several permissions at once, and what each is for.
const SCOPE_GROUPS: &[(&str, &str)] = &[
    ("read", "Read what you may read"),
    ("chat", "See your employees and chat with them"),
    ("models", "Call models directly"),
    ("manage", "Do everything that you may do"),
    ("scim", "Provision people and groups by SCIM"),
];

/// Permissions that come from administering the node, not from a role in an organisation.
pub(super) fn is_node_permission(name: &str) -> bool {
    NODE.contains(&name)
}

/// Permissions that a role can give: neither the node's nor everybody's own.
pub(super) fn is_role_permission(name: &str) -> bool {
    !is_node_permission(name) && !OWN_ACCOUNT.contains(&name)
}

/// The permission of this name as it lives in the program.
pub(super) fn find(name: &str) -> Option<&'static str> {
    let mut catalogue = CATALOGUE.iter();
    catalogue
        .find(|known| known.name == name)
        .map(|known| known.name)
}

/// What a built-in role gives; nothing for a custom one, whose permissions are stored.
pub(super) fn of_built_in(role: Role) -> BTreeSet<&'static str> {
    let parts: &[&[&'static str]] = match role {
        Role::Admin => {
            let every = CATALOGUE.iter().map(|known| known.name);
            return every.filter(|name| is_role_permission(name)).collect();
        }
        Role::Staff => &[NORMAL, STAFF],
        Role::Normal => &[NORMAL],
        Role::Developer => &[NORMAL, DEVELOPER],
        Role::Operator => &[NORMAL, OPERATOR],
        Role::Approver => &[NORMAL, APPROVER],
        Role::Viewer => &[VIEWER],
        Role::Auditor => &[VIEWER, AUDITOR],
        Role::Custom(_) => &[],
    };
    parts.iter().copied().flatten().copied().collect()
}

/// What a person may do whose role gives `role`. Who must change their password may do nothing else first.
pub(super) fn granted(
    role: &BTreeSet<&'static str>,
    is_platform_administrator: bool,
    must_change_password: bool,
) -> Arc<BTreeSet<&'static str>> {
    let mut granted: BTreeSet<&'static str> = OWN_ACCOUNT.iter().copied().collect();
    if must_change_password {
        return Arc::new(granted);
    }
    granted.extend(role);
    if is_platform_administrator {
        granted.extend(NODE);
        granted.extend(PLATFORM);
    }
    Arc::new(granted)
}

/// What is left of `granted` for a key or token with these scopes, for all employees or for some only.
/// Never more than was there.
pub(super) fn narrowed(
    granted: Arc<BTreeSet<&'static str>>,
    scopes: Option<&[String]>,
    is_for_some_ves: bool,
) -> Arc<BTreeSet<&'static str>> {
    if scopes.is_none() && !is_for_some_ves {
        return granted;
    }
    let in_scope = |name: &str| {
        scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope_holds(scope, name)))
    };
    let left = granted.iter().copied().filter(|name| {
        let is_held = *name == "session.read" || in_scope(name);
        is_held && (!is_for_some_ves || WITH_EMPLOYEES.contains(name))
    });
    Arc::new(left.collect())
}

fn scope_holds(scope: &str, name: &str) -> bool {
    match scope {
        "manage" => true,
        "read" => name.ends_with(".read"),
        "chat" => ["catalog.read", "chat.use", "events.read", "team.read"].contains(&name),
        "models" => name == "models.use",
        "scim" => name == "scim.use",
        // A key that changes its owner's account could make itself a wider one.
        "account.manage" => false,
        exact => exact == name,
    }
}

/// What a scope is for, in words that a person can decide on; nothing for a name that is no scope.
pub(super) fn scope_description(scope: &str) -> Option<&'static str> {
    let group = SCOPE_GROUPS.iter().find(|(name, _)| *name == scope);
    if let Some((_, description)) = group {
        return Some(description);
    }
    let mut catalogue = CATALOGUE.iter();
    let known = catalogue.find(|known| known.name == scope && scope != "account.manage");
    known.map(|known| known.description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(role: Role) -> Arc<BTreeSet<&'static str>> {
        granted(&of_built_in(role), false, false)
    }

    #[test]
    fn each_role_holds_what_the_one_below_holds() {
        let admin = of(Role::Admin);
        assert!(of(Role::Normal).is_subset(&of(Role::Staff)));
        assert!(of(Role::Viewer).is_subset(&of(Role::Auditor)));
        for role in Role::BUILT_IN {
            assert!(
                of(role).is_subset(&admin),
                "an administrator may give any role"
            );
        }
        assert!(
            !admin.contains("models.manage"),
            "the node is not an organisation's to run"
        );
    }

    #[test]
    fn every_name_stands_in_the_catalogue() {
        let names = [
            NORMAL, STAFF, DEVELOPER, OPERATOR, APPROVER, VIEWER, AUDITOR,
        ];
        let more = [OWN_ACCOUNT, NODE, PLATFORM, WITH_EMPLOYEES];
        for name in names.into_iter().chain(more).flatten() {
            assert!(find(name).is_some(), "{name}");
        }
        for known in CATALOGUE {
            assert!(known.description.ends_with('.'), "{}", known.name);
        }
    }

    #[test]
    fn a_temporary_password_opens_nothing_but_its_own_change() {
        let granted = granted(&of_built_in(Role::Admin), true, true);
        assert_eq!(
            granted.iter().copied().collect::<Vec<_>>(),
            ["account.manage", "session.read"]
        );
    }

    #[test]
    fn scopes_narrow_and_never_widen() {
        let narrow = |role, scopes: &[&str], some_ves| {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            let left = narrowed(of(role), Some(&scopes), some_ves);
            left.iter().copied().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            narrow(Role::Admin, &["chat"], false),
            "catalog.read chat.use events.read session.read team.read"
        );
        assert_eq!(
            narrow(Role::Normal, &["people.manage"], false),
            "session.read"
        );
        assert_eq!(
            narrow(Role::Admin, &["account.manage"], false),
            "session.read"
        );
        assert!(!narrow(Role::Admin, &["manage"], true).contains("people.manage"));
        assert_eq!(narrowed(of(Role::Staff), None, false), of(Role::Staff));
    }
}
