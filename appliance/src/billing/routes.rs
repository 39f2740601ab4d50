//! The usage report.

use axum::extract::State;
use guildhall_db::Reader;
use guildhall_kernel::{
    ApiKeyId, Ctx, Error, ErrorBody, OrgId, Page, PageRequest, PersonId, Result, Timestamp,
    UsageId, VeId,
};
use guildhall_web::{Auth, HttpResult, Json, Permission, Query, guard::permission_missing};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Totals,
    filter::{GroupBy, UsageFilter, UsageQuery},
    model::{CallKind, Outcome, tokens_per_second},
    store::{self, StoredCall, Whose},
};
use crate::{
    app::App,
    identity::{self, perm},
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(usage))
}

/// What one call took.
#[derive(Serialize, ToSchema)]
struct UsageRow {
    id: UsageId,
    created_at: Timestamp,
    kind: CallKind,
    /// The employee who answered; `null` when a model was called itself.
    #[schema(required)]
    ve_id: Option<VeId>,
    person_id: PersonId,
    /// Display name of who asked.
    person: String,
    /// The API key it came with; `null` from a browser.
    #[schema(required)]
    api_key_id: Option<ApiKeyId>,
    /// `generative`, `extractive` or `embedding`.
    mode: String,
    model: String,
    /// Who ran the model; `null` when this node did.
    #[schema(required)]
    provider: Option<String>,
    outcome: Outcome,
    /// Stable code of the failure.
    #[schema(required)]
    error_code: Option<String>,
    input_tokens: u32,
    output_tokens: u32,
    cached_tokens: u32,
    /// Milliseconds until work began.
    queue_ms: u64,
    /// Milliseconds until the first piece of the answer; 0 when there was none.
    first_token_ms: u64,
    latency_ms: u64,
    #[schema(required)]
    tokens_per_second: Option<f64>,
    cost_micro_credits: i64,
}

/// The sums of one group.
#[derive(Serialize, ToSchema)]
struct UsageGroup {
    /// What the group has in common: a model's name, an id, a day, a kind; `null` for calls without it.
    #[schema(required)]
    key: Option<String>,
    /// The name of the person, of the API key or of the organisation, for people; `null` also for an
    /// organisation that is one person's alone.
    #[schema(required)]
    label: Option<String>,
    #[serde(flatten)]
    totals: Totals,
}

/// Calls of models, newest first, with their sums. All of it is about the calls the query names.
#[derive(Serialize, ToSchema)]
struct UsageReport {
    items: Vec<UsageRow>,
    #[schema(required)]
    next_cursor: Option<String>,
    totals: Totals,
    /// Sums by what `group_by` names, at most 1000; empty without it.
    groups: Vec<UsageGroup>,
}

/// A key that is for some employees only reads of these.
fn within_reach(ctx: &Ctx, filter: UsageFilter) -> Result<UsageFilter> {
    let Some(ves) = &ctx.reach.ves else {
        return Ok(filter);
    };
    let ve = match (filter.ve, ves.as_ref()) {
        (Some(ve), ves) if ves.contains(&ve) => ve,
        (Some(_), _) => return Err(Error::not_found("employee")),
        (None, [only]) => *only,
        (None, _) => {
            let message = "this key is for some employees only; name one of them";
            return Err(Error::invalid_field("ve_id", "employee_required", message));
        }
    };
    Ok(UsageFilter {
        ve: Some(ve),
        ..filter
    })
}

