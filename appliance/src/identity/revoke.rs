//! The one way in which access ends: sessions, keys, open invitations, administering the node, and whatever other
//! features gave, in the transaction that takes the membership away; what is running stops once that is durable.
//! `tests/it/standing/removal.rs` fails for a table that is not reached from here and does not say why.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Clock, OrgId, PersonId, Result};

use super::{KnownKeys, Live, certificate_store, credential_store, invitation_store, platform};
use crate::app::App;

/// Ends what another feature gave a person, in one organisation or (without one) everywhere: grants to
/// applications, delegations, schedules. Registered in `app.rs`.
pub type Revoker = fn(&Tx<'_>, PersonId, Option<OrgId>) -> Result<()>;

/// What ending somebody's access needs of the node. A cheap clone.
#[derive(Clone)]
pub struct RevokeParts {
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Keys looked up before, to be forgotten.
    pub known_keys: KnownKeys,
    /// What runs for people, to be stopped.
    pub live: Live,
    /// What other features end.
    pub revokers: &'static [Revoker],
}

/// What ending somebody's access needs, of this node.
pub fn revoke_parts(app: &App) -> RevokeParts {
    RevokeParts {
        clock: Arc::clone(&app.clock),
        known_keys: app.known_keys.clone(),
        live: app.live.clone(),
        revokers: app.revokers,
    }
}

/// Ends everything that a person has in an organisation (without one: everywhere) at once: sessions, API
/// keys, invitations whose links they may hold and what the registered features gave in this transaction; open
/// streams and answers being written as soon as it is durable. With their last place ends administering the node.
/// The membership itself is the caller's to disable or remove.
///
/// # Errors
/// Those of the database.
pub fn revoke_access(
    tx: &Tx<'_>,
    parts: &RevokeParts,
    person: PersonId,
    organisation: Option<OrgId>,
) -> Result<()> {
    match organisation {
        Some(organisation) => credential_store::delete_access(tx, organisation, person)?,
        None => credential_store::delete_all_access(tx, person)?,
    }
    certificate_store::delete(tx, person, organisation)?;
    invitation_store::withdraw_of_person(tx, (person, organisation), parts.clock.now())?;
    platform::end_without_a_place(tx, person, organisation)?;
    for revoke in parts.revokers {
        revoke(tx, person, organisation)?;
    }
    parts.known_keys.forget_after(tx);
    parts.live.end_person_after(tx, person, organisation);
    Ok(())
}
