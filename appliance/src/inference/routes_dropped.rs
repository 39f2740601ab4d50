//! Refused files of the models directory over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page};
use guildhall_web::{Auth, HttpResult, Json, Path, Query, limits};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{RefusedFile, RetriedFile, routes_models::HASHING_TIME_MAX};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_refused_files))
        .routes(routes!(retry_refused_file))
        .routes(routes!(dismiss_refused_file))
}

/// Files that were put into the models directory and not taken in, the newest refusal first.
#[utoipa::path(get, path = "/api/admin/models/refused-files", tag = "models",
    responses((status = 200, body = Page<RefusedFile>)))]
async fn list_refused_files(
    _: Auth<perm::ModelsManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<RefusedFile>>> {
    let files = app.inference.list_refused_files().await?;
    Ok(Json(Page::complete(files)))
}

/// How a refused file is looked at again.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RetryFile {
    /// Take it in although it does not fit into memory.
    force: bool,
}

/// Looks at a refused file once more. That it is refused again is an answer, not an error.
#[utoipa::path(post, path = "/api/admin/models/refused-files/{file}/retry", tag = "models",
    params(("file" = String, Path, description = "The file's name.")), request_body = RetryFile,
    responses((status = 200, body = RetriedFile), (status = 404, body = ErrorBody)))]
async fn retry_refused_file(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(file): Path<String>,
    Json(how): Json<RetryFile>,
) -> HttpResult<Json<RetriedFile>> {
    limits::extend_deadline(HASHING_TIME_MAX);
    let retried = app
        .inference
        .retry_refused_file(Some(&ctx), &file, how.force);
    Ok(Json(retried.await?))
}

/// How a refused file is dismissed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Dismissal {
    /// Remove the file from the disk as well.
    remove_file: bool,
}

/// Says no more of a refused file until it changes.
#[utoipa::path(delete, path = "/api/admin/models/refused-files/{file}", tag = "models",
    params(("file" = String, Path, description = "The file's name."), Dismissal),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn dismiss_refused_file(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(file): Path<String>,
    Query(how): Query<Dismissal>,
) -> HttpResult<StatusCode> {
    app.inference
        .dismiss_refused_file(&ctx, &file, how.remove_file)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
