//! Revoking a licence: one transaction with the entry of the list and the new list.

use guildhall_db::Tx;
use guildhall_kernel::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{model::Licence, require, store};
use crate::{
    app::App,
    audit,
    crl::{self, Effect, NewRevocation, SubjectKind},
    ctx::Ctx,
    events::{self, About},
    ids::LicenceId,
    text,
};

/// Why, and with what effect.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeInput {
    /// For the vendor and the log, such as `contract cancelled`.
    pub(super) reason: String,
    pub(super) effect: Effect,
    /// What the customer's administrators read.
    pub(super) message: String,
}

/// Revokes a licence.
///
/// # Errors
/// `not_found`, `already_revoked`, `crl_full`.
pub(super) async fn revoke(
    app: &App,
    ctx: &Ctx,
    id: LicenceId,
    input: RevokeInput,
) -> Result<Licence> {
    let revocation = NewRevocation {
        kind: SubjectKind::LicenseId,
        subject: id.to_string(),
        reason: text::checked_name("reason", &input.reason)?,
        effect: input.effect,
        message: text::checked_text("message", &input.message, 500)?,
    };
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let licence = require(tx, &caller, id)?;
        if licence.revoked_at.is_some() {
            return Err(Error::conflict(
                "already_revoked",
                "this licence is revoked already",
            ));
        }
        store::set_revoked(tx, id, Some(caller.now()))?;
        if let Some(waiting) = licence.waiting_request {
            store::settle_request(tx, waiting, "withdrawn", caller.now())?;
        }
        let version = crl::revoke(tx, (&server, &caller), &revocation)?;
        let details = json!({
            "reason": revocation.reason, "effect": revocation.effect, "crl_version": version,
        });
        let about = About {
            licence: Some(id),
            customer: Some(licence.customer_id),
        };
        let summary = format!("revoked: {}", revocation.reason);
        events::publish(
            tx,
            (&server, &caller),
            about,
            ("licence.revoked", summary),
            details.clone(),
        )?;
        audit::record_with(tx, &caller, "licence.revoked", id, details)?;
        require(tx, &caller, id)
    });
    written.await
}

/// Brings a licence back whose revocation was withdrawn, in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn restore(tx: &Tx<'_>, (app, ctx): (&App, &Ctx), subject: &str) -> Result<()> {
    let id: LicenceId = subject.parse()?;
    let licence = require(tx, ctx, id)?;
    store::set_revoked(tx, id, None)?;
    let about = About {
        licence: Some(id),
        customer: Some(licence.customer_id),
    };
    let what = (
        "licence.restored",
        "its revocation was withdrawn".to_owned(),
    );
    events::publish(tx, (app, ctx), about, what, json!({}))
}
