//! Backups: a folder with a checked copy of the database, the sealed keys, the counters' bounds and a
//! list of their hashes. Restoring jumps every counter, so that no number is given out twice.
//!
//! The key-encryption key is not in a backup unless it is asked for: who has both can sign leases.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use guildhall_db::{Db, DbOptions};
use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    app::{DATABASE, MIGRATIONS},
    high_water,
};

const MANIFEST: &str = "backup.json";
const HIGH_WATER: &str = "high-water.json";
const SEALED: [&str; 4] = ["lease.sealed", "crl.sealed", "log.sealed", "license.sealed"];
const ENCRYPTION_KEY: &str = "encryption.key";

/// What a backup holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The release that made it.
    pub version: String,
    pub made_at: Timestamp,
    /// SHA-256 of every file, in hex, by its path in the backup.
    pub files: BTreeMap<String, String>,
}

/// Makes a backup in a new folder, also while the server runs.
///
/// # Errors
/// `backup_exists`; `disk_full`; internal when the copy does not verify.
pub async fn create(
    data_dir: &Path,
    target: &Path,
    with_encryption_key: bool,
    now: Timestamp,
) -> Result<Manifest> {
    if target.exists() {
        return Err(Error::conflict(
            "backup_exists",
            format!("`{}` already exists; choose another name", target.display()),
        ));
    }
    make_private(&target.join("keys"))?;
    let db = open(data_dir.join(DATABASE)).await?;
    let copied = db.backup_to(target.join(DATABASE)).await;
    db.close();
    copied?;
    let mut names = vec![DATABASE.to_owned()];
    let encryption = with_encryption_key.then_some(ENCRYPTION_KEY);
    for name in SEALED.iter().copied().chain(encryption) {
        let name = format!("keys/{name}");
        if copy(&data_dir.join(&name), &target.join(&name))? {
            names.push(name);
        }
    }
    if copy(&data_dir.join(HIGH_WATER), &target.join(HIGH_WATER))? {
        names.push(HIGH_WATER.to_owned());
    }
    let mut files = BTreeMap::new();
    for name in names {
        let hash = hash(&target.join(&name))?;
        files.insert(name, hash);
    }
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        files,
    };
    write_private(
        &target.join(MANIFEST),
        &serde_json::to_vec_pretty(&manifest)?,
    )?;
    Ok(manifest)
}

/// Checks a backup: every file's hash, and the database itself.
///
/// # Errors
/// `not_a_backup`, `backup_damaged`.
pub async fn verify(source: &Path) -> Result<Manifest> {
    let manifest = read_manifest(source)?;
    for (name, expected) in &manifest.files {
        let found = hash(&source.join(name)).unwrap_or_default();
        if found != *expected {
            return Err(damaged(&source.join(name)));
        }
    }
    // The copy is checked in a place of its own: opening a database writes beside it.
    let place = Scratch::make()?;
    let copy_path = place.0.join(DATABASE);
    fs::copy(source.join(DATABASE), &copy_path)?;
    let db = open(copy_path).await?;
    let checked = db.integrity_check().await;
    db.close();
    checked?;
    Ok(manifest)
}

/// Puts a verified backup in the place of what is in the data directory, which the caller has locked.
/// What was there is kept beside it. Counters go on above every number that was ever given out.
///
/// # Errors
/// As for [`verify`]; those of the disk.
pub async fn restore(source: &Path, data_dir: &Path, now: Timestamp) -> Result<PathBuf> {
    let manifest = verify(source).await?;
    let kept = data_dir.join(format!("before-restore-{}", now.as_millis()));
    make_private(&kept.join("keys"))?;
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{DATABASE}{suffix}");
        if data_dir.join(&name).exists() {
            fs::rename(data_dir.join(&name), kept.join(&name))?;
        }
    }
    // The bounds of the place and of the backup both count; `jump` goes above them.
    high_water::raise(data_dir, &source.join(HIGH_WATER))?;
    high_water::jump(data_dir, now)?;
    make_private(&data_dir.join("keys"))?;
    for name in manifest.files.keys().filter(|name| *name != HIGH_WATER) {
        let place = data_dir.join(name);
        if place.exists() {
            fs::rename(&place, kept.join(name))?;
        }
        copy(&source.join(name), &place)?;
    }
    fs::File::open(data_dir)?.sync_all()?;
    Ok(kept)
}

async fn open(path: PathBuf) -> Result<Db> {
    tokio::task::spawn_blocking(move || Db::open(DbOptions::new(path, MIGRATIONS)))
        .await
        .map_err(|error| Error::internal("opening the database stopped").with_source(error))?
}

fn read_manifest(source: &Path) -> Result<Manifest> {
    let path = source.join(MANIFEST);
    let not_one = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::invalid(
            "not_a_backup",
            format!(
                "{} is not a backup of a licence server; name the folder that `backup create` made",
                source.display()
            ),
        )
        .with_source(error)
    };
    let bytes = fs::read(&path).map_err(|error| not_one(error.into()))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| not_one(error.into()))?;
    let known = manifest.files.keys().all(|name| {
        name == DATABASE
            || name == HIGH_WATER
            || name
                .strip_prefix("keys/")
                .is_some_and(|name| SEALED.contains(&name) || name == ENCRYPTION_KEY)
    });
    if known && manifest.files.contains_key(DATABASE) {
        Ok(manifest)
    } else {
        Err(not_one("it names files that no backup has".into()))
    }
}

/// `false` when there is nothing to copy.
fn copy(from: &Path, to: &Path) -> Result<bool> {
    match fs::read(from) {
        Ok(bytes) => write_private(to, &bytes).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

fn make_private(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    Ok(())
}

fn hash(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
            return Ok(data_encoding::HEXLOWER.encode(&digest.finalize()));
        };
        digest.update(piece);
    }
}

fn damaged(path: &Path) -> Error {
    Error::conflict(
        "backup_damaged",
        format!(
            "{} is not what the backup's list says; use another backup",
            path.display()
        ),
    )
}

/// A folder that goes when the value does.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        let name = format!("guildhall-verify-{}", guildhall_kernel::random_token(8));
        let path = std::env::temp_dir().join(name);
        make_private(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A copy that stays behind in the temporary folder is of no harm to the backup.
        drop(fs::remove_dir_all(&self.0));
    }
}
