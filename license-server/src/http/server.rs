//! Health, metrics and the audit log.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorBody, Page, PageRequest, Timestamp};
use guildhall_web::{HttpResult, Json, Public, Query};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Auth, perm},
    app::App,
    audit::{self, AuditEntry},
    telemetry,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(read_status))
        .routes(routes!(list_audit))
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
}

/// How the server is.
#[derive(Serialize, ToSchema)]
struct ServerStatus {
    version: &'static str,
    started_at: Timestamp,
    /// `development` or `production`.
    trust_root: &'static str,
    keyring_version: u64,
    /// How licences are signed: `attached`, `local` or `queue`.
    signing: &'static str,
    /// What an operator should look at, one sentence each.
    warnings: Vec<String>,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "server", security(()), responses((status = 200, body = Health)))]
async fn healthz(_: Public) -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The server takes requests: its database reads.
#[utoipa::path(get, path = "/readyz", tag = "server", security(()),
    responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
async fn readyz(_: Public, State(app): State<App>) -> HttpResult<Json<Health>> {
    if app.shutdown.is_cancelled() {
        return Err(Error::unavailable(
            "stopping",
            "the server is stopping; try again when it is back",
            5,
        )
        .into());
    }
    app.db.read(|_| Ok(())).await?;
    Ok(Json(Health { status: "ready" }))
}

/// Figures in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(_: Auth<perm::ServerObserve>, State(app): State<App>) -> Response {
    let counters = app.db.counters();
    metrics::counter!("license_server_db_batches_total").absolute(counters.batches);
    metrics::counter!("license_server_db_writes_total").absolute(counters.closures);
    let format = "text/plain; version=0.0.4; charset=utf-8";
    (
        [(header::CONTENT_TYPE, format)],
        telemetry::render_metrics(),
    )
        .into_response()
}

/// How the server is, and what an operator should look at.
#[utoipa::path(get, path = "/api/server", tag = "server", responses((status = 200, body = ServerStatus)))]
async fn read_status(
    _: Auth<perm::ServerObserve>,
    State(app): State<App>,
) -> HttpResult<Json<ServerStatus>> {
    Ok(Json(ServerStatus {
        version: env!("CARGO_PKG_VERSION"),
        started_at: app.started_at,
        trust_root: app.trust.root_name(),
        keyring_version: app.trust.version(),
        signing: app.signing.name(),
        warnings: crate::doctor::warnings(&app),
    }))
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(PageRequest),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list_audit(
    _: Auth<perm::AuditRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<AuditEntry>>> {
    let found = app.db.read(move |reader| audit::list(reader, &page));
    Ok(Json(found.await?))
}
