//! The licence: what it allows, importing, asking for a lease.

use axum::extract::State;
use guildhall_kernel::{ErrorBody, Page, PageRequest};
use guildhall_web::{Auth, HttpResult, Json, Query};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Actor,
    model::{ImportedArtefact, LicenseEvent, LicenseRequest, LicenseStatus},
    routes_usage,
};
use crate::{app::App, identity::perm};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_license))
        .routes(routes!(check_license))
        .routes(routes!(import_license))
        .routes(routes!(request_lease))
        .routes(routes!(read_history))
        .merge(routes_usage::router())
}

/// A file of the vendor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportLicense {
    /// The file's text: armoured or bare JSON, at most 64 KiB.
    text: String,
}

/// Which licence to ask a lease for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestLease {
    /// The one that decides when left out.
    license_id: Option<String>,
}

/// What the node may do, why, and how much of it is used.
#[utoipa::path(get, path = "/api/license", tag = "license", responses((status = 200, body = LicenseStatus)))]
async fn read_license(
    _: Auth<perm::LicenseRead>,
    State(app): State<App>,
) -> HttpResult<Json<LicenseStatus>> {
    Ok(Json(super::status(&app).await?))
}

/// Verifies a file and says what importing it would come to. Changes nothing.
#[utoipa::path(post, path = "/api/license/check", tag = "license", request_body = ImportLicense,
    responses((status = 200, body = ImportedArtefact), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn check_license(
    _: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Json(input): Json<ImportLicense>,
) -> HttpResult<Json<ImportedArtefact>> {
    Ok(Json(super::check(&app, input.text.as_bytes())?))
}

/// Imports a licence, lease, revocation list or keyring. What the node has already is not an error.
#[utoipa::path(post, path = "/api/license/import", tag = "license", request_body = ImportLicense,
    responses((status = 200, body = ImportedArtefact), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn import_license(
    Auth { ctx, .. }: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Json(input): Json<ImportLicense>,
) -> HttpResult<Json<ImportedArtefact>> {
    let actor = Actor::Person(Box::new(ctx));
    Ok(Json(
        super::import(&app, actor, input.text.as_bytes()).await?,
    ))
}

/// Makes a request for a lease, to be carried to the vendor.
#[utoipa::path(post, path = "/api/license/request", tag = "license", request_body = RequestLease,
    responses((status = 200, body = LicenseRequest), (status = 409, body = ErrorBody)))]
async fn request_lease(
    Auth { ctx, .. }: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Json(input): Json<RequestLease>,
) -> HttpResult<Json<LicenseRequest>> {
    let actor = Actor::Person(Box::new(ctx));
    Ok(Json(
        super::make_request(&app, actor, input.license_id.as_deref()).await?,
    ))
}

/// What happened to the licence, newest first.
#[utoipa::path(get, path = "/api/license/history", tag = "license", params(PageRequest),
    responses((status = 200, body = Page<LicenseEvent>)))]
async fn read_history(
    _: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<LicenseEvent>>> {
    Ok(Json(app.licensing.history(&page).await?))
}
