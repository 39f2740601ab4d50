//! Opening and setting up connections.

use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use guildhall_kernel::{Error, Result};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{
    error::{not_writable, open_error},
    options::Durability,
};

/// 3.51.3 fixed a corruption after a reset of the write-ahead log.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Another process (a backup tool, a shell) may hold the lock for a moment.
const LOCK_WAIT: Duration = Duration::from_secs(5);

const STATEMENT_CACHE_LENGTH: usize = 256;

/// The file and how to reach it: enough for any thread to open a connection of its own.
#[derive(Clone)]
pub(crate) struct Location {
    pub(crate) path: PathBuf,
    vfs: Option<&'static str>,
}

impl Location {
    pub(crate) fn new(path: PathBuf, vfs: Option<&'static str>) -> Self {
        Self { path, vfs }
    }

    /// The connection of the writer: creates the file when there is none.
    pub(crate) fn open_writer(&self, durability: Durability) -> Result<Connection> {
        self.create_private_file()?;
        let open = || {
            let connection = self.open(OpenFlags::SQLITE_OPEN_CREATE)?;
            let synchronous = match durability {
                Durability::Full => "FULL",
                Durability::Normal => "NORMAL",
            };
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
                row.get::<_, String>(0)
            })?;
            connection.execute_batch(&format!(
                "PRAGMA synchronous = {synchronous};
                 PRAGMA foreign_keys = ON;
                 PRAGMA cache_size = -16000;
                 PRAGMA journal_size_limit = 67108864;"
            ))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| open_error(&self.path, error))?;
        if connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(true) {
            return Err(not_writable(&self.path.display().to_string()));
        }
        Ok(connection)
    }

    /// A connection that refuses to write.
    pub(crate) fn open_reader(&self) -> Result<Connection> {
        let open = || {
            let connection = self.open(OpenFlags::empty())?;
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000;")?;
            Ok(connection)
        };
        open().map_err(|error| open_error(&self.path, error))
    }

    fn open(&self, extra: OpenFlags) -> rusqlite::Result<Connection> {
        // Each connection is used by one thread at a time, so SQLite needs no locks of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE
            | extra;
        let connection = match self.vfs {
            None => Connection::open_with_flags(&self.path, flags)?,
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs)?,
        };
        connection.busy_timeout(LOCK_WAIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_LENGTH);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
        Ok(connection)
    }

    /// Creates the file for its owner only; SQLite gives its side files the same mode.
    fn create_private_file(&self) -> Result<()> {
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path);
        match created {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) if error.kind() == ErrorKind::StorageFull => Err(error.into()),
            Err(error) => Err(not_writable(&self.path.display().to_string()).with_source(error)),
        }
    }
}

/// The directory of a database file.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Refuses a SQLite library older than the last fix the write-ahead log needs.
pub(crate) fn require_sqlite_version() -> Result<()> {
    let found = rusqlite::version_number();
    if found >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    Err(Error::internal(format!(
        "this program was built with SQLite {}, which can damage its log; build it with 3.51.3 or newer",
        rusqlite::version()
    )))
}
