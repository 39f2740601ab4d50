//! Who may come in, for which organisation, with what.
//!
//! Invariants: tokens, keys and recovery codes are stored as SHA-256 only; passwords as argon2id only; what an authenticator app holds is sealed, and what a passkey or a code has opened it does not open twice; every login gets
//! a new session token and a password change ends every other session; an organisation always keeps one
//! administrator who can log in, and so does the node; nobody gives what they do not have; access ends in one
//! way, at once, with all that runs on it; what a session may do is read from the database on every request,
//! what a key may do is remembered until anybody's access changes, so that either way a change takes effect at
//! once. Deliberately absent: roles in tokens, permanent logins.

mod accept;
mod account;
mod afresh;
mod api_keys;
mod authenticate;
mod authoriser;
mod authoriser_admin;
mod awaited;
mod awaited_store;
mod bearer;
mod ceremony;
mod certificate_store;
mod certificates;
mod credential_store;
mod external;
mod external_plan;
mod external_store;
mod factor_store;
mod factors;
mod invitation_store;
mod invitations;
mod joining;
mod known_keys;
mod letters;
mod limits;
mod live;
mod login;
mod model;
mod organisations;
mod passkey;
mod password_login;
mod password_reset;
mod password_reset_store;
mod people;
mod people_security;
mod permission;
mod platform;
mod platform_store;
mod policies;
mod policy_store;
mod reauthenticate;
mod recovery;
mod refusal_store;
mod refusals;
mod revoke;
mod role_store;
mod role_uses;
mod roles;
mod routes_account;
mod routes_admin;
mod routes_certificates;
mod routes_factors;
mod routes_invitations;
mod routes_password_reset;
mod routes_platform;
mod routes_policies;
mod routes_roles;
mod routes_security;
mod routes_service_accounts;
mod routes_session;
mod routes_sign_in;
mod routes_sign_up;
mod second_step;
mod service_accounts;
mod service_store;
mod settings;
mod settings_store;
mod setup;
mod setup_store;
mod sign_in;
mod sign_up;
mod sign_up_store;
mod site;
mod store;
mod totp;
mod webauthn;

use guildhall_db::Reader;
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Result, Timestamp};
use guildhall_web::{password, token_hash};
use utoipa_axum::router::OpenApiRouter;

pub use api_keys::{NewApiKey, check_scopes, create_api_key, scope_description};
pub use authoriser::{Authorisers, authorise};
pub use awaited::{apply_or_await, await_no_more};
pub use bearer::{BearerSource, TokenCaller};
pub use ceremony::Ceremonies;
pub use external::{
    ExternalChange, ExternalContext, ExternalIdentity, Grant, apply_external,
    end_external_sessions, external_context, external_subject, external_subjects, is_known,
    log_in_external, preview_external,
};
pub use known_keys::KnownKeys;
pub use limits::LoginLimits;
pub use live::{Live, Watch, watch_stream};
pub use login::{OpenedSession, Origin, end_session};
pub use model::{
    AccountSession, ApiKey, CreatedApiKey, CreatedMember, ListedOrganisation, Member, Organisation,
    Person, SessionView,
};
pub use organisations::{
    CreatedOrganisation, NewOrganisation, create_organisation, create_organisation_for,
    list_organisations,
};
pub use people::{NewMember, add_member, list_members};
pub use permission::perm;
pub use platform::{add_platform_administrator, check_takes_people};
pub use policies::{Policies, Policy, Resources, not_in_policy};
pub use refusals::{
    SourceRefusal, forget_refusals, list_refusals, note_change, refused_subjects,
    tell as tell_refusal,
};
pub use revoke::{RevokeParts, Revoker, revoke_access, revoke_parts};
pub use role_uses::RoleUses;
pub use roles::{RoleView, check_over, check_role, check_role_exists, role_title};
pub use routes_session::session_cookie;
pub use service_accounts::{ServiceAccount, find_service_account};
pub use setup::{
    FirstAdministrator, SetupLink, create_setup_link, operator_context, setup_organisation,
};
pub use sign_in::{PasswordSource, SignInDirectory, SignInList, SignInOptions, SignInProvider};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<crate::app::App> {
    routes_session::router()
        .merge(routes_account::router())
        .merge(routes_admin::router())
        .merge(routes_roles::router())
        .merge(routes_policies::router())
        .merge(routes_service_accounts::router())
        .merge(routes_certificates::router())
        .merge(routes_platform::router())
        .merge(routes_sign_in::router())
        .merge(routes_factors::router())
        .merge(routes_security::router())
        .merge(routes_invitations::router())
        .merge(routes_sign_up::router())
        .merge(routes_password_reset::router())
}

