//! Who acts on licences: a person, the operator at the machine, or the node by itself.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Clock, Ctx, RequestId, Result};
use serde_json::Value;

use crate::audit;

/// Who acts.
#[derive(Clone)]
pub enum Actor {
    /// A platform administrator.
    Person(Box<Ctx>),
    /// The operator at the machine, also before there is an organisation.
    Operator(Arc<dyn Clock>),
    /// The node by itself: a file that was dropped, the licence server, the time.
    Node(Arc<dyn Clock>),
}

impl Actor {
    /// Writes the audit entry of what was done.
    pub(super) fn record(
        &self,
        tx: &Tx<'_>,
        action: &str,
        subject: &str,
        details: Value,
    ) -> Result<()> {
        let what = (action, subject);
        match self {
            Self::Person(ctx) => audit::record_with(tx, ctx, action, subject, details),
            Self::Operator(clock) => {
                audit::record_operator(tx, clock.as_ref(), &RequestId::new(), what, details)
            }
            Self::Node(clock) => {
                audit::record_node(tx, clock.as_ref(), &RequestId::new(), what, details)
            }
        }
    }
}
