//! What of an organisation's own things a caller may use: apart from permissions, which say what may be
//! done at all.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::VeId;

/// A kind of thing whose use can be restricted to some people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResourceType {
    /// A virtual employee.
    Ve,
    /// A model, by the name it is chosen by.
    Model,
    /// A collection of texts.
    Collection,
}

impl ResourceType {
    /// The kind's stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ve => "ve",
            Self::Model => "model",
            Self::Collection => "collection",
        }
    }
}

/// What a caller may use. The empty one leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The only employees that the caller's key or token is for; nothing when it is for all.
    pub ves: Option<Arc<[VeId]>>,
    /// What policies keep the caller from using.
    pub denied: Arc<BTreeSet<(ResourceType, String)>>,
}

impl Reach {
    /// Whether the caller's key or token is for this employee, whatever policies say.
    pub fn holds_ve(&self, ve: VeId) -> bool {
        self.ves.as_ref().is_none_or(|ves| ves.contains(&ve))
    }

    /// Whether no policy keeps the caller from using this.
    pub fn allows(&self, kind: ResourceType, id: &str) -> bool {
        self.denied.is_empty() || !self.denied.contains(&(kind, id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;

    #[test]
    fn what_is_not_left_out_may_be_used() {
        let (one, other) = (VeId::new(&SystemClock), VeId::new(&SystemClock));
        let everything = Reach::default();
        assert!(everything.holds_ve(one) && everything.allows(ResourceType::Model, "starter"));
        let narrow = Reach {
            ves: Some(Arc::from([one])),
            denied: Arc::new(BTreeSet::from([(
                ResourceType::Model,
                "starter".to_owned(),
            )])),
        };
        assert!(narrow.holds_ve(one) && !narrow.holds_ve(other));
        assert!(!narrow.allows(ResourceType::Model, "starter"));
        assert!(narrow.allows(ResourceType::Collection, "starter"));
    }
}
