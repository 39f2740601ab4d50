//! What a database is opened with.

use std::path::PathBuf;

use crate::filesystem::{FileSystemProbe, file_system_type};

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut (`synchronous=FULL`): for the system of record.
    Full,
    /// A crash of the process; a power cut may lose the last commits but never the file's
    /// consistency (`synchronous=NORMAL`): for data that can be rebuilt.
    Normal,
}

/// One forward step of the schema. A released one never changes.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Position in the sequence: 1, 2, 3, …
    pub version: u32,
    /// Short name for messages, such as `add_approvals`.
    pub name: &'static str,
    /// The statements; no transaction control.
    pub sql: &'static str,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// The database file; its directory must exist.
    pub path: PathBuf,
    /// Every migration of the schema, in order.
    pub migrations: &'static [Migration],
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Reading threads, each with a connection of its own (at least 1).
    pub reader_count: usize,
    /// Most closures that may wait for the writer, and likewise for the readers.
    pub queue_length: usize,
    /// How the type of the file system under `path` is found out; tests inject an answer.
    pub file_system: FileSystemProbe,
    pub(crate) vfs: Option<&'static str>,
}

impl DbOptions {
    /// Full durability, four readers, 4096 waiting closures.
    pub fn new(path: impl Into<PathBuf>, migrations: &'static [Migration]) -> Self {
        Self {
            path: path.into(),
            migrations,
            durability: Durability::Full,
            reader_count: 4,
            queue_length: 4096,
            file_system: file_system_type,
            vfs: None,
        }
    }

    /// Puts a fault layer between SQLite and the operating system.
    #[cfg(feature = "fault-vfs")]
    #[must_use]
    pub fn with_vfs(mut self, vfs: &crate::fault_vfs::FaultVfs) -> Self {
        self.vfs = Some(vfs.name());
        self
    }
}
