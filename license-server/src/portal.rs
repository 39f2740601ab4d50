//! The customer's side: one's own licences, their files, activation requests and usage reports. The
//! guard confines every query to the session's customer; what belongs to others is not there.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use guildhall_kernel::{Error, Page, PageRequest, Result};
use guildhall_web::{HttpResult, Json, Path, Query, limits::read_body};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Auth, perm},
    app::App,
    ctx::Ctx,
    ids::{InstallId, LicenceId},
    installs::{self, Door},
    licences::{self, FileQuery, Licence, LicenceDetail, LicenceFilter},
    reports::{self, ReportFilter, ReportReceipt, UsageReportView},
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(portal_list_licences))
        .routes(routes!(portal_read_licence))
        .routes(routes!(portal_download_licence))
        .routes(routes!(portal_list_installs))
        .routes(routes!(portal_answer_request))
        .routes(routes!(portal_download_lease))
        .routes(routes!(portal_release_install))
        .routes(routes!(portal_download_crl))
        .routes(routes!(portal_list_reports, portal_hand_in_report))
}

/// Only a portal session has a customer; an API key or member of the staff has no business here.
fn require_customer(ctx: &Ctx) -> Result<()> {
    ctx.customer.map(|_| ()).ok_or_else(|| {
        Error::forbidden(
            "not_a_customer",
            "these pages are for customers; sign in with a portal access code",
        )
    })
}

/// One's own licences, newest first.
#[utoipa::path(get, path = "/api/portal/licences", tag = "portal", params(PageRequest),
    responses((status = 200, body = Page<Licence>)))]
async fn portal_list_licences(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Licence>>> {
    require_customer(&ctx)?;
    Ok(Json(
        licences::list(&app, &ctx, LicenceFilter::default(), page).await?,
    ))
}

/// One of one's own licences.
#[utoipa::path(get, path = "/api/portal/licences/{licence}", tag = "portal",
    params(("licence" = LicenceId, Path)), responses((status = 200, body = LicenceDetail)))]
async fn portal_read_licence(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
) -> HttpResult<Json<LicenceDetail>> {
    require_customer(&ctx)?;
    Ok(Json(licences::detail(&app, &ctx, id).await?))
}

/// Downloads a licence file: exactly the bytes that were signed.
#[utoipa::path(get, path = "/api/portal/licences/{licence}/file", tag = "portal",
    params(("licence" = LicenceId, Path), FileQuery),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.license.v1+json")))]
async fn portal_download_licence(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
    Query(query): Query<FileQuery>,
) -> HttpResult<Response> {
    require_customer(&ctx)?;
    licences::download(licences::file(&app, &ctx, id, query.serial).await?, id)
}

/// Where one of one's own licences runs.
#[utoipa::path(get, path = "/api/portal/licences/{licence}/installs", tag = "portal",
    params(("licence" = LicenceId, Path)), responses((status = 200, body = installs::InstallList)))]
async fn portal_list_installs(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
) -> HttpResult<Json<installs::InstallList>> {
    require_customer(&ctx)?;
    Ok(Json(installs::list(&app, &ctx, id).await?))
}

/// Answers an activation request file with a lease file.
#[utoipa::path(post, path = "/api/portal/activation-requests", tag = "portal",
    request_body(content = String, content_type = "application/vnd.guildhall.activation-request.v1+json"),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn portal_answer_request(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    request: Request,
) -> HttpResult<Response> {
    require_customer(&ctx)?;
    let bytes = read_body(request).await?;
    let lease = installs::answer(&app, &ctx, &bytes, Door::Activate).await?;
    Ok(installs::lease_download(lease))
}

/// Downloads an install's newest lease again.
#[utoipa::path(get, path = "/api/portal/installs/{install}/lease", tag = "portal",
    params(("install" = InstallId, Path)),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn portal_download_lease(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Path(id): Path<InstallId>,
) -> HttpResult<Response> {
    require_customer(&ctx)?;
    Ok(installs::lease_download(
        installs::newest_lease_file(&app, &ctx, id).await?,
    ))
}

/// Gives an install's place back, for a node that is gone.
#[utoipa::path(post, path = "/api/portal/installs/{install}/release", tag = "portal",
    params(("install" = InstallId, Path)), responses((status = 204)))]
async fn portal_release_install(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Path(id): Path<InstallId>,
) -> HttpResult<StatusCode> {
    require_customer(&ctx)?;
    installs::release(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads the revocation list, for nodes without a network.
#[utoipa::path(get, path = "/api/portal/crl", tag = "portal",
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.crl.v1+json")))]
async fn portal_download_crl(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
) -> HttpResult<Response> {
    require_customer(&ctx)?;
    crate::node_api::crl_answer(&app).await
}

/// One's own usage reports, newest first.
#[utoipa::path(get, path = "/api/portal/reports", tag = "portal", params(PageRequest),
    responses((status = 200, body = Page<UsageReportView>)))]
async fn portal_list_reports(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<UsageReportView>>> {
    require_customer(&ctx)?;
    let filter = ReportFilter {
        customer: ctx.customer,
        ..ReportFilter::default()
    };
    let read = app
        .db
        .read(move |reader| reports::list(reader, filter, &page));
    Ok(Json(read.await?))
}

/// Hands in a usage report file.
#[utoipa::path(post, path = "/api/portal/reports", tag = "portal",
    request_body(content = String, content_type = "application/vnd.guildhall.usage-report.v1+json"),
    responses((status = 200, body = ReportReceipt)))]
async fn portal_hand_in_report(
    Auth { ctx, .. }: Auth<perm::PortalUse>,
    State(app): State<App>,
    request: Request,
) -> HttpResult<Json<ReportReceipt>> {
    require_customer(&ctx)?;
    let bytes = read_body(request).await?;
    Ok(Json(reports::receive(&app, &ctx, bytes.to_vec()).await?))
}
