//! Reading and writing files: what is read is bounded, what is written is whole or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use guildhall_license::Refusal;

use crate::Result;

/// No key, request, plan or artefact is larger.
const BYTES_MAX: u64 = 1024 * 1024;

/// Who may read what is written.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Owner,
    Everybody,
}

/// The bytes of a file; `-` is the standard input.
///
/// # Errors
/// `file_unreadable`, `file_too_large`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let refuse = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}", path.display());
        Refusal::new("file_unreadable", message)
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).map_err(refuse)?;
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes)
    };
    read.map_err(refuse)?;
    if bytes.len() as u64 > BYTES_MAX {
        let message = format!(
            "{} is larger than 1 MiB, which nothing here is; choose the right file",
            path.display()
        );
        return Err(Refusal::new("file_too_large", message));
    }
    Ok(bytes)
}

/// The text of a file.
///
/// # Errors
/// Those of [`read`]; `file_unreadable` when it is not text.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| {
        let message = format!("{} is not text; choose the right file", path.display());
        Refusal::new("file_unreadable", message)
    })
}

/// # Errors
/// `file_exists`.
pub(crate) fn require_new(path: &Path) -> Result<()> {
    if path.exists() {
        return Err(exists(path));
    }
    Ok(())
}

/// Writes a file that must not be there yet: no key and no licence is ever overwritten.
///
/// # Errors
/// `file_exists`, `file_unwritable`.
pub(crate) fn create(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    require_new(path)?;
    let partial = write_partial(path, bytes, access)?;
    // A link is refused where the name was taken in the meantime; a rename would overwrite.
    let linked = fs::hard_link(&partial, path);
    let _ = fs::remove_file(&partial);
    match linked {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Writes a file in the place of the one that is there.
///
/// # Errors
/// `file_unwritable`.
pub(crate) fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    let partial = write_partial(path, bytes, access)?;
    fs::rename(&partial, path).map_err(|error| unwritable(path, &error))?;
    sync_folder(path)
}

/// Writes beside `path`, to the disk.
fn write_partial(path: &Path, bytes: &[u8], access: Access) -> Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let mode = match access {
        Access::Owner => 0o600,
        Access::Everybody => 0o644,
    };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&partial)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
    match written {
        Ok(()) => Ok(partial),
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(unwritable(path, &error))
        }
    }
}

fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unwritable(path, &error))
}

fn exists(path: &Path) -> Refusal {
    let message = format!(
        "{} is there already and is not overwritten; choose another name, or move it away",
        path.display()
    );
    Refusal::new("file_exists", message)
}

pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Refusal {
    let message = format!("{} cannot be written: {error}", path.display());
    Refusal::new("file_unwritable", message)
}
