//! Identity providers that people log in with: SAML 2.0 and OpenID Connect.
//!
//! Invariants: a provider decides who somebody is and which groups they are in, the settings decide what
//! that gives here; a login is tied to the browser that began it and taken once; people learn that a login
//! failed and a reference, administrators learn why; a password of the node's own always works beside it.
//! Deliberately absent: metadata fetched from anywhere, providers of single organisations, trust in
//! anything a message names that the settings do not.

mod address;
mod admin;
mod failure;
mod flow_cookie;
mod flow_store;
mod keys;
mod mapping;
mod model;
mod oidc;
mod oidc_settings;
mod routes;
mod routes_saml;
mod saml;
mod saml_logout;
mod saml_settings;
mod saml_store;
mod store;
mod trial;

use futures::future::BoxFuture;
use guildhall_db::Reader;
use guildhall_kernel::{OrgId, Result, Role};
use utoipa_axum::router::OpenApiRouter;

pub use keys::Federation;
pub use model::{
    AttributeNames, DefaultGrant, GroupGrant, IdentityProvider, IdentityProviderChange,
    IdentityProviderKind, NewIdentityProvider, SignInFailure,
};
pub use oidc_settings::{OidcInput, OidcView};
pub use saml_settings::{
    CertificateInput, IdpCertificate, SamlInput, SamlMetadata, SamlView, SpCertificate,
};
pub use trial::{
    LoginTest, LoginTestGrant, LoginTestOutcome, LoginTestResult, LoginTestState, LoginTestStep,
};

use crate::{
    app::App,
    identity::{SignInList, SignInOptions, SignInProvider},
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
        .merge(routes_saml::router())
        .merge(oidc::router())
}

/// Whether any identity provider was entered.
///
/// # Errors
/// Those of the database.
pub fn has_providers(reader: &Reader<'_>) -> Result<bool> {
    Ok(!store::list_providers(reader)?.is_empty())
}

/// Which identity providers give a role of the organisation, by group or to everybody.
///
/// # Errors
/// Those of the database.
pub fn uses_of_role(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<Vec<String>> {
    let rows = store::list_providers(reader)?.into_iter().filter(|row| {
        let by_group = row.group_map.iter();
        let mut by_group = by_group.map(|rule| (rule.organisation_id, rule.role));
        let by_default = row.default_grant.as_ref();
        let by_default = by_default.map(|grant| (grant.organisation_id, grant.role));
        by_group.any(|given| given == (organisation, role))
            || by_default == Some((organisation, role))
    });
    let named = rows.map(|row| format!("the groups of the identity provider `{}`", row.name));
    Ok(named.collect())
}

/// The providers that the sign-in page offers.
pub struct ProviderOptions;

impl SignInOptions for ProviderOptions {
    fn list<'a>(&'a self, app: &'a App) -> BoxFuture<'a, Result<SignInList>> {
        Box::pin(async {
            let rows = app.db.read(store::list_providers).await?;
            let offered = rows.into_iter().filter(|row| row.enabled).map(|row| {
                let kind = row.kind().as_str();
                SignInProvider {
                    login_path: format!("/{kind}/{}/login", row.id),
                    logout_path: format!("/{kind}/{}/logout", row.id),
                    id: row.id.to_string(),
                    kind,
                    name: row.name,
                }
            });
            Ok(SignInList {
                providers: offered.collect(),
                ..SignInList::default()
            })
        })
    }
}
