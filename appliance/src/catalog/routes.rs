//! The marketplace over HTTP.

use std::collections::HashMap;

use axum::{Extension, extract::State};
use futures::future::BoxFuture;
use guildhall_kernel::{AgentId, Ctx, Error, ErrorBody, Result};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Agent, AgentList, AgentSummary, ListQuery, Passage};
use crate::{app::App, identity::perm};

/// How many active employees the caller's organisation has of each agent. The catalogue does not know
/// the team, so the composition root hands this in.
pub type HiredCounts = for<'a> fn(&'a App, &'a Ctx) -> BoxFuture<'a, Result<HashMap<AgentId, u32>>>;

/// Every route of this feature.
pub fn router(hired: HiredCounts) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_agents))
        .routes(routes!(get_agent))
        .routes(routes!(get_passage))
        .layer(Extension(hired))
}

/// The agents on offer.
#[utoipa::path(get, path = "/api/marketplace/agents", tag = "catalog", params(ListQuery),
    responses((status = 200, body = AgentList), (status = 400, body = ErrorBody)))]
async fn list_agents(
    Auth { ctx, .. }: Auth<perm::CatalogRead>,
    State(app): State<App>,
    Extension(hired): Extension<HiredCounts>,
    Query(query): Query<ListQuery>,
) -> HttpResult<Json<AgentList>> {
    let mut list = app.catalog.list(&query)?;
    let counts = hired(&app, &ctx).await?;
    for agent in &mut list.items {
        count(agent, &counts);
    }
    Ok(Json(list))
}

/// One agent, by id or slug.
#[utoipa::path(get, path = "/api/marketplace/agents/{id}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Agent), (status = 404, body = ErrorBody)))]
async fn get_agent(
    Auth { ctx, .. }: Auth<perm::CatalogRead>,
    State(app): State<App>,
    Extension(hired): Extension<HiredCounts>,
    Path(agent): Path<String>,
) -> HttpResult<Json<Agent>> {
    let listing = app
        .catalog
        .find(&app.db, &agent)
        .await?
        .ok_or_else(|| Error::not_found("agent"))?;
    let mut detail = listing.detail();
    count(&mut detail.summary, &hired(&app, &ctx).await?);
    Ok(Json(detail))
}

/// One passage of an agent's handbook.
#[utoipa::path(get, path = "/api/marketplace/agents/{id}/handbook/{passage}", tag = "catalog",
    params(("id" = String, Path, description = "id or slug"), ("passage" = String, Path)),
    responses((status = 200, body = Passage), (status = 404, body = ErrorBody)))]
async fn get_passage(
    _: Auth<perm::CatalogRead>,
    State(app): State<App>,
    Path((agent, passage)): Path<(String, String)>,
) -> HttpResult<Json<Passage>> {
    let listing = app
        .catalog
        .find(&app.db, &agent)
        .await?
        .ok_or_else(|| Error::not_found("agent"))?;
    let passage = listing.handbook.passage(&passage).cloned();
    Ok(Json(passage.ok_or_else(|| Error::not_found("passage"))?))
}

fn count(agent: &mut AgentSummary, counts: &HashMap<AgentId, u32>) {
    agent.hired = counts.get(&agent.id).copied().unwrap_or(0);
}
