//! Which calls a report is about, and by what it is grouped.

use guildhall_kernel::{ApiKeyId, Error, PersonId, Result, Timestamp, VeId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{CallKind, Outcome};

/// Which calls count; what is left out does not narrow.
#[derive(Clone, Debug, Default)]
pub(super) struct UsageFilter {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) model: Option<String>,
    pub(super) kind: Option<CallKind>,
    pub(super) outcome: Option<Outcome>,
    pub(super) ve: Option<VeId>,
    pub(super) person: Option<PersonId>,
    pub(super) api_key: Option<ApiKeyId>,
}

/// By what sums are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupBy {
    /// The model that answered.
    Model,
    /// The employee; calls of a model itself stand under no key.
    Ve,
    /// Who asked.
    Person,
    /// The API key; calls from a browser stand under no key.
    ApiKey,
    /// The day (UTC), as `2026-01-31`.
    Day,
    /// Through which door the call came.
    Kind,
    /// The organisation, over the whole node: for those who administer it. The report then has no calls, since
    /// these are their organisations' to read.
    Organisation,
}

/// What the usage report is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageQuery {
    /// Where to go on, from the previous page's `next_cursor`.
    pub(super) cursor: Option<String>,
    /// How many calls, 1 to 100; 50 when left out.
    pub(super) limit: Option<u32>,
    /// Calls from this instant on (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<Timestamp>,
    /// Calls before this instant (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    to: Option<Timestamp>,
    /// Calls of this model.
    model: Option<String>,
    /// Calls through this door.
    kind: Option<CallKind>,
    /// Calls that ended like this.
    outcome: Option<Outcome>,
    /// Calls of this employee.
    ve_id: Option<VeId>,
    /// Calls of this person.
    person_id: Option<PersonId>,
    /// Calls with this API key.
    api_key_id: Option<ApiKeyId>,
    /// Adds sums by this to the report.
    #[param(inline)]
    pub(super) group_by: Option<GroupBy>,
}

impl UsageQuery {
    /// Refuses what narrows to something of one organisation where all are asked for.
    ///
    /// # Errors
    /// `not_across_organisations`, naming the field.
    pub(super) fn check_across(&self) -> Result<()> {
        let narrowing = [
            ("ve_id", self.ve_id.is_some()),
            ("person_id", self.person_id.is_some()),
            ("api_key_id", self.api_key_id.is_some()),
            ("cursor", self.cursor.is_some()),
        ];
        let Some((field, _)) = narrowing.into_iter().find(|(_, is_there)| *is_there) else {
            return Ok(());
        };
        let message =
            format!("`{field}` is about one organisation; leave it out to compare all of them");
        Err(Error::invalid_field(
            field,
            "not_across_organisations",
            message,
        ))
    }

    pub(super) fn filter(&self) -> UsageFilter {
        UsageFilter {
            from: self.from,
            to: self.to,
            model: self.model.clone().filter(|model| !model.is_empty()),
            kind: self.kind,
            outcome: self.outcome,
            ve: self.ve_id,
            person: self.person_id,
            api_key: self.api_key_id,
        }
    }
}
