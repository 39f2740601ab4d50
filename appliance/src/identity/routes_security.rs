//! The node's rules on logging in, and what administrators do about how members log in.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, PersonId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    people_security,
    permission::perm,
    settings::{self, SecuritySettings},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_security_settings, update_security_settings))
        .routes(routes!(reset_second_factors))
        .routes(routes!(end_sessions))
}

/// What the node asks of everybody who logs in.
#[utoipa::path(get, path = "/api/admin/security", tag = "node", responses((status = 200, body = SecuritySettings)))]
async fn read_security_settings(
    _: Auth<perm::SecurityManage>,
    State(app): State<App>,
) -> HttpResult<Json<SecuritySettings>> {
    Ok(Json(settings::read_security(&app).await?))
}

/// Changes what the node asks of everybody who logs in.
#[utoipa::path(put, path = "/api/admin/security", tag = "node", request_body = SecuritySettings,
    responses((status = 200, body = SecuritySettings), (status = 400, body = ErrorBody)))]
async fn update_security_settings(
    Auth { ctx, .. }: Auth<perm::SecurityManage>,
    State(app): State<App>,
    Json(input): Json<SecuritySettings>,
) -> HttpResult<Json<SecuritySettings>> {
    Ok(Json(settings::update_security(&app, &ctx, input).await?))
}

/// Removes every second factor of a member who has lost them; their sessions end.
#[utoipa::path(post, path = "/api/admin/people/{id}/reset-second-factors", tag = "people",
    params(("id" = PersonId, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn reset_second_factors(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<StatusCode> {
    people_security::reset_second_factors(&app, &ctx, person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a member's sessions in this organisation.
#[utoipa::path(post, path = "/api/admin/people/{id}/end-sessions", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn end_sessions(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<StatusCode> {
    people_security::end_sessions(&app, &ctx, person).await?;
    Ok(StatusCode::NO_CONTENT)
}
