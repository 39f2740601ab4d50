//! Model files: judged, taken in, compared again.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use guildhall_engine_protocol::gguf::{Header, bytes_text};
use guildhall_kernel::{Clock, Error, ErrorKind, ModelId, Result};
use sha2::{Digest, Sha256};

use super::{
    inspect::Inspection,
    model::{Acceptance, ModelRow},
    sentence_model,
};

const COPY_BUFFER: usize = 1 << 20;
/// Room left on the disk after an import.
const FREE_BYTES_KEPT: u64 = 1 << 30;
const NAME_CHARACTERS_MAX: usize = 60;
/// Names that mean something else.
const RESERVED: [&str; 9] = [
    "adapter",
    "auto",
    "default",
    "embedding",
    "extractive",
    "minilm",
    "none",
    "small",
    "starter",
];

/// Hears how far an import is: bytes done, bytes in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Where the bytes of a model lie: a file, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    pub(super) length: u64,
    /// What the hash must be, when somebody says.
    pub(super) sha256: Option<String>,
}

/// A judged file that is not in the node yet.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) inspection: Inspection,
    /// Files beside the model's own that go with it, by their paths below its directory.
    pub(super) companions: Vec<PathBuf>,
}

impl Source {
    /// A whole file.
    ///
    /// # Errors
    /// `model_unreadable`, naming the file.
    pub(super) fn file(path: &Path) -> Result<Self> {
        let length = fs::metadata(path).and_then(|file| {
            file.is_file()
                .then_some(file.len())
                .ok_or_else(|| std::io::Error::other("it is no file"))
        });
        let length = length.map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            offset: 0,
            length,
            sha256: None,
        })
    }

    /// # Errors
    /// `model_unreadable`; those of the disk.
    fn open(&self) -> Result<std::io::Take<File>> {
        let mut file = File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file.take(self.length))
    }

    /// Reads and judges the header.
    ///
    /// # Errors
    /// What the header says of a damaged or unsuitable file, naming it.
    pub(super) fn candidate(self, name: Option<&str>) -> Result<Candidate> {
        let shown = self.path.display().to_string();
        let header = Header::read(BufReader::new(self.open()?), self.length)
            .map_err(|error| Error::invalid(error.code(), format!("{shown}: {error}")))?;
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Candidate {
            inspection: Inspection::of(&header, &shown, &stem)?,
            name: checked_name(name.unwrap_or(&stem))?,
            source: self,
            companions: Vec::new(),
        })
    }

    /// The SHA-256 of the bytes in hex.
    ///
    /// # Errors
    /// `model_unreadable`; those of the disk.
    pub(super) fn hash(&self) -> Result<String> {
        let mut digest = Sha256::new();
        each_block(&mut self.open()?, |block| {
            digest.update(block);
            Ok(())
        })?;
        Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
    }
}

/// The refusal of a file that the node may not read, or that is not there.
fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let way_out = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "; give the user that runs guildhall access to it",
        _ => "",
    };
    let message = format!("{} cannot be read: {error}{way_out}", path.display());
    Error::invalid("model_unreadable", message)
}

impl Candidate {
    /// Copies it below the models directory; gives what is stored there, and its hash. Nothing is left
    /// behind on failure.
    ///
    /// # Errors
    /// As [`copy`].
    pub(super) fn copy_in(&self, models: &Path, progress: &Progress) -> Result<(String, String)> {
        if self.companions.is_empty() {
            let file = format!("{}.gguf", self.name);
            let sha256 = copy(&self.source, models, &file, progress)?;
            return Ok((file, sha256));
        }
        let target = models.join(&self.name);
        if target.exists() {
            let message = format!(
                "there is a model {} already; choose another name with --name",
                self.name
            );
            return Err(Error::conflict("name_taken", message));
        }
        let copied = self.copy_directory(&target, progress);
        if copied.is_err() {
            // The failure itself matters more than a directory that may not be there.
            let _ = fs::remove_dir_all(&target);
        }
        Ok((self.name.clone(), copied?))
    }

    fn copy_directory(&self, target: &Path, progress: &Progress) -> Result<String> {
        let beside = self.source.path.parent().unwrap_or(Path::new("."));
        for file in &self.companions {
            let place = target.join(file);
            if let Some(directory) = place.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::copy(beside.join(file), &place)?;
            File::open(&place)?.sync_all()?;
        }
        copy(&self.source, target, sentence_model::WEIGHTS, progress)
    }

    /// What is stored of the model once its file is in place.
    pub(super) fn row(
        self,
        (file, sha256): (String, String),
        acceptance: Option<Acceptance>,
        clock: &dyn Clock,
    ) -> ModelRow {
        let Inspection {
            kind,
            title,
            architecture,
            quantisation,
            parameters,
            context_length,
            licence,
            has_chat_template,
            has_tool_template,
            ..
        } = self.inspection;
        ModelRow {
            id: ModelId::new(clock),
            title: if title.is_empty() {
                self.name.clone()
            } else {
                title
            },
            name: self.name,
            kind,
            built_in: false,
            file,
            sha256,
            size_bytes: self.source.length,
            architecture,
            quantisation,
            parameters,
            context_length,
            license: licence,
            suitable_for_auto: kind == super::model::ModelKind::Generative,
            imported_at: clock.now(),
            pinned: false,
            has_chat_template,
            has_tool_template,
            acceptance,
            probe: None,
            base_model: None,
        }
    }
}

