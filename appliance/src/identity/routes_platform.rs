//! Who administers the node, and organisations of one person alone.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, PersonId};
use guildhall_web::{Auth, HttpResult, Json, Path, Public};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{login::Origin, model::Organisation, permission::perm, platform};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            grant_platform_administrator,
            revoke_platform_administrator
        ))
        .routes(routes!(create_own_organisation))
}

/// Who wants an organisation of their own: they belong to none, so they have no session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateOwnOrganisation {
    email: String,
    password: String,
}

/// Has somebody administer the node.
#[utoipa::path(put, path = "/api/admin/people/{id}/platform-administrator", tag = "organisations",
    params(("id" = PersonId, Path)), responses((status = 204), (status = 404, body = ErrorBody)))]
async fn grant_platform_administrator(
    Auth { ctx, .. }: Auth<perm::NodeOrganisations>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<StatusCode> {
    platform::grant(&app, &ctx, person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has somebody administer the node no more.
#[utoipa::path(delete, path = "/api/admin/people/{id}/platform-administrator", tag = "organisations",
    params(("id" = PersonId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn revoke_platform_administrator(
    Auth { ctx, .. }: Auth<perm::NodeOrganisations>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<StatusCode> {
    platform::revoke(&app, &ctx, person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an organisation for somebody who belongs to none: theirs alone. They log in as ever afterwards.
#[utoipa::path(post, path = "/api/account/organisation", tag = "account", security(()),
    request_body = CreateOwnOrganisation,
    responses((status = 201, body = Organisation), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn create_own_organisation(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<CreateOwnOrganisation>,
) -> HttpResult<(StatusCode, Json<Organisation>)> {
    let password = Zeroizing::new(input.password);
    let made = platform::create_own_organisation(&app, &input.email, password, origin).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
