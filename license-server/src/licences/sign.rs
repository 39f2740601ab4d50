//! From a request to a signed licence: whoever signed it, the bytes are checked before they count.

use guildhall_kernel::{Error, Result};
use serde_json::json;

use super::{
    model::{Licence, require_not_revoked},
    require,
    store::{self, SignedLicence, SigningRequest},
};
use crate::{
    app::App,
    artefact, audit,
    ctx::Ctx,
    events::{self, About},
    ids::SigningRequestId,
    issuance_log,
};

/// Has a request signed where a signer is at hand; where none is, or it fails, the request waits.
pub(super) async fn sign_if_possible(
    app: &App,
    ctx: &Ctx,
    id: SigningRequestId,
) -> Result<Licence> {
    let found = app.db.read(move |reader| store::find_request(reader, id));
    let request = found
        .await?
        .ok_or_else(|| Error::not_found("signing request"))?;
    if request.state == "waiting"
        && app.signing.is_at_hand()
        && let Err(error) = sign(app, ctx, &request).await
    {
        tracing::error!(error = %error.chain(), signing_request.id = %id, "a licence was not signed; its request waits");
    }
    let caller = ctx.clone();
    let read = app
        .db
        .read(move |reader| require(reader, &caller, request.licence_id));
    read.await
}

/// Has a waiting request signed by the attached signer or the local key.
///
/// # Errors
/// `not_found`; `no_signer`, and what the signer says.
pub async fn sign_waiting(app: &App, ctx: &Ctx, id: SigningRequestId) -> Result<Licence> {
    let found = app.db.read(move |reader| store::find_request(reader, id));
    let request = found
        .await?
        .ok_or_else(|| Error::not_found("signing request"))?;
    if request.state != "signed" {
        sign(app, ctx, &request).await?;
    }
    let caller = ctx.clone();
    let read = app
        .db
        .read(move |reader| require(reader, &caller, request.licence_id));
    read.await
}

async fn sign(app: &App, ctx: &Ctx, request: &SigningRequest) -> Result<()> {
    let envelope = app
        .signing
        .sign(&request.payload_type, request.payload.as_bytes())
        .await?;
    // The caller's idempotency key belongs to what asked for the signature.
    let ctx = Ctx {
        idempotency: None,
        ..ctx.clone()
    };
    accept(app, &ctx, request.id, envelope).await
}

/// Takes the signed bytes for a request: they must verify under the keyring and hold exactly the
/// payload that was asked for.
///
/// # Errors
/// `not_found`, `request_settled`, `licence_revoked`, `payload_differs`, and those of verification.
pub async fn accept(app: &App, ctx: &Ctx, id: SigningRequestId, envelope: Vec<u8>) -> Result<()> {
    let (verified, envelope) = app.trust.verify_licence(&envelope)?;
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let request = store::find_request(tx, id)?;
        let request = request.ok_or_else(|| Error::not_found("signing request"))?;
        if verified != request.payload.as_bytes() {
            return Err(Error::conflict(
                "payload_differs",
                format!("what was signed is not what {id} asks for; sign exactly its payload"),
            ));
        }
        let licence = require(tx, &caller, request.licence_id)?;
        require_not_revoked(licence.revoked_at)?;
        if !store::settle_request(tx, id, "signed", caller.now())? {
            return Err(Error::conflict(
                "request_settled",
                format!("{id} does not wait any more"),
            ));
        }
        record(tx, (&server, &caller), (&licence, &request), &envelope)
    });
    written.await
}

fn record(
    tx: &guildhall_db::Tx<'_>,
    (app, ctx): (&App, &Ctx),
    (licence, request): (&Licence, &SigningRequest),
    envelope: &[u8],
) -> Result<()> {
    let payload = request.payload.as_bytes();
    let facts = artefact::read_licence_payload(payload)?;
    let hashes = (
        artefact::sha256_hex(payload),
        artefact::sha256_hex(envelope),
    );
    store::insert_signed(
        tx,
        &SignedLicence {
            licence: licence.id,
            serial: request.serial,
            payload,
            envelope,
            hashes: (&hashes.0, &hashes.1),
            term_end: facts.term_end,
            issued_at: ctx.now(),
        },
    )?;
    let subject = format!("{} {}", licence.id, request.serial);
    issuance_log::append(tx, ctx, ("license", &subject), envelope)?;
    let kind = if request.serial == 1 {
        "licence.issued"
    } else {
        "licence.renewed"
    };
    let about = About {
        licence: Some(licence.id),
        customer: Some(licence.customer_id),
    };
    let details = json!({ "serial": request.serial, "payload_sha256": hashes.0 });
    let summary = format!("serial {} was signed", request.serial);
    events::publish(tx, (app, ctx), about, (kind, summary), details.clone())?;
    audit::record_with(tx, ctx, kind, licence.id, details)?;
    metrics::counter!("license_server_licences_issued_total").increment(1);
    Ok(())
}
