//! The data directory: made, checked and locked before anything is opened in it.

use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, Result};
use rustix::fs::{FlockOperation, flock};

/// A data directory that this process owns until the value is dropped.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// The directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What taking the directory came to.
pub enum Taken {
    /// This process owns it.
    Owned(DataDir),
    /// A running node owns it; its process id, where it was written down.
    Busy(Option<u32>),
}

/// Makes the directory if need be and takes it for this process.
///
/// # Errors
/// `data_dir_not_writable` and `network_file_system`, naming the directory and the way out.
pub fn take(path: &Path) -> Result<Taken> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|error| not_writable(path, &error))?;
    guildhall_db::refuse_network_file_system(path, guildhall_db::file_system_type)?;
    let mut lock = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join("lock"))
        .map_err(|error| not_writable(path, &error))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            // Only a hint for the message: an unreadable one changes nothing.
            let _ = lock.read_to_string(&mut text);
            return Ok(Taken::Busy(text.trim().parse().ok()));
        }
        Err(error) => return Err(std::io::Error::from(error).into()),
    }
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())?;
    Ok(Taken::Owned(DataDir {
        path: path.to_owned(),
        _lock: lock,
    }))
}

/// The refusal for a command that cannot share the directory with a running node.
pub fn busy(path: &Path, process: Option<u32>) -> Error {
    let who = process.map_or_else(
        || "another process".to_owned(),
        |id| format!("process {id}"),
    );
    let message = format!(
        "{who} already runs a node on {}; stop it first or choose another --data-dir",
        path.display()
    );
    Error::conflict("data_dir_in_use", message)
}

fn not_writable(path: &Path, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Error::from(std::io::Error::from(error.kind()));
    }
    let message = format!(
        "the data directory {} cannot be written to ({error}); give this user access or choose another --data-dir",
        path.display()
    );
    Error::conflict("data_dir_not_writable", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_taker_learns_who_was_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let first = take(&path).unwrap();
        assert!(matches!(first, Taken::Owned(_)));
        let Taken::Busy(process) = take(&path).unwrap() else {
            panic!("taken twice")
        };
        assert_eq!(process, Some(std::process::id()));
        drop(first);
        assert!(matches!(take(&path).unwrap(), Taken::Owned(_)));
    }

    #[test]
    fn a_directory_that_cannot_be_made_names_itself() {
        let error = take(Path::new("/proc/guildhall")).err().unwrap();
        assert_eq!(error.code(), "data_dir_not_writable");
        assert!(error.message().contains("/proc/guildhall"));
    }
}
