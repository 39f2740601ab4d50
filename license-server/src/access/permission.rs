//! What may be done, and which role may do it. A handler names its permission in its signature.

use std::{collections::BTreeSet, str::FromStr, sync::Arc};

use guildhall_kernel::{Error, Result};
use guildhall_web::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Permission markers for `Auth<perm::…>`.
        pub mod perm {
            $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $name;
            impl super::Permission for $name { const NAME: &'static str = $text; })*
        }
        /// Every permission there is.
        pub const ALL: &[&str] = &[$($text),*];
    };
}

permissions! {
    /// Read who one is, change one's own password, sign out.
    SessionOwn = "session.own";
    /// Read products and plans.
    CatalogueRead = "catalogue.read";
    /// Make and withdraw products and plans.
    CatalogueManage = "catalogue.manage";
    /// Read customers and contracts.
    CustomersRead = "customers.read";
    /// Make and change customers, contracts and portal accesses.
    CustomersManage = "customers.manage";
    /// Read licences, their timeline, installs, leases and the revocation list.
    LicencesRead = "licences.read";
    /// Issue and renew licences.
    LicencesIssue = "licences.issue";
    /// Revoke licences, installs and leases.
    LicencesRevoke = "licences.revoke";
    /// Answer activation requests and release installs.
    InstallsManage = "installs.manage";
    /// Read usage reports.
    ReportsRead = "reports.read";
    /// Hand in usage reports for customers.
    ReportsManage = "reports.manage";
    /// Read the issuance log.
    LogRead = "log.read";
    /// Fetch what waits for a signature and hand in what was signed.
    SigningAnswer = "signing.answer";
    /// Make and change staff.
    StaffManage = "staff.manage";
    /// Make and revoke API keys.
    KeysManage = "keys.manage";
    /// Make, test and remove webhooks.
    WebhooksManage = "webhooks.manage";
    /// Read the audit log.
    AuditRead = "audit.read";
    /// Read metrics and the server's state.
    ServerObserve = "server.observe";
    /// Work in the customer portal, on one's own organisation's licences.
    PortalUse = "portal.use";
}

const READS: &[&str] = &[
    "session.own",
    "catalogue.read",
    "customers.read",
    "licences.read",
    "reports.read",
];
const SALES: &[&str] = &["customers.manage", "licences.issue", "licences.revoke"];
const SUPPORT: &[&str] = &["installs.manage", "reports.manage"];
const AUDITOR: &[&str] = &["log.read", "audit.read", "server.observe"];
const PORTAL: &[&str] = &["session.own", "portal.use"];

/// What a member of the staff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the server: everything.
    Admin,
    /// Sells: customers, contracts, licences.
    Sales,
    /// Helps customers: installs, leases, reports.
    Support,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const EVERY: [Self; 4] = [Self::Admin, Self::Sales, Self::Support, Self::Auditor];

    /// The role's stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Sales => "sales",
            Self::Support => "support",
            Self::Auditor => "auditor",
        }
    }

    /// What a member of the staff with this role may do. Who must change their password may do
    /// nothing else first.
    pub fn permissions(self, must_change_password: bool) -> Arc<BTreeSet<&'static str>> {
        if must_change_password {
            return Arc::new(BTreeSet::from(["session.own"]));
        }
        let more = match self {
            Self::Admin => ALL,
            Self::Sales => SALES,
            Self::Support => SUPPORT,
            Self::Auditor => AUDITOR,
        };
        let granted = READS.iter().chain(more).copied();
        Arc::new(granted.filter(|name| *name != "portal.use").collect())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::EVERY.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| {
            Error::invalid_field(
                "role",
                "unknown_role",
                format!("`{text}` is not a role; use admin, sales, support or auditor"),
            )
        })
    }
}

/// What a customer's person may do in the portal.
pub fn portal() -> Arc<BTreeSet<&'static str>> {
    Arc::new(PORTAL.iter().copied().collect())
}

/// The permissions that an API key's scopes name. Scopes are permissions; a name that is none any
/// more grants nothing.
pub fn of_scopes(scopes: &[String]) -> Arc<BTreeSet<&'static str>> {
    let known = ALL
        .iter()
        .copied()
        .filter(|name| scopes.iter().any(|scope| scope == name));
    Arc::new(known.collect())
}

/// Checks scopes for a new key: known, not the portal's, and none that its maker lacks.
///
/// # Errors
/// `unknown_scope`, `scope_not_yours`.
pub fn check_scopes(scopes: &[String], maker: &BTreeSet<&'static str>) -> Result<()> {
    if scopes.is_empty() {
        return Err(Error::invalid_field(
            "scopes",
            "scope_missing",
            "name at least one scope, such as `licences.read`",
        ));
    }
    for scope in scopes {
        if scope == "portal.use" || !ALL.contains(&scope.as_str()) {
            let known = ALL
                .iter()
                .filter(|name| **name != "portal.use")
                .copied()
                .collect::<Vec<_>>();
            return Err(Error::invalid_field(
                "scopes",
                "unknown_scope",
                format!("`{scope}` is not a scope; there are {}", known.join(", ")),
            ));
        }
        if !maker.contains(scope.as_str()) {
            return Err(Error::invalid_field(
                "scopes",
                "scope_not_yours",
                format!("you do not hold `{scope}` yourself, so you cannot give it to a key"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_changes_nothing_and_nobody_on_the_staff_is_a_customer() {
        let auditor = Role::Auditor.permissions(false);
        for name in [
            "catalogue.manage",
            "customers.manage",
            "licences.issue",
            "licences.revoke",
            "installs.manage",
            "signing.answer",
            "staff.manage",
            "keys.manage",
            "webhooks.manage",
        ] {
            assert!(!auditor.contains(name), "{name}");
        }
        for role in Role::EVERY {
            assert!(!role.permissions(false).contains("portal.use"));
            assert!(
                role.permissions(false)
                    .is_subset(&Role::Admin.permissions(false))
            );
        }
    }

    #[test]
    fn a_key_gets_no_more_than_its_maker_has() {
        let sales = Role::Sales.permissions(false);
        let wanted = ["staff.manage".to_owned()];
        assert_eq!(
            check_scopes(&wanted, &sales).unwrap_err().code(),
            "scope_not_yours"
        );
        assert!(check_scopes(&["licences.read".to_owned()], &sales).is_ok());
        assert_eq!(
            check_scopes(&["portal.use".to_owned()], &sales)
                .unwrap_err()
                .code(),
            "unknown_scope"
        );
    }
}
