//! What a directory or an identity provider said of somebody and was not taken over: another name or address of an account
//! that others have too, a role without a free seat, an address that is somebody else's. Who looks after the source sees
//! the newest of each person until the source's word is taken; the organisations hear of each once, in their audit logs.

use std::collections::BTreeSet;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Error, ErrorKind, RequestId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    external::{ExternalChange, ExternalContext, ExternalIdentity, external_context},
    refusal_store,
};
use crate::{app::App, audit};

/// Refusals kept of one source, the newest ones.
const KEPT_MAX: u32 = 500;
const NAME_KEPT: &str = "name and e-mail address stay as they are: the account belongs to other organisations too, or administers the node; its holder or an administrator of the node changes them";

/// What was not taken over of somebody whom a source describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceRefusal {
    /// The address that the source gives them.
    pub email: String,
    /// What the source calls them.
    pub display_name: String,
    /// Why, as a stable code.
    pub code: String,
    /// Why, and the way out.
    pub reason: String,
    pub at: Timestamp,
}

/// Writes down that a source's word on somebody was not taken over.
///
/// # Errors
/// Those of the database.
fn note_refusal(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    identity: &ExternalIdentity,
    (code, reason): (&str, &str),
) -> Result<()> {
    let refusal = SourceRefusal {
        email: identity.email.clone(),
        display_name: identity.display_name.clone(),
        code: code.to_owned(),
        reason: reason.to_owned(),
        at: parts.clock.now(),
    };
    let key = (identity.source.as_str(), identity.subject.as_str());
    if !refusal_store::put(tx, key, &refusal)? {
        return Ok(());
    }
    refusal_store::delete_old(tx, &identity.source, KEPT_MAX)?;
    let organisations: BTreeSet<_> = identity.organisations.iter().copied().collect();
    for organisation in organisations {
        let application = audit::Application {
            id: &identity.source,
            organisation,
            person: None,
        };
        let facts =
            json!({ "subject": identity.subject, "code": refusal.code, "reason": refusal.reason });
        audit::record_application(
            tx,
            parts.clock.as_ref(),
            (application, &RequestId::new()),
            ("person.not_synchronised", identity.source.as_str()),
            facts,
        )?;
    }
    Ok(())
}

/// [`note_refusal`] after the transaction that was refused; what goes wrong with that stands in the log.
pub async fn tell(app: &App, (identity, error): (ExternalIdentity, &Error)) {
    if error.kind() == ErrorKind::Internal {
        return;
    }
    let parts = external_context(app);
    let (code, reason) = (error.code().to_owned(), error.message().to_owned());
    let written = app
        .db
        .write(move |tx| note_refusal(tx, &parts, &identity, (&code, &reason)));
    if let Err(error) = written.await {
        tracing::warn!(error = %error.chain(), "what was not taken over of a person was not written down");
    }
}

/// Notes what of a change was not taken over, or that all of it was.
///
/// # Errors
/// Those of the database.
pub fn note_change(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    (identity, change): (&ExternalIdentity, &ExternalChange),
) -> Result<()> {
    if change.name_kept {
        return note_refusal(tx, parts, identity, ("name_kept", NAME_KEPT));
    }
    let key = (identity.source.as_str(), identity.subject.as_str());
    refusal_store::delete(tx, key)
}

/// What of a source was not taken over, the newest first.
///
/// # Errors
/// Those of the database.
pub fn list_refusals(reader: &Reader<'_>, source: &str) -> Result<Vec<SourceRefusal>> {
    let rows = refusal_store::list(reader, source, KEPT_MAX)?;
    Ok(rows.into_iter().map(|(_, refusal)| refusal).collect())
}

/// Whom of a source a refusal is written down for, by what the source calls them.
///
/// # Errors
/// Those of the database.
pub fn refused_subjects(reader: &Reader<'_>, source: &str) -> Result<BTreeSet<String>> {
    let rows = refusal_store::list(reader, source, KEPT_MAX)?;
    Ok(rows.into_iter().map(|(subject, _)| subject).collect())
}

/// Forgets what a source that is removed said.
///
/// # Errors
/// Those of the database.
pub fn forget_refusals(tx: &Tx<'_>, source: &str) -> Result<()> {
    refusal_store::delete_of_source(tx, source)
}
