//! Applications for administrators, and each person's own grants.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, OauthClientId, OauthGrantId, Page, PageRequest};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AccountGrant, CreatedOauthClient, NewOauthClient, OauthClient, OauthClientChange, clients,
    rotate_key,
};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_oauth_clients, create_oauth_client))
        .routes(routes!(update_oauth_client, delete_oauth_client))
        .routes(routes!(renew_oauth_secret))
        .routes(routes!(rotate_oauth_key))
        .routes(routes!(list_oauth_grants))
        .routes(routes!(end_oauth_grant))
}

/// A new secret, shown once.
#[derive(Serialize, ToSchema)]
struct OauthClientSecret {
    secret: String,
}

/// The organisation's applications.
#[utoipa::path(get, path = "/api/admin/oauth-clients", tag = "oauth", params(PageRequest),
    responses((status = 200, body = Page<OauthClient>)))]
async fn list_oauth_clients(
    Auth { ctx, .. }: Auth<perm::OauthClientsManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<OauthClient>>> {
    Ok(Json(clients::list(&app, &ctx, &page).await?))
}

/// Enters an application; its secret is in this answer only.
#[utoipa::path(post, path = "/api/admin/oauth-clients", tag = "oauth", request_body = NewOauthClient,
    responses((status = 201, body = CreatedOauthClient), (status = 400, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn create_oauth_client(
    Auth { ctx, .. }: Auth<perm::OauthClientsManage>,
    State(app): State<App>,
    Json(input): Json<NewOauthClient>,
) -> HttpResult<(StatusCode, Json<CreatedOauthClient>)> {
    let created = clients::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Changes an application.
#[utoipa::path(patch, path = "/api/admin/oauth-clients/{id}", tag = "oauth", params(("id" = OauthClientId, Path)),
    request_body = OauthClientChange,
    responses((status = 200, body = OauthClient), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update_oauth_client(
    Auth { ctx, .. }: Auth<perm::OauthClientsManage>,
    State(app): State<App>,
    Path(client): Path<OauthClientId>,
    Json(change): Json<OauthClientChange>,
) -> HttpResult<Json<OauthClient>> {
    Ok(Json(clients::update(&app, &ctx, client, change).await?))
}

/// Removes an application; its tokens end at once.
#[utoipa::path(delete, path = "/api/admin/oauth-clients/{id}", tag = "oauth", params(("id" = OauthClientId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_oauth_client(
    Auth { ctx, .. }: Auth<perm::OauthClientsManage>,
    State(app): State<App>,
    Path(client): Path<OauthClientId>,
) -> HttpResult<StatusCode> {
    clients::delete(&app, &ctx, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs access tokens with a new key from now on. Those that the one before signed stay good until they end.
#[utoipa::path(post, path = "/api/admin/oauth-key/rotate", tag = "oauth",
    responses((status = 204), (status = 409, body = ErrorBody)))]
async fn rotate_oauth_key(
    Auth { ctx, .. }: Auth<perm::SecurityManage>,
    State(app): State<App>,
) -> HttpResult<StatusCode> {
    rotate_key(&app, &ctx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an application a new secret.
#[utoipa::path(post, path = "/api/admin/oauth-clients/{id}/secret", tag = "oauth",
    params(("id" = OauthClientId, Path)),
    responses((status = 200, body = OauthClientSecret), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn renew_oauth_secret(
    Auth { ctx, .. }: Auth<perm::OauthClientsManage>,
    State(app): State<App>,
    Path(client): Path<OauthClientId>,
) -> HttpResult<Json<OauthClientSecret>> {
    let secret = clients::renew_secret(&app, &ctx, client).await?;
    Ok(Json(OauthClientSecret { secret }))
}

/// What one let applications do in the active organisation.
#[utoipa::path(get, path = "/api/account/grants", tag = "account",
    responses((status = 200, body = Page<AccountGrant>)))]
async fn list_oauth_grants(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<AccountGrant>>> {
    Ok(Json(clients::list_grants(&app, &ctx).await?))
}

/// Ends what one let an application do.
#[utoipa::path(delete, path = "/api/account/grants/{id}", tag = "account", params(("id" = OauthGrantId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn end_oauth_grant(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Path(grant): Path<OauthGrantId>,
) -> HttpResult<StatusCode> {
    clients::end_grant(&app, &ctx, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
