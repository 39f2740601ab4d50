//! `/v1/responses`, without state: every request brings its whole conversation.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use guildhall_web::{Auth, HttpResult, Json, limits::extend_deadline};

use super::{
    super::{
        ANSWER_TIME_MAX,
        call::Call,
        haste::{HasteHeaders, Hasty},
        stream,
    },
    responses_input::ResponseRequest,
    responses_output::{self, ResponseObject},
    responses_stream::{EventWriter, TextDelta},
};
use crate::{app::App, identity::perm};

/// Writes a response, as OpenAI's API of the same path. With `stream` it comes in named events; nothing is
/// stored, so `store: true` and `previous_response_id` are refused.
#[utoipa::path(post, path = "/v1/responses", tag = "openai", request_body = ResponseRequest,
    params(HasteHeaders),
    responses((status = 200, content((ResponseObject = "application/json"), (TextDelta = "text/event-stream")))))]
pub(super) async fn create_response(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    hasty: Hasty,
    Json(request): Json<ResponseRequest>,
) -> HttpResult<Response> {
    extend_deadline(ANSWER_TIME_MAX);
    let is_stream = request.stream.unwrap_or(false);
    let (mut ask, echoed) = request.into_ask()?;
    ask.haste = hasty.haste()?;
    let mut call = Call::start(&app, &ctx, ask).await?;
    if is_stream {
        let writer = EventWriter::new(call.head(), echoed);
        return Ok(stream::respond(call, writer));
    }
    Ok(Json(responses_output::whole(call, echoed).await?).into_response())
}
