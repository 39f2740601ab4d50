//! What applications speak: metadata, tokens, and the pages' questions about consent.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::ErrorBody;
use guildhall_web::{Auth, HttpResult, Json, Public};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    authorize::{self, Asked, AuthorizeRequest},
    device::{self, OauthDeviceCodes},
    form::{self, BasicCredentials, Form, OauthDeviceForm, OauthTokenForm, OauthTokenQuery},
    inspect::{self, OauthIntrospection},
    problem::{OauthError, Problem},
    signing::OauthKeySet,
    token::{self, DEVICE_GRANT, OauthTokens},
};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(oauth_metadata))
        .routes(routes!(oauth_protected_resource))
        .routes(routes!(oauth_keys))
        .routes(routes!(give_oauth_tokens))
        .routes(routes!(start_oauth_device))
        .routes(routes!(revoke_oauth_token))
        .routes(routes!(introspect_oauth_token))
        .routes(routes!(check_oauth_request))
        .routes(routes!(decide_oauth_request))
        .routes(routes!(check_oauth_device))
        .routes(routes!(decide_oauth_device))
}

/// Where the metadata of the node as a protected resource stand (RFC 9728, 3.1).
pub const PROTECTED_RESOURCE_PATH: &str = "/.well-known/oauth-protected-resource";

const SCOPES: [&str; 5] = ["read", "chat", "models", "manage", "scim"];

/// What takes access tokens and who gives them (RFC 9728, 2).
#[derive(Serialize, ToSchema)]
struct OauthProtectedResource {
    resource: String,
    resource_name: String,
    authorization_servers: Vec<String>,
    scopes_supported: Vec<&'static str>,
    bearer_methods_supported: Vec<&'static str>,
}

/// What the authorisation server is and where it answers (RFC 8414, 2).
#[derive(Serialize, ToSchema)]
struct OauthMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    jwks_uri: String,
    response_types_supported: Vec<&'static str>,
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    code_challenge_methods_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    scopes_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
}

impl OauthMetadata {
    fn of(issuer: &str) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        let (basic, post) = ("client_secret_basic", "client_secret_post");
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: at("/oauth/token"),
            device_authorization_endpoint: at("/oauth/device_authorization"),
            revocation_endpoint: at("/oauth/revoke"),
            introspection_endpoint: at("/oauth/introspect"),
            jwks_uri: at("/oauth/jwks.json"),
            response_types_supported: vec!["code"],
            response_modes_supported: vec!["query"],
            grant_types_supported: vec![
                "authorization_code",
                "refresh_token",
                "client_credentials",
                DEVICE_GRANT,
            ],
            code_challenge_methods_supported: vec!["S256"],
            token_endpoint_auth_methods_supported: vec!["none", basic, post],
            revocation_endpoint_auth_methods_supported: vec!["none", basic, post],
            introspection_endpoint_auth_methods_supported: vec![basic, post],
            scopes_supported: SCOPES.to_vec(),
            authorization_response_iss_parameter_supported: true,
        }
    }
}

/// Tells what the authorisation server is and where it answers.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "oauth", security(()),
    responses((status = 200, body = OauthMetadata)))]
async fn oauth_metadata(_: Public, State(app): State<App>) -> Json<OauthMetadata> {
    Json(OauthMetadata::of(&app.origin))
}

/// Tells programs that were refused who gives access tokens for this node.
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource", tag = "oauth", security(()),
    responses((status = 200, body = OauthProtectedResource)))]
async fn oauth_protected_resource(
    _: Public,
    State(app): State<App>,
) -> Json<OauthProtectedResource> {
    Json(OauthProtectedResource {
        resource: app.origin.clone(),
        resource_name: app.config.name.clone(),
        authorization_servers: vec![app.origin.clone()],
        scopes_supported: SCOPES.to_vec(),
        bearer_methods_supported: vec!["header"],
    })
}

/// The keys that verify access tokens.
#[utoipa::path(get, path = "/oauth/jwks.json", tag = "oauth", security(()),
    responses((status = 200, body = OauthKeySet)))]
async fn oauth_keys(_: Public, State(app): State<App>) -> Json<OauthKeySet> {
    Json(app.oauth.keys.public(app.clock.now()))
}

/// Gives tokens for a code, a refresh token, a device code or an application's own secret.
#[utoipa::path(post, path = "/oauth/token", tag = "oauth", security(()),
    request_body(content = OauthTokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = OauthTokens), (status = 400, body = OauthError),
              (status = 401, body = OauthError), (status = 503, body = OauthError)))]
async fn give_oauth_tokens(
    _: Public,
    State(app): State<App>,
    basic: BasicCredentials,
    Form(input): Form<OauthTokenForm>,
) -> std::result::Result<Response, Problem> {
    let proof = (input.client_id.as_deref(), input.client_secret.as_deref());
    let client = form::client(&app, basic, proof).await?;
    let tokens = token::exchange(&app, client, input).await?;
    Ok(unstored(Json(tokens)))
}

