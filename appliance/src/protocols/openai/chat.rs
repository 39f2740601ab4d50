//! `/v1/chat/completions`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use guildhall_web::{Auth, HttpResult, Json, limits::extend_deadline};

use super::{
    super::{
        ANSWER_TIME_MAX,
        ask::Ask,
        call::Call,
        haste::{HasteHeaders, Hasty},
        stream,
    },
    chat_input::ChatCompletionRequest,
    chat_output::{self, ChatCompletion, Chunk, ChunkWriter},
};
use crate::{app::App, identity::perm};

/// Goes on with a conversation, as OpenAI's API of the same path. The answer comes whole or, with
/// `stream`, in chunks that end with `[DONE]`; nothing is stored.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", request_body = ChatCompletionRequest,
    params(HasteHeaders),
    responses((status = 200, content((ChatCompletion = "application/json"), (Chunk = "text/event-stream")))))]
pub(super) async fn create_chat_completion(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    hasty: Hasty,
    Json(request): Json<ChatCompletionRequest>,
) -> HttpResult<Response> {
    extend_deadline(ANSWER_TIME_MAX);
    let is_stream = request.stream.unwrap_or(false);
    let options = request.stream_options.unwrap_or_default();
    let ask = Ask {
        haste: hasty.haste()?,
        ..request.into_ask()?
    };
    let has_logprobs = ask.logprobs.is_some();
    let call = Call::start(&app, &ctx, ask).await?;
    if is_stream {
        let writer = ChunkWriter::new(has_logprobs, options.include_usage.unwrap_or(false));
        return Ok(stream::respond(call, writer));
    }
    Ok(Json(chat_output::whole(call, has_logprobs).await?).into_response())
}
