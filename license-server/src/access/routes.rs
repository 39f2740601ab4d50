//! Signing in and out, staff, API keys.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use axum::{
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{ApiKeyId, Page, PageRequest};
use guildhall_web::{
    HttpError, HttpResult, Json, Path, Public, Query, csrf, rate_limit::address_key,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    Auth, Role, keys,
    keys::NewKey,
    login::{self, Opened, Origin, SESSION_SECONDS},
    model::{ApiKey, CreatedApiKey, StaffMember},
    permission::perm,
    staff::{self, CreatedStaff, NewStaff, StaffChange},
    store,
};
use crate::{
    app::App,
    ctx::{Actor, Ctx},
    ids::{CustomerId, StaffId},
    sales,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_session, sign_in, sign_out))
        .routes(routes!(sign_in_to_portal))
        .routes(routes!(change_password))
        .routes(routes!(list_staff, create_staff))
        .routes(routes!(change_staff))
        .routes(routes!(reset_staff_password))
        .routes(routes!(list_keys, create_key))
        .routes(routes!(revoke_key))
}

/// Also refuses requests that another site makes a browser send.
impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        csrf::check_origin(parts)?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|peer| peer.0.ip());
        Ok(Self {
            // Tests call the router without a connection.
            address: address
                .map_or_else(|| "unknown".to_owned(), |ip| ip.to_canonical().to_string()),
            limit_key: address.map_or_else(String::new, |ip| address_key(ip).to_string()),
        })
    }
}

/// Who one is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionKind {
    /// A member of the staff.
    Staff,
    /// A customer's person.
    Portal,
    /// An API key.
    Key,
}

/// The session or key's view of itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct SessionView {
    kind: SessionKind,
    name: String,
    email: Option<String>,
    role: Option<Role>,
    /// The customer whose licences a portal session shows.
    customer_id: Option<CustomerId>,
    customer_name: Option<String>,
    permissions: BTreeSet<String>,
    must_change_password: bool,
    /// What changing requests of this browser send as `X-CSRF-Token`.
    csrf_token: Option<String>,
    /// `development` or `production`.
    trust_root: String,
    version: String,
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: String,
}

/// A portal code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalSignIn {
    code: String,
}

/// The present and the next password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    current_password: String,
    new_password: String,
}

