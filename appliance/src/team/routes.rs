//! Hiring and the team.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page, PageRequest, VeId, text::PersonaText};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Change, Terms, Ve, VeState};
use crate::{app::App, identity::perm, inference::DataClass};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(hire))
        .routes(routes!(list))
        .routes(routes!(read, update, dismiss))
        .routes(routes!(rehire))
}

/// The terms of a hire; what is left out is the agent's own suggestion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HireInput {
    /// What the employee is called.
    #[schema(value_type = Option<PersonaText>)]
    persona_name: Option<String>,
    /// `auto`, `extractive`, `starter` or a model's name.
    model: Option<String>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateVe {
    #[schema(value_type = Option<PersonaText>)]
    persona_name: Option<String>,
    model: Option<String>,
    /// How secret what it is told is.
    data_class: Option<DataClass>,
}

/// Which employees to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListVes {
    /// Only those who work here, or only those dismissed.
    state: Option<VeState>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// Hires an agent for the organisation.
#[utoipa::path(post, path = "/api/marketplace/agents/{id}/hire", tag = "team",
    params(("id" = String, Path, description = "id or slug of the agent")),
    request_body = HireInput,
    responses((status = 201, body = Ve), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn hire(
    Auth { ctx, .. }: Auth<perm::TeamHire>,
    State(app): State<App>,
    Path(agent): Path<String>,
    Json(input): Json<HireInput>,
) -> HttpResult<(StatusCode, Json<Ve>)> {
    let terms = Terms {
        persona_name: input.persona_name,
        model: input.model,
    };
    let employee = super::hire(&app, &ctx, &agent, terms).await?;
    Ok((
        StatusCode::CREATED,
        Json(super::view(&app, employee).await?),
    ))
}

/// The organisation's employees, last hired first.
#[utoipa::path(get, path = "/api/ves", tag = "team", params(ListVes), responses((status = 200, body = Page<Ve>)))]
async fn list(
    Auth { ctx, .. }: Auth<perm::TeamRead>,
    State(app): State<App>,
    Query(query): Query<ListVes>,
) -> HttpResult<Json<Page<Ve>>> {
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    let Page { items, next_cursor } = super::list(&app, &ctx, query.state, &page).await?;
    Ok(Json(Page {
        items: super::views(&app, items).await?,
        next_cursor,
    }))
}

/// One employee.
#[utoipa::path(get, path = "/api/ves/{id}", tag = "team", params(("id" = VeId, Path)),
    responses((status = 200, body = Ve), (status = 404, body = ErrorBody)))]
async fn read(
    Auth { ctx, .. }: Auth<perm::TeamRead>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
) -> HttpResult<Json<Ve>> {
    let employee = app
        .db
        .read(move |reader| super::find_seen(reader, &ctx, ve))
        .await?;
    Ok(Json(super::view(&app, employee).await?))
}

/// Renames an employee, changes its model or how secret what it is told is.
#[utoipa::path(patch, path = "/api/ves/{id}", tag = "team", params(("id" = VeId, Path)), request_body = UpdateVe,
    responses((status = 200, body = Ve), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update(
    Auth { ctx, .. }: Auth<perm::TeamManage>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
    Json(input): Json<UpdateVe>,
) -> HttpResult<Json<Ve>> {
    let change = Change {
        persona_name: input.persona_name,
        model: input.model,
        data_class: input.data_class,
        state: None,
    };
    let employee = super::update(&app, &ctx, ve, change).await?;
    Ok(Json(super::view(&app, employee).await?))
}

/// Dismisses an employee; what was said stays readable.
#[utoipa::path(delete, path = "/api/ves/{id}", tag = "team", params(("id" = VeId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn dismiss(
    Auth { ctx, .. }: Auth<perm::TeamManage>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
) -> HttpResult<StatusCode> {
    let change = Change {
        state: Some(VeState::Dismissed),
        ..Change::default()
    };
    super::update(&app, &ctx, ve, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a dismissed employee back, with everything it knew.
#[utoipa::path(post, path = "/api/ves/{id}/rehire", tag = "team", params(("id" = VeId, Path)),
    responses((status = 200, body = Ve), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn rehire(
    Auth { ctx, .. }: Auth<perm::TeamHire>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
) -> HttpResult<Json<Ve>> {
    let change = Change {
        state: Some(VeState::Active),
        ..Change::default()
    };
    let employee = super::update(&app, &ctx, ve, change).await?;
    Ok(Json(super::view(&app, employee).await?))
}
