//! Policies, and whom the organisation asks beside them.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page, PersonId, ResourceType, Role};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    authoriser::{AuthoriserSettings, AuthoriserTest},
    authoriser_admin,
    permission::perm,
    policies::{self, Policy},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_policies))
        .routes(routes!(set_policy, remove_policy))
        .routes(routes!(read_authoriser, set_authoriser, remove_authoriser))
        .routes(routes!(test_authoriser))
}

/// Who may use a thing; nobody else may.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPolicy {
    #[schema(max_items = 1000)]
    people: Vec<PersonId>,
    #[schema(max_items = 1000)]
    roles: Vec<Role>,
}

/// The organisation's policies.
#[utoipa::path(get, path = "/api/admin/policies", tag = "policies", responses((status = 200, body = Page<Policy>)))]
async fn list_policies(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Policy>>> {
    Ok(Json(policies::list(&app, &ctx).await?))
}

/// Says who may use an employee, a model or a collection.
#[utoipa::path(put, path = "/api/admin/policies/{type}/{id}", tag = "policies",
    params(("type" = ResourceType, Path), ("id" = String, Path, description = "an employee's id, a model's name, `handbook` or `files`")),
    request_body = SetPolicy,
    responses((status = 200, body = Policy), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_policy(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
    Path(resource): Path<(ResourceType, String)>,
    Json(input): Json<SetPolicy>,
) -> HttpResult<Json<Policy>> {
    let named = (input.people, input.roles);
    Ok(Json(policies::set(&app, &ctx, resource, named).await?))
}

/// Lets everybody with the permission use it again.
#[utoipa::path(delete, path = "/api/admin/policies/{type}/{id}", tag = "policies",
    params(("type" = ResourceType, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_policy(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
    Path(resource): Path<(ResourceType, String)>,
) -> HttpResult<StatusCode> {
    policies::remove(&app, &ctx, resource).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom the organisation asks before something is changed or a model is used.
#[utoipa::path(get, path = "/api/admin/authoriser", tag = "policies",
    responses((status = 200, body = AuthoriserSettings), (status = 404, body = ErrorBody)))]
async fn read_authoriser(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
) -> HttpResult<Json<AuthoriserSettings>> {
    Ok(Json(authoriser_admin::read(&app, &ctx)?))
}

/// Says whom to ask. Another address can be entered by who administers the node only.
#[utoipa::path(put, path = "/api/admin/authoriser", tag = "policies", request_body = AuthoriserSettings,
    responses((status = 200, body = AuthoriserSettings), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn set_authoriser(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
    Json(input): Json<AuthoriserSettings>,
) -> HttpResult<Json<AuthoriserSettings>> {
    Ok(Json(authoriser_admin::set(&app, &ctx, input).await?))
}

/// Asks nobody any more.
#[utoipa::path(delete, path = "/api/admin/authoriser", tag = "policies",
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_authoriser(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
) -> HttpResult<StatusCode> {
    authoriser_admin::remove(&app, &ctx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks about something that nobody wants to do, to see whether and how fast the authoriser answers.
#[utoipa::path(post, path = "/api/admin/authoriser/test", tag = "policies",
    responses((status = 200, body = AuthoriserTest), (status = 404, body = ErrorBody)))]
async fn test_authoriser(
    Auth { ctx, .. }: Auth<perm::PoliciesManage>,
    State(app): State<App>,
) -> HttpResult<Json<AuthoriserTest>> {
    Ok(Json(authoriser_admin::test(&app, &ctx).await?))
}
