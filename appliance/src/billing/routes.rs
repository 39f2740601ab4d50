//! The usage report.

use axum::extract::State;
use guildhall_kernel::{Page, PageRequest, PersonId, Timestamp, UsageId, VeId};
use guildhall_web::{Auth, HttpResult, Json, Query};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Totals, store};
use crate::{
    app::App,
    identity::{self, perm},
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(usage))
}

/// What one answer took.
#[derive(Serialize, ToSchema)]
struct UsageRow {
    id: UsageId,
    created_at: Timestamp,
    ve_id: VeId,
    person_id: PersonId,
    /// Display name of who asked.
    person: String,
    mode: String,
    model: String,
    input_tokens: u32,
    output_tokens: u32,
    first_token_ms: u64,
    latency_ms: u64,
}

/// What the organisation's answers took, newest first, with the sums since its beginning.
#[derive(Serialize, ToSchema)]
struct UsageReport {
    items: Vec<UsageRow>,
    #[schema(required)]
    next_cursor: Option<String>,
    totals: Totals,
}

/// What the organisation's answers took.
#[utoipa::path(get, path = "/api/billing/usage", tag = "billing", params(PageRequest),
    responses((status = 200, body = UsageReport)))]
async fn usage(
    Auth { ctx, .. }: Auth<perm::TeamRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<UsageReport>> {
    let (before, limit) = (page.after()?, page.limit());
    let report = app.db.read(move |reader| {
        let rows = store::list(reader, ctx.organisation, before.as_deref(), limit + 1)?;
        let Page { items, next_cursor } = Page::cut(rows, limit, |row| row.id.to_string());
        let items = items
            .into_iter()
            .map(|row| {
                let person = identity::find_person(reader, row.person)?;
                Ok(UsageRow {
                    id: row.id,
                    created_at: row.created_at,
                    ve_id: row.ve,
                    person_id: row.person,
                    person: person.map_or_else(String::new, |person| person.display_name),
                    mode: row.mode,
                    model: row.model,
                    input_tokens: row.input_tokens,
                    output_tokens: row.output_tokens,
                    first_token_ms: row.first_token_ms,
                    latency_ms: row.latency_ms,
                })
            })
            .collect::<guildhall_kernel::Result<Vec<_>>>()?;
        let totals = store::totals(reader, ctx.organisation, Timestamp::from_millis(0))?;
        Ok(UsageReport {
            items,
            next_cursor,
            totals,
        })
    });
    Ok(Json(report.await?))
}
