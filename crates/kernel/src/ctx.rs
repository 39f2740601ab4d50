//! Who acts, for which organisation, in which request: the first parameter of everything that acts
//! for someone.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    ApiKeyId, Clock, Entitlements, OrgId, PersonId, Reach, RequestId, ResourceType, Role,
    SessionId, Timestamp, VeId,
};

/// With what the caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A browser session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A token that an application got for the person, by the id it has in the audit log.
    Token(Arc<str>),
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
    /// What of the organisation's things the caller may use.
    pub reach: Reach,
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

    /// Whether the caller may use the employee: neither their key nor a policy leaves it out.
    pub fn may_use_ve(&self, ve: VeId) -> bool {
        self.reach.holds_ve(ve) && self.reach.allows(ResourceType::Ve, &ve.to_string())
    }

    /// Whether the caller may know of the employee: who manages the team or the policies also sees those
    /// that they may not use themselves.
    pub fn may_see_ve(&self, ve: VeId) -> bool {
        let oversees = self.may("team.manage") || self.may("policies.manage");
        self.reach.holds_ve(ve) && (oversees || self.may_use_ve(ve))
    }

    /// Whether no policy keeps the caller from using the model of this name.
    pub fn may_use_model(&self, name: &str) -> bool {
        self.reach.allows(ResourceType::Model, name)
    }
}
