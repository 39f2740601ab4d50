//! Who may come in, as whom, with what: staff with roles, customers' portal accesses, API keys with
//! scopes.
//!
//! Invariants: tokens, codes and keys are stored as SHA-256 only, passwords as argon2id only; every
//! sign-in gets a new session token; a changed role, password or access takes effect at once, since all
//! of it is read from the database on every request; one administrator who can sign in always stays.
//! Deliberately absent: roles in tokens, permanent sign-ins, passwords for customers.

mod authenticate;
mod keys;
mod login;
mod model;
mod permission;
mod portal;
mod routes;
mod staff;
mod store;

use guildhall_web::token_hash;
use utoipa_axum::router::OpenApiRouter;

pub use keys::{NewKey, create_key_blocking};
pub use login::LoginLimits;
pub use model::{ApiKey, CreatedApiKey, PortalAccess, StaffMember};
pub use permission::{ALL, Role, perm};
pub use portal::{CreatedAccess, NewAccess, create_access, list_accesses, revoke_access};
pub use staff::{NewStaff, check_staff, create_staff_blocking, reset_password_blocking};

/// A guard of this server.
pub type Auth<P> = guildhall_web::Auth<P, crate::ctx::Ctx>;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<crate::app::App> {
    routes::router()
}
