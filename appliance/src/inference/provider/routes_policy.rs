//! Chains and residency rules over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page, ResidencyRuleId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AppliesTo, FallbackChain, KeepWithin, ResidencyRule};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_fallbacks))
        .routes(routes!(save_fallback, delete_fallback))
        .routes(routes!(list_residency_rules, save_residency_rule))
        .routes(routes!(delete_residency_rule))
}

/// The models of a chain.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FallbackSteps {
    /// Names of models, of providers or on this node, in the order in which they are tried.
    #[schema(min_items = 1, max_items = 8)]
    steps: Vec<String>,
}

/// A new residency rule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewResidencyRule {
    applies_to: AppliesTo,
    keep_within: KeepWithin,
}

/// Chains of models that are tried one after the other.
#[utoipa::path(get, path = "/api/admin/fallbacks", tag = "providers", responses((status = 200, body = Page<FallbackChain>)))]
async fn list_fallbacks(
    _: Auth<perm::ProvidersManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<FallbackChain>>> {
    let chains = app.inference.providers().list_chains().await?;
    Ok(Json(Page::complete(chains)))
}

/// Makes or replaces a chain.
#[utoipa::path(put, path = "/api/admin/fallbacks/{name}", tag = "providers", params(("name" = String, Path)),
    request_body = FallbackSteps, responses((status = 200, body = FallbackChain), (status = 400, body = ErrorBody)))]
async fn save_fallback(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(name): Path<String>,
    Json(input): Json<FallbackSteps>,
) -> HttpResult<Json<FallbackChain>> {
    let chain = (name, input.steps);
    let is_here = |model: &str| app.inference.writes(model);
    let providers = app.inference.providers();
    Ok(Json(providers.save_chain(&ctx, chain, is_here).await?))
}

/// Removes a chain that nobody has chosen.
#[utoipa::path(delete, path = "/api/admin/fallbacks/{name}", tag = "providers", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete_fallback(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(name): Path<String>,
) -> HttpResult<StatusCode> {
    app.inference.providers().delete_chain(&ctx, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the organisation's prompts may be computed.
#[utoipa::path(get, path = "/api/admin/residency", tag = "providers", responses((status = 200, body = Page<ResidencyRule>)))]
async fn list_residency_rules(
    Auth { ctx, .. }: Auth<perm::ResidencyManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<ResidencyRule>>> {
    let rules = app.inference.providers().list_rules(&ctx).await?;
    Ok(Json(Page::complete(rules)))
}

/// Makes a rule for the organisation, in the place of one for the same prompts.
#[utoipa::path(post, path = "/api/admin/residency", tag = "providers", request_body = NewResidencyRule,
    responses((status = 201, body = ResidencyRule), (status = 400, body = ErrorBody)))]
async fn save_residency_rule(
    Auth { ctx, .. }: Auth<perm::ResidencyManage>,
    State(app): State<App>,
    Json(input): Json<NewResidencyRule>,
) -> HttpResult<(StatusCode, Json<ResidencyRule>)> {
    let providers = app.inference.providers();
    let rule = providers
        .save_rule(&ctx, input.applies_to, input.keep_within)
        .await?;
    Ok((StatusCode::CREATED, Json(rule)))
}

/// Removes a rule of the organisation.
#[utoipa::path(delete, path = "/api/admin/residency/{id}", tag = "providers", params(("id" = ResidencyRuleId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_residency_rule(
    Auth { ctx, .. }: Auth<perm::ResidencyManage>,
    State(app): State<App>,
    Path(rule): Path<ResidencyRuleId>,
) -> HttpResult<StatusCode> {
    app.inference.providers().delete_rule(&ctx, rule).await?;
    Ok(StatusCode::NO_CONTENT)
}
