//! Counters that never come back. Versions of the revocation list and counters of leases rise for
//! ever, also when the database is put back to an older state.
//!
//! A file beside the database holds an upper bound of every number given out. A number is given out
//! only below the bound, and the bound is on the disk before that. At start, and after a restore, the
//! counters go on from the bound. A restore without that file (another machine) begins at a number
//! made from the time, which is far above any number given out one by one.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use guildhall_db::{Db, Reader, Tx, params};
use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

const FILE: &str = "high-water.json";
/// Numbers reserved by one write of the file.
const LEASE_BLOCK: i64 = 4096;
const CRL_BLOCK: i64 = 16;

/// A number that only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// The counter of leases.
    Lease,
    /// The version of the revocation list.
    Crl,
}

impl Counter {
    fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Crl => "crl",
        }
    }
}

/// Bounds that no number given out exceeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    lease: i64,
    crl: i64,
}

/// The bounds, on the disk and in memory.
pub struct HighWater {
    path: PathBuf,
    reserved: Mutex<Bounds>,
}

impl HighWater {
    /// Reads the bounds and lifts the database's counters to them.
    ///
    /// # Errors
    /// `high_water_unreadable`; those of the database.
    pub async fn open(data_dir: &Path, db: &Db) -> Result<Self> {
        let path = data_dir.join(FILE);
        let bounds = read(&path)?.unwrap_or_default();
        let lifted = db.write(move |tx| lift(tx, bounds)).await?;
        Ok(Self {
            path,
            reserved: Mutex::new(lifted),
        })
    }

    /// Takes the next number, in the transaction that uses it.
    ///
    /// # Errors
    /// Those of the disk and of the database; no number is given out then.
    pub fn next(&self, tx: &Tx<'_>, counter: Counter) -> Result<i64> {
        let value: i64 = tx.query_one(
            "UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value",
            params![counter.name()],
            |row| row.get("value"),
        )?;
        let mut reserved = self.lock();
        let bound = match counter {
            Counter::Lease => reserved.lease,
            Counter::Crl => reserved.crl,
        };
        if value > bound {
            let mut next = *reserved;
            match counter {
                Counter::Lease => next.lease = value + LEASE_BLOCK,
                Counter::Crl => next.crl = value + CRL_BLOCK,
            }
            write(&self.path, next)?;
            *reserved = next;
        }
        Ok(value)
    }

    /// Lowers the bounds to what was really given out, so that a clean stop leaves no gap.
    ///
    /// # Errors
    /// Those of the disk and of the database.
    pub async fn settle(&self, db: &Db) -> Result<()> {
        let exact = db.read(stored).await?;
        let mut reserved = self.lock();
        write(&self.path, exact)?;
        *reserved = exact;
        Ok(())
    }

    // Nothing can panic while the lock is held, so a poisoned lock still guards sound state.
    fn lock(&self) -> MutexGuard<'_, Bounds> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Raises the bounds for a database that was put back to an older state: above the file's bounds and
/// above numbers made from the time, in case the file is not the one that belongs to the database.
///
/// # Errors
/// Those of the disk.
pub fn jump(data_dir: &Path, now: Timestamp) -> Result<Bounds> {
    let path = data_dir.join(FILE);
    let old = read(&path)?.unwrap_or_default();
    let raised = Bounds {
        lease: old.lease.max(now.as_millis()),
        crl: old.crl.max(now.as_millis() / 1000),
    };
    write(&path, raised)?;
    Ok(raised)
}

/// Raises the bounds of a data directory to those of another file, if that is there.
///
/// # Errors
/// `high_water_unreadable`; those of the disk.
pub fn raise(data_dir: &Path, other: &Path) -> Result<()> {
    let path = data_dir.join(FILE);
    let own = read(&path)?.unwrap_or_default();
    let other = read(other)?.unwrap_or_default();
    let raised = Bounds {
        lease: own.lease.max(other.lease),
        crl: own.crl.max(other.crl),
    };
    write(&path, raised)
}

fn stored(reader: &Reader<'_>) -> Result<Bounds> {
    let value = |name: &str| {
        reader.query_one(
            "SELECT value FROM counters WHERE name = ?",
            params![name],
            |row| row.get("value"),
        )
    };
    Ok(Bounds {
        lease: value(Counter::Lease.name())?,
        crl: value(Counter::Crl.name())?,
    })
}

fn lift(tx: &Tx<'_>, bounds: Bounds) -> Result<Bounds> {
    for (counter, bound) in [(Counter::Lease, bounds.lease), (Counter::Crl, bounds.crl)] {
        tx.execute(
            "UPDATE counters SET value = MAX(value, ?) WHERE name = ?",
            params![bound, counter.name()],
        )?;
    }
    stored(tx)
}

fn read(path: &Path) -> Result<Option<Bounds>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Error::conflict(
            "high_water_unreadable",
            format!(
                "{} is damaged; run `guildhall-license-server backup restore` with the newest backup, which makes it anew",
                path.display()
            ),
        )
        .with_source(error)
    })
}

fn write(path: &Path, bounds: Bounds) -> Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(&serde_json::to_vec(&bounds)?)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
