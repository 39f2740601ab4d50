//! A layer between SQLite and the operating system that counts syncs, runs full and cuts the power.
//! Killing a process keeps the page cache, so only this shows whether a sync is missing.
//!
//! The layer passes every operation on to the default VFS and keeps a model of what a disk would
//! hold after a power cut: for each file the content at its last sync, and every write since.

mod disk;
mod file;
mod vfs;

use std::io;

use disk::Disk;
pub use disk::{Survivors, Syncs};

/// One simulated disk, for one database. It stays registered with SQLite until the process ends.
pub struct FaultVfs {
    shared: &'static vfs::Shared,
}

impl FaultVfs {
    /// Registers a disk that works, has no end and honours syncs.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            shared: vfs::register(),
        }
    }

    /// From now on files may grow by `bytes` in all; then `SQLITE_FULL`.
    pub fn limit_growth(&self, bytes: u64) {
        self.with(|disk| disk.growth_left = Some(bytes));
    }

    /// Files may grow without end again.
    pub fn free_space(&self) {
        self.with(|disk| disk.growth_left = None);
    }

    /// With `true`, a sync reports success and does nothing, as some disks do.
    pub fn ignore_syncs(&self, ignore: bool) {
        self.with(|disk| disk.ignore_syncs = ignore);
    }

    /// Cuts the power just before the write, truncation or sync that follows `operations` more.
    /// From then on every access fails, until [`FaultVfs::restore_power`].
    pub fn cut_power_after(&self, operations: u64) {
        self.with(|disk| disk.operations_left = Some(operations));
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.with(|disk| disk.is_off())
    }

    /// Switches on again: every file gets the content that survived. All connections must be
    /// closed.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn restore_power(&self, survivors: Survivors) -> io::Result<()> {
        self.with(|disk| disk.restore(survivors))
    }

    /// Syncs so far; ignored ones count too.
    pub fn syncs(&self) -> Syncs {
        self.with(|disk| disk.syncs)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.shared.name()
    }

    fn with<T>(&self, access: impl FnOnce(&mut Disk) -> T) -> T {
        access(&mut self.shared.disk())
    }
}
