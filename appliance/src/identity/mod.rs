//! Who may come in, for which organisation, with what.
//!
//! Invariants: tokens and keys are stored as SHA-256 only; passwords as argon2id only; every login gets
//! a new session token and a password change ends every other session; an organisation always keeps one
//! administrator who can log in; what a session may do is read from the database on every request, what a
//! key may do is remembered until anybody's access changes, so that either way a change takes effect at once. Deliberately absent: roles in tokens, permanent logins.

mod account;
mod authenticate;
mod credential_store;
mod known_keys;
mod login;
mod model;
mod organisations;
mod people;
mod permission;
mod routes_account;
mod routes_admin;
mod routes_session;
mod setup;
mod store;

use guildhall_db::Reader;
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Result, Timestamp};
use guildhall_web::password;
use utoipa_axum::router::OpenApiRouter;

pub use account::{NewApiKey, create_api_key};
pub use known_keys::KnownKeys;
pub use login::LoginLimits;
pub use model::{
    AccountSession, ApiKey, CreatedApiKey, CreatedMember, Member, Organisation, Person, SessionView,
};
pub use organisations::{create_organisation, list_organisations};
pub use people::{NewMember, add_member, list_members};
pub use permission::perm;
pub use setup::{
    FirstAdministrator, SetupLink, create_setup_link, operator_context, setup_organisation,
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<crate::app::App> {
    routes_session::router()
        .merge(routes_account::router())
        .merge(routes_admin::router())
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
    Ok(store::find_member(reader, organisation, person)?.is_some())
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
    Ok(store::count_organisations(reader)? > 1)
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

/// SHA-256 in hex: how tokens and keys are stored. They hold 160 random bits or more, so a slow hash
/// would add nothing.
fn token_hash(token: &str) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

/// Whether the node has its first organisation.
///
/// # Errors
/// Those of the database.
pub fn is_set_up(reader: &Reader<'_>) -> Result<bool> {
    Ok(store::count_organisations(reader)? > 0)
}
