//! Judging answers of the playground.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, PlaygroundAnswerId, PlaygroundRunId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{PlaygroundRun, judge};
use crate::{
    app::App,
    identity::perm,
    ratings::{Rating, RatingInput},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(rate_playground_answer, unrate_playground_answer))
        .routes(routes!(choose_best_playground_answer))
}

/// Which answer was best.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BestAnswer {
    /// `null` takes the choice back.
    answer_id: Option<PlaygroundAnswerId>,
}

/// Gives an answer a thumb, in place of an earlier one.
#[utoipa::path(post, path = "/api/playground/runs/{id}/answers/{answer}/rating", tag = "playground",
    params(("id" = PlaygroundRunId, Path), ("answer" = PlaygroundAnswerId, Path)), request_body = RatingInput,
    responses((status = 200, body = Rating), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn rate_playground_answer(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(path): Path<(PlaygroundRunId, PlaygroundAnswerId)>,
    Json(input): Json<RatingInput>,
) -> HttpResult<Json<Rating>> {
    Ok(Json(judge::rate(&app, &ctx, path, input).await?))
}

/// Takes a thumb back.
#[utoipa::path(delete, path = "/api/playground/runs/{id}/answers/{answer}/rating", tag = "playground",
    params(("id" = PlaygroundRunId, Path), ("answer" = PlaygroundAnswerId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unrate_playground_answer(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(path): Path<(PlaygroundRunId, PlaygroundAnswerId)>,
) -> HttpResult<StatusCode> {
    judge::unrate(&app, &ctx, path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says which of a run's answers was best.
#[utoipa::path(post, path = "/api/playground/runs/{id}/best", tag = "playground",
    params(("id" = PlaygroundRunId, Path)), request_body = BestAnswer,
    responses((status = 200, body = PlaygroundRun), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn choose_best_playground_answer(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(id): Path<PlaygroundRunId>,
    Json(input): Json<BestAnswer>,
) -> HttpResult<Json<PlaygroundRun>> {
    Ok(Json(judge::choose(&app, &ctx, id, input.answer_id).await?))
}
