//! As much of the tar format (POSIX.1-1988 ustar, and GNU's sizes beyond 8 GB) as a model pack needs: plain
//! files with plain names, found without unpacking anything.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, Result};

use super::import::Source;

const BLOCK: usize = 512;
/// Two empty blocks end an archive.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
const NAME_BYTES_MAX: usize = 100;
/// Largest size that 11 octal digits say.
const OCTAL_MAX: u64 = (1 << 33) - 1;

/// A file inside an archive, or beside others in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its bytes lie.
    pub(super) file: PathBuf,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The files of an archive; `None` when it is none.
///
/// # Errors
/// `pack_invalid`; `model_unreadable` when it cannot be opened.
pub(super) fn entries(path: &Path, entries_max: usize) -> Result<Option<Vec<Entry>>> {
    // Looked at first: opening a pipe waits for whoever writes into it.
    let length = Source::file(path)?.length;
    let mut file = File::open(path).map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        Error::invalid("model_unreadable", message)
    })?;
    let invalid =
        |reason: String| Error::invalid("pack_invalid", format!("{} {reason}", path.display()));
    let (mut found, mut position) = (Vec::new(), 0_u64);
    loop {
        let mut block = [0_u8; BLOCK];
        if file.read_exact(&mut block).is_err() {
            // Writers end archives with empty blocks; a missing end is a cut one.
            return if found.is_empty() {
                Ok(None)
            } else {
                Err(invalid("is truncated; copy it again".to_owned()))
            };
        }
        if found.is_empty() && !is_archive(&block) {
            return Ok(None);
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(Some(found));
        }
        if found.len() >= entries_max {
            return Err(invalid("holds too many files".to_owned()));
        }
        let (name, size) = header(&block).map_err(invalid)?;
        let offset = position + BLOCK as u64;
        let end = offset.checked_add(size).filter(|end| *end <= length);
        let end = end.ok_or_else(|| invalid("is truncated; copy it again".to_owned()))?;
        found.push(Entry {
            name,
            file: path.to_owned(),
            offset,
            length: size,
        });
        position = end.next_multiple_of(BLOCK as u64);
        file.seek(SeekFrom::Start(position))?;
    }
}

fn is_archive(block: &[u8; BLOCK]) -> bool {
    field(block, 257, 5) == b"ustar"
}

fn field(block: &[u8; BLOCK], start: usize, length: usize) -> &[u8] {
    block.get(start..start + length).unwrap_or_default()
}

fn header(block: &[u8; BLOCK]) -> std::result::Result<(String, u64), String> {
    if !is_archive(block) || octal(field(block, 148, 8)) != Some(checksum(block)) {
        return Err("is damaged; copy it again".to_owned());
    }
    let name = field(block, 0, NAME_BYTES_MAX);
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let has_prefix = field(block, 345, 155).iter().any(|byte| *byte != 0);
    let is_file = matches!(field(block, 156, 1), b"0" | b"\0");
    if !is_file || has_prefix || !is_plain_name(&name) {
        return Err(format!(
            "holds {name:?}, which is not a plain file with a plain name"
        ));
    }
    let size = size(field(block, 124, 12));
    size.map(|size| (name, size))
        .ok_or_else(|| "has a file without a size".to_owned())
}

/// A file name without a path, of letters, digits, dots, hyphens and underscores.
pub(super) fn is_plain_name(name: &str) -> bool {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && name.chars().all(is_plain)
}

/// The sum of all bytes, with spaces in place of the sum itself.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let bytes = block.iter().enumerate();
    bytes
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u64::from(*byte)
            }
        })
        .sum()
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// Octal digits, or GNU's big-endian number behind a first byte of 0x80.
fn size(field: &[u8]) -> Option<u64> {
    match field.split_first() {
        Some((0x80, rest)) => {
            let (high, low) = rest.split_at_checked(3)?;
            let low: [u8; 8] = low.try_into().ok()?;
            high.iter()
                .all(|byte| *byte == 0)
                .then(|| u64::from_be_bytes(low))
        }
        _ => octal(field),
    }
}

