//! The data directory: made, checked and locked before anything is changed in it.

use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use guildhall_kernel::{Error, Result};
use rustix::fs::{FlockOperation, flock};

/// Holds the directory for this process until it is dropped.
pub struct DataDirLock(#[allow(dead_code, reason = "held for its lock")] File);

/// Makes the directory if need be and takes it for this process.
///
/// # Errors
/// `data_dir_not_writable`, `network_file_system`, `data_dir_in_use`, each with the way out.
pub fn take(path: &Path) -> Result<DataDirLock> {
    let not_writable = |error: std::io::Error| {
        Error::conflict(
            "data_dir_not_writable",
            format!(
                "the data directory {} cannot be written to; give this user access or choose another --data-dir",
                path.display()
            ),
        )
        .with_source(error)
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(not_writable)?;
    guildhall_db::refuse_network_file_system(path, guildhall_db::file_system_type)?;
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join("lock"))
        .map_err(not_writable)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(DataDirLock(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::conflict(
            "data_dir_in_use",
            format!(
                "a licence server already runs on {}; stop it first or choose another --data-dir",
                path.display()
            ),
        )),
        Err(error) => Err(std::io::Error::from(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_one_process_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = take(directory.path()).unwrap();
        assert_eq!(
            take(directory.path()).err().unwrap().code(),
            "data_dir_in_use"
        );
        drop(first);
        assert!(take(directory.path()).is_ok());
    }
}
