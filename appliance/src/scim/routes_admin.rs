//! What administrators set up: tokens, and which group gives which role.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, ScimTokenId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::BASE,
    model::{ScimSettings, ScimToken},
    settings,
    tokens::{self, NewToken},
};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_scim_tokens, create_scim_token))
        .routes(routes!(delete_scim_token))
        .routes(routes!(read_scim_settings, change_scim_settings))
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateScimToken {
    name: String,
    /// Days until it ends, 1 to 3650; never when left out.
    expires_in_days: Option<u32>,
    /// Which group gives which role; what is set up already stays when left out.
    role_map: Option<ScimSettings>,
}

/// A new token with its secret, shown once.
#[derive(Serialize, ToSchema)]
struct CreatedScimToken {
    token: ScimToken,
    secret: String,
    /// What the directory calls the tenant's address.
    base_url: String,
}

/// Tokens, and where directories send their requests.
#[derive(Serialize, ToSchema)]
struct ScimTokens {
    items: Vec<ScimToken>,
    #[schema(required)]
    next_cursor: Option<String>,
    base_url: String,
}

fn base_url(app: &App) -> String {
    format!("{}{BASE}", app.origin)
}

/// The organisation's provisioning tokens.
#[utoipa::path(get, path = "/api/admin/scim-tokens", tag = "scim", responses((status = 200, body = ScimTokens)))]
async fn list_scim_tokens(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
) -> HttpResult<Json<ScimTokens>> {
    Ok(Json(ScimTokens {
        items: tokens::list(&app, &ctx).await?,
        next_cursor: None,
        base_url: base_url(&app),
    }))
}

/// Makes a provisioning token; the secret is in this answer only.
#[utoipa::path(post, path = "/api/admin/scim-tokens", tag = "scim", request_body = CreateScimToken,
    responses((status = 201, body = CreatedScimToken), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_scim_token(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Json(input): Json<CreateScimToken>,
) -> HttpResult<(StatusCode, Json<CreatedScimToken>)> {
    let new = NewToken {
        name: input.name,
        expires_in_days: input.expires_in_days,
        settings: input.role_map,
    };
    let (token, secret) = tokens::create(&app, &ctx, new).await?;
    let base_url = base_url(&app);
    Ok((
        StatusCode::CREATED,
        Json(CreatedScimToken {
            token,
            secret,
            base_url,
        }),
    ))
}

/// Ends a provisioning token; what it brought in stays.
#[utoipa::path(delete, path = "/api/admin/scim-tokens/{id}", tag = "scim", params(("id" = ScimTokenId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_scim_token(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(id): Path<ScimTokenId>,
) -> HttpResult<StatusCode> {
    tokens::delete(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What provisioned people may do.
#[utoipa::path(get, path = "/api/admin/scim", tag = "scim", responses((status = 200, body = ScimSettings)))]
async fn read_scim_settings(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
) -> HttpResult<Json<ScimSettings>> {
    Ok(Json(settings::read(&app, &ctx).await?))
}

/// Says what provisioned people may do; those who are here already follow at once.
#[utoipa::path(put, path = "/api/admin/scim", tag = "scim", request_body = ScimSettings,
    responses((status = 200, body = ScimSettings), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn change_scim_settings(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Json(input): Json<ScimSettings>,
) -> HttpResult<Json<ScimSettings>> {
    Ok(Json(settings::change(&app, &ctx, input).await?))
}
