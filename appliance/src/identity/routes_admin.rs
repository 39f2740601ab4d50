//! People and organisations.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{
    ErrorBody, Page, PageRequest, PersonId, Role,
    text::{EmailText, NameText},
};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    model::{CreatedMember, ListedOrganisation, Member},
    organisations::{self, CreatedOrganisation, NewOrganisation},
    people::{self, MemberChange, NewMember},
    permission::perm,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_people, add_person))
        .routes(routes!(update_person, remove_person))
        .routes(routes!(reset_password))
        .routes(routes!(list_organisations, create_organisation))
}

/// Somebody to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddPerson {
    #[schema(value_type = EmailText)]
    email: String,
    #[schema(value_type = NameText)]
    display_name: String,
    role: Role,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdatePerson {
    role: Option<Role>,
    disabled: Option<bool>,
    #[schema(value_type = Option<NameText>)]
    display_name: Option<String>,
}

/// A password to hand over, shown once.
#[derive(Serialize, ToSchema)]
struct TemporaryPassword {
    temporary_password: String,
}

/// An organisation to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateOrganisation {
    #[schema(value_type = NameText)]
    name: String,
    /// Address of its first administrator: somebody of the node, or who is invited by a link.
    #[schema(value_type = Option<EmailText>)]
    administrator_email: Option<String>,
    /// Whether its maker becomes an administrator of it; when left out, only where nobody else is named.
    join: Option<bool>,
}

/// The people of the organisation.
#[utoipa::path(get, path = "/api/admin/people", tag = "people", params(PageRequest),
    responses((status = 200, body = Page<Member>)))]
async fn list_people(
    Auth { ctx, .. }: Auth<perm::PeopleRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<Member>>> {
    Ok(Json(people::list_members(&app, &ctx, &page).await?))
}

/// Adds a person; the temporary password is in this answer only.
#[utoipa::path(post, path = "/api/admin/people", tag = "people", request_body = AddPerson,
    responses((status = 201, body = CreatedMember), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn add_person(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Json(input): Json<AddPerson>,
) -> HttpResult<(StatusCode, Json<CreatedMember>)> {
    let input = NewMember {
        email: input.email,
        display_name: input.display_name,
        role: input.role,
    };
    Ok((
        StatusCode::CREATED,
        Json(people::add_member(&app, &ctx, input).await?),
    ))
}

/// Changes a person's role, name or whether they may log in.
#[utoipa::path(patch, path = "/api/admin/people/{id}", tag = "people", params(("id" = PersonId, Path)),
    request_body = UpdatePerson,
    responses((status = 200, body = Member), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn update_person(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
    Json(input): Json<UpdatePerson>,
) -> HttpResult<Json<Member>> {
    let change = MemberChange {
        role: input.role,
        disabled: input.disabled,
        display_name: input.display_name,
    };
    Ok(Json(
        people::update_member(&app, &ctx, person, change).await?,
    ))
}

/// Takes a person out of the organisation.
#[utoipa::path(delete, path = "/api/admin/people/{id}", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove_person(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<StatusCode> {
    people::remove_member(&app, &ctx, person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a person a new temporary password; their sessions end.
#[utoipa::path(post, path = "/api/admin/people/{id}/reset-password", tag = "people",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = TemporaryPassword), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn reset_password(
    Auth { ctx, .. }: Auth<perm::PeopleManage>,
    State(app): State<App>,
    Path(person): Path<PersonId>,
) -> HttpResult<Json<TemporaryPassword>> {
    let temporary_password = people::reset_password(&app, &ctx, person).await?;
    Ok(Json(TemporaryPassword { temporary_password }))
}

/// Every organisation on the node.
#[utoipa::path(get, path = "/api/admin/organisations", tag = "organisations",
    responses((status = 200, body = Page<ListedOrganisation>)))]
async fn list_organisations(
    _: Auth<perm::NodeOrganisations>,
    State(app): State<App>,
) -> HttpResult<Json<Page<ListedOrganisation>>> {
    Ok(Json(organisations::list_organisations(&app).await?))
}

/// Makes an organisation with its first administrator. The invitation's link is in this answer only.
#[utoipa::path(post, path = "/api/admin/organisations", tag = "organisations", request_body = CreateOrganisation,
    responses((status = 201, body = CreatedOrganisation), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn create_organisation(
    Auth { ctx, .. }: Auth<perm::NodeOrganisations>,
    State(app): State<App>,
    Json(input): Json<CreateOrganisation>,
) -> HttpResult<(StatusCode, Json<CreatedOrganisation>)> {
    let is_makers_own = input.administrator_email.is_none();
    let input = NewOrganisation {
        name: input.name,
        administrator_email: input.administrator_email,
        join: input.join.unwrap_or(is_makers_own),
    };
    Ok((
        StatusCode::CREATED,
        Json(organisations::create_organisation(&app, &ctx, input).await?),
    ))
}
