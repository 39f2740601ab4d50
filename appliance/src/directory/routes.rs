//! Directories over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_directory::{Step, StepState};
use guildhall_kernel::{DirectoryId, ErrorBody, Page};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{DirectoryChange, DirectoryTrial, NewDirectory},
    manage,
    model::{DirectoryView, LastRefresh},
    preview::{self, DirectoryDryRun, DryRunRequest},
    refresh, store,
};
use crate::{
    app::App,
    egress::Origin,
    identity::{SourceRefusal, list_refusals, perm},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_directories, create_directory))
        .routes(routes!(test_directory))
        .routes(routes!(read_directory, update_directory, delete_directory))
        .routes(routes!(dry_run_directory))
        .routes(routes!(refresh_directory))
        .routes(routes!(list_directory_refusals))
}

/// How a step of a test went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DirectoryStepState {
    Ok,
    Failed,
    Skipped,
}

/// One step of a test.
#[derive(Serialize, ToSchema)]
struct DirectoryStep {
    /// What was tried, such as `connect`.
    name: String,
    state: DirectoryStepState,
    /// What was found, or what went wrong.
    detail: String,
    /// The way out, when there is one to name.
    #[schema(required)]
    hint: Option<String>,
    milliseconds: u64,
}

impl From<Step> for DirectoryStep {
    fn from(step: Step) -> Self {
        Self {
            name: step.name.to_owned(),
            state: match step.state {
                StepState::Ok => DirectoryStepState::Ok,
                StepState::Failed => DirectoryStepState::Failed,
                StepState::Skipped => DirectoryStepState::Skipped,
            },
            detail: step.detail,
            hint: step.hint,
            milliseconds: step.milliseconds,
        }
    }
}

/// How a test went.
#[derive(Serialize, ToSchema)]
struct DirectoryTest {
    /// Whether no step failed.
    ok: bool,
    steps: Vec<DirectoryStep>,
}

/// The directories that people log in with.
#[utoipa::path(get, path = "/api/admin/directories", tag = "directories",
    responses((status = 200, body = Page<DirectoryView>)))]
async fn list_directories(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<DirectoryView>>> {
    Ok(Json(manage::list(&app).await?))
}

/// Enters a directory.
#[utoipa::path(post, path = "/api/admin/directories", tag = "directories", request_body = NewDirectory,
    responses((status = 201, body = DirectoryView), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Json(input): Json<NewDirectory>,
) -> HttpResult<(StatusCode, Json<DirectoryView>)> {
    let made = manage::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Tries settings out, step by step, without keeping anything.
#[utoipa::path(post, path = "/api/admin/directories/test", tag = "directories", request_body = DirectoryTrial,
    responses((status = 200, body = DirectoryTest), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn test_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Json(input): Json<DirectoryTrial>,
) -> HttpResult<Json<DirectoryTest>> {
    let steps = Box::pin(manage::test(&app, &ctx, input)).await?;
    let ok = steps.iter().all(|step| step.state != StepState::Failed);
    let steps = steps.into_iter().map(Into::into).collect();
    Ok(Json(DirectoryTest { ok, steps }))
}

/// One directory.
#[utoipa::path(get, path = "/api/admin/directories/{id}", tag = "directories", params(("id" = DirectoryId, Path)),
    responses((status = 200, body = DirectoryView), (status = 404, body = ErrorBody)))]
async fn read_directory(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
) -> HttpResult<Json<DirectoryView>> {
    Ok(Json(manage::find(&app, id).await?))
}

/// Changes a directory.
#[utoipa::path(patch, path = "/api/admin/directories/{id}", tag = "directories", params(("id" = DirectoryId, Path)),
    request_body = DirectoryChange,
    responses((status = 200, body = DirectoryView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn update_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
    Json(input): Json<DirectoryChange>,
) -> HttpResult<Json<DirectoryView>> {
    Ok(Json(manage::update(&app, &ctx, id, input).await?))
}

/// Removes a directory; who came from it loses what it gave.
#[utoipa::path(delete, path = "/api/admin/directories/{id}", tag = "directories", params(("id" = DirectoryId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
) -> HttpResult<StatusCode> {
    manage::delete(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what logins and a refresh would do, without doing it.
#[utoipa::path(post, path = "/api/admin/directories/{id}/dry-run", tag = "directories",
    params(("id" = DirectoryId, Path)), request_body = DryRunRequest,
    responses((status = 200, body = DirectoryDryRun), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn dry_run_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
    Json(input): Json<DryRunRequest>,
) -> HttpResult<Json<DirectoryDryRun>> {
    let origin = Origin {
        organisation: Some(ctx.organisation),
        person: Some(ctx.person),
    };
    let seen = Box::pin(preview::dry_run(&app, id, &input, origin)).await?;
    Ok(Json(seen))
}

/// Begins to bring everybody who came from the directory up to date.
#[utoipa::path(post, path = "/api/admin/directories/{id}/refresh", tag = "directories",
    params(("id" = DirectoryId, Path)),
    responses((status = 202, body = LastRefresh), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn refresh_directory(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
) -> HttpResult<(StatusCode, Json<LastRefresh>)> {
    let begun = refresh::begin(&app, &ctx, id).await?;
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// What the directory says of people and is not taken over, the newest first.
#[utoipa::path(get, path = "/api/admin/directories/{id}/refusals", tag = "sign-in", params(("id" = DirectoryId, Path)),
    responses((status = 200, body = Page<SourceRefusal>), (status = 404, body = ErrorBody)))]
async fn list_directory_refusals(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<DirectoryId>,
) -> HttpResult<Json<Page<SourceRefusal>>> {
    let read = app.db.read(move |reader| {
        store::read(reader, id)?;
        list_refusals(reader, &id.to_string())
    });
    Ok(Json(Page::complete(read.await?)))
}
