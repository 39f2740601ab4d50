//! A new password for who forgot theirs.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{
    ErrorBody,
    text::{EmailText, PasswordText},
};
use guildhall_web::{HttpResult, Json, Public};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    login::Origin,
    password_reset::{self, PasswordResetOffer},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask_for_password_reset))
        .routes(routes!(check_password_reset))
        .routes(routes!(confirm_password_reset))
}

/// Somebody who forgot their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskForPasswordReset {
    #[schema(value_type = EmailText)]
    email: String,
}

/// A link was sent if somebody with a password here has the address.
#[derive(Serialize, ToSchema)]
struct PasswordResetAsked {
    /// Always `sent`, whether the address has an account or not.
    state: &'static str,
}

/// What stands after `#` in the link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordResetToken {
    token: String,
}

/// The new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmPasswordReset {
    token: String,
    #[schema(value_type = PasswordText)]
    password: String,
}

/// Sends a link that sets a new password, if the address has an account here.
#[utoipa::path(post, path = "/api/password-reset", tag = "session", security(()), request_body = AskForPasswordReset,
    responses((status = 202, body = PasswordResetAsked), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn ask_for_password_reset(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<AskForPasswordReset>,
) -> HttpResult<(StatusCode, Json<PasswordResetAsked>)> {
    password_reset::ask(&app, &input.email, origin).await?;
    let asked = PasswordResetAsked { state: "sent" };
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// Whose password a link sets.
#[utoipa::path(post, path = "/api/password-reset/check", tag = "session", security(()), request_body = PasswordResetToken,
    responses((status = 200, body = PasswordResetOffer), (status = 410, body = ErrorBody)))]
async fn check_password_reset(
    _: Public,
    State(app): State<App>,
    _origin: Origin,
    Json(input): Json<PasswordResetToken>,
) -> HttpResult<Json<PasswordResetOffer>> {
    Ok(Json(password_reset::check(&app, &input.token).await?))
}

/// Sets a new password by a link, and ends every session of the person.
#[utoipa::path(post, path = "/api/password-reset/confirm", tag = "session", security(()),
    request_body = ConfirmPasswordReset,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 410, body = ErrorBody)))]
async fn confirm_password_reset(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<ConfirmPasswordReset>,
) -> HttpResult<StatusCode> {
    let password = Zeroizing::new(input.password);
    password_reset::confirm(&app, (&input.token, password), origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
