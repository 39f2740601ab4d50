//! What the vendor allows: licences, leases and revocations, verified without a network, and what follows from them.
//!
//! Invariants: a licence bounds only what is new, and no state of it stops a start, a login, an import, an export or a
//! deletion; a signature is checked when something is imported, at a start and after a new keyring, never for a request;
//! what requests read is one snapshot, swapped as a whole; nothing imported takes the place of something newer; a file that
//! cannot be used is listed with its reason and disturbs nothing. Time comes from the clock and two remembered marks
//! (`memory`). Deliberately absent: prices, code that makes licences, checks of a licence by build or environment.

mod actor;
mod files;
mod held;
mod import;
mod jobs;
mod memory;
mod model;
mod online;
mod request;
mod routes;
mod routes_usage;
mod scan;
mod store;
mod usage;
mod usage_store;
mod verdict;
mod view;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use ed25519_dalek::SigningKey;
use guildhall_db::{Db, Reader};
use guildhall_kernel::{Clock, Entitlements, Error, Page, PageRequest, Result, Timestamp};
use guildhall_license::{TrustRoot, compiled_in, fingerprint};

pub use self::{
    actor::Actor,
    import::{check, import},
    jobs::{start, tick},
    model::{
        ImportedArtefact, LicenseEvent, LicenseFile, LicenseRequest, LicenseServer, LicenseStatus,
        LicenseUsage, LicenseUsageExport,
    },
    request::make_request,
    routes::router,
    usage::{export_usage, read_usage},
    view::status,
};
use self::{
    files::Folder,
    held::{Held, Verifications},
    memory::Watch,
    model::Install,
    verdict::Current,
};
use crate::{egress::Egress, keys::Keys};

/// What licences bound but other features own: handed in, since they stand above.
#[derive(Clone, Copy)]
pub struct Counted {
    /// Employees that work on the node.
    pub employees: fn(&Reader<'_>) -> Result<u64>,
    /// Names of licensed features in use, without `feature.`.
    pub features: fn(&Reader<'_>) -> Result<Vec<String>>,
}

/// The node's licences. A cheap clone.
#[derive(Clone)]
pub struct Licensing(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    egress: Egress,
    folder: Folder,
    install_key: SigningKey,
    install: Install,
    trust_root: TrustRoot,
    built: Timestamp,
    counted: Counted,
    known: Mutex<Known>,
    current: RwLock<Arc<Current>>,
    verifications: Verifications,
    /// Held while something is imported, so that what is judged is what is taken.
    importing: tokio::sync::Mutex<()>,
    /// Held while reports are made, so that the chain does not fork.
    reporting: tokio::sync::Mutex<()>,
}

/// What verdicts are made from.
struct Known {
    held: Held,
    watch: Watch,
    files: scan::Seen,
    /// What the licence server last said without a signature, as sentences.
    hints: Vec<String>,
}

/// When this program was built.
pub fn build_date() -> Timestamp {
    let seconds = env!("GUILDHALL_BUILD_SECONDS").parse::<i64>().unwrap_or(0);
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

/// Whose root keys are in the program: `development` or `production`.
///
/// # Errors
/// When the program was built with a broken keyring.
pub fn trust_root() -> Result<&'static str> {
    let (_, root) = compiled_in().map_err(held::refused)?;
    Ok(root.name())
}

impl Licensing {
    /// Reads what was imported and verifies it once. What cannot be used is listed, never an error.
    ///
    /// # Errors
    /// Those of the database; when the program was built with a broken keyring.
    pub async fn open(
        (data_dir, keys): (&Path, &Keys),
        (db, egress): (&Db, &Egress),
        (clock, built): (Arc<dyn Clock>, Timestamp),
        counted: Counted,
    ) -> Result<Self> {
        let (keyring, trust_root) = compiled_in().map_err(held::refused)?;
        let folder = Folder::new(data_dir.join("license"));
        let stored =
            db.read(|reader| Ok((store::read_memory(reader)?, store::list_artefacts(reader)?)));
        let (memory, rows) = stored.await?;
        let install_key = keys.install().clone();
        let public = install_key.verifying_key();
        let install = Install {
            id: keys.fingerprint(),
            key_fingerprint: fingerprint(public.as_bytes()),
            public_key: data_encoding::BASE64.encode(public.as_bytes()),
        };
        let wall = clock.now();
        let mut known = Known {
            held: Held::new(keyring),
            watch: Watch::open((memory, folder.read_memory()), wall, built),
            files: scan::Seen::default(),
            hints: Vec::new(),
        };
        let verifications = Verifications::default();
        scan::adopt_stored(&mut known, rows, (&install.key_fingerprint, &verifications));
        let Known { held, watch, .. } = &mut known;
        let current = verdict::evaluate(held, watch, (wall, &install.key_fingerprint));
        let licensing = Self(Arc::new(Inner {
            db: db.clone(),
            clock,
            egress: egress.clone(),
            folder,
            install_key,
            install,
            trust_root,
            built,
            counted,
            known: Mutex::new(known),
            current: RwLock::new(Arc::new(current)),
            verifications,
            importing: tokio::sync::Mutex::default(),
            reporting: tokio::sync::Mutex::default(),
        }));
        licensing.scan().await;
        online::open(&licensing).await?;
        Ok(licensing)
    }

    /// What the licence allows right now: one snapshot, without a check of any signature.
    pub fn entitlements(&self) -> Arc<Entitlements> {
        Arc::clone(&self.current().entitlements)
    }

    /// How many signatures were checked since the start.
    pub fn verifications(&self) -> u64 {
        self.0.verifications.count()
    }

    /// Whose root keys are in the program: `development` or `production`.
    pub fn trust_root(&self) -> &'static str {
        self.0.trust_root.name()
    }

    /// One page of what happened, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`; those of the database.
    pub async fn history(&self, page: &PageRequest) -> Result<Page<LicenseEvent>> {
        let (after, limit) = (page.after()?, page.limit());
        let before = after
            .map(|id| id.parse::<i64>())
            .transpose()
            .map_err(|error| {
                Error::invalid(
                    "invalid_cursor",
                    "this cursor is not one of this list; begin without one",
                )
                .with_source(error)
            })?;
        let events = self
            .0
            .db
            .read(move |reader| store::list_events(reader, before, limit + 1))
            .await?;
        Ok(Page::cut(events, limit, |event| event.id.to_string()))
    }

    fn current(&self) -> Arc<Current> {
        let current = Arc::clone(
            &self
                .0
                .current
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        );
        if current.is_fresh(self.0.clock.now()) {
            return current;
        }
        self.look_again()
    }

    /// Looks at the clock, climbs the ladder and swaps the snapshot.
    fn look_again(&self) -> Arc<Current> {
        let mut known = self.known();
        let Known { held, watch, .. } = &mut *known;
        let at = (self.0.clock.now(), self.0.install.key_fingerprint.as_str());
        let current = Arc::new(verdict::evaluate(held, watch, at));
        // Under the lock, so that an older verdict never takes the place of a newer one.
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(&current);
        current
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
