//! Computed instructions (system prompts) on disk, so that the first question after a start need
//! not wait for them.
//!
//! A file is named by a hash of the model, the way it is computed and the tokens, holds a
//! sequence as llama.cpp writes it, and counts only with the checksum beside it. Whatever does
//! not match is deleted, never handed to llama.cpp. The least recently used files give way.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::SystemTime;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::LlamaStateSeqFlags;
use llama_cpp_2::token::LlamaToken;
use sha2::{Digest, Sha256};

/// Shorter instructions are computed faster than read.
pub(super) const PREFIX_TOKENS_MIN: usize = 64;
/// Largest file; writing more would stall the answers being written.
const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes of all files together.
const DIRECTORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Pieces of the model file that its hash takes in, and their length: reading gigabytes at every
/// start would cost more than the prefixes save.
const SAMPLES: u64 = 64;
const SAMPLE_BYTES: u64 = 64 * 1024;
const STATE: &str = "prefix";
const SUM: &str = "sum";

/// Where prefixes are kept.
#[derive(Debug)]
pub(super) struct PrefixStore {
    directory: PathBuf,
    model: [u8; 32],
    /// Files written and not yet part of the store, for the thread that hashes them.
    unsealed: SyncSender<PathBuf>,
    bytes_max: u64,
}

impl PrefixStore {
    /// Opens a directory for the model at `path`, computed as `way` says. The receiver is for
    /// [`seal_all`], on a thread of its own.
    ///
    /// # Errors
    /// When model or directory cannot be read.
    pub(super) fn open(
        directory: &Path,
        path: &Path,
        way: &str,
    ) -> io::Result<(Self, Receiver<PathBuf>)> {
        fs::read_dir(directory)?;
        let (unsealed, sealing) = mpsc::sync_channel(4);
        let store = Self {
            directory: directory.to_owned(),
            model: model_hash(path, way)?,
            unsealed,
            bytes_max: DIRECTORY_BYTES_MAX,
        };
        Ok((store, sealing))
    }

    /// Whether a prefix is there, going by its name.
    pub(super) fn has(&self, tokens: &[LlamaToken], adapter: Option<usize>) -> bool {
        self.path(tokens, adapter).with_extension(SUM).is_file()
    }

    /// Reads a prefix into a sequence, which is empty. `false` when it is not there or broken;
    /// the sequence is empty then.
    pub(super) fn load(
        &self,
        context: &mut LlamaContext<'_>,
        sequence: usize,
        tokens: &[LlamaToken],
        adapter: Option<usize>,
    ) -> bool {
        let path = self.path(tokens, adapter);
        let Ok(sequence) = i32::try_from(sequence) else {
            return false;
        };
        if !is_whole(&path) {
            remove(&path);
            return false;
        }
        match context.state_seq_load_file(&path, sequence, tokens.len()) {
            Ok((found, _)) if found == tokens => {
                touch(&path);
                true
            }
            _ => {
                let _ = context.clear_kv_cache_seq(u32::try_from(sequence).ok(), None, None);
                remove(&path);
                false
            }
        }
    }

    /// Writes a sequence that holds exactly `tokens`. Failing is no harm.
    pub(super) fn save(
        &self,
        context: &LlamaContext<'_>,
        sequence: usize,
        tokens: &[LlamaToken],
        adapter: Option<usize>,
    ) {
        let Ok(sequence) = i32::try_from(sequence) else {
            return;
        };
        let bytes = context.state_seq_get_size_ext(sequence, LlamaStateSeqFlags::empty());
        if bytes == 0 || bytes > FILE_BYTES_MAX {
            return;
        }
        self.make_room(bytes as u64);
        let path = self.path(tokens, adapter);
        let written = context.state_seq_save_file(&path, sequence, tokens);
        if written.is_err() || self.unsealed.try_send(path.clone()).is_err() {
            remove(&path);
        }
    }

