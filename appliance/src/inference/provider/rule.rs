//! Chains of models and rules of residency, as data.

use guildhall_kernel::{OrgId, ResidencyRuleId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The first part of a chain's name.
pub(super) const FALLBACK: &str = "fallback";

/// Models that are tried one after the other, until one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FallbackChain {
    /// What people choose and API callers send: `fallback/…`.
    pub model: String,
    pub name: String,
    /// Names of models, of providers or on this node.
    pub steps: Vec<String>,
}

/// How secret something is, least secret first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    Public,
    /// What nobody has said anything about.
    #[default]
    Internal,
    Confidential,
    Personal,
}

impl DataClass {
    /// The class's stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Personal => "personal",
        }
    }

    /// What is not understood is kept as the most secret.
    pub fn from_stored(text: &str) -> Self {
        Self::find(text).unwrap_or(Self::Personal)
    }

    pub(super) fn find(text: &str) -> Option<Self> {
        [
            Self::Public,
            Self::Internal,
            Self::Confidential,
            Self::Personal,
        ]
        .into_iter()
        .find(|class| class.as_str() == text)
    }
}

/// To whose prompts a residency rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AppliesTo {
    /// All of the organisation.
    // With braces, because serde lets unknown fields through beside a variant without them.
    Organisation {},
    /// Those of one employee.
    Ve { ve_id: guildhall_kernel::VeId },
    /// Those that hold data of this class or of a more secret one.
    DataClass { data_class: DataClass },
}

/// How far prompts may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepWithin {
    /// No further than this node's own models.
    Node,
    /// No further than providers on the local network.
    LocalNetwork,
}

impl KeepWithin {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::LocalNetwork => "local_network",
        }
    }
}

/// Where an organisation's prompts may be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResidencyRule {
    pub id: ResidencyRuleId,
    pub applies_to: AppliesTo,
    pub keep_within: KeepWithin,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub organisation: OrgId,
}
