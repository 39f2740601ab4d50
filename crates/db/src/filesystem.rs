//! Which file systems a database may lie on.

use std::{io, path::Path};

use guildhall_kernel::{Error, Result};

/// Finds the type of the file system a path lies on: the magic number of `statfs(2)`.
pub type FileSystemProbe = fn(&Path) -> io::Result<u32>;

/// Magic numbers from `linux/magic.h` and the file systems' own headers. FUSE is not among them:
/// rootless containers keep local files on it.
const NETWORK_FILE_SYSTEMS: [(u32, &str); 14] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0000_564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
];

/// The type of the file system `path` lies on, from `statfs(2)`.
///
/// # Errors
/// When the path does not exist or cannot be looked at.
pub fn file_system_type(path: &Path) -> io::Result<u32> {
    let status = rustix::fs::statfs(path)?;
    // The field is signed or not depending on the platform; the magic number is its low 32 bits.
    let magic = i128::from(status.f_type) & i128::from(u32::MAX);
    Ok(u32::try_from(magic).unwrap_or_default())
}

/// Refuses a directory on a network file system: locks and shared memory maps, on which SQLite's
/// write-ahead log rests, are not reliable there.
///
/// # Errors
/// `network_file_system`, or `data_dir_unreadable` when `probe` fails.
pub fn refuse_network_file_system(directory: &Path, probe: FileSystemProbe) -> Result<()> {
    let shown = directory.display();
    let magic = probe(directory).map_err(|error| {
        Error::conflict(
            "data_dir_unreadable",
            format!("the directory `{shown}` cannot be read; create it or give this user access"),
        )
        .with_source(error)
    })?;
    let network = NETWORK_FILE_SYSTEMS
        .iter()
        .find(|(number, _)| *number == magic);
    match network {
        None => Ok(()),
        Some((_, name)) => Err(Error::conflict(
            "network_file_system",
            format!(
                "`{shown}` lies on a network file system ({name}), where a database can be damaged; choose a directory on a local disk"
            ),
        )),
    }
}