    fn path(&self, tokens: &[LlamaToken], adapter: Option<usize>) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(self.model);
        hash.update(
            adapter
                .map_or(u64::MAX, |adapter| adapter as u64)
                .to_le_bytes(),
        );
        for token in tokens {
            hash.update(token.0.to_le_bytes());
        }
        self.directory
            .join(hex(&hash.finalize()))
            .with_extension(STATE)
    }

    /// Deletes files, those used least recently first, until `bytes` more fit.
    fn make_room(&self, bytes: u64) {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == STATE))
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok()?;
                Some((metadata.modified().ok()?, metadata.len(), path))
            })
            .collect();
        files.sort();
        let mut held: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, length, path) in files {
            if held.saturating_add(bytes) <= self.bytes_max {
                return;
            }
            remove(&path);
            held = held.saturating_sub(length);
        }
    }
}

/// Adds checksums to files as they are written, until the store is gone.
pub(super) fn seal_all(unsealed: &Receiver<PathBuf>) {
    while let Ok(path) = unsealed.recv() {
        let sealed =
            hash_of(&path).and_then(|hash| fs::write(path.with_extension(SUM), hex(&hash)));
        if let Err(error) = sealed {
            tracing::warn!("prefix not kept: {error}");
            remove(&path);
        }
    }
}

fn is_whole(path: &Path) -> bool {
    let Ok(expected) = fs::read_to_string(path.with_extension(SUM)) else {
        return false;
    };
    let small =
        fs::metadata(path).is_ok_and(|metadata| metadata.len() <= 2 * FILE_BYTES_MAX as u64);
    small && hash_of(path).is_ok_and(|hash| hex(&hash) == expected)
}

fn hash_of(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Takes in the file's length, its beginning and samples of the rest.
fn model_hash(path: &Path, way: &str) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(way);
    hash.update(bytes.to_le_bytes());
    let mut buffer = Vec::new();
    for sample in 0..SAMPLES {
        file.seek(SeekFrom::Start(bytes / SAMPLES * sample))?;
        buffer.clear();
        (&mut file).take(SAMPLE_BYTES).read_to_end(&mut buffer)?;
        hash.update(&buffer);
    }
    Ok(hash.finalize().into())
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path.with_extension(SUM));
    let _ = fs::remove_file(path);
}

fn touch(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn store(directory: &Path) -> PrefixStore {
        let model = directory.join("model");
        fs::write(&model, "a model").unwrap();
        let (mut store, _) = PrefixStore::open(directory, &model, "f16").unwrap();
        store.bytes_max = 25;
        store
    }

    fn tokens(number: i32) -> Vec<LlamaToken> {
        vec![LlamaToken::new(number)]
    }

    #[test]
    fn names_depend_on_model_adapter_and_tokens() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let path = store.path(&tokens(1), None);
        assert_eq!(path, store.path(&tokens(1), None));
        assert_ne!(path, store.path(&tokens(2), None));
        assert_ne!(path, store.path(&tokens(1), Some(0)));
        let other = directory.path().join("other");
        fs::write(&other, "another model").unwrap();
        let (other, _) = PrefixStore::open(directory.path(), &other, "f16").unwrap();
        assert_ne!(path, other.path(&tokens(1), None));
    }

    #[test]
    fn only_sealed_and_unchanged_files_are_whole() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let path = store.path(&tokens(1), None);
        fs::write(&path, "state").unwrap();
        assert!(!is_whole(&path));
        let (sender, receiver) = mpsc::sync_channel(1);
        sender.send(path.clone()).unwrap();
        drop(sender);
        seal_all(&receiver);
        assert!(is_whole(&path) && store.has(&tokens(1), None));
        fs::write(&path, "stale").unwrap();
        assert!(!is_whole(&path));
    }

    #[test]
    fn the_oldest_files_give_way() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        for number in 1..=3 {
            let path = store.path(&tokens(number), None);
            fs::write(&path, [0; 10]).unwrap();
            let age = std::time::Duration::from_secs(100 - number.unsigned_abs() as u64);
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        store.make_room(10);
        assert!(!store.path(&tokens(1), None).exists());
        assert!(!store.path(&tokens(2), None).exists());
        assert!(store.path(&tokens(3), None).exists());
    }
}
