//! Service accounts and their keys.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ApiKeyId, ErrorBody, Page, PersonId, Role, VeId, text::NameText};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    api_keys::NewApiKey,
    model::{ApiKey, CreatedApiKey},
    permission::perm,
    service_accounts::{self, ServiceAccount, ServiceAccountChange},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_service_accounts, create_service_account))
        .routes(routes!(update_service_account, remove_service_account))
        .routes(routes!(list_service_keys, create_service_key))
        .routes(routes!(revoke_service_key))
}

/// A service account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateServiceAccount {
    #[schema(value_type = NameText)]
    name: String,
    role: Role,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateServiceAccount {
    #[schema(value_type = Option<NameText>)]
    name: Option<String>,
    role: Option<Role>,
    disabled: Option<bool>,
}

/// A key of a service account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateServiceKey {
    #[schema(value_type = NameText)]
    name: String,
    /// Days until the key ends; never when left out.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
    /// Names of permissions, or `read`, `chat`, `models`, `manage`, `scim`; all its role allows when left out.
    #[schema(min_items = 1, max_items = 50)]
    scopes: Option<Vec<String>>,
    /// The only employees it is for; all when left out.
    #[schema(min_items = 1, max_items = 100)]
    ves: Option<Vec<VeId>>,
}

/// The organisation's service accounts, oldest first.
#[utoipa::path(get, path = "/api/admin/service-accounts", tag = "service accounts",
    responses((status = 200, body = Page<ServiceAccount>)))]
async fn list_service_accounts(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<ServiceAccount>>> {
    Ok(Json(service_accounts::list(&app, &ctx).await?))
}

/// Makes a service account: it has no login and takes no seat.
#[utoipa::path(post, path = "/api/admin/service-accounts", tag = "service accounts", request_body = CreateServiceAccount,
    responses((status = 201, body = ServiceAccount), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn create_service_account(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Json(input): Json<CreateServiceAccount>,
) -> HttpResult<(StatusCode, Json<ServiceAccount>)> {
    let wanted = (input.name.as_str(), input.role);
    Ok((
        StatusCode::CREATED,
        Json(service_accounts::create(&app, &ctx, wanted).await?),
    ))
}

/// Renames, gives another role, disables or enables.
#[utoipa::path(patch, path = "/api/admin/service-accounts/{id}", tag = "service accounts",
    params(("id" = PersonId, Path)), request_body = UpdateServiceAccount,
    responses((status = 200, body = ServiceAccount), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 404, body = ErrorBody)))]
async fn update_service_account(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
    Json(input): Json<UpdateServiceAccount>,
) -> HttpResult<Json<ServiceAccount>> {
    let change = ServiceAccountChange {
        name: input.name,
        role: input.role,
        disabled: input.disabled,
    };
    Ok(Json(
        service_accounts::update(&app, &ctx, id, change).await?,
    ))
}

/// Removes a service account with its keys.
#[utoipa::path(delete, path = "/api/admin/service-accounts/{id}", tag = "service accounts",
    params(("id" = PersonId, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn remove_service_account(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
) -> HttpResult<StatusCode> {
    service_accounts::remove(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The keys of a service account, newest first.
#[utoipa::path(get, path = "/api/admin/service-accounts/{id}/keys", tag = "service accounts",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = Page<ApiKey>), (status = 404, body = ErrorBody)))]
async fn list_service_keys(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
) -> HttpResult<Json<Page<ApiKey>>> {
    Ok(Json(service_accounts::list_keys(&app, &ctx, id).await?))
}

/// Makes a key of a service account; its secret is in this answer only.
#[utoipa::path(post, path = "/api/admin/service-accounts/{id}/keys", tag = "service accounts",
    params(("id" = PersonId, Path)), request_body = CreateServiceKey,
    responses((status = 201, body = CreatedApiKey), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 404, body = ErrorBody)))]
async fn create_service_key(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
    Json(input): Json<CreateServiceKey>,
) -> HttpResult<(StatusCode, Json<CreatedApiKey>)> {
    let input = NewApiKey {
        name: input.name,
        expires_in_days: input.expires_in_days,
        scopes: input.scopes,
        ves: input.ves,
    };
    Ok((
        StatusCode::CREATED,
        Json(service_accounts::create_key(&app, &ctx, id, input).await?),
    ))
}

/// Ends a key of a service account.
#[utoipa::path(delete, path = "/api/admin/service-accounts/{id}/keys/{key}", tag = "service accounts",
    params(("id" = PersonId, Path), ("key" = ApiKeyId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn revoke_service_key(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(path): Path<(PersonId, ApiKeyId)>,
) -> HttpResult<StatusCode> {
    service_accounts::revoke_key(&app, &ctx, path).await?;
    Ok(StatusCode::NO_CONTENT)
}
