//! `/v1/messages` and counting their tokens.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use guildhall_web::{Auth, HttpResult, Json, limits::extend_deadline};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        ANSWER_TIME_MAX,
        ask::Ask,
        call::Call,
        count,
        haste::{HasteHeaders, Hasty},
        stream as streaming,
    },
    input::MessagesRequest,
    output::{self, MessageObject},
    stream::{EventWriter, TextDelta},
};
use crate::{app::App, identity::perm};

/// Tokens of a prompt.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageTokensCount {
    input_tokens: u32,
}

/// Goes on with a conversation, as Anthropic's API of the same path. With `stream` the answer comes in
/// named events; nothing is stored.
#[utoipa::path(post, path = "/v1/messages", tag = "anthropic", request_body = MessagesRequest,
    params(HasteHeaders),
    responses((status = 200, content((MessageObject = "application/json"), (TextDelta = "text/event-stream")))))]
pub(super) async fn create_message(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    hasty: Hasty,
    Json(request): Json<MessagesRequest>,
) -> HttpResult<Response> {
    extend_deadline(ANSWER_TIME_MAX);
    let is_stream = request.stream.unwrap_or(false);
    let ask = Ask {
        haste: hasty.haste()?,
        ..request.into_ask()?
    };
    let call = Call::start(&app, &ctx, ask).await?;
    if is_stream {
        return Ok(streaming::respond(call, EventWriter::new()));
    }
    Ok(Json(output::whole(call).await?).into_response())
}

/// Counts the tokens that a conversation takes before its answer, as Anthropic's API of the same path.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "anthropic", request_body = MessagesRequest,
    responses((status = 200, body = MessageTokensCount)))]
pub(super) async fn count_message_tokens(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    Json(request): Json<MessagesRequest>,
) -> HttpResult<Json<MessageTokensCount>> {
    extend_deadline(ANSWER_TIME_MAX);
    let model = request.model.clone();
    let chat = request.into_chat()?;
    let input_tokens = count::tokens(&app, &ctx, &model, chat).await?;
    Ok(Json(MessageTokensCount { input_tokens }))
}
