//! One's own account.

use axum::{extract::State, http::StatusCode, response::Response};
use guildhall_kernel::{
    ApiKeyId, ErrorBody, Page, SessionId, VeId,
    text::{NameText, PasswordText},
};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    account,
    api_keys::{self, NewApiKey},
    login::Origin,
    model::{AccountSession, ApiKey, CreatedApiKey, Person, SessionView},
    permission::perm,
    routes_session::with_cookie,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(rename))
        .routes(routes!(change_password))
        .routes(routes!(list_sessions, revoke_other_sessions))
        .routes(routes!(revoke_session))
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(revoke_api_key))
}

/// A new display name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateAccount {
    #[schema(value_type = NameText)]
    display_name: String,
}

/// The password one has and the one to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    current_password: String,
    #[schema(value_type = PasswordText)]
    new_password: String,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateApiKey {
    #[schema(value_type = NameText)]
    name: String,
    /// Days until the key ends; never when left out.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
    /// Names of permissions, or `read`, `chat`, `models`, `manage`, `scim`; all one may do when left out.
    #[schema(min_items = 1, max_items = 50)]
    scopes: Option<Vec<String>>,
    /// The only employees it is for; all when left out.
    #[schema(min_items = 1, max_items = 100)]
    ves: Option<Vec<VeId>>,
}

/// Changes one's display name.
#[utoipa::path(patch, path = "/api/account", tag = "account", request_body = UpdateAccount,
    responses((status = 200, body = Person), (status = 400, body = ErrorBody)))]
async fn rename(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<UpdateAccount>,
) -> HttpResult<Json<Person>> {
    Ok(Json(
        account::rename(&app, &ctx, &input.display_name).await?,
    ))
}

/// Changes one's password; every other session ends.
#[utoipa::path(post, path = "/api/account/password", tag = "account", request_body = ChangePassword,
    responses((status = 200, body = SessionView), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn change_password(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<ChangePassword>,
) -> HttpResult<Response> {
    let passwords = (
        Zeroizing::new(input.current_password),
        Zeroizing::new(input.new_password),
    );
    let opened = account::change_password(&app, &ctx, passwords, origin).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}

/// Where one is logged in.
#[utoipa::path(get, path = "/api/account/sessions", tag = "account",
    responses((status = 200, body = Page<AccountSession>)))]
async fn list_sessions(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<AccountSession>>> {
    Ok(Json(account::list_sessions(&app, &ctx).await?))
}

/// Logs out everywhere else.
#[utoipa::path(delete, path = "/api/account/sessions", tag = "account", responses((status = 204)))]
async fn revoke_other_sessions(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
) -> HttpResult<StatusCode> {
    account::revoke_other_sessions(&app, &ctx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session.
#[utoipa::path(delete, path = "/api/account/sessions/{id}", tag = "account",
    params(("id" = SessionId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn revoke_session(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Path(session): Path<SessionId>,
) -> HttpResult<StatusCode> {
    account::revoke_session(&app, &ctx, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's API keys in the active organisation.
#[utoipa::path(get, path = "/api/account/api-keys", tag = "account", responses((status = 200, body = Page<ApiKey>)))]
async fn list_api_keys(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<ApiKey>>> {
    Ok(Json(api_keys::list_api_keys(&app, &ctx).await?))
}

/// Makes an API key; its secret is in this answer only.
#[utoipa::path(post, path = "/api/account/api-keys", tag = "account", request_body = CreateApiKey,
    responses((status = 201, body = CreatedApiKey), (status = 400, body = ErrorBody)))]
async fn create_api_key(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<CreateApiKey>,
) -> HttpResult<(StatusCode, Json<CreatedApiKey>)> {
    let input = NewApiKey {
        name: input.name,
        expires_in_days: input.expires_in_days,
        scopes: input.scopes,
        ves: input.ves,
    };
    Ok((
        StatusCode::CREATED,
        Json(api_keys::create_api_key(&app, &ctx, input).await?),
    ))
}

/// Ends an API key.
#[utoipa::path(delete, path = "/api/account/api-keys/{id}", tag = "account", params(("id" = ApiKeyId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn revoke_api_key(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Path(key): Path<ApiKeyId>,
) -> HttpResult<StatusCode> {
    api_keys::revoke_api_key(&app, &ctx, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
