//! For whom a model works.

use super::{
    deadline::{Deadline, Haste},
    provider::DataClass,
};
use guildhall_kernel::{ApiKeyId, Ctx, OrgId, PersonId, Principal, VeId};

/// For whom a model works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organisation that pays.
    pub organisation: OrgId,
    /// Who asks.
    pub person: PersonId,
    /// Whether somebody waits for the answer.
    pub priority: Priority,
    /// The employee that asks in the person's name, when there is one.
    pub ve: Option<VeId>,
    /// The API key the request came with, when there is one.
    pub api_key: Option<ApiKeyId>,
    /// How secret the prompt is.
    pub data_class: DataClass,
    /// When the whole answer must be there; without one only the waiting is bounded.
    pub deadline: Option<Deadline>,
}

impl Caller {
    /// A person of an organisation, with neither an employee nor a key.
    #[must_use]
    pub fn new(organisation: OrgId, person: PersonId, priority: Priority) -> Self {
        Self {
            organisation,
            person,
            priority,
            ve: None,
            api_key: None,
            data_class: DataClass::default(),
            deadline: None,
        }
    }

    /// Whoever acts in `ctx`, with the API key they came with.
    #[must_use]
    pub fn of(ctx: &Ctx, priority: Priority) -> Self {
        let api_key = match ctx.principal {
            Principal::ApiKey(id) => Some(id),
            _ => None,
        };
        Self {
            api_key,
            ..Self::new(ctx.organisation, ctx.person, priority)
        }
    }

    /// The same caller, through an employee.
    #[must_use]
    pub fn with_ve(self, ve: VeId) -> Self {
        Self {
            ve: Some(ve),
            ..self
        }
    }

    /// The same caller, with a prompt that holds data of this class.
    #[must_use]
    pub fn with_data_class(self, data_class: DataClass) -> Self {
        Self { data_class, ..self }
    }

    /// The same caller, in this haste.
    #[must_use]
    pub fn with_haste(self, haste: Haste) -> Self {
        Self {
            priority: haste.priority,
            deadline: haste.deadline,
            ..self
        }
    }
}

/// Whether somebody waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person watches it being written.
    #[default]
    Interactive,
    /// Nobody waits.
    Background,
}