/// The person with this id, for naming who did something.
///
/// # Errors
/// Those of the database.
pub fn find_person(reader: &Reader<'_>, id: PersonId) -> Result<Option<Person>> {
    store::find_person(reader, id)
}

/// How the person with this id is called.
///
/// # Errors
/// Those of the database.
pub fn display_name(reader: &Reader<'_>, id: PersonId) -> Result<Option<String>> {
    Ok(store::find_person(reader, id)?.map(|person| person.display_name))
}

/// The person with this e-mail address and the organisations they belong to, for the command line.
///
/// # Errors
/// Those of the database.
pub fn find_by_email(
    reader: &Reader<'_>,
    email: &str,
) -> Result<Option<(Person, Vec<Organisation>)>> {
    let Some(found) = store::find_credentials(reader, &email.trim().to_lowercase())? else {
        return Ok(None);
    };
    let organisations = store::organisations_of(reader, found.person.id)?;
    Ok(Some((found.person, organisations)))
}

/// The name of an organisation.
///
/// # Errors
/// Those of the database; `not_found`.
pub fn organisation_name(reader: &Reader<'_>, id: OrgId) -> Result<String> {
    store::find_organisation(reader, id)?
        .map(|organisation| organisation.name)
        .ok_or_else(|| guildhall_kernel::Error::not_found("organisation"))
}

/// The name of an organisation, for those who administer the node; nothing for one that is one person's alone
/// or is not there.
///
/// # Errors
/// Those of the database.
pub fn open_organisation_name(reader: &Reader<'_>, id: OrgId) -> Result<Option<String>> {
    if store::is_hidden(reader, id)? {
        return Ok(None);
    }
    let found = store::find_organisation(reader, id)?;
    Ok(found.map(|organisation| organisation.name))
}

/// What its owner called an API key of the organisation; nothing when it was revoked.
///
/// # Errors
/// Those of the database.
pub fn api_key_name(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: ApiKeyId,
) -> Result<Option<String>> {
    credential_store::find_api_key_name(reader, organisation, id)
}

/// Whether the person belongs to the organisation.
///
/// # Errors
/// Those of the database.
pub fn is_member(reader: &Reader<'_>, organisation: OrgId, person: PersonId) -> Result<bool> {
    store::has_membership(reader, organisation, person)
}

/// Whether the API key belongs to the organisation.
///
/// # Errors
/// Those of the database.
pub fn has_api_key(reader: &Reader<'_>, organisation: OrgId, key: ApiKeyId) -> Result<bool> {
    credential_store::has_api_key(reader, organisation, key)
}

/// Whether the organisation has more people than the one who set it up.
///
/// # Errors
/// Those of the database.
pub fn has_several_people(reader: &Reader<'_>, organisation: OrgId) -> Result<bool> {
    Ok(store::list_members(reader, organisation, None, 2)?.len() > 1)
}

/// Whether the node has more than its first organisation.
///
/// # Errors
/// Those of the database.
pub fn has_several_organisations(reader: &Reader<'_>) -> Result<bool> {
    Ok(store::count_open_organisations(reader)? > 1)
}

/// How many people on the node have a seat, and how many of them were here since `since`.
///
/// # Errors
/// Those of the database.
pub fn count_seats(reader: &Reader<'_>, since: Timestamp) -> Result<(u64, u64)> {
    Ok((
        store::count_seats(reader)?,
        store::count_seen(reader, since)?,
    ))
}

/// Whether the node has its first organisation.
///
/// # Errors
/// Those of the database.
pub fn is_set_up(reader: &Reader<'_>) -> Result<bool> {
    Ok(store::count_organisations(reader)? > 0)
}
