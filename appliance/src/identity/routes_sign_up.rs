//! Accounts that people ask for themselves, and who is let in.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{
    ErrorBody, Page, PageRequest, Result, SignUpId,
    text::{EmailText, NameText, PasswordText},
};
use guildhall_web::{Auth, HttpResult, Json, Path, Public, Query};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    login::Origin,
    model::{Organisation, SessionView},
    permission::perm,
    routes_session::with_cookie,
    settings::{self, SignUpMode, SignUpSettings},
    sign_up::{self, Applicant, SignUp, SignedUp},
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_up_mode, ask_for_account))
        .routes(routes!(verify_sign_up))
        .routes(routes!(read_sign_up_settings, update_sign_up_settings))
        .routes(routes!(list_sign_ups))
        .routes(routes!(approve_sign_up))
        .routes(routes!(refuse_sign_up))
}

/// Whether people may make accounts for themselves.
#[derive(Serialize, ToSchema)]
struct SignUpState {
    /// What it comes to: without mail, an administrator decides in the open mode too.
    mode: SignUpMode,
    /// Whether a link is sent to the address first.
    verifies_email: bool,
}

/// Somebody who asks for an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskForAccount {
    #[schema(value_type = EmailText)]
    email: String,
    #[schema(value_type = NameText)]
    display_name: String,
    #[schema(value_type = PasswordText)]
    password: String,
    /// What their organisation is to be called.
    #[schema(value_type = NameText)]
    organisation: String,
}

/// What a request for an account waits for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SignUpStep {
    /// A platform administrator.
    Waiting,
    /// The link that was sent to its address.
    VerifyEmail,
}

/// The request waits.
#[derive(Serialize, ToSchema)]
struct SignUpWaiting {
    state: SignUpStep,
}

/// The link that was sent to the address of a request for an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifySignUp {
    /// What stands after `#` in the link.
    token: String,
    /// The password that was chosen for the account.
    password: String,
}

/// Whether people may make accounts for themselves.
#[utoipa::path(get, path = "/api/sign-up", tag = "session", security(()),
    responses((status = 200, body = SignUpState)))]
async fn sign_up_mode(_: Public, State(app): State<App>) -> HttpResult<Json<SignUpState>> {
    let (mode, verifies_email) = settings::sign_up_now(&app).await?;
    Ok(Json(SignUpState {
        mode,
        verifies_email,
    }))
}

/// Asks for an account with an organisation of its own.
#[utoipa::path(post, path = "/api/sign-up", tag = "session", security(()), request_body = AskForAccount,
    responses((status = 202, body = SignUpWaiting), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn ask_for_account(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<AskForAccount>,
) -> HttpResult<Response> {
    let applicant = Applicant {
        email: input.email,
        display_name: input.display_name,
        password: Zeroizing::new(input.password),
        organisation: input.organisation,
    };
    let asked = sign_up::ask(&app, applicant, origin).await?;
    Ok(answer(&app, asked)?)
}

/// Goes on with a request for an account by the link that was sent to its address: logs in, or waits for an administrator.
#[utoipa::path(post, path = "/api/sign-up/verify", tag = "session", security(()), request_body = VerifySignUp,
    responses((status = 200, body = SessionView), (status = 202, body = SignUpWaiting), (status = 401, body = ErrorBody),
              (status = 403, body = ErrorBody), (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn verify_sign_up(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<VerifySignUp>,
) -> HttpResult<Response> {
    let password = Zeroizing::new(input.password);
    let verified = sign_up::verify(&app, (&input.token, password), origin).await?;
    Ok(answer(&app, verified)?)
}

fn answer(app: &App, outcome: SignedUp) -> Result<Response> {
    let state = match outcome {
        SignedUp::In(opened) => return with_cookie(app, StatusCode::OK, *opened),
        SignedUp::Waiting => SignUpStep::Waiting,
        SignedUp::VerifyEmail => SignUpStep::VerifyEmail,
    };
    Ok((StatusCode::ACCEPTED, Json(SignUpWaiting { state })).into_response())
}

/// Who may make an account for themselves.
#[utoipa::path(get, path = "/api/admin/sign-up", tag = "node", responses((status = 200, body = SignUpSettings)))]
async fn read_sign_up_settings(
    _: Auth<perm::SignupManage>,
    State(app): State<App>,
) -> HttpResult<Json<SignUpSettings>> {
    Ok(Json(settings::read_sign_up(&app).await?))
}

/// Changes who may make an account for themselves.
#[utoipa::path(put, path = "/api/admin/sign-up", tag = "node", request_body = SignUpSettings,
    responses((status = 200, body = SignUpSettings), (status = 400, body = ErrorBody)))]
async fn update_sign_up_settings(
    Auth { ctx, .. }: Auth<perm::SignupManage>,
    State(app): State<App>,
    Json(input): Json<SignUpSettings>,
) -> HttpResult<Json<SignUpSettings>> {
    Ok(Json(settings::update_sign_up(&app, &ctx, input).await?))
}

/// The requests for an account that wait, oldest first.
#[utoipa::path(get, path = "/api/admin/sign-ups", tag = "node", params(PageRequest),
    responses((status = 200, body = Page<SignUp>)))]
async fn list_sign_ups(
    _: Auth<perm::SignupManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<SignUp>>> {
    Ok(Json(sign_up::list(&app, &page).await?))
}

/// Lets somebody in who waits: makes their account and organisation.
#[utoipa::path(post, path = "/api/admin/sign-ups/{id}/approve", tag = "node", params(("id" = SignUpId, Path)),
    responses((status = 200, body = Organisation), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn approve_sign_up(
    Auth { ctx, .. }: Auth<perm::SignupManage>,
    State(app): State<App>,
    Path(id): Path<SignUpId>,
) -> HttpResult<Json<Organisation>> {
    Ok(Json(sign_up::approve(&app, &ctx, id).await?))
}

/// Refuses somebody who waits.
#[utoipa::path(post, path = "/api/admin/sign-ups/{id}/refuse", tag = "node", params(("id" = SignUpId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn refuse_sign_up(
    Auth { ctx, .. }: Auth<perm::SignupManage>,
    State(app): State<App>,
    Path(id): Path<SignUpId>,
) -> HttpResult<StatusCode> {
    sign_up::refuse(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
