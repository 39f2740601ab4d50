//! Who has chosen a model. This feature does not know the team, so the composition root hands in what it
//! wants to know of it.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{OrgId, Result, VeId};
use serde::Serialize;
use utoipa::ToSchema;

/// What is asked of those who choose models.
#[derive(Clone, Copy)]
pub struct ModelUsers {
    /// How many active employees on the node have chosen a model.
    pub count: fn(&Reader<'_>, &str) -> Result<u32>,
    /// The employees of an organisation that have, at most so many.
    pub list: fn(&Reader<'_>, OrgId, &str, u32) -> Result<Vec<ModelUser>>,
    /// Whether an organisation has such an employee.
    pub has: fn(&Reader<'_>, OrgId, VeId) -> Result<bool>,
    /// Sets all of them, also dismissed ones, to choose by themselves; how many there were.
    pub release: fn(&Tx<'_>, &str) -> Result<u32>,
}

/// An employee that has chosen a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelUser {
    pub ve_id: VeId,
    pub persona_name: String,
}
