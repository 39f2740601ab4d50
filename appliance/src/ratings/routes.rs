//! Results over HTTP. Thumbs are given where the answers are: chat and playground.

use axum::extract::State;
use guildhall_kernel::{AgentId, ErrorBody, Page, PageRequest};
use guildhall_web::{Auth, HttpResult, Json, Query};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::results::{self, RatingReason, RatingResults};
use crate::{app::App, identity::perm};

const DAYS_DEFAULT: u32 = 90;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(rating_results))
        .routes(routes!(rating_reasons))
}

/// Which period to report on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Period {
    /// How many days back, 1 to 366; 90 when left out.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u32>,
}

/// Which reasons to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListReasons {
    /// The agent; left out for the playground.
    agent_id: Option<AgentId>,
    model: String,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// Satisfaction with answers by agent and model.
#[utoipa::path(get, path = "/api/ratings/results", tag = "ratings", params(Period),
    responses((status = 200, body = RatingResults), (status = 400, body = ErrorBody)))]
async fn rating_results(
    Auth { ctx, .. }: Auth<perm::RatingsRead>,
    State(app): State<App>,
    Query(period): Query<Period>,
) -> HttpResult<Json<RatingResults>> {
    let days = period.days.unwrap_or(DAYS_DEFAULT);
    Ok(Json(results::results(&app, &ctx, days).await?))
}

/// The reasons people gave for their thumbs, newest first, without their names.
#[utoipa::path(get, path = "/api/ratings/reasons", tag = "ratings", params(ListReasons),
    responses((status = 200, body = Page<RatingReason>), (status = 400, body = ErrorBody)))]
async fn rating_reasons(
    Auth { ctx, .. }: Auth<perm::RatingsRead>,
    State(app): State<App>,
    Query(query): Query<ListReasons>,
) -> HttpResult<Json<Page<RatingReason>>> {
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    Ok(Json(
        results::reasons(&app, &ctx, (query.agent_id, query.model), &page).await?,
    ))
}
