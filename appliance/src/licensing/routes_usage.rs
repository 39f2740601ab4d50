//! Usage reports, and the licence server of a connected node.

use axum::extract::State;
use guildhall_kernel::ErrorBody;
use guildhall_web::{Auth, HttpResult, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Actor,
    model::{LicenseServer, LicenseUsage, LicenseUsageExport},
    online,
};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_usage))
        .routes(routes!(export_usage))
        .routes(routes!(read_server, set_server))
        .routes(routes!(contact_server))
}

/// Which reports to export.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportUsage {
    /// The number of the first one; those never exported when left out.
    from: Option<u64>,
}

/// Where the licence server is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetLicenseServer {
    /// Such as `https://licences.example.com`.
    base_url: String,
    /// Whether it lies on the local network.
    #[serde(default)]
    local_network: bool,
    /// Certificates (PEM) to trust beside the public authorities.
    ca_pem: Option<String>,
    /// Whether the node asks it by itself.
    enabled: bool,
}

/// The licence server, where one is configured.
#[derive(Serialize, ToSchema)]
struct LicenseServerAnswer {
    #[schema(required)]
    server: Option<LicenseServer>,
}

/// What an export would hold, and what there is.
#[utoipa::path(get, path = "/api/license/usage", tag = "license", responses((status = 200, body = LicenseUsage)))]
async fn read_usage(
    _: Auth<perm::LicenseManage>,
    State(app): State<App>,
) -> HttpResult<Json<LicenseUsage>> {
    Ok(Json(super::read_usage(&app).await?))
}

/// Usage reports as a file: those never exported, or from a number on.
#[utoipa::path(post, path = "/api/license/usage/export", tag = "license", request_body = ExportUsage,
    responses((status = 200, body = LicenseUsageExport), (status = 409, body = ErrorBody)))]
async fn export_usage(
    Auth { ctx, .. }: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Json(input): Json<ExportUsage>,
) -> HttpResult<Json<LicenseUsageExport>> {
    let actor = Actor::Person(Box::new(ctx));
    Ok(Json(super::export_usage(&app, actor, input.from).await?))
}

/// The licence server, where one is configured.
#[utoipa::path(get, path = "/api/license/server", tag = "license", responses((status = 200, body = LicenseServerAnswer)))]
async fn read_server(
    _: Auth<perm::LicenseManage>,
    State(app): State<App>,
) -> HttpResult<Json<LicenseServerAnswer>> {
    let server = app.licensing.server().await?;
    Ok(Json(LicenseServerAnswer { server }))
}

/// Configures the licence server. Nothing is sent by this, and nothing ever while the node is air-gapped.
#[utoipa::path(put, path = "/api/license/server", tag = "license", request_body = SetLicenseServer,
    responses((status = 200, body = LicenseServerAnswer), (status = 400, body = ErrorBody)))]
async fn set_server(
    Auth { ctx, .. }: Auth<perm::LicenseManage>,
    State(app): State<App>,
    Json(input): Json<SetLicenseServer>,
) -> HttpResult<Json<LicenseServerAnswer>> {
    let server = LicenseServer {
        base_url: input.base_url.trim().trim_end_matches('/').to_owned(),
        local_network: input.local_network,
        ca_pem: input.ca_pem,
        enabled: input.enabled,
        tried_at: None,
        succeeded_at: None,
        failure: None,
    };
    let actor = Actor::Person(Box::new(ctx));
    let server = app.licensing.set_server(actor, server).await?;
    Ok(Json(LicenseServerAnswer {
        server: Some(server),
    }))
}

/// Asks the licence server now: revocation list, leases, usage reports. `failure` says why it was in vain.
#[utoipa::path(post, path = "/api/license/server/contact", tag = "license",
    responses((status = 200, body = LicenseServerAnswer), (status = 409, body = ErrorBody)))]
async fn contact_server(
    Auth { ctx, .. }: Auth<perm::LicenseManage>,
    State(app): State<App>,
) -> HttpResult<Json<LicenseServerAnswer>> {
    let server = online::contact(&app, Actor::Person(Box::new(ctx))).await?;
    Ok(Json(LicenseServerAnswer {
        server: Some(server),
    }))
}
