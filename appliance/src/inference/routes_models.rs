//! Models over HTTP: what there is, what it does, what an administrator changes.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, ModelId, Page};
use guildhall_web::{Auth, HttpResult, Json, Path, Query, limits};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Alias, KnownModel, Model, ModelChange, ModelChoice, Runtime, Verified, view::UsedBy};
use crate::{app::App, identity::perm};

/// Hashing a large file takes minutes on a slow disk.
pub(super) const HASHING_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(1800);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_choices))
        .routes(routes!(list_models))
        .routes(routes!(update_model, remove_model))
        .routes(routes!(load_model))
        .routes(routes!(unload_model))
        .routes(routes!(verify_model))
        .routes(routes!(model_users))
        .routes(routes!(model_runtime))
        .routes(routes!(list_known_models))
        .routes(routes!(list_aliases))
        .routes(routes!(set_alias))
}

/// What may be chosen to answer for an employee.
#[utoipa::path(get, path = "/api/models", tag = "models", responses((status = 200, body = Page<ModelChoice>)))]
async fn list_choices(
    Auth { ctx, .. }: Auth<perm::CatalogRead>,
    State(app): State<App>,
) -> Json<Page<ModelChoice>> {
    let mut choices = app.inference.choices();
    // Who sets policies sees what they are about.
    if !ctx.may("policies.manage") {
        // Who may not use a model may not use its adapters.
        choices.retain(|choice| {
            let mut names = choice.base.iter().chain([&choice.model]);
            names.all(|name| ctx.may_use_model(name))
        });
    }
    Json(Page::complete(choices))
}

/// Every model of the node and its state.
#[utoipa::path(get, path = "/api/admin/models", tag = "models", responses((status = 200, body = Page<Model>)))]
async fn list_models(
    _: Auth<perm::ModelsRead>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Model>>> {
    Ok(Json(Page::complete(app.inference.list().await?)))
}

/// Changes a model: its title, whether it stays in memory, whether `auto` may choose it; accepts its licence.
#[utoipa::path(patch, path = "/api/admin/models/{id}", tag = "models", params(("id" = ModelId, Path)),
    request_body = ModelChange,
    responses((status = 200, body = Model), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
    Json(change): Json<ModelChange>,
) -> HttpResult<Json<Model>> {
    Ok(Json(app.inference.update_model(&ctx, model, change).await?))
}

/// Starts loading a model; its state tells how far it is.
#[utoipa::path(post, path = "/api/admin/models/{id}/load", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 200, body = Model), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
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

/// Reads a model's file again and compares its hash.
#[utoipa::path(post, path = "/api/admin/models/{id}/verify", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 200, body = Verified), (status = 404, body = ErrorBody)))]
async fn verify_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
) -> HttpResult<Json<Verified>> {
    limits::extend_deadline(HASHING_TIME_MAX);
    Ok(Json(app.inference.verify_one(&ctx, model).await?))
}

/// Who uses a model, by name within the caller's organisation.
#[utoipa::path(get, path = "/api/admin/models/{id}/users", tag = "models", params(("id" = ModelId, Path)),
    responses((status = 200, body = UsedBy), (status = 404, body = ErrorBody)))]
async fn model_users(
    Auth { ctx, .. }: Auth<perm::ModelsRead>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
) -> HttpResult<Json<UsedBy>> {
    Ok(Json(app.inference.used_by(&ctx, model).await?))
}

/// How a model is removed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Removal {
    /// Remove it although employees have chosen it; they choose by themselves from then on.
    force: bool,
}

/// Removes a model that nobody has chosen.
#[utoipa::path(delete, path = "/api/admin/models/{id}", tag = "models", params(("id" = ModelId, Path), Removal),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove_model(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(model): Path<ModelId>,
    Query(how): Query<Removal>,
) -> HttpResult<StatusCode> {
    app.inference.remove(Some(&ctx), model, how.force).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What models are doing right now: memory, queues, speed.
#[utoipa::path(get, path = "/api/admin/models/runtime", tag = "models", responses((status = 200, body = Runtime)))]
async fn model_runtime(
    Auth { ctx, .. }: Auth<perm::ModelsRead>,
    State(app): State<App>,
) -> HttpResult<Json<Runtime>> {
    Ok(Json(app.inference.runtime(&ctx).await?))
}

/// Well-known open models, to help choose what to bring, with what this machine makes of them.
#[utoipa::path(get, path = "/api/admin/models/known", tag = "models",
    responses((status = 200, body = Page<KnownModel>)))]
async fn list_known_models(
    _: Auth<perm::ModelsRead>,
    State(app): State<App>,
) -> HttpResult<Json<Page<KnownModel>>> {
    Ok(Json(Page::complete(app.inference.known_models()?)))
}

/// Names that lead to models.
#[utoipa::path(get, path = "/api/admin/models/aliases", tag = "models",
    responses((status = 200, body = Page<Alias>)))]
async fn list_aliases(_: Auth<perm::ModelsRead>, State(app): State<App>) -> Json<Page<Alias>> {
    Json(Page::complete(app.inference.list_aliases()))
}

/// Where an alias leads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetAlias {
    /// A model's name; `null` forgets the alias, or leaves it to the node again.
    #[schema(required)]
    model: Option<String>,
}

/// Leads an alias to a model.
#[utoipa::path(put, path = "/api/admin/models/aliases/{alias}", tag = "models", params(("alias" = String, Path)),
    request_body = SetAlias,
    responses((status = 200, body = Alias), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_alias(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(alias): Path<String>,
    Json(input): Json<SetAlias>,
) -> HttpResult<Json<Alias>> {
    let set = app
        .inference
        .set_alias(Some(&ctx), &alias, input.model.as_deref());
    Ok(Json(set.await?))
}
