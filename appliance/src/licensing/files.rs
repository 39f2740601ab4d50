//! `DATA/license/`: what was imported, as files; what an operator drops there; one of the two places of the clock's marks.
//! Nothing that goes wrong here stops the node.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
};

use guildhall_kernel::Result;
use guildhall_license::ENVELOPE_BYTES_MAX;
use sha2::{Digest, Sha256};

use super::memory::Memory;

const CLOCK: &str = "clock.json";
/// A file on its way into its place.
const PART: &str = ".part";
/// Files that are looked at.
const FILES_MAX: usize = 256;
const CLOCK_BYTES_MAX: u64 = 1 << 20;

/// The folder. A cheap clone.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

/// A file that was found.
pub(super) struct Found {
    pub(super) name: String,
    /// The bytes, or why there are none.
    pub(super) content: std::result::Result<Vec<u8>, String>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Every file but the node's own, by name. A folder that is not there is made and empty.
    pub(super) fn scan(&self) -> Vec<Found> {
        if let Err(error) = self.make() {
            return vec![Found {
                name: self.0.display().to_string(),
                content: Err(format!(
                    "the folder cannot be used ({error}); give the node access to it"
                )),
            }];
        }
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && !name.ends_with(PART) && name != CLOCK)
            .collect();
        names.sort();
        let left_out = names.len().saturating_sub(FILES_MAX);
        names.truncate(FILES_MAX);
        let mut found: Vec<Found> = names.into_iter().map(|name| self.read(name)).collect();
        if left_out > 0 {
            found.push(Found {
                name: format!("{left_out} more"),
                content: Err(format!(
                    "only {FILES_MAX} files are read; move old ones away"
                )),
            });
        }
        found
    }

    fn read(&self, name: String) -> Found {
        let path = self.0.join(&name);
        let too_large = || "it is larger than 64 KiB, so it is no file of the vendor".to_owned();
        let content = match fs::metadata(&path) {
            Err(error) => Err(format!("it cannot be read: {error}")),
            Ok(about) if !about.is_file() => Err("it is not a file".to_owned()),
            Ok(about) if about.len() > u64::try_from(ENVELOPE_BYTES_MAX).unwrap_or(u64::MAX) => {
                Err(too_large())
            }
            Ok(_) => fs::read(&path).map_err(|error| format!("it cannot be read: {error}")),
        };
        Found { name, content }
    }

    /// Writes a file so that it is either whole or not there, and stays over a power cut.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.make()?;
        let part = self.0.join(format!("{name}{PART}"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, self.0.join(name))?;
        fs::File::open(&self.0)?.sync_all()?;
        Ok(())
    }

    pub(super) fn write_memory(&self, memory: &Memory) -> Result<()> {
        self.write(CLOCK, &serde_json::to_vec_pretty(memory)?)
    }

    /// What the file remembers; nothing when it is not there or damaged, since the database remembers too.
    pub(super) fn read_memory(&self) -> Option<Memory> {
        let file = fs::File::open(self.0.join(CLOCK)).ok()?;
        let mut bytes = Vec::new();
        file.take(CLOCK_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(memory) => Some(memory),
            Err(error) => {
                tracing::warn!(%error, "license/{CLOCK} is damaged and will be written anew");
                None
            }
        }
    }

    fn make(&self) -> std::io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
    }
}

/// The name under which an artefact is kept: what it is, of which licence, and which one.
pub(super) fn file_name(kind: &str, subject: &str, number: u64) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            letter
        } else {
            '-'
        }
    };
    let subject: String = subject.chars().map(plain).take(64).collect();
    match subject.is_empty() {
        true => format!("{kind}-{number}.json"),
        false => format!("{kind}-{subject}-{number}.json"),
    }
}

/// SHA-256 of a file's bytes, to know it again.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_never_leave_the_folder() {
        assert_eq!(
            file_name("license", "../../etc/passwd", 3),
            "license-------etc-passwd-3.json"
        );
        assert_eq!(file_name("crl", "", 7), "crl-7.json");
    }

    #[test]
    fn what_cannot_be_read_is_listed_with_its_reason() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("license"));
        folder.write("a.lic", b"x").unwrap();
        folder
            .write("huge.lic", &vec![b' '; ENVELOPE_BYTES_MAX + 1])
            .unwrap();
        fs::create_dir(place.path().join("license/folder")).unwrap();
        let found = folder.scan();
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["a.lic", "folder", "huge.lic"]);
        assert_eq!(found[0].content.as_deref().unwrap(), b"x");
        assert!(found[1].content.is_err() && found[2].content.is_err());
        assert!(
            Folder::new("/proc/guildhall".into()).scan()[0]
                .content
                .is_err()
        );
    }
}
