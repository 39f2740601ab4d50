//! People and programs as shown, and what they may be called.

use guildhall_kernel::{ApiKeyId, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Role;
use crate::ids::{CustomerId, PortalAccessId, StaffId};

const PASSWORD_CHARACTERS_MIN: usize = 12;
const PASSWORD_BYTES_MAX: usize = 1024;

/// A member of the vendor's staff.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StaffMember {
    pub id: StaffId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// Whether they may not sign in any more.
    pub disabled: bool,
    /// Whether their password is a temporary one.
    pub must_change_password: bool,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

/// An API key without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The key's first characters, to recognise it by.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// A new API key with its secret, which is shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiKey {
    pub id: ApiKeyId,
    /// The secret; it is not stored and cannot be shown again.
    pub key: String,
}

/// A customer's way into the portal, without its code.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PortalAccess {
    pub id: PortalAccessId,
    pub customer_id: CustomerId,
    pub name: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// A password that is long enough and is not the e-mail address.
///
/// # Errors
/// `weak_password` on the field.
pub fn checked_password(field: &str, password: &str, email: &str) -> Result<Zeroizing<String>> {
    let is_good = password.chars().count() >= PASSWORD_CHARACTERS_MIN
        && password.len() <= PASSWORD_BYTES_MAX
        && !password.eq_ignore_ascii_case(email);
    if is_good {
        return Ok(Zeroizing::new(password.to_owned()));
    }
    Err(Error::invalid_field(
        field,
        "weak_password",
        format!(
            "choose a password of at least {PASSWORD_CHARACTERS_MIN} characters that is not the e-mail address"
        ),
    ))
}
