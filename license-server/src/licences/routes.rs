//! Licences, their files and their timeline.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, Page, PageRequest};
use guildhall_web::{HttpResult, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    issue::{self, IssueInput, RenewInput},
    list,
    model::{Licence, LicenceSerial},
    require,
    revoke::{self, RevokeInput},
    store::{self, LicenceFilter},
};
use crate::{
    access::{Auth, perm},
    app::App,
    artefact, audit,
    events::{self, Event},
    ids::{CustomerId, LicenceId, SigningRequestId},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_licences, issue_licence))
        .routes(routes!(read_licence))
        .routes(routes!(renew_licence))
        .routes(routes!(revoke_licence))
        .routes(routes!(download_licence))
        .routes(routes!(withdraw_request))
}

/// Which licences.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LicenceQuery {
    /// Only those of this customer.
    customer: Option<CustomerId>,
    /// Part of the id or of the customer's name.
    q: Option<String>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// Which file of a licence.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileQuery {
    /// The serial; the newest when left out.
    pub(crate) serial: Option<u32>,
}

/// A licence with everything that is shown of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicenceDetail {
    licence: Licence,
    /// Its signed files, newest first.
    serials: Vec<LicenceSerial>,
    /// What happened, newest first.
    timeline: Vec<Event>,
}

pub(crate) async fn detail(
    app: &App,
    ctx: &crate::ctx::Ctx,
    id: LicenceId,
) -> guildhall_kernel::Result<LicenceDetail> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        Ok(LicenceDetail {
            licence: require(reader, &caller, id)?,
            serials: store::list_serials(reader, id)?,
            timeline: events::timeline(reader, id)?,
        })
    });
    read.await
}

/// A licence file as a download: the bytes that were signed.
pub(crate) fn download((serial, bytes): (u32, Vec<u8>), id: LicenceId) -> HttpResult<Response> {
    let name = format!("attachment; filename=\"{id}-{serial}.license.json\"");
    let name = HeaderValue::try_from(name)
        .map_err(|error| Error::internal("naming a download").with_source(error))?;
    let kind = HeaderValue::from_static(artefact::LICENCE_TYPE);
    Ok((
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, name),
        ],
        bytes,
    )
        .into_response())
}

/// The licences, newest first.
#[utoipa::path(get, path = "/api/licences", tag = "licences", params(LicenceQuery),
    responses((status = 200, body = Page<Licence>)))]
async fn list_licences(
    Auth { ctx, .. }: Auth<perm::LicencesRead>,
    State(app): State<App>,
    Query(query): Query<LicenceQuery>,
) -> HttpResult<Json<Page<Licence>>> {
    let filter = LicenceFilter {
        customer: query.customer,
        query: query.q.unwrap_or_default().trim().to_owned(),
    };
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    Ok(Json(list(&app, &ctx, filter, page).await?))
}

/// Issues a licence on a contract. It is signed at once where a signer is attached and waits otherwise.
#[utoipa::path(post, path = "/api/licences", tag = "licences", request_body = IssueInput,
    responses((status = 201, body = Licence)))]
async fn issue_licence(
    Auth { ctx, .. }: Auth<perm::LicencesIssue>,
    State(app): State<App>,
    Json(input): Json<IssueInput>,
) -> HttpResult<(StatusCode, Json<Licence>)> {
    let issued = issue::issue(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

/// A licence with its files and its timeline.
#[utoipa::path(get, path = "/api/licences/{licence}", tag = "licences",
    params(("licence" = LicenceId, Path)), responses((status = 200, body = LicenceDetail)))]
async fn read_licence(
    Auth { ctx, .. }: Auth<perm::LicencesRead>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
) -> HttpResult<Json<LicenceDetail>> {
    Ok(Json(detail(&app, &ctx, id).await?))
}

/// Asks for the next serial of a licence.
#[utoipa::path(post, path = "/api/licences/{licence}/renew", tag = "licences",
    params(("licence" = LicenceId, Path)), request_body = RenewInput,
    responses((status = 200, body = Licence)))]
async fn renew_licence(
    Auth { ctx, .. }: Auth<perm::LicencesIssue>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
    Json(input): Json<RenewInput>,
) -> HttpResult<Json<Licence>> {
    Ok(Json(issue::renew(&app, &ctx, id, input).await?))
}

/// Revokes a licence and publishes a new revocation list, in one step.
#[utoipa::path(post, path = "/api/licences/{licence}/revoke", tag = "licences",
    params(("licence" = LicenceId, Path)), request_body = RevokeInput,
    responses((status = 200, body = Licence)))]
async fn revoke_licence(
    Auth { ctx, .. }: Auth<perm::LicencesRevoke>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
    Json(input): Json<RevokeInput>,
) -> HttpResult<Json<Licence>> {
    Ok(Json(revoke::revoke(&app, &ctx, id, input).await?))
}

/// Downloads a licence file: exactly the bytes that were signed.
#[utoipa::path(get, path = "/api/licences/{licence}/file", tag = "licences",
    params(("licence" = LicenceId, Path), FileQuery),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.license.v1+json")))]
async fn download_licence(
    Auth { ctx, .. }: Auth<perm::LicencesRead>,
    State(app): State<App>,
    Path(id): Path<LicenceId>,
    Query(query): Query<FileQuery>,
) -> HttpResult<Response> {
    download(super::file(&app, &ctx, id, query.serial).await?, id)
}

/// Withdraws a request that waits for a signature.
#[utoipa::path(post, path = "/api/signing-requests/{request}/withdraw", tag = "licences",
    params(("request" = SigningRequestId, Path)), responses((status = 204)))]
async fn withdraw_request(
    Auth { ctx, .. }: Auth<perm::LicencesIssue>,
    State(app): State<App>,
    Path(id): Path<SigningRequestId>,
) -> HttpResult<StatusCode> {
    let caller = ctx.clone();
    let written = app.write(&ctx, move |tx| {
        if !store::settle_request(tx, id, "withdrawn", caller.now())? {
            return Err(Error::not_found("waiting signing request"));
        }
        audit::record(tx, &caller, "signing_request.withdrawn", id)
    });
    written.await?;
    Ok(StatusCode::NO_CONTENT)
}
