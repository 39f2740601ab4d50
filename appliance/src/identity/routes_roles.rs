//! Roles and permissions.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page, RoleId, text::NameText};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    permission::perm,
    roles::{self, PermissionView, RoleChange, RoleInput, RoleView},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_permissions))
        .routes(routes!(list_roles, create_role))
        .routes(routes!(update_role, delete_role))
}

/// A role to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateRole {
    #[schema(value_type = NameText)]
    title: String,
    #[serde(default)]
    #[schema(max_length = 300)]
    description: String,
    /// Names of permissions, all of which one has oneself.
    permissions: Vec<String>,
}

/// What to change of a role; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateRole {
    #[schema(value_type = Option<NameText>)]
    title: Option<String>,
    #[schema(max_length = 300)]
    description: Option<String>,
    permissions: Option<Vec<String>>,
}

/// What there is to be allowed.
#[utoipa::path(get, path = "/api/admin/permissions", tag = "roles",
    responses((status = 200, body = Page<PermissionView>)))]
async fn list_permissions(_: Auth<perm::RolesRead>) -> Json<Page<PermissionView>> {
    Json(roles::permissions())
}

/// The organisation's roles, built-in ones first.
#[utoipa::path(get, path = "/api/admin/roles", tag = "roles", responses((status = 200, body = Page<RoleView>)))]
async fn list_roles(
    Auth { ctx, .. }: Auth<perm::RolesRead>,
    State(app): State<App>,
) -> HttpResult<Json<Page<RoleView>>> {
    Ok(Json(roles::list(&app, &ctx).await?))
}

/// Makes a custom role.
#[utoipa::path(post, path = "/api/admin/roles", tag = "roles", request_body = CreateRole,
    responses((status = 201, body = RoleView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn create_role(
    Auth { ctx, .. }: Auth<perm::RolesManage>,
    State(app): State<App>,
    Json(input): Json<CreateRole>,
) -> HttpResult<(StatusCode, Json<RoleView>)> {
    let input = RoleInput {
        title: input.title,
        description: input.description,
        permissions: input.permissions,
    };
    Ok((
        StatusCode::CREATED,
        Json(roles::create(&app, &ctx, input).await?),
    ))
}

/// Changes a custom role: whoever has it may do the new things at once.
#[utoipa::path(patch, path = "/api/admin/roles/{id}", tag = "roles", params(("id" = RoleId, Path)),
    request_body = UpdateRole,
    responses((status = 200, body = RoleView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn update_role(
    Auth { ctx, .. }: Auth<perm::RolesManage>,
    State(app): State<App>,
    Path(id): Path<RoleId>,
    Json(input): Json<UpdateRole>,
) -> HttpResult<Json<RoleView>> {
    let change = RoleChange {
        title: input.title,
        description: input.description,
        permissions: input.permissions,
    };
    Ok(Json(roles::update(&app, &ctx, id, change).await?))
}

/// Removes a custom role that nobody has.
#[utoipa::path(delete, path = "/api/admin/roles/{id}", tag = "roles", params(("id" = RoleId, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn delete_role(
    Auth { ctx, .. }: Auth<perm::RolesManage>,
    State(app): State<App>,
    Path(id): Path<RoleId>,
) -> HttpResult<StatusCode> {
    roles::delete(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
