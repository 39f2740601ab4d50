//! Groups, as directories call for them.

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
    document::{ScimGroup, ScimGroupInput, ScimGroupList, ScimPatch, ScimSearch},
    model::Kind,
    request::{ListParameters, Request, ShownParameters},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_scim_groups, create_scim_group))
        .routes(routes!(search_scim_groups))
        .routes(routes!(
            read_scim_group,
            replace_scim_group,
            patch_scim_group,
            delete_scim_group
        ))
}

/// Groups that the directory brought, by filter and page.
#[utoipa::path(get, path = "/scim/v2/Groups", tag = "scim", params(ListParameters),
    responses((status = 200, body = ScimGroupList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn list_scim_groups(
    by: Provisioner,
    State(app): State<App>,
    Query(parameters): Query<ListParameters>,
) -> Answer<Response> {
    Request::new(app, by)
        .list(vec![Kind::Group], parameters.read()?)
        .await
}

/// Brings a group in; what it gives its members is up to the organisation.
#[utoipa::path(post, path = "/scim/v2/Groups", tag = "scim", params(ShownParameters),
    request_body(content = ScimGroupInput, content_type = "application/scim+json"),
    responses((status = 201, body = ScimGroup, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn create_scim_group(
    by: Provisioner,
    State(app): State<App>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    Request::new(app, by)
        .create(Kind::Group, shown.read()?, sent)
        .await
}

/// The same as listing, with the parameters in the body.
#[utoipa::path(post, path = "/scim/v2/Groups/.search", tag = "scim",
    request_body(content = ScimSearch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimGroupList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn search_scim_groups(
    by: Provisioner,
    State(app): State<App>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    Request::new(app, by).search(vec![Kind::Group], &sent).await
}

/// A group, unless the caller has this version already.
#[utoipa::path(get, path = "/scim/v2/Groups/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"), (status = 304),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn read_scim_group(
    by: Provisioner,
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    headers: HeaderMap,
) -> Answer<Response> {
    Request::new(app, by)
        .read((Kind::Group, id), shown.read()?, headers)
        .await
}

/// Puts another group in this one's place, its members included.
#[utoipa::path(put, path = "/scim/v2/Groups/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    request_body(content = ScimGroupInput, content_type = "application/scim+json"),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn replace_scim_group(
    (by, headers): (Provisioner, HeaderMap),
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    let change = (headers, Change::Replace(sent));
    Request::new(app, by)
        .change((Kind::Group, id), shown.read()?, change)
        .await
}

/// Changes a group by operations; members get and lose what it gives.
#[utoipa::path(patch, path = "/scim/v2/Groups/{id}", tag = "scim", params(("id" = ScimResourceId, Path), ShownParameters),
    request_body(content = ScimPatch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn patch_scim_group(
    (by, headers): (Provisioner, HeaderMap),
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    Query(shown): Query<ShownParameters>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    let change = (headers, Change::Patch(sent));
    Request::new(app, by)
        .change((Kind::Group, id), shown.read()?, change)
        .await
}

/// Forgets a group; its members lose what it gave.
#[utoipa::path(delete, path = "/scim/v2/Groups/{id}", tag = "scim", params(("id" = ScimResourceId, Path)),
    responses((status = 204), (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn delete_scim_group(
    by: Provisioner,
    State(app): State<App>,
    Path(id): Path<ScimResourceId>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    Request::new(app, by)
        .delete((Kind::Group, id), headers)
        .await
}
