//! Ways to sign in and the second step, before anybody is known.

use axum::{extract::State, http::StatusCode, response::Response};
use guildhall_kernel::{Error, ErrorBody, Result};
use guildhall_web::{HttpResult, Json, Public};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    login::Origin,
    model::SessionView,
    passkey::{self, PasskeyOptions},
    routes_session::with_cookie,
    second_step::{self, Answer},
    sign_in::{self, SignInWays},
    site::Site,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ways_to_sign_in))
        .routes(routes!(do_second_step))
        .routes(routes!(passkey_login_options))
        .routes(routes!(log_in_with_passkey))
}

/// Exactly one of a code, a recovery code and a passkey's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondStepInput {
    challenge: String,
    /// Of the authenticator app.
    code: Option<String>,
    recovery_code: Option<String>,
    /// What `PublicKeyCredential.toJSON()` gave.
    #[schema(value_type = Option<Object>)]
    passkey: Option<Value>,
}

/// Nothing needs to be said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasskeyLoginOptionsInput {}

/// What a browser's passkey answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasskeyLoginInput {
    challenge: String,
    /// What `PublicKeyCredential.toJSON()` gave.
    #[schema(value_type = Object)]
    credential: Value,
}

impl SecondStepInput {
    fn answer(self) -> Result<(String, Answer)> {
        let answer = match (self.code, self.recovery_code, self.passkey) {
            (Some(code), None, None) => Answer::Code(code),
            (None, Some(code), None) => Answer::RecoveryCode(code),
            (None, None, Some(passkey)) => Answer::Passkey(passkey),
            _ => {
                return Err(Error::invalid(
                    "invalid_fields",
                    "give one of `code`, `recovery_code` and `passkey`",
                ));
            }
        };
        Ok((self.challenge, answer))
    }
}

/// What the sign-in page offers.
#[utoipa::path(get, path = "/api/sign-in", tag = "session", security(()),
    responses((status = 200, body = SignInWays)))]
async fn ways_to_sign_in(
    _: Public,
    State(app): State<App>,
    site: Site,
) -> HttpResult<Json<SignInWays>> {
    Ok(Json(sign_in::list(&app, &site).await?))
}

/// Does the second step of a login.
#[utoipa::path(post, path = "/api/session/second-factor", tag = "session", security(()),
    request_body = SecondStepInput,
    responses((status = 200, body = SessionView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn do_second_step(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    site: Site,
    Json(input): Json<SecondStepInput>,
) -> HttpResult<Response> {
    let (challenge, answer) = input.answer()?;
    let opened = second_step::finish(&app, &challenge, answer, (origin, &site)).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}

/// What a browser asks for a passkey with, when nobody has said who they are.
#[utoipa::path(post, path = "/api/session/passkey/options", tag = "session", security(()),
    request_body = PasskeyLoginOptionsInput,
    responses((status = 200, body = PasskeyOptions), (status = 409, body = ErrorBody)))]
async fn passkey_login_options(
    _: Public,
    State(app): State<App>,
    _origin: Origin,
    site: Site,
    Json(PasskeyLoginOptionsInput {}): Json<PasskeyLoginOptionsInput>,
) -> HttpResult<Json<PasskeyOptions>> {
    Ok(Json(passkey::login_options(&app, &site)?))
}

/// Logs in with a passkey alone.
#[utoipa::path(post, path = "/api/session/passkey", tag = "session", security(()), request_body = PasskeyLoginInput,
    responses((status = 200, body = SessionView), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn log_in_with_passkey(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    site: Site,
    Json(input): Json<PasskeyLoginInput>,
) -> HttpResult<Response> {
    let answer = (input.challenge.as_str(), input.credential);
    let opened = passkey::log_in(&app, answer, (origin, &site)).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}
