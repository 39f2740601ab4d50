//! Collections over HTTP.

use axum::extract::State;
use guildhall_kernel::ErrorBody;
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::collection::{Collection, CollectionView, Collections};
use crate::{app::App, identity::perm};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_collections))
        .routes(routes!(choose_collection_model))
}

/// The model of a collection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CollectionChoice {
    /// An alias, a model's name or a provider's `…/…`.
    model: String,
}

/// What the organisation's employees search, which model reads it, and what could.
#[utoipa::path(get, path = "/api/admin/collections", tag = "models", responses((status = 200, body = Collections)))]
async fn list_collections(
    Auth { ctx, .. }: Auth<perm::CollectionsManage>,
    State(app): State<App>,
) -> HttpResult<Json<Collections>> {
    Ok(Json(app.knowledge.collections(&ctx).await?))
}

/// Has a collection read by another model. Its vectors are made in the background; questions are compared with
/// the former model's until then.
#[utoipa::path(put, path = "/api/admin/collections/{collection}", tag = "models",
    params(("collection" = Collection, Path)), request_body = CollectionChoice,
    responses((status = 200, body = CollectionView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn choose_collection_model(
    Auth { ctx, .. }: Auth<perm::CollectionsManage>,
    State(app): State<App>,
    Path(collection): Path<Collection>,
    Json(input): Json<CollectionChoice>,
) -> HttpResult<Json<CollectionView>> {
    let choice = (collection, input.model);
    Ok(Json(app.knowledge.choose(&app, &ctx, choice).await?))
}
