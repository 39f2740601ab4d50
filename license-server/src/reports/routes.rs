//! Usage reports for staff.

use axum::extract::{Request, State};
use guildhall_kernel::{Page, PageRequest};
use guildhall_web::{HttpResult, Json, Query, limits::read_body};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ReportFilter, ReportReceipt, UsageReportView, list, receive};
use crate::{
    access::{Auth, perm},
    app::App,
    ids::{CustomerId, LicenceId},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_reports, hand_in_report))
}

/// Which reports.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ReportQuery {
    /// Only those of this customer.
    customer: Option<CustomerId>,
    /// Only those of this licence.
    licence: Option<LicenceId>,
    /// Only those at which a chain branches.
    forked: Option<bool>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// The usage reports, newest first.
#[utoipa::path(get, path = "/api/reports", tag = "reports", params(ReportQuery),
    responses((status = 200, body = Page<UsageReportView>)))]
async fn list_reports(
    _: Auth<perm::ReportsRead>,
    State(app): State<App>,
    Query(query): Query<ReportQuery>,
) -> HttpResult<Json<Page<UsageReportView>>> {
    let filter = ReportFilter {
        customer: query.customer,
        licence: query.licence,
        forked_only: query.forked.unwrap_or(false),
    };
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read = app.db.read(move |reader| list(reader, filter, &page));
    Ok(Json(read.await?))
}

/// Hands in a usage report file for a customer.
#[utoipa::path(post, path = "/api/reports", tag = "reports",
    request_body(content = String, content_type = "application/vnd.guildhall.usage-report.v1+json"),
    responses((status = 200, body = ReportReceipt)))]
async fn hand_in_report(
    Auth { ctx, .. }: Auth<perm::ReportsManage>,
    State(app): State<App>,
    request: Request,
) -> HttpResult<Json<ReportReceipt>> {
    let bytes = read_body(request).await?;
    Ok(Json(receive(&app, &ctx, bytes.to_vec()).await?))
}
