//! Users, as directories call for them.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use guildhall_kernel::ScimResourceId;
use guildhall_web::{Json, Path, Query};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, ScimError},
    caller::Provisioner,
    change::Change,
    document::{ScimPatch, ScimSearch, ScimUser, ScimUserInput, ScimUserList},
    model::Kind,
    request::{ListParameters, Request, ShownParameters},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_scim_users, create_scim_user))
        .routes(routes!(search_scim_users))
        .routes(routes!(
            read_scim_user,
            replace_scim_user,
            patch_scim_user,
            delete_scim_user
        ))
}

/// Users that the directory brought, by filter and page.
#[utoipa::path(get, path = "/scim/v2/Users", tag = "scim", params(ListParameters),
    responses((status = 200, body = ScimUserList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn list_scim_users(
    by: Provisioner,
    State(app): State<App>,
    Query(parameters): Query<ListParameters>,
) -> Answer<Response> {
    Request::new(app, by)
        .list(vec![Kind::User], parameters.read()?)
        .await
}

/// Brings a user in; they get the access that their groups give, or that the organisation gives everybody.
#[utoipa::path(post, path = "/scim/v2/Users", tag = "scim", params(ShownParameters),
    request_body(content = ScimUserInput, content_type = "application/scim+json"),
    responses((status = 201, body = ScimUser, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn create_scim_user(
    by: Provisioner,
    State(app): State<App>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    Request::new(app, by)
        .create(Kind::User, shown.read()?, sent)
        .await
}

/// The same as listing, with the parameters in the body.
#[utoipa::path(post, path = "/scim/v2/Users/.search", tag = "scim",
    request_body(content = ScimSearch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUserList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn search_scim_users(
    by: Provisioner,
    State(app): State<App>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    Request::new(app, by).search(vec![Kind::User], &sent).await
}

/// A user, unless the caller has this version already.
#[utoipa::path(get, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), (status = 304),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn read_scim_user(
    by: Provisioner,
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    headers: HeaderMap,
) -> Answer<Response> {
    Request::new(app, by)
        .read((Kind::User, id), shown.read()?, headers)
        .await
}

/// Puts another user in this one's place.
#[utoipa::path(put, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    request_body(content = ScimUserInput, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn replace_scim_user(
    (by, headers): (Provisioner, HeaderMap),
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    let change = (headers, Change::Replace(sent));
    Request::new(app, by)
        .change((Kind::User, id), shown.read()?, change)
        .await
}

/// Changes a user by operations; `active` set to false ends their access at once.
#[utoipa::path(patch, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    request_body(content = ScimPatch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn patch_scim_user(
    (by, headers): (Provisioner, HeaderMap),
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    let change = (headers, Change::Patch(sent));
    Request::new(app, by)
        .change((Kind::User, id), shown.read()?, change)
        .await
}

/// Forgets a user; what the directory gave them is taken away at once.
#[utoipa::path(delete, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = ScimResourceId, Path)),
    responses((status = 204), (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn delete_scim_user(
    by: Provisioner,
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    Request::new(app, by)
        .delete((Kind::User, id), headers)
        .await
}
