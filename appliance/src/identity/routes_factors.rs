//! One's own second factors.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, PasskeyId, text::NameText};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    factors::{self, AccountSecurity, RecoveryCodes, TotpSetup},
    login::Origin,
    passkey::{self, CreatedPasskey, Passkey, PasskeyOptions},
    permission::perm,
    site::Site,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_security))
        .routes(routes!(begin_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(remove_totp))
        .routes(routes!(passkey_registration_options))
        .routes(routes!(register_passkey))
        .routes(routes!(rename_passkey, remove_passkey))
        .routes(routes!(renew_recovery_codes))
}

/// One's password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProvePassword {
    password: String,
}

/// The first code of a new authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmTotp {
    code: String,
}

/// A passkey to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterPasskey {
    challenge: String,
    #[schema(value_type = NameText)]
    name: String,
    /// What `PublicKeyCredential.toJSON()` gave.
    #[schema(value_type = Object)]
    credential: Value,
}

/// Another name for a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenamePasskey {
    #[schema(value_type = NameText)]
    name: String,
}

/// How one's account is guarded.
#[utoipa::path(get, path = "/api/account/security", tag = "account",
    responses((status = 200, body = AccountSecurity)))]
async fn read_security(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
) -> HttpResult<Json<AccountSecurity>> {
    Ok(Json(factors::overview(&app, &ctx).await?))
}

/// Begins with an authenticator app; its secret is in this answer only.
#[utoipa::path(post, path = "/api/account/totp", tag = "account", request_body = ProvePassword,
    responses((status = 200, body = TotpSetup), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn begin_totp(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<ProvePassword>,
) -> HttpResult<Json<TotpSetup>> {
    let password = Zeroizing::new(input.password);
    Ok(Json(
        factors::begin_totp(&app, &ctx, password, origin).await?,
    ))
}

/// Ends setting up an authenticator app; the recovery codes are in this answer only.
#[utoipa::path(post, path = "/api/account/totp/confirm", tag = "account", request_body = ConfirmTotp,
    responses((status = 200, body = RecoveryCodes), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn confirm_totp(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<ConfirmTotp>,
) -> HttpResult<Json<RecoveryCodes>> {
    Ok(Json(factors::confirm_totp(&app, &ctx, input.code).await?))
}

/// Removes the authenticator app.
#[utoipa::path(post, path = "/api/account/totp/remove", tag = "account", request_body = ProvePassword,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn remove_totp(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<ProvePassword>,
) -> HttpResult<StatusCode> {
    factors::remove_totp(&app, &ctx, Zeroizing::new(input.password), origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a browser makes a passkey with.
#[utoipa::path(post, path = "/api/account/passkeys/options", tag = "account", request_body = ProvePassword,
    responses((status = 200, body = PasskeyOptions), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn passkey_registration_options(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    origin: Origin,
    site: Site,
    Json(input): Json<ProvePassword>,
) -> HttpResult<Json<PasskeyOptions>> {
    let password = Zeroizing::new(input.password);
    let options = passkey::registration_options(&app, &ctx, password, (origin, &site)).await?;
    Ok(Json(options))
}

/// Registers a passkey; recovery codes that come with it are in this answer only.
#[utoipa::path(post, path = "/api/account/passkeys", tag = "account", request_body = RegisterPasskey,
    responses((status = 201, body = CreatedPasskey), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn register_passkey(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    site: Site,
    Json(input): Json<RegisterPasskey>,
) -> HttpResult<(StatusCode, Json<CreatedPasskey>)> {
    let answer = (
        input.challenge.as_str(),
        input.name.as_str(),
        input.credential,
    );
    let created = passkey::register(&app, &ctx, answer, &site).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Calls a passkey something else.
#[utoipa::path(patch, path = "/api/account/passkeys/{id}", tag = "account", params(("id" = PasskeyId, Path)),
    request_body = RenamePasskey,
    responses((status = 200, body = Passkey), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn rename_passkey(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Path(id): Path<PasskeyId>,
    Json(input): Json<RenamePasskey>,
) -> HttpResult<Json<Passkey>> {
    Ok(Json(passkey::rename(&app, &ctx, id, &input.name).await?))
}

/// Removes a passkey.
#[utoipa::path(delete, path = "/api/account/passkeys/{id}", tag = "account", params(("id" = PasskeyId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove_passkey(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Path(id): Path<PasskeyId>,
) -> HttpResult<StatusCode> {
    passkey::remove(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes new recovery codes; they are in this answer only, and the old ones stop working.
#[utoipa::path(post, path = "/api/account/recovery-codes", tag = "account", request_body = ProvePassword,
    responses((status = 200, body = RecoveryCodes), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn renew_recovery_codes(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<ProvePassword>,
) -> HttpResult<Json<RecoveryCodes>> {
    let password = Zeroizing::new(input.password);
    Ok(Json(
        factors::renew_recovery_codes(&app, &ctx, password, origin).await?,
    ))
}
