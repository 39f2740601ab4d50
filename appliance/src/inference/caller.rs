//! For whom a model works.

use std::time::Duration;

use super::provider::DataClass;
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
    /// Time for the whole answer, waiting included; without one only the waiting is bounded.
    pub deadline: Option<Duration>,
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

    /// The same caller, who waits this long for the whole answer and no longer.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }
}

/// Whether somebody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person watches it being written.
    Interactive,
    /// Nobody waits.
    Background,
}
