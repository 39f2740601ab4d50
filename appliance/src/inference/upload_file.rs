//! The bytes of an upload: written as they come, hashed on the way, kept when the sender breaks off.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::Bytes;
use guildhall_engine_protocol::gguf::{Header, HeaderError};
use guildhall_kernel::{Error, Result};
use sha2::{
    Digest, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};
use tokio::sync::mpsc;

use super::inspect::Inspection;

/// A file without an upload is removed at this age; younger ones may be on their way into the database.
const STRANGER_AGE: Duration = Duration::from_secs(3600);
/// A header that is not complete within this many bytes is no model's.
const HEADER_BYTES_MAX: u64 = 512 << 20;

/// What a piece of an upload came to.
pub(super) struct Written {
    /// Bytes of the whole upload that are on the disk.
    pub(super) received_bytes: u64,
    /// The hash's state after them.
    pub(super) hash_state: Vec<u8>,
}

/// The hash's state before the first byte.
pub(super) fn fresh_state() -> Vec<u8> {
    Sha256::new().serialize().to_vec()
}

fn restore(state: &[u8]) -> Result<Sha256> {
    let state = SerializedState::<Sha256>::try_from(state)
        .map_err(|_| Error::internal("an upload's hash state has another length"))?;
    Sha256::deserialize(&state).map_err(|_| Error::internal("an upload's hash state does not read"))
}

/// The hash in hex, from the state after the last byte.
///
/// # Errors
/// Internal when the stored state is damaged.
pub(super) fn finish(state: &[u8]) -> Result<String> {
    Ok(data_encoding::HEXLOWER.encode(&restore(state)?.finalize()))
}

/// Where an upload's bytes lie until they are a model.
pub(super) fn path_of(models: &Path, id: impl std::fmt::Display) -> PathBuf {
    models.join("uploads").join(format!("{id}.partial"))
}

/// Makes the empty file of a new upload.
///
/// # Errors
/// Those of the disk.
pub(super) fn create(path: &Path) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    File::create(path)?.sync_all()?;
    Ok(())
}

/// Appends the pieces at `from`, where the hash's state is `hash_state`, until they end or `size_bytes`
/// are there. Bytes of an earlier attempt that were never acknowledged are written over.
///
/// # Errors
/// `upload_too_long`; those of the disk.
pub(super) fn append(
    path: &Path,
    (from, hash_state): (u64, &[u8]),
    size_bytes: u64,
    mut pieces: mpsc::Receiver<Bytes>,
) -> Result<Written> {
    let mut digest = restore(hash_state)?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    if file.metadata()?.len() < from {
        return Err(Error::conflict(
            "upload_lost",
            "bytes of this upload are missing on the disk; delete it and begin anew",
        ));
    }
    file.set_len(from)?;
    file.seek(SeekFrom::Start(from))?;
    let mut received_bytes = from;
    while let Some(piece) = pieces.blocking_recv() {
        received_bytes += piece.len() as u64;
        if received_bytes > size_bytes {
            return Err(Error::invalid(
                "upload_too_long",
                format!(
                    "the upload was announced with {size_bytes} bytes and more came; begin anew"
                ),
            ));
        }
        digest.update(&piece);
        file.write_all(&piece)?;
    }
    file.sync_data()?;
    Ok(Written {
        received_bytes,
        hash_state: digest.serialize().to_vec(),
    })
}

/// What the bytes that are there say of the model; `None` while the header is not complete.
///
/// # Errors
/// Why the file is refused.
pub(super) fn judge(
    path: &Path,
    (file_name, received_bytes, size_bytes): (&str, u64, u64),
) -> Result<Option<Inspection>> {
    let reading = BufReader::new(File::open(path)?);
    let header = match Header::read(reading, size_bytes) {
        Ok(header) => header,
        Err(HeaderError::HeaderCut { .. })
            if received_bytes < size_bytes && received_bytes < HEADER_BYTES_MAX =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(Error::invalid(
                error.code(),
                format!("{file_name}: {error}"),
            ));
        }
    };
    let title = file_name.strip_suffix(".gguf").unwrap_or(file_name);
    Inspection::of(&header, file_name, title).map(Some)
}

/// Removes the bytes of an upload; one that has none is no failure.
///
/// # Errors
/// Those of the disk.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes files that belong to no upload and have not been touched for an hour: what a crash left between
/// the disk and the database.
///
/// # Errors
/// Those of the disk.
pub(super) fn remove_strangers(models: &Path, known: &BTreeSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(models.join("uploads")) else {
        // Nothing was ever uploaded.
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let touched = fs::metadata(&path)?.modified()?;
        let is_old = touched.elapsed().is_ok_and(|age| age >= STRANGER_AGE);
        if is_old && !known.contains(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn send(pieces: &[&'static [u8]]) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(16);
        for piece in pieces {
            sender.try_send(Bytes::from_static(piece)).unwrap();
        }
        receiver
    }

    #[test]
    fn an_upload_goes_on_from_its_stored_state_with_the_same_hash() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_of(directory.path(), "upl");
        create(&path).unwrap();
        let first = append(&path, (0, &fresh_state()), 10, send(&[b"01", b"234"])).unwrap();
        assert_eq!(first.received_bytes, 5);
        // A second attempt broke off before it was acknowledged: its bytes do not count.
        append(&path, (5, &first.hash_state), 10, send(&[b"YYY"])).unwrap();
        let last = append(&path, (5, &first.hash_state), 10, send(&[b"56789"])).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
        let expected = data_encoding::HEXLOWER.encode(&Sha256::digest(b"0123456789"));
        assert_eq!(finish(&last.hash_state).unwrap(), expected);
    }

    #[test]
    fn only_old_files_of_no_upload_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["known", "young", "old"].map(|name| path_of(directory.path(), name));
        for path in &paths {
            create(path).unwrap();
        }
        let past = std::time::SystemTime::now() - 2 * STRANGER_AGE;
        for path in [&paths[0], &paths[2]] {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(past).unwrap();
        }
        remove_strangers(directory.path(), &BTreeSet::from([paths[0].clone()])).unwrap();
        let left = paths.map(|path| path.exists());
        assert_eq!(left, [true, true, false]);
    }

    #[test]
    fn more_than_was_announced_and_lost_bytes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_of(directory.path(), "upl");
        create(&path).unwrap();
        let error = append(&path, (0, &fresh_state()), 3, send(&[b"0123"]))
            .err()
            .unwrap();
        assert_eq!(error.code(), "upload_too_long");
        let error = append(&path, (900, &fresh_state()), 1000, send(&[]))
            .err()
            .unwrap();
        assert_eq!(error.code(), "upload_lost");
        assert!(finish(b"short").is_err());
    }
}
