//! Installs and leases for staff.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::Error;
use guildhall_web::{HttpResult, Json, Path, limits::read_body};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    activate::{self, Door},
    model::{Install, Lease},
    store,
};
use crate::{
    access::{Auth, perm},
    app::App,
    artefact, audit,
    ctx::Ctx,
    events::{self, About},
    ids::{InstallId, LicenceId},
    licences,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_installs))
        .routes(routes!(release_install))
        .routes(routes!(download_lease))
        .routes(routes!(answer_activation_request))
}

/// Where a licence runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct InstallList {
    installs: Vec<Install>,
    /// The newest leases.
    leases: Vec<Lease>,
}

pub(crate) async fn list(
    app: &App,
    ctx: &Ctx,
    id: LicenceId,
) -> guildhall_kernel::Result<InstallList> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        licences::require(reader, &caller, id)?;
        Ok(InstallList {
            installs: store::list(reader, id)?,
            leases: store::list_leases(reader, id)?,
        })
    });
    read.await
}

pub(crate) fn lease_download(bytes: impl Into<axum::body::Body>) -> Response {
    (
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(artefact::LEASE_TYPE),
            ),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment; filename=\"guildhall.lease.json\""),
            ),
        ],
        bytes.into(),
    )
        .into_response()
}

/// An install that the caller may know of, and its newest lease.
pub(crate) async fn newest_lease_file(
    app: &App,
    ctx: &Ctx,
    id: InstallId,
) -> guildhall_kernel::Result<Vec<u8>> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        let install = store::find(reader, id)?.ok_or_else(|| Error::not_found("install"))?;
        licences::require(reader, &caller, install.licence_id)
            .map_err(|_| Error::not_found("install"))?;
        let lease = store::newest_lease(reader, id)?;
        lease
            .map(|(_, bytes)| bytes)
            .ok_or_else(|| Error::not_found("lease"))
    });
    read.await
}

/// Gives back the place of an install that the caller may know of.
pub(crate) async fn release(app: &App, ctx: &Ctx, id: InstallId) -> guildhall_kernel::Result<()> {
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let install = store::find(tx, id)?.ok_or_else(|| Error::not_found("install"))?;
        let licence = licences::require(tx, &caller, install.licence_id)
            .map_err(|_| Error::not_found("install"))?;
        if !store::release(tx, id, caller.now())? {
            return Err(Error::not_found("active install"));
        }
        let about = About {
            licence: Some(licence.id),
            customer: Some(licence.customer_id),
        };
        let summary = format!("{} gave its place back", install.short_name());
        let details = serde_json::json!({ "install": id });
        let what = ("install.released", summary);
        events::publish(tx, (&server, &caller), about, what, details)?;
        audit::record(tx, &caller, "install.released", id)
    });
    written.await
}

/// Where a licence runs, and its newest leases.
#[utoipa::path(get, path = "/api/licences/{licence}/installs", tag = "installs",
    params(("licence" = LicenceId, Path)), responses((status = 200, body = InstallList)))]
async fn list_installs(
    Auth { ctx, .. }: Auth<perm::LicencesRead>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
) -> HttpResult<Json<InstallList>> {
    Ok(Json(list(&app, &ctx, id).await?))
}

/// Gives an install's place back. Its lease runs out by itself; revoke it to end it at once.
#[utoipa::path(post, path = "/api/installs/{install}/release", tag = "installs",
    params(("install" = InstallId, Path)), responses((status = 204)))]
async fn release_install(
    Auth { ctx, .. }: Auth<perm::InstallsManage>,
    State(app): State<App>,
    Path(id): Path<InstallId>,
) -> HttpResult<StatusCode> {
    release(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads an install's newest lease.
#[utoipa::path(get, path = "/api/installs/{install}/lease", tag = "installs",
    params(("install" = InstallId, Path)),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn download_lease(
    Auth { ctx, .. }: Auth<perm::LicencesRead>,
    State(app): State<App>,
    Path(id): Path<InstallId>,
) -> HttpResult<Response> {
    Ok(lease_download(newest_lease_file(&app, &ctx, id).await?))
}

/// Answers an activation request file for a customer. The body is the file, the answer the lease file.
#[utoipa::path(post, path = "/api/activation-requests", tag = "installs",
    request_body(content = String, content_type = "application/vnd.guildhall.activation-request.v1+json"),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn answer_activation_request(
    Auth { ctx, .. }: Auth<perm::InstallsManage>,
    State(app): State<App>,
    request: Request,
) -> HttpResult<Response> {
    let bytes = read_body(request).await?;
    let lease = activate::answer(&app, &ctx, &bytes, Door::Activate).await?;
    Ok(lease_download(lease))
}
