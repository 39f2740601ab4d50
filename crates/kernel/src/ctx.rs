//! Who acts, for which organisation, in which request: the first parameter of everything that acts
//! for someone.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    ApiKeyId, Clock, Entitlements, Error, OrgId, PersonId, RequestId, Result, SessionId, Timestamp,
};

/// A person's role in one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the organisation: everything in it.
    Admin,
    /// Hires, manages and works with employees.
    Staff,
    /// Works with the employees that others hired.
    Normal,
}

impl Role {
    /// The role's stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Staff => "staff",
            Self::Normal => "normal",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Admin, Self::Staff, Self::Normal]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                Error::invalid_field(
                    "role",
                    "unknown_role",
                    format!("`{text}` is not a role; use admin, staff or normal"),
                )
            })
    }
}

/// With what the caller proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A browser session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// The operator at the machine itself (command line, control socket, first start).
    Operator,
}

/// The context of one action. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// The person acting.
    pub person: PersonId,
    /// The organisation acted for.
    pub organisation: OrgId,
    /// The person's role there.
    pub role: Role,
    /// What the role allows in the organisation and the person on the node.
    pub permissions: Arc<BTreeSet<&'static str>>,
    /// How the caller proved who they are.
    pub principal: Principal,
    /// The request this belongs to.
    pub request_id: RequestId,
    /// The caller's `Idempotency-Key`, when the request carries one.
    pub idempotency: Option<Arc<IdempotencyKey>>,
    /// What the node's licence allows.
    pub entitlements: Arc<Entitlements>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
}

/// A caller's promise that two requests with the same key are the same request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key as sent, at most 255 characters.
    pub key: String,
    /// Digest of method, path and body: the same key with another request is refused.
    pub fingerprint: String,
}

impl Ctx {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the caller holds the permission.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }
}
