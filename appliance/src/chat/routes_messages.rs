//! Reading and tidying conversations.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ConversationId, ErrorBody, MessageId, Page, PageRequest, VeId};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Conversation, Message, rate};
use crate::{
    app::App,
    identity::perm,
    inference::DataClass,
    ratings::{Rating, RatingInput},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_conversations))
        .routes(routes!(update_conversation, delete_conversation))
        .routes(routes!(list_messages))
        .routes(routes!(list_versions))
        .routes(routes!(rate_message, unrate_message))
}

/// Which messages to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListMessages {
    /// The conversation; the one used last when left out.
    conversation_id: Option<ConversationId>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateConversation {
    #[schema(max_length = 120, min_length = 1, pattern = r"\S")]
    title: Option<String>,
    /// How secret it is from now on; never less secret than what the employee is told anyway.
    data_class: Option<DataClass>,
}

/// One's conversations with an employee, last used first.
#[utoipa::path(get, path = "/api/ves/{id}/conversations", tag = "chat", params(("id" = VeId, Path), PageRequest),
    responses((status = 200, body = Page<Conversation>), (status = 404, body = ErrorBody)))]
async fn list_conversations(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Conversation>>> {
    Ok(Json(
        super::list_conversations(&app, &ctx, ve, &page).await?,
    ))
}

/// Gives a conversation another title, or says how secret it is.
#[utoipa::path(patch, path = "/api/ves/{id}/conversations/{conversation}", tag = "chat",
    params(("id" = VeId, Path), ("conversation" = ConversationId, Path)), request_body = UpdateConversation,
    responses((status = 200, body = Conversation), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update_conversation(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, ConversationId)>,
    Json(input): Json<UpdateConversation>,
) -> HttpResult<Json<Conversation>> {
    Ok(Json(
        super::update_conversation(&app, &ctx, path, (input.title, input.data_class)).await?,
    ))
}

/// Deletes a conversation with everything said in it.
#[utoipa::path(delete, path = "/api/ves/{id}/conversations/{conversation}", tag = "chat",
    params(("id" = VeId, Path), ("conversation" = ConversationId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete_conversation(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, ConversationId)>,
) -> HttpResult<StatusCode> {
    super::delete_conversation(&app, &ctx, path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A conversation's messages, newest first.
#[utoipa::path(get, path = "/api/ves/{id}/messages", tag = "chat", params(("id" = VeId, Path), ListMessages),
    responses((status = 200, body = Page<Message>), (status = 404, body = ErrorBody)))]
async fn list_messages(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(ve): Path<VeId>,
    Query(query): Query<ListMessages>,
) -> HttpResult<Json<Page<Message>>> {
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    Ok(Json(
        super::list_messages(&app, &ctx, (ve, query.conversation_id), &page).await?,
    ))
}

/// Every version of a message, oldest first.
#[utoipa::path(get, path = "/api/ves/{id}/messages/{message}/versions", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)),
    responses((status = 200, body = Page<Message>), (status = 404, body = ErrorBody)))]
async fn list_versions(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, MessageId)>,
) -> HttpResult<Json<Page<Message>>> {
    Ok(Json(super::list_versions(&app, &ctx, path).await?))
}

/// Gives an answer a thumb, in place of an earlier one.
#[utoipa::path(post, path = "/api/ves/{id}/messages/{message}/rating", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)), request_body = RatingInput,
    responses((status = 200, body = Rating), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn rate_message(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, MessageId)>,
    Json(input): Json<RatingInput>,
) -> HttpResult<Json<Rating>> {
    Ok(Json(rate::rate(&app, &ctx, path, input).await?))
}

/// Takes a thumb back.
#[utoipa::path(delete, path = "/api/ves/{id}/messages/{message}/rating", tag = "chat",
    params(("id" = VeId, Path), ("message" = MessageId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn unrate_message(
    Auth { ctx, .. }: Auth<perm::ChatUse>,
    State(app): State<App>,
    Path(path): Path<(VeId, MessageId)>,
) -> HttpResult<StatusCode> {
    rate::unrate(&app, &ctx, path).await?;
    Ok(StatusCode::NO_CONTENT)
}
