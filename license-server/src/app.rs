//! The composition root: everything the server is made of, built once, for production and tests alike.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use guildhall_db::{Db, DbOptions, Migration, Tx};
use guildhall_kernel::{Clock, Error, PageRequest, Result, SystemClock, Timestamp};
use guildhall_web::{CancellationToken, cookie::SessionCookie};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    access::LoginLimits, ctx::Ctx, high_water::HighWater, idempotency, keys::Keys,
    node_api::NodeLimits, signing::Signing, trust::Trust, webhooks::Bell,
};

/// The schema, oldest first. A released migration never changes.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "access",
        sql: include_str!("../migrations/0001_access.sql"),
    },
    Migration {
        version: 2,
        name: "sales",
        sql: include_str!("../migrations/0002_sales.sql"),
    },
    Migration {
        version: 3,
        name: "licences",
        sql: include_str!("../migrations/0003_licences.sql"),
    },
    Migration {
        version: 4,
        name: "webhooks",
        sql: include_str!("../migrations/0004_webhooks.sql"),
    },
];

/// The database's file in the data directory.
pub const DATABASE: &str = "license-server.db";

/// The server. A cheap clone of one shared value.
#[derive(Clone)]
pub struct App(Arc<Server>);

/// What the server is made of.
pub struct Server {
    /// Where its data lies.
    pub data_dir: PathBuf,
    /// The system of record.
    pub db: Db,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The server's own keys, the `lease` and `crl` keys among them.
    pub keys: Keys,
    /// The keyring that says which key may sign what.
    pub trust: Trust,
    /// How licences get their signature.
    pub signing: Signing,
    /// Bounds below which no counter is given out again.
    pub high_water: Arc<HighWater>,
    /// Sign-in attempts, counted.
    pub login_limits: LoginLimits,
    /// Wakes the worker that delivers webhooks.
    pub webhook_bell: Bell,
    /// What nodes may ask for, and how often.
    pub node_limits: NodeLimits,
    /// How a session travels in a browser.
    pub session_cookie: SessionCookie,
    /// Whether callers reach the server over TLS.
    pub tls: bool,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
    /// When this process started.
    pub started_at: Timestamp,
}

impl Deref for App {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

/// What differs between production and a test.
pub struct AppOptions {
    /// The data directory; it exists and is locked by the caller.
    pub data_dir: PathBuf,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Whether callers reach the server over TLS.
    pub tls: bool,
    /// The program that signs licences, if one is attached.
    pub signer: Option<String>,
}

impl AppOptions {
    /// Production: the system's clock, TLS, no attached signer.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            clock: Arc::new(SystemClock),
            tls: true,
            signer: None,
        }
    }
}

impl App {
    /// Opens the data directory's database, brings it up to date and builds the server on it.
    ///
    /// # Errors
    /// What opening reports: no server set up there, newer schema, network file system, no
    /// permission, full disk.
    pub async fn open(options: AppOptions) -> Result<Self> {
        let AppOptions {
            data_dir,
            clock,
            tls,
            signer,
        } = options;
        let keys = Keys::open(&data_dir.join("keys"))?;
        let db_path = data_dir.join(DATABASE);
        let db = tokio::task::spawn_blocking(move || Db::open(DbOptions::new(db_path, MIGRATIONS)))
            .await
            .map_err(|error| {
                Error::internal("opening the database stopped").with_source(error)
            })??;
        let trust = Trust::open(&db).await?;
        let high_water = Arc::new(HighWater::open(&data_dir, &db).await?);
        let signing = Signing::new(signer, keys.local_license_key());
        Ok(Self(Arc::new(Server {
            webhook_bell: Bell::default(),
            login_limits: LoginLimits::new(Arc::clone(&clock)),
            node_limits: NodeLimits::new(Arc::clone(&clock)),
            session_cookie: SessionCookie::new("guildhall-licences", tls),
            started_at: clock.now(),
            shutdown: CancellationToken::new(),
            data_dir,
            db,
            clock,
            keys,
            trust,
            signing,
            high_water,
            tls,
        })))
    }

    /// Runs a mutation for `ctx` in one transaction. With an `Idempotency-Key`, its answer is
    /// committed with the change, and the same request later gets that answer without a second change.
    ///
    /// # Errors
    /// Those of `change`; `idempotency_key_reused` when the key came with another request before.
    pub async fn write<T>(
        &self,
        ctx: &Ctx,
        change: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let caller = ctx.clone();
        let is_keyed = ctx.idempotency.is_some();
        let outcome = self.db.write(move |tx| {
            if is_keyed && let Some(answer) = idempotency::recall(tx, &caller)? {
                let text = answer.ok_or_else(idempotency::secret_shown)?;
                return Ok(serde_json::from_str(&text)?);
            }
            let value = change(tx)?;
            if is_keyed {
                idempotency::remember(tx, &caller, Some(serde_json::to_string(&value)?))?;
            }
            Ok(value)
        });
        outcome.await
    }

    /// Like [`App::write`] for an answer that holds a secret: it is not stored, so a repeated request
    /// is refused rather than answered.
    ///
    /// # Errors
    /// As [`App::write`], and `already_done` for a repeated request.
    pub async fn write_secret<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        change: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let caller = ctx.clone();
        let outcome = self.db.write(move |tx| {
            if idempotency::recall(tx, &caller)?.is_some() {
                return Err(idempotency::secret_shown());
            }
            let value = change(tx)?;
            idempotency::remember(tx, &caller, None)?;
            Ok(value)
        });
        outcome.await
    }

    /// Writes the counters' exact bounds and closes the database: the last thing a process does.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn close(&self) -> Result<()> {
        self.shutdown.cancel();
        let settled = self.high_water.settle(&self.db).await;
        self.db.clone().close();
        settled
    }

    /// Path of something in the data directory.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.data_dir.join(relative)
    }
}

/// The number after which a page starts, for lists in the order of a number.
///
/// # Errors
/// `invalid_cursor` when the cursor was not given by such a list.
pub fn after_number(page: &PageRequest) -> Result<Option<i64>> {
    let after = page.after()?;
    let number = after.map(|text| {
        text.parse::<i64>().map_err(|_| {
            Error::invalid(
                "invalid_cursor",
                "the cursor is not one this list gave; start again without it",
            )
        })
    });
    number.transpose()
}
