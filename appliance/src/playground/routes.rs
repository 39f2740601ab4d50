//! Running prompts and following runs.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use guildhall_kernel::{ErrorBody, Page, PageRequest, PlaygroundAnswerId, PlaygroundRunId};
use guildhall_web::{
    Auth, HttpResult, Json, Path, Query,
    sse::{EventStream, SseEvent},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Followed, PlaygroundRun, PlaygroundRunSummary,
    begin::{self, RunPlayground},
    live::RunEvent,
};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_playground_runs, run_playground))
        .routes(routes!(read_playground_run, delete_playground_run))
        .routes(routes!(follow_playground_run))
        .routes(routes!(stop_playground_run))
        .routes(routes!(stop_playground_answer))
}

/// Which runs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListRuns {
    /// Everyone's runs instead of one's own; of others' runs, prompt and answers stay hidden.
    everyone: Option<bool>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// Has 2 to 4 models answer one prompt. The answer comes at once; what they write comes from the run's stream.
#[utoipa::path(post, path = "/api/playground/runs", tag = "playground", request_body = RunPlayground,
    responses((status = 201, body = PlaygroundRun), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 503, body = ErrorBody)))]
async fn run_playground(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Json(input): Json<RunPlayground>,
) -> HttpResult<(StatusCode, Json<PlaygroundRun>)> {
    let run = begin::begin(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(run)))
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/playground/runs", tag = "playground", params(ListRuns),
    responses((status = 200, body = Page<PlaygroundRunSummary>)))]
async fn list_playground_runs(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Query(query): Query<ListRuns>,
) -> HttpResult<Json<Page<PlaygroundRunSummary>>> {
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    let everyone = query.everyone.unwrap_or(false);
    Ok(Json(super::list(&app, &ctx, everyone, &page).await?))
}

/// A run with its answers. Of somebody else's run, prompt and answers stay hidden.
#[utoipa::path(get, path = "/api/playground/runs/{id}", tag = "playground", params(("id" = PlaygroundRunId, Path)),
    responses((status = 200, body = PlaygroundRun), (status = 404, body = ErrorBody)))]
async fn read_playground_run(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(id): Path<PlaygroundRunId>,
) -> HttpResult<Json<PlaygroundRun>> {
    Ok(Json(super::detail(&app, &ctx, id).await?))
}

/// Deletes a run of one's own with its prompt and answers.
#[utoipa::path(delete, path = "/api/playground/runs/{id}", tag = "playground", params(("id" = PlaygroundRunId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete_playground_run(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(id): Path<PlaygroundRunId>,
) -> HttpResult<StatusCode> {
    super::delete(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follows a run of one's own from its beginning, also again. All columns share the stream: `started` (the run),
/// `loading`, `reading`, `delta` and `answered` (each names its answer and model), and `done` (the run) at last;
/// `error` instead when the node lost sight of it.
#[utoipa::path(get, path = "/api/playground/runs/{id}/stream", tag = "playground",
    params(("id" = PlaygroundRunId, Path)),
    responses((status = 200, content((RunEvent = "text/event-stream"))), (status = 404, body = ErrorBody)))]
async fn follow_playground_run(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(id): Path<PlaygroundRunId>,
) -> HttpResult<Response> {
    Ok(match super::follow(&app, &ctx, id).await? {
        Followed::Running(live) => EventStream::new(
            live.follow()
                .filter_map(|(id, event)| async move { frame(id, &event) }),
        )
        .into_response(),
        Followed::Finished(run) => {
            let events = [RunEvent::Started(run.clone()), RunEvent::Done(run)];
            EventStream::new(
                stream::iter(events.into_iter().enumerate())
                    .filter_map(|(id, event)| async move { frame(id + 1, &event) }),
            )
            .into_response()
        }
    })
}

/// Stops every answer of a run; what was written so far stays.
#[utoipa::path(post, path = "/api/playground/runs/{id}/stop", tag = "playground",
    params(("id" = PlaygroundRunId, Path)), responses((status = 204), (status = 404, body = ErrorBody)))]
async fn stop_playground_run(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path(id): Path<PlaygroundRunId>,
) -> HttpResult<StatusCode> {
    super::stop(&app, &ctx, id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops one answer of a run; what was written so far stays.
#[utoipa::path(post, path = "/api/playground/runs/{id}/answers/{answer}/stop", tag = "playground",
    params(("id" = PlaygroundRunId, Path), ("answer" = PlaygroundAnswerId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn stop_playground_answer(
    Auth { ctx, .. }: Auth<perm::PlaygroundUse>,
    State(app): State<App>,
    Path((id, answer)): Path<(PlaygroundRunId, PlaygroundAnswerId)>,
) -> HttpResult<StatusCode> {
    super::stop(&app, &ctx, id, Some(answer)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn frame(id: usize, event: &RunEvent) -> Option<SseEvent> {
    SseEvent::json(event.name(), Some(id.to_string()), event)
        .inspect_err(|error| tracing::error!(error = %error.chain(), "an event was not sent"))
        .ok()
}
