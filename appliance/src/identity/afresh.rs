//! Accounts that belong to no organisation any more and are let in again.
//!
//! Invariant: whoever lets such an account in gets nobody with it who could log in to it before. Otherwise one organisation
//! could make an account for an address, let it go, and come in by it wherever it is added later.

use guildhall_db::Tx;
use guildhall_kernel::{PersonId, Result};

use super::{credential_store, external_store, factors, password_reset_store, store};
use crate::secrets::Secrets;

/// Takes every way of logging in from an account, and gives it this password hash; sessions and keys too.
///
/// # Errors
/// Those of the database.
pub(super) fn begin(
    tx: &Tx<'_>,
    secrets: &Secrets,
    person: PersonId,
    (password_hash, must_change): (&str, bool),
) -> Result<()> {
    store::update_password(tx, person, password_hash, must_change)?;
    password_reset_store::delete(tx, person)?;
    factors::remove_all(tx, secrets, person)?;
    credential_store::delete_all_access(tx, person)?;
    external_store::delete_links(tx, person)
}