/// Gives a device the code that its person types.
#[utoipa::path(post, path = "/oauth/device_authorization", tag = "oauth", security(()),
    request_body(content = OauthDeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = OauthDeviceCodes), (status = 400, body = OauthError),
              (status = 401, body = OauthError), (status = 503, body = OauthError)))]
async fn start_oauth_device(
    _: Public,
    State(app): State<App>,
    basic: BasicCredentials,
    Form(input): Form<OauthDeviceForm>,
) -> std::result::Result<Response, Problem> {
    let proof = (input.client_id.as_deref(), input.client_secret.as_deref());
    let client = form::client(&app, basic, proof).await?;
    Ok(unstored(Json(device::start(&app, client, input).await?)))
}

/// Ends a token and everything that came of the same permission.
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth", security(()),
    request_body(content = OauthTokenQuery, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, body = OauthError), (status = 401, body = OauthError),
              (status = 503, body = OauthError)))]
async fn revoke_oauth_token(
    _: Public,
    State(app): State<App>,
    basic: BasicCredentials,
    Form(input): Form<OauthTokenQuery>,
) -> std::result::Result<StatusCode, Problem> {
    let proof = (input.client_id.as_deref(), input.client_secret.as_deref());
    let client = form::client(&app, basic, proof).await?;
    inspect::revoke(&app, client, input).await?;
    Ok(StatusCode::OK)
}

/// Tells an application with a secret what a token is good for.
#[utoipa::path(post, path = "/oauth/introspect", tag = "oauth", security(()),
    request_body(content = OauthTokenQuery, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = OauthIntrospection), (status = 400, body = OauthError),
              (status = 401, body = OauthError), (status = 503, body = OauthError)))]
async fn introspect_oauth_token(
    _: Public,
    State(app): State<App>,
    basic: BasicCredentials,
    Form(input): Form<OauthTokenQuery>,
) -> std::result::Result<Response, Problem> {
    let proof = (input.client_id.as_deref(), input.client_secret.as_deref());
    let client = form::client(&app, basic, proof).await?;
    Ok(unstored(Json(
        inspect::introspect(&app, client, input).await?,
    )))
}

/// RFC 6749, 5.1.
fn unstored(answer: impl IntoResponse) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, answer).into_response()
}

/// A person's decision on an application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorizeDecision {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    response_type: String,
    #[serde(default)]
    resource: Option<String>,
    allow: bool,
}

/// Where the browser goes next.
#[derive(Serialize, ToSchema)]
struct AuthorizeOutcome {
    redirect_to: String,
}

/// Checks what an application asks for before the person is asked.
#[utoipa::path(post, path = "/api/oauth/authorize/check", tag = "oauth", request_body = AuthorizeRequest,
    responses((status = 200, body = Asked), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn check_oauth_request(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<AuthorizeRequest>,
) -> HttpResult<Json<Asked>> {
    Ok(Json(authorize::check(&app, &ctx, input).await?))
}

/// Lets an application in, or refuses it.
#[utoipa::path(post, path = "/api/oauth/authorize/decide", tag = "oauth", request_body = AuthorizeDecision,
    responses((status = 200, body = AuthorizeOutcome), (status = 400, body = ErrorBody),
              (status = 403, body = ErrorBody)))]
async fn decide_oauth_request(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<AuthorizeDecision>,
) -> HttpResult<Json<AuthorizeOutcome>> {
    let allow = input.allow;
    let asked_for = AuthorizeRequest {
        client_id: input.client_id,
        redirect_uri: input.redirect_uri,
        scope: input.scope,
        state: input.state,
        code_challenge: input.code_challenge,
        code_challenge_method: input.code_challenge_method,
        response_type: input.response_type,
        resource: input.resource,
    };
    let redirect_to = authorize::decide(&app, &ctx, (asked_for, allow)).await?;
    Ok(Json(AuthorizeOutcome { redirect_to }))
}

/// The code that a device shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserCode {
    user_code: String,
}

/// A person's decision on a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceDecision {
    user_code: String,
    allow: bool,
}

/// Tells what the device that shows this code asks for.
#[utoipa::path(post, path = "/api/oauth/device/check", tag = "oauth", request_body = UserCode,
    responses((status = 200, body = Asked), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn check_oauth_device(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<UserCode>,
) -> HttpResult<Json<Asked>> {
    Ok(Json(device::check(&app, &ctx, &input.user_code).await?))
}

/// Lets the device that shows this code in, or refuses it.
#[utoipa::path(post, path = "/api/oauth/device/decide", tag = "oauth", request_body = DeviceDecision,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn decide_oauth_device(
    Auth { ctx, .. }: Auth<perm::AccountManage>,
    State(app): State<App>,
    Json(input): Json<DeviceDecision>,
) -> HttpResult<StatusCode> {
    device::decide(&app, &ctx, (&input.user_code, input.allow)).await?;
    Ok(StatusCode::NO_CONTENT)
}
