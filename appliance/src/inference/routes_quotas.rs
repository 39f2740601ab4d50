//! Limits of use over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, OrgId, Page};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Limits, Quota, QuotaScope};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_quotas))
        .routes(routes!(set_quota, remove_quota))
}

/// Whose limits.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Owner {
    /// Another organisation than one's own; for who administers the node.
    organisation_id: Option<OrgId>,
}

/// What a limit is set on, in the address.
#[derive(Debug, Deserialize, ToSchema)]
struct SubjectPath {
    scope: QuotaScope,
    subject: String,
}

/// The organisation's limits, with what was used of them today.
#[utoipa::path(get, path = "/api/admin/quotas", tag = "models", params(Owner),
    responses((status = 200, body = Page<Quota>), (status = 403, body = ErrorBody)))]
async fn list_quotas(
    Auth { ctx, .. }: Auth<perm::QuotasManage>,
    State(app): State<App>,
    Query(owner): Query<Owner>,
) -> HttpResult<Json<Page<Quota>>> {
    let quotas = app.inference.list_quotas(&ctx, owner.organisation_id)?;
    Ok(Json(Page::complete(quotas)))
}

/// Sets a limit on a person, an employee or an API key of the organisation; on the organisation itself only
/// who administers the node may. Without any limit but a weight it only sets the share of a busy model.
#[utoipa::path(put, path = "/api/admin/quotas/{scope}/{subject}", tag = "models",
    params(("scope" = QuotaScope, Path), ("subject" = String, Path), Owner), request_body = Limits,
    responses((status = 200, body = Quota), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn set_quota(
    Auth { ctx, .. }: Auth<perm::QuotasManage>,
    State(app): State<App>,
    Path(path): Path<SubjectPath>,
    Query(owner): Query<Owner>,
    Json(limits): Json<Limits>,
) -> HttpResult<Json<Quota>> {
    let of = (owner.organisation_id, path.scope, path.subject);
    Ok(Json(app.inference.set_quota(&ctx, of, limits).await?))
}

/// Removes a limit.
#[utoipa::path(delete, path = "/api/admin/quotas/{scope}/{subject}", tag = "models",
    params(("scope" = QuotaScope, Path), ("subject" = String, Path), Owner),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn remove_quota(
    Auth { ctx, .. }: Auth<perm::QuotasManage>,
    State(app): State<App>,
    Path(path): Path<SubjectPath>,
    Query(owner): Query<Owner>,
) -> HttpResult<StatusCode> {
    let of = (owner.organisation_id, path.scope, path.subject);
    app.inference.remove_quota(&ctx, of).await?;
    Ok(StatusCode::NO_CONTENT)
}
