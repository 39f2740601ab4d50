//! Models over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, ModelId, Page};
use guildhall_web::{Auth, HttpResult, Json, Path};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Model, ModelChoice};
use crate::{app::App, identity::perm};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_choices))
        .routes(routes!(list_models))
        .routes(routes!(load_model))
        .routes(routes!(unload_model))
        .routes(routes!(remove_model))
        .merge(super::provider::router())
}

/// What may be chosen to answer for an employee.
#[utoipa::path(get, path = "/api/models", tag = "models", responses((status = 200, body = Page<ModelChoice>)))]
async fn list_choices(
    _: Auth<perm::CatalogRead>,
    State(app): State<App>,
) -> Json<Page<ModelChoice>> {
    Json(Page::complete(app.inference.choices()))
}

/// Every model of the node and its state.
#[utoipa::path(get, path = "/api/admin/models", tag = "models", responses((status = 200, body = Page<Model>)))]
async fn list_models(
    _: Auth<perm::ModelsRead>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Model>>> {
    Ok(Json(Page::complete(app.inference.list().await?)))
}

/// Starts loading a model; its state tells how far it is.
#[utoipa::path(post, path = "/api/admin/models/{id}/load", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 200, body = Model), (status = 404, body = ErrorBody)))]
async fn load_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
) -> HttpResult<Json<Model>> {
    Ok(Json(app.inference.load(&ctx, model).await?))
}

/// Takes a model out of memory.
#[utoipa::path(post, path = "/api/admin/models/{id}/unload", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 200, body = Model), (status = 404, body = ErrorBody)))]
async fn unload_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
) -> HttpResult<Json<Model>> {
    Ok(Json(app.inference.unload(&ctx, model).await?))
}

/// Removes a model that nobody has chosen.
#[utoipa::path(delete, path = "/api/admin/models/{id}", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
) -> HttpResult<StatusCode> {
    app.inference.remove(Some(&ctx), model).await?;
    Ok(StatusCode::NO_CONTENT)
}