/// Appends a file of `size` bytes to an archive.
///
/// # Errors
/// Those of the disk; when `bytes` are not as many as said.
pub(super) fn write_entry(
    archive: &mut File,
    name: &str,
    size: u64,
    bytes: impl Read,
) -> io::Result<()> {
    let mut block = [0_u8; BLOCK];
    let mut put = |start: usize, text: &[u8]| {
        if let Some(place) = block.get_mut(start..start + text.len()) {
            place.copy_from_slice(text);
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    if size <= OCTAL_MAX {
        put(124, format!("{size:011o}\0").as_bytes());
    } else {
        put(124, &[0x80, 0, 0, 0]);
        put(128, &size.to_be_bytes());
    }
    put(136, b"00000000000\0");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum = checksum(&block);
    if let Some(place) = block.get_mut(148..156) {
        place.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive.write_all(&block)?;
    let written = io::copy(&mut bytes.take(size), archive)?;
    if written != size {
        return Err(io::Error::other("a file became shorter while it was read"));
    }
    let padding = written.next_multiple_of(BLOCK as u64) - written;
    let zeros = END.get(..usize::try_from(padding).unwrap_or(0));
    archive.write_all(zeros.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.tar");
        let mut file = File::create(&path).unwrap();
        for (name, bytes) in files {
            write_entry(&mut file, name, bytes.len() as u64, *bytes).unwrap();
        }
        file.write_all(&END).unwrap();
        (directory, path)
    }

    #[test]
    fn what_is_written_is_found() {
        let (_directory, path) = archive(&[("a.toml", b"hello"), ("b.gguf", &[7; 700])]);
        let found = entries(&path, 8).unwrap().unwrap();
        let facts: Vec<_> = found
            .iter()
            .map(|entry| (entry.name.as_str(), entry.offset, entry.length))
            .collect();
        assert_eq!(facts, [("a.toml", 512, 5), ("b.gguf", 1536, 700)]);
        assert_eq!(entries(&path, 1).unwrap_err().code(), "pack_invalid");
    }

    #[test]
    fn a_pipe_is_refused_without_waiting_for_a_writer() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(entries(&path, 8).unwrap_err().code(), "model_unreadable");
    }

    #[test]
    fn sizes_beyond_octal_digits_are_read() {
        let mut field = [0_u8; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&(100_u64 << 30).to_be_bytes());
        assert_eq!(size(&field), Some(100 << 30));
        assert_eq!(size(b"00000001750\0"), Some(1000));
        assert_eq!(size(&[0xff; 12]), None);
    }

    #[test]
    fn names_that_lead_elsewhere_and_cut_archives_are_refused() {
        for name in ["../x", "/etc/passwd", "a/b", ".hidden", ""] {
            assert!(!is_plain_name(name), "{name}");
        }
        let (_directory, path) = archive(&[("a.toml", b"hello"), ("b.gguf", &[7; 700])]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..1800]).unwrap();
        let error = entries(&path, 8).unwrap_err();
        assert!(error.message().ends_with("is truncated; copy it again"));
        let link = {
            let mut bytes = whole.clone();
            bytes[156] = b'2';
            bytes
        };
        std::fs::write(&path, link).unwrap();
        assert_eq!(entries(&path, 8).unwrap_err().code(), "pack_invalid");
    }

    proptest! {
        /// Any damage to an archive is refused or leaves entries within the file.
        #[test]
        fn damage_never_leads_outside(at in 0_usize..2048, byte in any::<u8>(), cut in 0_usize..3000) {
            let (_directory, path) = archive(&[("a.toml", b"hello"), ("b.gguf", &[7; 700])]);
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at] = byte;
            bytes.truncate(cut);
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(Some(found)) = entries(&path, 8) {
                for entry in found {
                    prop_assert!(entry.offset + entry.length <= bytes.len() as u64);
                    prop_assert!(is_plain_name(&entry.name));
                }
            }
        }
    }
}
