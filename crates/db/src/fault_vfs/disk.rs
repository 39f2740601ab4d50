//! The model of a disk: what is durable, what is not yet, and what a power cut leaves.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// A write is torn at most between sectors of this size, in bytes.
const SECTOR: usize = 512;

/// Which writes since the last sync of their file survive a power cut.
#[derive(Clone, Copy, Debug)]
pub enum Survivors {
    /// None.
    Synced,
    /// A random half of their sectors, in any combination, drawn from this seed.
    Random(u64),
}

/// How often files were synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syncs {
    /// Of the write-ahead log.
    pub log: u64,
    /// Of the database file.
    pub database: u64,
}

/// Why the disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Off,
    Full,
}

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) growth_left: Option<u64>,
    pub(crate) ignore_syncs: bool,
    pub(crate) operations_left: Option<u64>,
    pub(crate) syncs: Syncs,
    off: bool,
    files: BTreeMap<PathBuf, FileModel>,
}

struct FileModel {
    /// The content at the last sync; none while not even the directory entry is durable.
    durable: Option<Vec<u8>>,
    pending: Vec<Change>,
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Disk {
    pub(crate) fn is_off(&self) -> bool {
        self.off
    }

    /// Notes that a file is about to be opened; what is in it now counts as durable.
    pub(crate) fn opening(&mut self, path: &Path) -> Result<(), Refused> {
        self.powered()?;
        if !self.files.contains_key(path) {
            let model = FileModel {
                durable: fs::read(path).ok(),
                pending: Vec::new(),
            };
            self.files.insert(path.to_owned(), model);
        }
        Ok(())
    }

    pub(crate) fn powered(&self) -> Result<(), Refused> {
        if self.off { Err(Refused::Off) } else { Ok(()) }
    }

    /// Asks for permission to write; `growth` is by how many bytes the file gets longer.
    pub(crate) fn may_write(&mut self, growth: u64) -> Result<(), Refused> {
        self.spend_operation()?;
        let Some(left) = self.growth_left else {
            return Ok(());
        };
        self.growth_left = Some(left.checked_sub(growth).ok_or(Refused::Full)?);
        Ok(())
    }

    pub(crate) fn wrote(&mut self, path: &Path, offset: usize, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.change(path, Change::Write { offset, bytes });
    }

    pub(crate) fn may_truncate(&mut self) -> Result<(), Refused> {
        self.spend_operation()
    }

    pub(crate) fn truncated(&mut self, path: &Path, length: usize) {
        self.change(path, Change::Truncate { length });
    }

    pub(crate) fn sync(&mut self, path: &Path) -> Result<(), Refused> {
        self.spend_operation()?;
        if path.as_os_str().as_encoded_bytes().ends_with(b"-wal") {
            self.syncs.log += 1;
        } else {
            self.syncs.database += 1;
        }
        if !self.ignore_syncs
            && let Some(file) = self.files.get_mut(path)
        {
            let mut content = file.durable.take().unwrap_or_default();
            for change in file.pending.drain(..) {
                change.apply(&mut content);
            }
            file.durable = Some(content);
        }
        Ok(())
    }

    /// A file was deleted. SQLite deletes only what it has no more use for, so the model lets the
    /// deletion survive.
    pub(crate) fn deleted(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// Gives every file the content that survived and forgets about it.
    pub(crate) fn restore(&mut self, survivors: Survivors) -> io::Result<()> {
        let mut dice = match survivors {
            Survivors::Synced => None,
            Survivors::Random(seed) => Some(Dice(seed | 1)),
        };
        for (path, file) in std::mem::take(&mut self.files) {
            match file.after_power_cut(dice.as_mut()) {
                Some(content) => fs::write(&path, content)?,
                None => remove_if_there(&path)?,
            }
            // The index of the log lives in memory only.
            let mut index = path.into_os_string();
            index.push("-shm");
            remove_if_there(Path::new(&index))?;
        }
        self.off = false;
        self.operations_left = None;
        Ok(())
    }

    fn spend_operation(&mut self) -> Result<(), Refused> {
        self.powered()?;
        if let Some(left) = self.operations_left {
            self.off = left == 0;
            self.operations_left = Some(left.saturating_sub(1));
        }
        self.powered()
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(file) = self.files.get_mut(path) {
            file.pending.push(change);
        }
    }
}

impl FileModel {
    fn after_power_cut(self, mut dice: Option<&mut Dice>) -> Option<Vec<u8>> {
        let mut content = self.durable?;
        for change in self.pending {
            match (&mut dice, change) {
                (None, _) => {}
                (Some(dice), Change::Write { offset, bytes }) => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        if dice.heads() {
                            write_at(&mut content, offset + number * SECTOR, sector);
                        }
                    }
                }
                (Some(dice), change) => {
                    if dice.heads() {
                        change.apply(&mut content);
                    }
                }
            }
        }
        Some(content)
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write_at(content, *offset, bytes),
            Self::Truncate { length } => content.resize(*length, 0),
        }
    }
}

fn write_at(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Marsaglia's xorshift64: enough to pick sectors, and the same on every run of a seed.
struct Dice(u64);

impl Dice {
    fn heads(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 & (1 << 32) == 0
    }
}
