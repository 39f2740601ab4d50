//! Logging in with the passwords of a directory, and keeping up with what the directory says of people.
//!
//! Invariants: a directory gives what its group map says and nothing else, through identity's own way for people from
//! outside; a person disabled or gone there loses at the next refresh what came from there; a directory that cannot be
//! asked, that answers with nobody or with a part changes nothing; the service account's password is sealed, and is
//! not sent to a server that it was not entered for; connections go through egress. Deliberately absent: accounts made
//! ahead of the first login, since each would take a seat.

mod grants;
mod input;
mod manage;
mod model;
mod preview;
mod reach;
mod refresh;
mod routes;
mod sign_in;
mod store;
mod take_over;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_db::Reader;
use guildhall_directory::Down;
use guildhall_kernel::{DirectoryId, OrgId, Result, Role, SecretId};
use utoipa_axum::router::OpenApiRouter;
use zeroize::Zeroizing;

pub use model::{DirectoryView, LastRefresh, RefreshState};
pub use refresh::start;
pub use sign_in::DirectorySignIn;

use crate::app::App;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// What a running node knows of its directories. A cheap clone.
#[derive(Clone, Default)]
pub struct Directories(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Service accounts' passwords that were opened before: a login must not write to the database for one.
    passwords: Mutex<BTreeMap<SecretId, Zeroizing<String>>>,
    /// Servers that could not be used a moment ago.
    down: Arc<Down>,
    /// The directories that are being refreshed.
    refreshing: Mutex<BTreeSet<DirectoryId>>,
}

impl Directories {
    fn passwords(&self) -> MutexGuard<'_, BTreeMap<SecretId, Zeroizing<String>>> {
        self.0
            .passwords
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn refreshing(&self) -> MutexGuard<'_, BTreeSet<DirectoryId>> {
        self.0
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What people call the directory with this id.
///
/// # Errors
/// Those of the database.
pub fn name_of(reader: &Reader<'_>, id: DirectoryId) -> Result<Option<String>> {
    Ok(store::find(reader, id)?.map(|row| row.name))
}

/// Which directories' group maps give a role of the organisation.
///
/// # Errors
/// Those of the database.
pub fn uses_of_role(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<Vec<String>> {
    let rows = store::list(reader)?.into_iter().filter(|row| {
        let mut rules = row.group_map.iter();
        rules.any(|rule| rule.organisation_id == organisation && rule.role == role)
    });
    let named = rows.map(|row| format!("the group map of the directory `{}`", row.name));
    Ok(named.collect())
}
