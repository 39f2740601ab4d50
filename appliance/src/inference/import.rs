//! Model files: taken in, checked, compared again.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use guildhall_engine_protocol::gguf::{Header, bytes_text};
use guildhall_kernel::{Clock, Error, ModelId, Result};
use sha2::{Digest, Sha256};

use super::model::{ModelKind, ModelRow};

const COPY_BUFFER: usize = 1 << 20;
/// Room left on the disk after an import.
const FREE_BYTES_KEPT: u64 = 1 << 30;
const NAME_CHARACTERS_MAX: usize = 60;

/// Copies a GGUF file into the models directory and describes it. Nothing is left behind on failure.
///
/// # Errors
/// What the header says of a damaged file; `not_generative`, `split_model`, `name_taken`, `disk_full`.
pub(super) fn take_in(
    source: &Path,
    models: &Path,
    name: Option<&str>,
    clock: &dyn Clock,
) -> Result<ModelRow> {
    let mut row = describe(source, name, clock)?;
    check_space(models, row.size_bytes)?;
    row.file = format!("{}.gguf", row.name);
    row.sha256 = copy(source, models, &row.file)?;
    Ok(row)
}

/// Describes a GGUF file that somebody put into the models directory.
///
/// # Errors
/// As [`take_in`].
pub(super) fn adopt(path: &Path, clock: &dyn Clock) -> Result<ModelRow> {
    let mut row = describe(path, None, clock)?;
    row.file = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    row.sha256 = hash_file(path)?;
    Ok(row)
}

/// GGUF files in the models directory that are not `known` and have not changed for a while, so that
/// a copy under way is left alone.
///
/// # Errors
/// When the directory cannot be read.
pub(super) fn dropped_in(
    models: &Path,
    known: &[String],
    settled: Duration,
) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(models)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let is_model = path
            .extension()
            .is_some_and(|extension| extension == "gguf")
            && !known.contains(&name);
        let age = fs::metadata(&path)
            .and_then(|file| file.modified())
            .ok()
            .and_then(|at| at.elapsed().ok());
        if is_model && age.is_some_and(|age| age >= settled) {
            found.push(path);
        }
    }
    Ok(found)
}

/// What a file's header says; its place and hash are still to be filled in.
fn describe(source: &Path, name: Option<&str>, clock: &dyn Clock) -> Result<ModelRow> {
    let shown = source.display();
    let header = Header::open(source)
        .map_err(|error| Error::invalid(error.code(), format!("{shown}: {error}")))?;
    if !header.is_generative() {
        let message = format!(
            "{shown} is a `{}` model, which does not write text",
            header.architecture()
        );
        return Err(Error::invalid("not_generative", message));
    }
    if header.split_count() > 1 {
        let message = format!(
            "{shown} is one of {} parts; merge them into one file first",
            header.split_count()
        );
        return Err(Error::invalid("split_model", message));
    }
    let stem = source
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(ModelRow {
        id: ModelId::new(clock),
        title: header.name().map_or_else(|| stem.clone(), str::to_owned),
        name: checked_name(name.unwrap_or(&stem))?,
        kind: ModelKind::Generative,
        built_in: false,
        file: String::new(),
        sha256: String::new(),
        size_bytes: fs::metadata(source)?.len(),
        architecture: header.architecture().to_owned(),
        quantisation: header.quantisation(),
        parameters: header.parameters(),
        context_length: u32::try_from(header.context_length().unwrap_or(0)).unwrap_or(u32::MAX),
        license: header.license().map(str::to_owned),
        suitable_for_auto: true,
        imported_at: clock.now(),
    })
}

/// A name people can type: lower-case letters, digits, dots and hyphens.
fn checked_name(name: &str) -> Result<String> {
    let mut plain = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() || letter == '.' {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    let plain = plain.trim_matches(['-', '.']).to_owned();
    let is_reserved = ["auto", "extractive", "starter", "minilm"].contains(&plain.as_str());
    if plain.is_empty() || plain.len() > NAME_CHARACTERS_MAX || is_reserved {
        let message = format!(
            "`{name}` cannot be a model's name; give another of 1 to {NAME_CHARACTERS_MAX} letters and digits with --name"
        );
        return Err(Error::invalid_field("name", "invalid_name", message));
    }
    Ok(plain)
}

fn check_space(models: &Path, size_bytes: u64) -> Result<()> {
    let space = rustix::fs::statvfs(models).map_err(std::io::Error::from)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    if size_bytes.saturating_add(FREE_BYTES_KEPT) > free {
        let message = format!(
            "the model takes {} and {} is free; free some space first",
            bytes_text(size_bytes),
            bytes_text(free)
        );
        return Err(Error::new(
            guildhall_kernel::ErrorKind::StorageFull,
            "disk_full",
            message,
        ));
    }
    Ok(())
}

/// Copies while hashing; the file appears under its name only when it is whole and on the disk.
fn copy(source: &Path, models: &Path, file: &str) -> Result<String> {
    let target = models.join(file);
    if target.exists() {
        let message =
            format!("there is a model file {file} already; choose another name with --name");
        return Err(Error::conflict("name_taken", message));
    }
    let partial = models.join(format!("{file}.partial"));
    let copied = copy_to(source, &partial).and_then(|sha256| {
        fs::rename(&partial, &target)?;
        File::open(models)?.sync_all()?;
        Ok(sha256)
    });
    if copied.is_err() {
        // The failure itself matters more than a file that may not be there.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy_to(source: &Path, target: &Path) -> Result<String> {
    let (mut reading, mut writing) = (File::open(source)?, File::create(target)?);
    let mut digest = Sha256::new();
    each_block(&mut reading, |block| {
        digest.update(block);
        writing.write_all(block)
    })?;
    writing.sync_all()?;
    Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
}

/// The SHA-256 of a file in hex.
pub(super) fn hash_file(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    each_block(&mut File::open(path)?, |block| {
        digest.update(block);
        Ok(())
    })?;
    Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
}

fn each_block(
    reading: &mut File,
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
        for bad in ["", "***", "Auto", "starter"] {
            assert_eq!(
                checked_name(bad).unwrap_err().code(),
                "invalid_name",
                "{bad}"
            );
        }
    }
}
