//! People and groups that a company's directory provisions (SCIM 2.0, RFC 7643 and RFC 7644).
//!
//! Invariants: what a directory of one organisation sends concerns that organisation alone, and nobody else
//! reads it; access is given and taken by [`crate::identity::apply_external`] only, in the transaction that
//! stores what was sent; tokens are stored as SHA-256 only; what a directory sends about passwords is not
//! kept. Deliberately absent: bulk requests, groups in groups, and roles that a directory names by itself: it
//! names groups, and the organisation says what they give.

mod access;
mod answer;
mod caller;
mod change;
mod document;
mod model;
mod request;
mod resource_store;
mod routes_admin;
mod routes_groups;
mod routes_service;
mod routes_users;
mod search;
mod settings;
mod store;
mod tokens;

use guildhall_db::Reader;
use guildhall_kernel::{OrgId, Result, Role};
use utoipa_axum::router::OpenApiRouter;

pub use answer::{in_own_shape, is_protocol};

use crate::app::App;

/// Most bytes of a request: a group with all of its members.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What administrators set up.
pub fn router() -> OpenApiRouter<App> {
    routes_admin::router()
}

/// What directories call: a foreign protocol with error bodies of its own.
pub fn protocol_router() -> OpenApiRouter<App> {
    routes_service::router()
        .merge(routes_users::router())
        .merge(routes_groups::router())
        .layer(guildhall_web::limits::body_limit(BODY_BYTES_MAX))
}

/// Whether what is provisioned by SCIM gives a role of the organisation.
///
/// # Errors
/// Those of the database.
pub fn uses_of_role(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<Vec<String>> {
    let settings = store::find_settings(reader, organisation)?;
    let is_given = settings.roles().any(|given| given == role);
    Ok(if is_given {
        vec!["the roles of groups under SCIM".to_owned()]
    } else {
        Vec::new()
    })
}
