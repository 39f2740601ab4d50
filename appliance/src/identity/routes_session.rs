//! Set-up, login and the session itself.

use std::{net::SocketAddr, time::Duration};

use axum::{
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{
    ErrorBody, OrgId, Result,
    text::{EmailText, NameText, PasswordText},
};
use guildhall_web::{Auth, HttpError, HttpResult, Json, Public, csrf, rate_limit::address_key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    login::{self, OpenedSession, Origin},
    model::SessionView,
    password_login,
    permission::perm,
    setup::{self, FirstAdministrator},
    site::Site,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(setup_status, set_up))
        .routes(routes!(check_setup_link))
        .routes(routes!(read_session, log_in, log_out))
        .routes(routes!(switch_organisation))
}

/// Also refuses requests that another site makes a browser send: the public operations that change
/// something take an origin, the others check their session.
impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        csrf::check_origin(parts)?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let address = peer.map(|peer| peer.0.ip());
        Ok(Self {
            // Tests call the router without a connection.
            address: address
                .map_or_else(|| "unknown".to_owned(), |ip| ip.to_canonical().to_string()),
            limit_key: address.map_or_else(String::new, |ip| address_key(ip).to_string()),
            user_agent: user_agent.unwrap_or("unknown").to_owned(),
            request_id: guildhall_web::request_id(),
        })
    }
}

/// Whether the node waits to be set up.
#[derive(Serialize, ToSchema)]
struct SetupStatus {
    needed: bool,
    node_name: String,
    version: &'static str,
}

/// A one-time link's token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupToken {
    token: String,
}

/// The first organisation and its administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupInput {
    token: String,
    #[schema(value_type = NameText)]
    organisation_name: String,
    #[schema(value_type = NameText)]
    admin_name: String,
    #[schema(value_type = EmailText)]
    admin_email: String,
    #[schema(value_type = PasswordText)]
    admin_password: String,
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginInput {
    email: String,
    password: String,
}

/// The organisation to go on in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SwitchInput {
    organisation_id: OrgId,
}

/// Tells whether the node waits to be set up.
#[utoipa::path(get, path = "/api/setup", tag = "session", security(()),
    responses((status = 200, body = SetupStatus)))]
async fn setup_status(_: Public, State(app): State<App>) -> HttpResult<Json<SetupStatus>> {
    Ok(Json(SetupStatus {
        needed: setup::is_needed(&app).await?,
        node_name: app.config.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
    }))
}

/// Checks a one-time set-up link before the wizard asks anything.
#[utoipa::path(post, path = "/api/setup/check", tag = "session", security(()), request_body = SetupToken,
    responses((status = 204), (status = 409, body = ErrorBody), (status = 410, body = ErrorBody)))]
async fn check_setup_link(
    _: Public,
    State(app): State<App>,
    Json(input): Json<SetupToken>,
) -> HttpResult<StatusCode> {
    setup::check_link(&app, &input.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the node up and logs its first administrator in.
#[utoipa::path(post, path = "/api/setup", tag = "session", security(()), request_body = SetupInput,
    responses((status = 201, body = SessionView), (status = 400, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 410, body = ErrorBody)))]
async fn set_up(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<SetupInput>,
) -> HttpResult<Response> {
    let administrator = FirstAdministrator {
        organisation_name: input.organisation_name,
        admin_name: input.admin_name,
        admin_email: input.admin_email,
        admin_password: Zeroizing::new(input.admin_password),
    };
    let opened = setup::set_up_by_link(&app, &input.token, administrator, origin).await?;
    Ok(with_cookie(&app, StatusCode::CREATED, opened)?)
}

/// Logs in with e-mail address and password.
#[utoipa::path(post, path = "/api/session", tag = "session", security(()), request_body = LoginInput,
    responses((status = 201, body = SessionView), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn log_in(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    site: Site,
    Json(input): Json<LoginInput>,
) -> HttpResult<Response> {
    let password = Zeroizing::new(input.password);
    let opened = password_login::log_in(&app, &input.email, password, (origin, &site)).await?;
    Ok(with_cookie(&app, StatusCode::CREATED, opened)?)
}

/// Who is logged in, for which organisation, and what they may do.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn read_session(
    Auth { ctx, .. }: Auth<perm::SessionRead>,
    State(app): State<App>,
    headers: HeaderMap,
) -> HttpResult<Json<SessionView>> {
    let token = app.session_cookie.read(&headers);
    let csrf_token = token
        .map(|token| csrf::token(token.as_bytes()))
        .transpose()?;
    Ok(Json(login::current(&app, &ctx, csrf_token).await?))
}

/// Logs out: the session ends at once.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn log_out(
    Auth { ctx, .. }: Auth<perm::SessionRead>,
    State(app): State<App>,
) -> HttpResult<Response> {
    login::log_out(&app, &ctx).await?;
    let cleared = app.session_cookie.clear()?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cleared)]).into_response())
}

/// Goes on in another organisation of the same person.
#[utoipa::path(post, path = "/api/session/organisation", tag = "session", request_body = SwitchInput,
    responses((status = 200, body = SessionView), (status = 404, body = ErrorBody)))]
async fn switch_organisation(
    Auth { ctx, .. }: Auth<perm::SessionRead>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<SwitchInput>,
) -> HttpResult<Response> {
    let opened = login::switch_organisation(&app, &ctx, input.organisation_id, origin).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}

/// The `Set-Cookie` value that gives the browser its new session, for as long as the session can live.
///
/// # Errors
/// Internal when the cookie cannot be written.
pub fn session_cookie(app: &App, opened: &OpenedSession) -> Result<HeaderValue> {
    let left = opened.end.as_millis() - app.clock.now().as_millis();
    let age = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    app.session_cookie.set(&opened.token, Some(age))
}

/// An answer that gives the browser its new session.
pub(super) fn with_cookie(
    app: &App,
    status: StatusCode,
    opened: OpenedSession,
) -> Result<Response> {
    let cookie = session_cookie(app, &opened)?;
    Ok((status, [(header::SET_COOKIE, cookie)], Json(opened.view)).into_response())
}
