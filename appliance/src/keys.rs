//! The node's own keys: the install key (Ed25519; signs audit checkpoints, contracts and requests)
//! and the key-encryption key. Made at first start, files of mode 0600, never sent anywhere.

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use ed25519_dalek::SigningKey;
use guildhall_kernel::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key-encryption key on its way into its place.
const NEXT_ENCRYPTION: &str = "encryption.key.next";

/// The node's keys, in memory.
pub struct Keys {
    install: SigningKey,
    encryption: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Reads the keys from `directory`, making what is not there yet.
    ///
    /// # Errors
    /// `keys_unreadable` when a key file is damaged or open to others than its owner.
    pub fn open(directory: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let install = read_or_make(&directory.join("install.key"))?;
        let encryption = read_or_make(&directory.join("encryption.key"))?;
        Ok(Self {
            install: SigningKey::from_bytes(&install),
            encryption,
        })
    }

    /// The key that signs for this installation.
    pub fn install(&self) -> &SigningKey {
        &self.install
    }

    /// The key under which other secrets are sealed (256 bits).
    pub fn encryption(&self) -> &[u8; 32] {
        &self.encryption
    }

    /// A key for one purpose, made of the install key (HMAC-SHA-256, the expand step of RFC 5869). Who learns it
    /// learns neither the install key nor the key of another purpose.
    ///
    /// # Errors
    /// None in practice: HMAC takes keys of any length.
    pub fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.install.as_bytes())
            .map_err(|error| Error::internal("deriving a key").with_source(error))?;
        mac.update(b"guildhall derived key: ");
        mac.update(purpose.as_bytes());
        mac.update(&[1]);
        Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// The key that a rotation is about to put in place, when one was interrupted.
    ///
    /// # Errors
    /// `keys_unreadable`.
    pub fn next_encryption(directory: &Path) -> Result<Option<Zeroizing<[u8; 32]>>> {
        let path = directory.join(NEXT_ENCRYPTION);
        if !path.exists() {
            return Ok(None);
        }
        read_or_make(&path).map(Some)
    }

    /// Makes the key that [`Keys::install_next_encryption`] puts in place; the same one until then.
    ///
    /// # Errors
    /// `keys_unreadable`; those of the disk.
    pub fn make_next_encryption(directory: &Path) -> Result<Zeroizing<[u8; 32]>> {
        read_or_make(&directory.join(NEXT_ENCRYPTION))
    }

    /// Puts the next key-encryption key in the place of the present one.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn install_next_encryption(directory: &Path) -> Result<()> {
        fs::rename(
            directory.join(NEXT_ENCRYPTION),
            directory.join("encryption.key"),
        )?;
        fs::File::open(directory)?.sync_all()?;
        Ok(())
    }

    /// A name for this installation that people can compare: the first 8 bytes of the SHA-256 of the
    /// public install key, in four groups of hex digits.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.install.verifying_key().as_bytes());
        let hex = data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default());
        hex.as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join("-")
    }
}

fn read_or_make(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    match fs::read(path) {
        Ok(bytes) => read_key(path, &Zeroizing::new(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_key(path),
        Err(error) => {
            Err(unreadable(path, "cannot be read; give its owner access to it").with_source(error))
        }
    }
}

fn read_key(path: &Path, bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        return Err(unreadable(
            path,
            "is open to other users; run `chmod 600` on it",
        ));
    }
    let key = <[u8; 32]>::try_from(bytes);
    key.map(Zeroizing::new)
        .map_err(|_| unreadable(path, "is damaged; restore it from a backup"))
}

fn make_key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0_u8; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| {
        Error::internal("the system's random source does not answer").with_source(error)
    })?;
    // Written beside and renamed, so that a crash leaves no half key.
    let partial = path.with_extension("partial");
    let _ = fs::remove_file(&partial);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(key.as_slice())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(key)
}

fn unreadable(path: &Path, what: &str) -> Error {
    Error::conflict(
        "keys_unreadable",
        format!("the key file {} {what}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_stay_the_same_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let first = Keys::open(directory.path()).unwrap();
        let second = Keys::open(directory.path()).unwrap();
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert_eq!(first.encryption(), second.encryption());
        assert_eq!(first.derive("a").unwrap(), second.derive("a").unwrap());
        assert_ne!(first.derive("a").unwrap(), first.derive("b").unwrap());
        let mode = fs::metadata(directory.path().join("install.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_or_open_key_is_refused_with_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        Keys::open(directory.path()).unwrap();
        let path = directory.path().join("install.key");
        fs::write(&path, b"short").unwrap();
        let damaged = Keys::open(directory.path()).err().unwrap();
        assert!(
            damaged
                .message()
                .ends_with("is damaged; restore it from a backup")
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = Keys::open(directory.path()).err().unwrap();
        assert!(open.message().ends_with("run `chmod 600` on it"));
    }
}
