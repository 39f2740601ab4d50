//! Invitations: making them, and coming in by one.

use axum::{extract::State, http::StatusCode, response::Response};
use guildhall_kernel::{
    ErrorBody, InvitationId, Page, PageRequest, Role,
    text::{EmailText, NameText},
};
use guildhall_web::{Auth, HttpResult, Json, Path, Public, Query};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    accept::{self, Acceptance},
    awaited::{self, AwaitedPerson},
    invitations::{self, CreatedInvitation, Invitation, InvitationOffer, NewInvitation},
    joining,
    login::Origin,
    model::SessionView,
    permission::perm,
    routes_session::with_cookie,
    site::Site,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(check_invitation))
        .routes(routes!(accept_invitation))
        .routes(routes!(join_by_invitation))
        .routes(routes!(list_invitations, create_invitation))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(list_awaited_people))
}

/// What stands after `#` in an invitation's link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationToken {
    token: String,
}

/// How somebody comes in by an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptInvitation {
    token: String,
    /// Needed when the invitation names no address.
    #[schema(value_type = Option<EmailText>)]
    email: Option<String>,
    /// Needed for a new account; left out by who has one.
    #[schema(value_type = Option<NameText>)]
    display_name: Option<String>,
    /// Of the account that is there, or for the new one.
    password: Option<String>,
}

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateInvitation {
    /// The only address it is for; whoever holds the link when left out.
    #[schema(value_type = Option<EmailText>)]
    email: Option<String>,
    role: Role,
    /// 1 to 60; 7 when left out.
    #[schema(minimum = 1, maximum = 60)]
    expires_in_days: Option<u32>,
    /// Whether the link is to be sent to the address; not when left out.
    send_mail: Option<bool>,
}

/// What an invitation offers.
#[utoipa::path(post, path = "/api/invitations/check", tag = "session", security(()), request_body = InvitationToken,
    responses((status = 200, body = InvitationOffer), (status = 410, body = ErrorBody)))]
async fn check_invitation(
    _: Public,
    State(app): State<App>,
    _origin: Origin,
    Json(input): Json<InvitationToken>,
) -> HttpResult<Json<InvitationOffer>> {
    Ok(Json(invitations::check(&app, &input.token).await?))
}

/// Comes in by an invitation and logs in.
#[utoipa::path(post, path = "/api/invitations/accept", tag = "session", security(()), request_body = AcceptInvitation,
    responses((status = 200, body = SessionView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
              (status = 403, body = ErrorBody), (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
              (status = 429, body = ErrorBody)))]
async fn accept_invitation(
    _: Public,
    State(app): State<App>,
    origin: Origin,
    site: Site,
    Json(input): Json<AcceptInvitation>,
) -> HttpResult<Response> {
    let acceptance = Acceptance {
        token: input.token,
        email: input.email,
        display_name: input.display_name,
        password: input.password.map(Zeroizing::new),
    };
    let opened = accept::accept(&app, acceptance, (origin, &site)).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}

/// Joins by an invitation as whoever is logged in, without a password; the session goes on in that organisation. Only
/// some minutes after logging in.
#[utoipa::path(post, path = "/api/account/invitation", tag = "account", request_body = InvitationToken,
    responses((status = 200, body = SessionView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 410, body = ErrorBody)))]
async fn join_by_invitation(
    Auth { ctx, .. }: Auth<perm::SessionRead>,
    State(app): State<App>,
    origin: Origin,
    Json(input): Json<InvitationToken>,
) -> HttpResult<Response> {
    let opened = joining::join_by_session(&app, &ctx, (&input.token, origin)).await?;
    Ok(with_cookie(&app, StatusCode::OK, opened)?)
}

/// The organisation's invitations, newest first.
#[utoipa::path(get, path = "/api/admin/invitations", tag = "people", params(PageRequest),
    responses((status = 200, body = Page<Invitation>)))]
async fn list_invitations(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Invitation>>> {
    Ok(Json(invitations::list(&app, &ctx, &page).await?))
}

/// Makes an invitation; its link is in this answer only.
#[utoipa::path(post, path = "/api/admin/invitations", tag = "people", request_body = CreateInvitation,
    responses((status = 201, body = CreatedInvitation), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn create_invitation(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Json(input): Json<CreateInvitation>,
) -> HttpResult<(StatusCode, Json<CreatedInvitation>)> {
    let input = NewInvitation {
        email: input.email,
        role: input.role,
        expires_in_days: input.expires_in_days.unwrap_or(invitations::DAYS_DEFAULT),
        send_mail: input.send_mail.unwrap_or(false),
    };
    Ok((
        StatusCode::CREATED,
        Json(invitations::create(&app, &ctx, input).await?),
    ))
}

/// Makes an invitation's link useless.
#[utoipa::path(delete, path = "/api/admin/invitations/{id}", tag = "people", params(("id" = InvitationId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn withdraw_invitation(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(id): Path<InvitationId>,
) -> HttpResult<StatusCode> {
    invitations::withdraw(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom the organisation's directory names and who comes in by an invitation to their address.
#[utoipa::path(get, path = "/api/admin/awaited-people", tag = "people", params(PageRequest),
    responses((status = 200, body = Page<AwaitedPerson>)))]
async fn list_awaited_people(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<AwaitedPerson>>> {
    Ok(Json(awaited::list(&app, &ctx, &page).await?))
}
