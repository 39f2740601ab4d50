//! Collections and the models that read them, as data.

use guildhall_kernel::{OrgId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::retrieve::Group;
use crate::inference::EmbeddingChoice;

/// Texts that are searched together, with one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// The handbooks of the agents.
    Handbook,
    /// What people attach, paste and said before.
    Files,
}

impl Collection {
    pub(super) const ALL: [Self; 2] = [Self::Handbook, Self::Files];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Handbook => "handbook",
            Self::Files => "files",
        }
    }

    pub(super) fn group(self) -> Group {
        match self {
            Self::Handbook => Group::Handbook,
            Self::Files => Group::Own,
        }
    }

    /// What people call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Handbook => "Handbooks",
            Self::Files => "Files and earlier messages",
        }
    }

    /// How sentences call it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Handbook => "the handbook",
            Self::Files => "what you sent",
        }
    }
}

/// How far a collection's vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CollectionState {
    /// The chosen model is in use.
    Ready,
    /// Its vectors are being made; the former model is in use until then.
    Rebuilding,
    /// They could not be made; the former model stays in use.
    Failed,
}

impl CollectionState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rebuilding => "rebuilding",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "ready" => Self::Ready,
            "rebuilding" => Self::Rebuilding,
            _ => Self::Failed,
        }
    }
}

/// A choice as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CollectionRow {
    pub(super) organisation: OrgId,
    pub(super) collection: Collection,
    pub(super) chosen: String,
    pub(super) active: String,
    pub(super) state: CollectionState,
    pub(super) error: Option<String>,
    pub(super) changed_by: PersonId,
    pub(super) changed_at: Timestamp,
}

/// A collection as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CollectionView {
    pub collection: Collection,
    /// What was chosen: an alias, a model's name or a provider's `…/…`.
    pub chosen: String,
    /// The model that questions are compared with right now.
    pub active: String,
    pub state: CollectionState,
    /// Why the chosen model's vectors could not be made, one sentence.
    #[schema(required)]
    pub error: Option<String>,
    /// Texts that are done and texts in all, while vectors are being made.
    pub done: u64,
    pub total: u64,
    /// Vectors of the active model that are kept on the disk; 0 for files, which are read anew.
    pub vectors: u64,
    /// Their length; `null` while there is none.
    #[schema(required)]
    pub dimension: Option<u32>,
    #[schema(required)]
    pub changed_at: Option<Timestamp>,
}

/// Every collection, and what can be chosen for one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Collections {
    pub items: Vec<CollectionView>,
    pub choices: Vec<EmbeddingChoice>,
}
