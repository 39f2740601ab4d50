//! An employee as data.

use guildhall_kernel::{AgentId, OrgId, PersonId, Timestamp, VeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    catalog::AgentSummary,
    inference::{Answering, DataClass},
};

/// Whether an employee works for the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VeState {
    /// Takes messages.
    Active,
    /// No longer works here; what was said stays readable.
    Dismissed,
}

impl VeState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dismissed => "dismissed",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        if text == "active" {
            Self::Active
        } else {
            Self::Dismissed
        }
    }
}

/// An employee as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    pub id: VeId,
    pub organisation: OrgId,
    pub agent: AgentId,
    pub persona_name: String,
    /// What was chosen: `auto`, `extractive`, `starter` or a model's name.
    pub model: String,
    /// How secret what it is told is.
    #[serde(default)]
    pub data_class: DataClass,
    pub state: VeState,
    pub hired_by: PersonId,
    pub hired_at: Timestamp,
    pub dismissed_at: Option<Timestamp>,
    pub conversations: u32,
    pub messages: u32,
    pub last_message_at: Option<Timestamp>,
}

/// An employee as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ve {
    pub id: VeId,
    pub persona_name: String,
    pub state: VeState,
    /// What was chosen: `auto`, `extractive`, `starter` or a model's name.
    pub model: String,
    /// What that comes to right now.
    pub answering: Answering,
    /// How secret what it is told is, where a conversation does not say more.
    pub data_class: DataClass,
    pub agent: AgentSummary,
    pub greeting: String,
    pub hired_at: Timestamp,
    /// Display name of who hired.
    pub hired_by: String,
    #[schema(required)]
    pub dismissed_at: Option<Timestamp>,
    #[schema(required)]
    pub last_message_at: Option<Timestamp>,
    pub conversations: u32,
    pub messages: u32,
    /// Whether it is writing an answer right now.
    pub busy: bool,
}