async fn view(app: &App, ctx: &Ctx, csrf_token: Option<String>) -> HttpResult<SessionView> {
    let caller = ctx.clone();
    let names = app.db.read(move |reader| {
        let member = match caller.actor {
            Actor::Staff { id, .. } => store::find_staff(reader, id)?,
            _ => None,
        };
        let access = match caller.actor {
            Actor::Portal { access, .. } => store::find_access(reader, access, caller.now())?,
            _ => None,
        };
        let customer = caller
            .customer
            .map(|id| sales::require_customer(reader, id))
            .transpose()?;
        Ok((member, access, customer))
    });
    let (member, access, customer) = names.await?;
    let name = member
        .as_ref()
        .map(|member| member.display_name.clone())
        .or_else(|| access.map(|access| access.name))
        .unwrap_or_else(|| ctx.actor.label());
    Ok(SessionView {
        kind: match ctx.actor {
            Actor::Staff { .. } => SessionKind::Staff,
            Actor::Portal { .. } => SessionKind::Portal,
            _ => SessionKind::Key,
        },
        name,
        email: member.as_ref().map(|member| member.email.clone()),
        role: member.as_ref().map(|member| member.role),
        customer_id: ctx.customer,
        customer_name: customer.map(|customer| customer.name),
        permissions: ctx
            .permissions
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        must_change_password: member.is_some_and(|member| member.must_change_password),
        csrf_token,
        trust_root: app.trust.root_name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

async fn opened(app: &App, opened: Opened) -> HttpResult<Response> {
    let csrf_token = csrf::token(opened.token.as_bytes())?;
    let view = view(app, &opened.ctx, Some(csrf_token)).await?;
    let age = Duration::from_secs(u64::try_from(SESSION_SECONDS).unwrap_or_default());
    let cookie = app.session_cookie.set(&opened.token, Some(age))?;
    Ok((StatusCode::OK, [(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

/// Who one is, and what one may do.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn read_session(
    Auth { ctx, .. }: Auth<perm::SessionOwn>,
    State(app): State<App>,
    headers: HeaderMap,
) -> HttpResult<Json<SessionView>> {
    let token = app.session_cookie.read(&headers);
    let csrf_token = match (&ctx.actor, token) {
        (Actor::Staff { .. } | Actor::Portal { .. }, Some(token)) => {
            Some(csrf::token(token.as_bytes())?)
        }
        _ => None,
    };
    Ok(Json(view(&app, &ctx, csrf_token).await?))
}

/// Signs a member of the staff in.
#[utoipa::path(post, path = "/api/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 200, body = SessionView)))]
async fn sign_in(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<SignIn>,
) -> HttpResult<Response> {
    let password = Zeroizing::new(input.password);
    opened(
        &app,
        login::sign_in(&app, &input.email, password, origin).await?,
    )
    .await
}

/// Signs a customer's person in with a portal code.
#[utoipa::path(post, path = "/api/session/portal", tag = "session", security(()), request_body = PortalSignIn,
    responses((status = 200, body = SessionView)))]
async fn sign_in_to_portal(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<PortalSignIn>,
) -> HttpResult<Response> {
    opened(
        &app,
        login::sign_in_to_portal(&app, &input.code, origin).await?,
    )
    .await
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(
    Auth { ctx, .. }: Auth<perm::SessionOwn>,
    State(app): State<App>,
) -> HttpResult<Response> {
    login::sign_out(&app, &ctx).await?;
    let cookie = app.session_cookie.clear()?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Changes one's own password and ends one's other sessions.
#[utoipa::path(post, path = "/api/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204)))]
async fn change_password(
    Auth { ctx, .. }: Auth<perm::SessionOwn>,
    State(app): State<App>,
    Json(input): Json<PasswordChange>,
) -> HttpResult<StatusCode> {
    let (current, new) = (
        Zeroizing::new(input.current_password),
        Zeroizing::new(input.new_password),
    );
    login::change_password(&app, &ctx, current, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The staff.
#[utoipa::path(get, path = "/api/staff", tag = "staff", params(PageRequest),
    responses((status = 200, body = Page<StaffMember>)))]
async fn list_staff(
    _: Auth<perm::StaffManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<StaffMember>>> {
    Ok(Json(staff::list(&app, page).await?))
}

/// Adds a member of the staff with a temporary password.
#[utoipa::path(post, path = "/api/staff", tag = "staff", request_body = NewStaff,
    responses((status = 201, body = CreatedStaff)))]
async fn create_staff(
    Auth { ctx, .. }: Auth<perm::StaffManage>,
    State(app): State<App>,
    Json(input): Json<NewStaff>,
) -> HttpResult<(StatusCode, Json<CreatedStaff>)> {
    let created = staff::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Changes a member of the staff.
#[utoipa::path(patch, path = "/api/staff/{staff}", tag = "staff", params(("staff" = StaffId, Path)),
    request_body = StaffChange, responses((status = 200, body = StaffMember)))]
async fn change_staff(
    Auth { ctx, .. }: Auth<perm::StaffManage>,
    State(app): State<App>,
    Path(id): Path<StaffId>,
    Json(input): Json<StaffChange>,
) -> HttpResult<Json<StaffMember>> {
    Ok(Json(staff::change(&app, &ctx, id, input).await?))
}

/// Gives a member of the staff a new temporary password.
#[utoipa::path(post, path = "/api/staff/{staff}/password", tag = "staff", params(("staff" = StaffId, Path)),
    responses((status = 200, body = CreatedStaff)))]
async fn reset_staff_password(
    Auth { ctx, .. }: Auth<perm::StaffManage>,
    State(app): State<App>,
    Path(id): Path<StaffId>,
) -> HttpResult<Json<CreatedStaff>> {
    Ok(Json(staff::reset(&app, &ctx, id).await?))
}

/// The API keys that work.
#[utoipa::path(get, path = "/api/api-keys", tag = "api keys", params(PageRequest),
    responses((status = 200, body = Page<ApiKey>)))]
async fn list_keys(
    _: Auth<perm::KeysManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<ApiKey>>> {
    Ok(Json(keys::list(&app, page).await?))
}

/// Makes an API key; its secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/api-keys", tag = "api keys", request_body = NewKey,
    responses((status = 201, body = CreatedApiKey)))]
async fn create_key(
    Auth { ctx, .. }: Auth<perm::KeysManage>,
    State(app): State<App>,
    Json(input): Json<NewKey>,
) -> HttpResult<(StatusCode, Json<CreatedApiKey>)> {
    let created = keys::create_key(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/api/api-keys/{key}", tag = "api keys", params(("key" = ApiKeyId, Path)),
    responses((status = 204)))]
async fn revoke_key(
    Auth { ctx, .. }: Auth<perm::KeysManage>,
    State(app): State<App>,
    Path(id): Path<ApiKeyId>,
) -> HttpResult<StatusCode> {
    keys::revoke(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
