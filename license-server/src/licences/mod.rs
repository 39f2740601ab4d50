//! Licences: asked for, signed, renewed, revoked.
//!
//! Invariants: a signed file never changes (the database refuses it) and its payload is byte for byte
//! what was asked to be signed; serials rise and are never given twice; a revocation, its entry in the
//! list and the new list are one transaction. Deliberately absent: prices in files, and any way to sign
//! with RSA.

mod issue;
mod model;
mod revoke;
mod routes;
mod sign;
mod store;

use guildhall_db::Reader;
use guildhall_kernel::{Error, Page, PageRequest, Result};
use utoipa_axum::router::OpenApiRouter;

pub use issue::Environment;
pub use model::{Licence, LicenceSerial, LicenceState, Term, require_not_revoked};
pub use revoke::restore;
pub(crate) use routes::{FileQuery, LicenceDetail, detail, download};
pub use sign::{accept, sign_waiting};
pub use store::{
    LicenceFilter, SigningRequest, find_payload, find_request, find_standing, list_waiting,
};

use crate::{app::App, ctx::Ctx, ids::LicenceId};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// A licence that the caller may know of.
///
/// # Errors
/// `not_found`.
pub fn require(reader: &Reader<'_>, ctx: &Ctx, id: LicenceId) -> Result<Licence> {
    let found = store::find(reader, id, ctx.now())?;
    found
        .filter(|licence| ctx.sees(licence.customer_id))
        .ok_or_else(|| Error::not_found("licence"))
}

/// One page of the licences that the caller may know of, newest first.
///
/// # Errors
/// `invalid_cursor`.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    mut filter: LicenceFilter,
    page: PageRequest,
) -> Result<Page<Licence>> {
    // A customer's own people see their own rows, whatever they ask for.
    filter.customer = ctx.customer.or(filter.customer);
    let (before, now) = (page.after()?, ctx.now());
    let read = app.db.read(move |reader| {
        let limit = (before.as_deref(), page.limit() + 1);
        let items = store::list(reader, &filter, limit, now)?;
        Ok(Page::cut(items, page.limit(), |licence| {
            licence.id.to_string()
        }))
    });
    read.await
}

/// The signed bytes of a licence that the caller may know of: exactly what was signed.
///
/// # Errors
/// `not_found`; `not_signed_yet`.
pub async fn file(
    app: &App,
    ctx: &Ctx,
    id: LicenceId,
    serial: Option<u32>,
) -> Result<(u32, Vec<u8>)> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        require(reader, &caller, id)?;
        store::find_envelope(reader, id, serial)?.ok_or_else(|| {
            Error::conflict(
                "not_signed_yet",
                "this licence waits for its signature; it can be downloaded once that is there",
            )
        })
    });
    read.await
}
