//! What waits for a signature, for whoever holds the key.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{Error, Page, PageRequest};
use guildhall_web::{HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Auth, perm},
    app::App,
    ids::SigningRequestId,
    licences::{self, Licence, SigningRequest},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_requests))
        .routes(routes!(read_signing_request))
        .routes(routes!(answer_signing_request))
        .routes(routes!(sign_request))
}

/// What was signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignedAnswer {
    /// The DSSE envelope, as JSON text or with its armour.
    envelope: String,
}

/// What waits for a signature, oldest first.
#[utoipa::path(get, path = "/api/signing-requests", tag = "signing", params(PageRequest),
    responses((status = 200, body = Page<SigningRequest>)))]
async fn list_requests(
    _: Auth<perm::SigningAnswer>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<SigningRequest>>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items = licences::list_waiting(reader, after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |item| item.id.to_string()))
    });
    Ok(Json(read.await?))
}

/// One request with the bytes to sign.
#[utoipa::path(get, path = "/api/signing-requests/{request}", tag = "signing",
    params(("request" = SigningRequestId, Path)), responses((status = 200, body = SigningRequest)))]
async fn read_signing_request(
    _: Auth<perm::SigningAnswer>,
    State(app): State<App>,
    Path(id): Path<SigningRequestId>,
) -> HttpResult<Json<SigningRequest>> {
    let read = app
        .db
        .read(move |reader| licences::find_request(reader, id));
    let found = read
        .await?
        .ok_or_else(|| Error::not_found("signing request"))?;
    Ok(Json(found))
}

/// Hands in what was signed. It must verify under the keyring and hold exactly the payload asked for.
#[utoipa::path(post, path = "/api/signing-requests/{request}/answer", tag = "signing",
    params(("request" = SigningRequestId, Path)), request_body = SignedAnswer, responses((status = 204)))]
async fn answer_signing_request(
    Auth { ctx, .. }: Auth<perm::SigningAnswer>,
    State(app): State<App>,
    Path(id): Path<SigningRequestId>,
    Json(input): Json<SignedAnswer>,
) -> HttpResult<StatusCode> {
    let envelope = crate::artefact::unarmour(&input.envelope)?;
    licences::accept(&app, &ctx, id, envelope).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a waiting request signed by the attached signer, again when it failed before.
#[utoipa::path(post, path = "/api/signing-requests/{request}/sign", tag = "signing",
    params(("request" = SigningRequestId, Path)), responses((status = 200, body = Licence)))]
async fn sign_request(
    Auth { ctx, .. }: Auth<perm::LicencesIssue>,
    State(app): State<App>,
    Path(id): Path<SigningRequestId>,
) -> HttpResult<Json<Licence>> {
    Ok(Json(licences::sign_waiting(&app, &ctx, id).await?))
}