/// What the organisation's calls of models took. Who administers the node may compare organisations.
#[utoipa::path(get, path = "/api/billing/usage", tag = "billing", params(UsageQuery),
    responses((status = 200, body = UsageReport), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn usage(
    Auth { ctx, .. }: Auth<perm::TeamRead>,
    State(app): State<App>,
    Query(query): Query<UsageQuery>,
) -> HttpResult<Json<UsageReport>> {
    let page = PageRequest {
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    if query.group_by == Some(GroupBy::Organisation) {
        return Ok(Json(across(&app, &ctx, &query).await?));
    }
    let (before, limit) = (page.after()?, page.limit());
    let filter = within_reach(&ctx, query.filter())?;
    let report = app.db.read(move |reader| {
        let organisation = ctx.organisation;
        let whose = Whose::Organisation(organisation);
        let position = (before.as_deref(), limit + 1);
        let rows = store::list(reader, organisation, &filter, position)?;
        let Page { items, next_cursor } = Page::cut(rows, limit, |row| row.id.to_string());
        let items = items.into_iter().map(|row| view(reader, row));
        let groups = query
            .group_by
            .map(|by| groups(reader, organisation, &filter, by));
        Ok(UsageReport {
            items: items.collect::<Result<Vec<_>>>()?,
            next_cursor,
            totals: store::totals(reader, whose, &filter)?,
            groups: groups.transpose()?.unwrap_or_default(),
        })
    });
    Ok(Json(report.await?))
}

/// What every organisation's calls took, for those who administer the node: sums, and nobody's calls.
async fn across(app: &App, ctx: &Ctx, query: &UsageQuery) -> Result<UsageReport> {
    const NEEDED: &str = perm::NodeOrganisations::NAME;
    if !ctx.may(NEEDED) || ctx.reach.ves.is_some() {
        return Err(permission_missing(NEEDED));
    }
    query.check_across()?;
    let filter = query.filter();
    let read = app.db.read(move |reader| {
        let found = store::groups(reader, Whose::Node, &filter, GroupBy::Organisation)?;
        let groups = found.into_iter().map(|(key, totals)| {
            let id = key.as_deref().map(str::parse).transpose()?;
            let label = id.map(|id| identity::open_organisation_name(reader, id));
            Ok(UsageGroup {
                label: label.transpose()?.flatten(),
                key,
                totals,
            })
        });
        Ok(UsageReport {
            groups: groups.collect::<Result<Vec<_>>>()?,
            totals: store::totals(reader, Whose::Node, &filter)?,
            items: Vec::new(),
            next_cursor: None,
        })
    });
    read.await
}

fn view(reader: &Reader<'_>, row: StoredCall) -> Result<UsageRow> {
    let person = identity::find_person(reader, row.person)?;
    Ok(UsageRow {
        id: row.id,
        created_at: row.created_at,
        kind: row.kind,
        ve_id: row.ve,
        person_id: row.person,
        person: person.map_or_else(String::new, |person| person.display_name),
        api_key_id: row.api_key,
        mode: row.mode,
        model: row.model,
        provider: row.provider,
        outcome: row.outcome,
        error_code: row.error_code,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        cached_tokens: row.cached_tokens,
        queue_ms: row.queue_ms,
        first_token_ms: row.first_token_ms,
        latency_ms: row.latency_ms,
        tokens_per_second: tokens_per_second(u64::from(row.output_tokens), row.decode_ms),
        cost_micro_credits: row.cost_micro_credits,
    })
}

fn groups(
    reader: &Reader<'_>,
    organisation: OrgId,
    filter: &UsageFilter,
    by: GroupBy,
) -> Result<Vec<UsageGroup>> {
    let found = store::groups(reader, Whose::Organisation(organisation), filter, by)?;
    let named = found.into_iter().map(|(key, totals)| {
        let label = key
            .as_deref()
            .map(|key| label(reader, organisation, by, key));
        Ok(UsageGroup {
            label: label.transpose()?.flatten(),
            key,
            totals,
        })
    });
    named.collect()
}

/// What people call a group. Employees' names are the team's to know, so they stay ids here.
fn label(
    reader: &Reader<'_>,
    organisation: OrgId,
    by: GroupBy,
    key: &str,
) -> Result<Option<String>> {
    match by {
        GroupBy::Person => {
            let person = identity::find_person(reader, key.parse()?)?;
            Ok(person.map(|person| person.display_name))
        }
        GroupBy::ApiKey => identity::api_key_name(reader, organisation, key.parse()?),
        // Organisations are compared, and named, in `across`.
        GroupBy::Model | GroupBy::Ve | GroupBy::Day | GroupBy::Kind | GroupBy::Organisation => {
            Ok(None)
        }
    }
}
