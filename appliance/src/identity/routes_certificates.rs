//! Client certificates of service accounts.

use axum::extract::State;
use guildhall_kernel::{ErrorBody, PersonId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    certificates::{self, BindCertificate, BoundCertificate},
    permission::perm,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_certificate, bind_certificate))
}

/// The client certificate that a service account proves itself with.
#[utoipa::path(get, path = "/api/admin/service-accounts/{id}/certificate", tag = "service accounts",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = BoundCertificate), (status = 404, body = ErrorBody)))]
async fn read_certificate(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
) -> HttpResult<Json<BoundCertificate>> {
    Ok(Json(certificates::read(&app, &ctx, id).await?))
}

/// Binds a client certificate to a service account, or takes it away.
#[utoipa::path(put, path = "/api/admin/service-accounts/{id}/certificate", tag = "service accounts",
    params(("id" = PersonId, Path)), request_body = BindCertificate,
    responses((status = 200, body = BoundCertificate), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn bind_certificate(
    Auth { ctx, .. }: Auth<perm::ServiceAccountsManage>,
    State(app): State<App>,
    Path(id): Path<PersonId>,
    Json(input): Json<BindCertificate>,
) -> HttpResult<Json<BoundCertificate>> {
    Ok(Json(certificates::bind(&app, &ctx, id, input).await?))
}