/// A name people can type: lower-case letters, digits, dots and hyphens.
///
/// # Errors
/// `invalid_name`.
pub(super) fn checked_name(name: &str) -> Result<String> {
    let mut plain = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() || letter == '.' {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    let plain = plain.trim_matches(['-', '.']).to_owned();
    let is_reserved = RESERVED.contains(&plain.as_str());
    if plain.is_empty() || plain.len() > NAME_CHARACTERS_MAX || is_reserved {
        let message = format!(
            "`{name}` cannot be a model's name; give another of 1 to {NAME_CHARACTERS_MAX} letters and digits with --name"
        );
        return Err(Error::invalid_field("name", "invalid_name", message));
    }
    Ok(plain)
}

/// Refuses a file that would fill the disk, before a byte of it is written.
///
/// # Errors
/// `disk_full`, naming what it takes and what is free.
pub(super) fn check_space(models: &Path, bytes: u64) -> Result<()> {
    let free = free_bytes(models)?;
    if bytes.saturating_add(FREE_BYTES_KEPT) > free {
        let message = format!(
            "the model takes {} and {} is free; free some space first",
            bytes_text(bytes),
            bytes_text(free)
        );
        return Err(Error::new(ErrorKind::StorageFull, "disk_full", message));
    }
    Ok(())
}

/// Bytes that are free where a path lies.
///
/// # Errors
/// Those of the disk.
pub(super) fn free_bytes(path: &Path) -> Result<u64> {
    let space = rustix::fs::statvfs(path).map_err(std::io::Error::from)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Copies while hashing; the file appears under its name only when it is whole and on the disk. Gives
/// its hash. Nothing is left behind on failure.
///
/// # Errors
/// `name_taken`, `hash_mismatch`; those of the disk.
pub(super) fn copy(
    source: &Source,
    models: &Path,
    file: &str,
    progress: &Progress,
) -> Result<String> {
    let target = models.join(file);
    if target.exists() {
        let message =
            format!("there is a model file {file} already; choose another name with --name");
        return Err(Error::conflict("name_taken", message));
    }
    let partial = models.join(format!("{file}.partial"));
    let copied = copy_to(source, &partial, progress).and_then(|sha256| {
        check_hash(source, &sha256)?;
        put_in_place(&partial, &target)?;
        Ok(sha256)
    });
    if copied.is_err() {
        // The failure itself matters more than a file that may not be there.
        let _ = fs::remove_file(&partial);
    }
    copied
}

/// Gives a whole file its name, durably.
///
/// # Errors
/// Those of the disk.
pub(super) fn put_in_place(partial: &Path, target: &Path) -> Result<()> {
    fs::rename(partial, target)?;
    if let Some(directory) = target.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn check_hash(source: &Source, sha256: &str) -> Result<()> {
    match &source.sha256 {
        Some(expected) if expected != sha256 => {
            let message = format!(
                "{} was damaged on the way: its hash is {sha256} and should be {expected}; copy it again",
                source.path.display()
            );
            Err(Error::invalid("hash_mismatch", message))
        }
        _ => Ok(()),
    }
}

fn copy_to(source: &Source, target: &Path, progress: &Progress) -> Result<String> {
    let (mut reading, mut writing) = (source.open()?, File::create(target)?);
    let mut digest = Sha256::new();
    let mut done = 0_u64;
    each_block(&mut reading, |block| {
        digest.update(block);
        writing.write_all(block)?;
        done += block.len() as u64;
        progress(done, source.length);
        Ok(())
    })?;
    if done != source.length {
        let message = format!("{} became shorter while it was read", source.path.display());
        return Err(Error::invalid("model_truncated", message));
    }
    writing.sync_all()?;
    Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
}

fn each_block(
    reading: &mut impl Read,
    mut work: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<()> {
    let mut buffer = vec![0_u8; COPY_BUFFER];
    loop {
        let count = reading.read(&mut buffer)?;
        let Some(block) = buffer.get(..count).filter(|block| !block.is_empty()) else {
            return Ok(());
        };
        work(block)?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_plain_and_not_reserved() {
        assert_eq!(
            checked_name("Qwen3 8B (Q4_K_M)").unwrap(),
            "qwen3-8b-q4-k-m"
        );
        for bad in ["", "***", "Auto", "starter", "Default"] {
            assert_eq!(
                checked_name(bad).unwrap_err().code(),
                "invalid_name",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_part_of_a_file_is_copied_and_a_wrong_hash_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("whole");
        fs::write(&path, b"0123456789").unwrap();
        let mut source = Source {
            path,
            offset: 3,
            length: 4,
            sha256: None,
        };
        let models = directory.path().join("models");
        fs::create_dir(&models).unwrap();
        let silent: Progress = Arc::new(|_, _| {});
        let sha256 = copy(&source, &models, "a.gguf", &silent).unwrap();
        assert_eq!(fs::read(models.join("a.gguf")).unwrap(), b"3456");
        assert_eq!(source.hash().unwrap(), sha256);

        source.sha256 = Some("0".repeat(64));
        let error = copy(&source, &models, "b.gguf", &silent).unwrap_err();
        assert_eq!(error.code(), "hash_mismatch");
        source.length = 100;
        let error = copy(&source, &models, "c.gguf", &silent).unwrap_err();
        assert_eq!(error.code(), "model_truncated");
        assert_eq!(fs::read_dir(&models).unwrap().count(), 1);
    }
}
