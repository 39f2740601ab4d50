//! Who acts: the first parameter of everything that acts for someone.

use std::{collections::BTreeSet, sync::Arc};

use guildhall_kernel::{
    ApiKeyId, Clock, IdempotencyKey, RequestId, SessionId, SystemClock, Timestamp,
};
use guildhall_web::Caller;

use crate::{
    access::Role,
    ids::{CustomerId, PortalAccessId, StaffId},
};

/// With what the caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member of the staff in a browser.
    Staff {
        /// Who.
        id: StaffId,
        /// In which session.
        session: SessionId,
        /// With which role.
        role: Role,
    },
    /// A customer's person in the portal.
    Portal {
        /// The way in that was used.
        access: PortalAccessId,
        /// In which session.
        session: SessionId,
    },
    /// A program with an API key.
    Key(ApiKeyId),
    /// A node that signed its request with its install key, named by the key's fingerprint.
    Node(String),
    /// The operator at the machine itself.
    Operator,
}

impl Actor {
    /// The actor in one word, for audit entries and idempotency records.
    pub fn label(&self) -> String {
        match self {
            Self::Staff { id, .. } => id.to_string(),
            Self::Portal { access, .. } => access.to_string(),
            Self::Key(id) => id.to_string(),
            Self::Node(fingerprint) => format!("node:{fingerprint}"),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// The context of one action. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// The customer whose rows the caller is confined to; nothing for the vendor's own people.
    pub customer: Option<CustomerId>,
    /// What the caller may do.
    pub permissions: Arc<BTreeSet<&'static str>>,
    /// The request this belongs to.
    pub request_id: RequestId,
    /// The caller's `Idempotency-Key`, when the request carries one.
    pub idempotency: Option<Arc<IdempotencyKey>>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
}

impl Ctx {
    /// The operator's context, outside any request.
    pub fn operator() -> Self {
        Self::outside(Actor::Operator, Arc::new(SystemClock))
    }

    /// A context without permissions, for what was authenticated in another way than by a guard.
    pub fn outside(actor: Actor, clock: Arc<dyn Clock>) -> Self {
        Self {
            actor,
            customer: None,
            permissions: Arc::default(),
            request_id: guildhall_web::request_id(),
            idempotency: None,
            clock,
        }
    }

    /// The same context, once a node's signature was checked: from then on it is known by its key.
    #[must_use]
    pub fn verified_as(&self, key_fingerprint: &str) -> Self {
        let mut ctx = self.clone();
        if matches!(ctx.actor, Actor::Node(_)) {
            ctx.actor = Actor::Node(key_fingerprint.to_owned());
        }
        ctx
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether rows of this customer may be shown to the caller.
    pub fn sees(&self, customer: CustomerId) -> bool {
        self.customer.is_none_or(|own| own == customer)
    }
}

impl Caller for Ctx {
    fn may(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }
}
