//! Products, plans and prices.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{Page, PageRequest};
use guildhall_web::{HttpResult, Json, Path, Query};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    contracts::{self, QuoteRequest},
    model::{Plan, Product, Quote},
    products::{self, NewPlan, NewProduct},
};
use crate::{
    access::{Auth, perm},
    app::App,
    ids::PlanId,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_products, create_product))
        .routes(routes!(list_plans, create_plan))
        .routes(routes!(archive_plan))
        .routes(routes!(quote_plan))
}

/// What is sold.
#[utoipa::path(get, path = "/api/products", tag = "catalogue", params(PageRequest),
    responses((status = 200, body = Page<Product>)))]
async fn list_products(
    _: Auth<perm::CatalogueRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Product>>> {
    Ok(Json(products::list_products(&app, page).await?))
}

/// Adds a product.
#[utoipa::path(post, path = "/api/products", tag = "catalogue", request_body = NewProduct,
    responses((status = 201, body = Product)))]
async fn create_product(
    Auth { ctx, .. }: Auth<perm::CatalogueManage>,
    State(app): State<App>,
    Json(input): Json<NewProduct>,
) -> HttpResult<(StatusCode, Json<Product>)> {
    let created = products::create_product(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// The plans, those not on sale any more included.
#[utoipa::path(get, path = "/api/plans", tag = "catalogue", params(PageRequest),
    responses((status = 200, body = Page<Plan>)))]
async fn list_plans(
    _: Auth<perm::CatalogueRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Plan>>> {
    Ok(Json(products::list_plans(&app, page).await?))
}

/// Adds a plan. Its terms never change afterwards.
#[utoipa::path(post, path = "/api/plans", tag = "catalogue", request_body = NewPlan,
    responses((status = 201, body = Plan)))]
async fn create_plan(
    Auth { ctx, .. }: Auth<perm::CatalogueManage>,
    State(app): State<App>,
    Json(input): Json<NewPlan>,
) -> HttpResult<(StatusCode, Json<Plan>)> {
    let created = products::create_plan(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Takes a plan off sale.
#[utoipa::path(post, path = "/api/plans/{plan}/archive", tag = "catalogue", params(("plan" = PlanId, Path)),
    responses((status = 204)))]
async fn archive_plan(
    Auth { ctx, .. }: Auth<perm::CatalogueManage>,
    State(app): State<App>,
    Path(id): Path<PlanId>,
) -> HttpResult<StatusCode> {
    products::archive_plan(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Works out what a quantity of a plan costs for one term.
#[utoipa::path(post, path = "/api/plans/{plan}/quote", tag = "catalogue", params(("plan" = PlanId, Path)),
    request_body = QuoteRequest, responses((status = 200, body = Quote)))]
async fn quote_plan(
    _: Auth<perm::CatalogueRead>,
    State(app): State<App>,
    Path(id): Path<PlanId>,
    Json(input): Json<QuoteRequest>,
) -> HttpResult<Json<Quote>> {
    Ok(Json(contracts::quote(&app, id, input.quantity).await?))
}
