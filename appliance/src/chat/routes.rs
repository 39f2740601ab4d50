//! Asking and following answers.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use guildhall_kernel::{ConversationId, Ctx, Error, ErrorBody, MessageId, Result, VeId};
use guildhall_web::{
    Auth, HttpResult, Json, Path,
    limits::{body_limit, extend_deadline},
    sse::{EventStream, SseEvent},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Begun, ChatAnswer, Followed, Question, TurnEvent, model::AttachmentInput};
use crate::{app::App, identity::perm, inference::DataClass};

/// Eight files of 256 KiB, JSON's escapes and the message itself.
const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// A program that asks without streaming waits this long at most.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(600);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(chat))
        .layer(body_limit(BODY_BYTES_MAX))
        .routes(routes!(regenerate))
        .routes(routes!(edit))
        .routes(routes!(follow))
        .routes(routes!(stop))
}

/// A question to an employee.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChatInput {
    #[schema(max_length = 100000, min_length = 1, pattern = r"\S")]
    message: String,
    /// The conversation to go on with; a new one when left out.
    conversation_id: Option<ConversationId>,
    /// Text files to read, at most 8.
    #[serde(default)]
    #[schema(max_items = 8)]
    attachments: Vec<AttachmentInput>,
    /// How secret a new conversation is; as what the employee is told when left out.
    data_class: Option<DataClass>,
}

/// A question in other words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditInput {
    #[schema(max_length = 100000, min_length = 1, pattern = r"\S")]
    message: String,
}

/// Asks an employee. With `Accept: text/event-stream` the answer streams as `ChatEvent`s named
/// `started`, `step`, `delta`, `done` and `error`; otherwise it comes whole.
#[utoipa::path(post, path = "/api/ves/{id}/chat", tag = "chat", params(("id" = VeId, Path)), request_body = ChatInput,
    responses((status = 200, content((ChatAnswer = "application/json"), (TurnEvent = "text/event-stream"))),
              (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn chat(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
    headers: HeaderMap,
    Json(input): Json<ChatInput>,
) -> HttpResult<Response> {
    let question = Question {
        text: input.message,
        conversation: input.conversation_id,
        attachments: input.attachments,
        data_class: input.data_class,
    };
    let begun = super::ask(&app, &ctx, ve, question).await?;
    Ok(respond(&app, &ctx, (ve, begun), &headers).await?)
}

/// Has an answer written anew; the older version stays readable.
#[utoipa::path(post, path = "/api/ves/{id}/messages/{message}/regenerate", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)),
    responses((status = 200, content((ChatAnswer = "application/json"), (TurnEvent = "text/event-stream"))),
              (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn regenerate(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path((ve, message)): Path<(VeId, MessageId)>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let begun = super::regenerate(&app, &ctx, ve, message).await?;
    Ok(respond(&app, &ctx, (ve, begun), &headers).await?)
}

/// Replaces a question and what followed it, and has it answered.
#[utoipa::path(post, path = "/api/ves/{id}/messages/{message}/edit", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)), request_body = EditInput,
    responses((status = 200, content((ChatAnswer = "application/json"), (TurnEvent = "text/event-stream"))),
              (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn edit(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path((ve, message)): Path<(VeId, MessageId)>,
    headers: HeaderMap,
    Json(input): Json<EditInput>,
) -> HttpResult<Response> {
    let begun = super::edit(&app, &ctx, ve, message, &input.message).await?;
    Ok(respond(&app, &ctx, (ve, begun), &headers).await?)
}

/// Follows an answer from its beginning: in another tab, or after a reload.
#[utoipa::path(get, path = "/api/ves/{id}/messages/{message}/stream", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)),
    responses((status = 200, content((TurnEvent = "text/event-stream"))), (status = 404, body = ErrorBody)))]
async fn follow(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, MessageId)>,
) -> HttpResult<Response> {
    let followed = super::follow(&app, &ctx, path).await?;
    Ok(stream_of(followed, &ctx))
}

/// Stops an answer; what was written so far stays.
#[utoipa::path(post, path = "/api/ves/{id}/messages/{message}/stop", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn stop(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, MessageId)>,
) -> HttpResult<StatusCode> {
    super::stop(&app, &ctx, path).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn respond(
    app: &App,
    ctx: &Ctx,
    (ve, begun): (VeId, Begun),
    headers: &HeaderMap,
) -> Result<Response> {
    let followed = super::follow(app, ctx, (ve, begun.message)).await?;
    if wants_stream(headers) {
        return Ok(stream_of(followed, ctx));
    }
    extend_deadline(ANSWER_TIME_MAX);
    whole(app, ctx, (ve, begun.message), followed).await
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Waits for the end of an answer and gives it whole.
async fn whole(
    app: &App,
    ctx: &Ctx,
    path: (VeId, MessageId),
    followed: Followed,
) -> Result<Response> {
    if let Followed::Running(turn) = followed {
        let mut events = std::pin::pin!(turn.follow());
        while let Some((_, event)) = events.next().await {
            if let TurnEvent::Done(answer) = event {
                return Ok(Json(answer).into_response());
            }
        }
    }
    match super::follow(app, ctx, path).await? {
        Followed::Finished(answer, None) => Ok(Json(answer).into_response()),
        Followed::Finished(_, Some(error)) => {
            // The code is one of ours, but stored: it comes back as text.
            Err(Error::unavailable(
                "answer_failed",
                format!("{} ({})", error.message, error.code),
                1,
            ))
        }
        Followed::Running(_) => Err(Error::internal("an answer ended without being stored")),
    }
}

fn stream_of(followed: Followed, ctx: &Ctx) -> Response {
    match followed {
        Followed::Running(turn) => EventStream::new(
            Arc::clone(&turn)
                .follow()
                .filter_map(|(id, event)| async move { frame(id, &event) }),
        )
        .into_response(),
        Followed::Finished(answer, error) => {
            let events = replay(*answer, error, ctx);
            EventStream::new(
                stream::iter(events.into_iter().enumerate())
                    .filter_map(|(id, event)| async move { frame(id + 1, &event) }),
            )
            .into_response()
        }
    }
}

/// The events of an answer that ended before anybody asked for them.
fn replay(answer: ChatAnswer, error: Option<super::MessageError>, ctx: &Ctx) -> Vec<TurnEvent> {
    let started = TurnEvent::Started {
        message_id: answer.message.id,
        conversation_id: answer.conversation_id,
        user_message_id: None,
        mode: answer.mode,
        model: answer.model.clone(),
    };
    let text = TurnEvent::Delta {
        text: answer.message.text.clone(),
    };
    let last = match error {
        None => TurnEvent::Done(Box::new(answer)),
        Some(error) => {
            let mut body = Error::internal("").body(ctx.request_id.as_str());
            (body.error.code, body.error.message) = (error.code, error.message);
            TurnEvent::Error(body)
        }
    };
    vec![started, text, last]
}

fn frame(id: usize, event: &TurnEvent) -> Option<SseEvent> {
    SseEvent::json(event.name(), Some(id.to_string()), event)
        .inspect_err(|error| tracing::error!(error = %error.chain(), "an event was not sent"))
        .ok()
}
