//! The list for staff.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{Error, Result};
use guildhall_web::{HttpResult, Json, Path};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{NewRevocation, PublishedCrl, Revocation, SubjectKind, revoke, store, withdraw};
use crate::{
    access::{Auth, perm},
    app::App,
    audit, text,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_crl, add_revocation))
        .routes(routes!(withdraw_revocation))
}

/// The newest list with its entries.
#[derive(Serialize, ToSchema)]
struct CrlDetail {
    /// Nothing before the first list.
    #[schema(required)]
    published: Option<PublishedCrl>,
    entries: Vec<Revocation>,
}

/// The revocation list as it stands.
#[utoipa::path(get, path = "/api/crl", tag = "crl", responses((status = 200, body = CrlDetail)))]
async fn read_crl(
    _: Auth<perm::LicencesRead>,
    State(app): State<App>,
) -> HttpResult<Json<CrlDetail>> {
    let read = app.db.read(|reader| {
        Ok(CrlDetail {
            published: store::newest_published(reader)?,
            entries: store::entries(reader)?,
        })
    });
    Ok(Json(read.await?))
}

fn checked(input: NewRevocation) -> Result<NewRevocation> {
    if input.kind == SubjectKind::LicenseId {
        return Err(Error::invalid_field(
            "kind",
            "revoke_the_licence",
            "revoke a licence at the licence itself, so that its page knows too",
        ));
    }
    Ok(NewRevocation {
        subject: text::checked_name("subject", &input.subject)?,
        reason: text::checked_name("reason", &input.reason)?,
        message: text::checked_text("message", &input.message, 500)?,
        ..input
    })
}

/// Revokes an install, a lease, a key or a bundle, and publishes the next version.
#[utoipa::path(post, path = "/api/crl", tag = "crl", request_body = NewRevocation,
    responses((status = 201, body = PublishedCrl)))]
async fn add_revocation(
    Auth { ctx, .. }: Auth<perm::LicencesRevoke>,
    State(app): State<App>,
    Json(input): Json<NewRevocation>,
) -> HttpResult<(StatusCode, Json<PublishedCrl>)> {
    let input = checked(input)?;
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(&ctx, move |tx| {
        if store::names(tx, input.kind, &input.subject)? {
            return Err(Error::conflict(
                "already_revoked",
                format!("{} is revoked already", input.subject),
            ));
        }
        revoke(tx, (&server, &caller), &input)?;
        let facts = json!({ "kind": input.kind, "effect": input.effect, "reason": input.reason });
        audit::record_with(tx, &caller, "revocation.added", &input.subject, facts)?;
        store::newest_published(tx)?.ok_or_else(|| Error::internal("no list after publishing"))
    });
    Ok((StatusCode::CREATED, Json(written.await?)))
}

/// Takes an entry back and publishes the next version. A licence comes back to life by that.
#[utoipa::path(delete, path = "/api/crl/{revocation}", tag = "crl",
    params(("revocation" = i64, Path)), responses((status = 200, body = PublishedCrl)))]
async fn withdraw_revocation(
    Auth { ctx, .. }: Auth<perm::LicencesRevoke>,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> HttpResult<Json<PublishedCrl>> {
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(&ctx, move |tx| {
        let (_, revocation) = withdraw(tx, (&server, &caller), id)?;
        if revocation.kind == SubjectKind::LicenseId {
            crate::licences::restore(tx, (&server, &caller), &revocation.subject)?;
        }
        audit::record(tx, &caller, "revocation.withdrawn", &revocation.subject)?;
        store::newest_published(tx)?.ok_or_else(|| Error::internal("no list after publishing"))
    });
    Ok(Json(written.await?))
}
