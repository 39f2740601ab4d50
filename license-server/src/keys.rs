//! The server's own keys: those of the roles `lease` and `crl`, the key of the issuance log and, only
//! when an operator enabled it, one of the role `license`. Each lies sealed (XChaCha20-Poly1305) under
//! the key-encryption key, which may lie elsewhere (`GUILDHALL_LICENSE_SERVER_KEY_FILE`, or a systemd
//! credential named `encryption-key`).

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ed25519_dalek::SigningKey;
use guildhall_kernel::{Error, Result};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
/// Where the key-encryption key lies when it is not in the data directory.
const KEY_FILE_VARIABLE: &str = "GUILDHALL_LICENSE_SERVER_KEY_FILE";
const CREDENTIAL: &str = "encryption-key";
const LICENSE_KEY: &str = "license.sealed";

/// The server's keys, in memory.
pub struct Keys {
    sealing: Zeroizing<[u8; 32]>,
    beside_data: bool,
    lease: Arc<SigningKey>,
    crl: Arc<SigningKey>,
    log: Arc<SigningKey>,
    license: Option<Arc<SigningKey>>,
}

/// Seeds of keys that were made elsewhere.
pub struct Seeds {
    pub lease: Zeroizing<[u8; 32]>,
    pub crl: Zeroizing<[u8; 32]>,
    pub license: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Makes the keys that are not there yet.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn make(directory: &Path) -> Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let (path, _) = sealing_path(directory);
        if !path.exists() {
            write_private(&path, random()?.as_slice())?;
        }
        let sealing = read_sealing(&path)?;
        for name in ["lease.sealed", "crl.sealed", "log.sealed"] {
            let path = directory.join(name);
            if !path.exists() {
                write_private(&path, &seal(&sealing, random()?.as_slice(), name)?)?;
            }
        }
        Ok(())
    }

    /// Makes the keys, those of the roles `license`, `lease` and `crl` from these seeds: for a server
    /// that is tried with the development root.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn make_from(directory: &Path, seeds: &Seeds) -> Result<()> {
        Self::make(directory)?;
        let sealing = read_sealing(&sealing_path(directory).0)?;
        for (name, seed) in [
            ("lease.sealed", &seeds.lease),
            ("crl.sealed", &seeds.crl),
            (LICENSE_KEY, &seeds.license),
        ] {
            write_private(
                &directory.join(name),
                &seal(&sealing, seed.as_slice(), name)?,
            )?;
        }
        Ok(())
    }

    /// Reads the keys.
    ///
    /// # Errors
    /// `not_set_up` when there are none; `keys_unreadable` when a key file is damaged, open to other
    /// users or sealed under another key.
    pub fn open(directory: &Path) -> Result<Self> {
        let (path, beside_data) = sealing_path(directory);
        if !path.exists() {
            return Err(Error::conflict(
                "not_set_up",
                "there is no licence server in this data directory; run `guildhall-license-server init` first",
            ));
        }
        let sealing = read_sealing(&path)?;
        let open = |name: &str| read_sealed(&sealing, directory, name).map(Arc::new);
        Ok(Self {
            beside_data,
            lease: open("lease.sealed")?,
            crl: open("crl.sealed")?,
            log: open("log.sealed")?,
            license: if directory.join(LICENSE_KEY).exists() {
                Some(open(LICENSE_KEY)?)
            } else {
                None
            },
            sealing,
        })
    }

    /// Stores a `license` key, so that this server signs licences by itself.
    ///
    /// # Errors
    /// `local_key_exists`; those of the disk.
    pub fn enable_local_license_key(directory: &Path, seed: &[u8; 32]) -> Result<()> {
        let path = directory.join(LICENSE_KEY);
        if path.exists() {
            return Err(Error::conflict(
                "local_key_exists",
                "this server already holds a `license` key; disable it first",
            ));
        }
        let (sealing, _) = sealing_path(directory);
        let sealing = read_sealing(&sealing)?;
        write_private(&path, &seal(&sealing, seed, LICENSE_KEY)?)
    }

    /// Removes the `license` key; `false` when there was none.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn disable_local_license_key(directory: &Path) -> Result<bool> {
        match fs::remove_file(directory.join(LICENSE_KEY)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The key that signs leases.
    pub fn lease(&self) -> Arc<SigningKey> {
        Arc::clone(&self.lease)
    }

    /// The key that signs revocation lists.
    pub fn crl(&self) -> Arc<SigningKey> {
        Arc::clone(&self.crl)
    }

    /// The key that signs checkpoints of the issuance log.
    pub fn log(&self) -> Arc<SigningKey> {
        Arc::clone(&self.log)
    }

    /// The key that signs licences here, when an operator enabled one.
    pub fn local_license_key(&self) -> Option<Arc<SigningKey>> {
        self.license.clone()
    }

    /// Whether the key-encryption key lies in the data directory, beside what it seals.
    pub fn sealed_beside_data(&self) -> bool {
        self.beside_data
    }

    /// Seals a secret of others; `bound_to` must be the same when it is opened.
    ///
    /// # Errors
    /// Internal when the random source does not answer.
    pub fn seal(&self, value: &[u8], bound_to: &str) -> Result<Vec<u8>> {
        seal(&self.sealing, value, bound_to)
    }

    /// Opens what [`Keys::seal`] sealed.
    ///
    /// # Errors
    /// `secret_unreadable`.
    pub fn unseal(&self, sealed: &[u8], bound_to: &str) -> Result<Zeroizing<Vec<u8>>> {
        unseal(&self.sealing, sealed, bound_to).ok_or_else(|| {
            Error::conflict(
                "secret_unreadable",
                "a stored secret does not open with this server's key; enter it again, or restore the keys it belongs to",
            )
        })
    }
}

fn sealing_path(directory: &Path) -> (PathBuf, bool) {
    if let Some(path) = std::env::var_os(KEY_FILE_VARIABLE) {
        return (path.into(), false);
    }
    let credential =
        std::env::var_os("CREDENTIALS_DIRECTORY").map(|path| PathBuf::from(path).join(CREDENTIAL));
    match credential.filter(|path| path.exists()) {
        Some(path) => (path, false),
        None => (directory.join("encryption.key"), true),
    }
}

fn read_sealing(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(fs::read(path)?);
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        return Err(unreadable(
            path,
            "is open to other users; run `chmod 600` on it",
        ));
    }
    <[u8; 32]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| {
            unreadable(
                path,
                "is not a key of 32 bytes; restore it from where it was kept",
            )
        })
}

fn read_sealed(sealing: &[u8; 32], directory: &Path, name: &str) -> Result<SigningKey> {
    let path = directory.join(name);
    let sealed = fs::read(&path).map_err(|error| {
        unreadable(&path, "cannot be read; restore it from a backup").with_source(error)
    })?;
    let seed = unseal(sealing, &sealed, name)
        .and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok())
        .map(Zeroizing::new);
    let seed = seed.ok_or_else(|| {
        unreadable(
            &path,
            "does not open with the key-encryption key; restore both from the same backup",
        )
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

fn seal(sealing: &[u8; 32], value: &[u8], bound_to: &str) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(no_randomness)?;
    let payload = Payload {
        msg: value,
        aad: bound_to.as_bytes(),
    };
    let sealed = XChaCha20Poly1305::new(sealing.into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Error::internal("a secret could not be sealed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn unseal(sealing: &[u8; 32], sealed: &[u8], bound_to: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: sealed,
        aad: bound_to.as_bytes(),
    };
    let opened = XChaCha20Poly1305::new(sealing.into()).decrypt(&XNonce::from(*nonce), payload);
    opened.ok().map(Zeroizing::new)
}

fn random() -> Result<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0_u8; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(no_randomness)?;
    Ok(key)
}

fn no_randomness(error: getrandom::Error) -> Error {
    Error::internal("the system's random source does not answer").with_source(error)
}

/// Written beside and renamed, so that a crash leaves no half key.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    if let Err(error) = fs::remove_file(&partial)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn unreadable(path: &Path, what: &str) -> Error {
    Error::conflict(
        "keys_unreadable",
        format!("the key file {} {what}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_the_same_and_lie_sealed() {
        let directory = tempfile::tempdir().unwrap();
        Keys::make(directory.path()).unwrap();
        let first = Keys::open(directory.path()).unwrap();
        Keys::make(directory.path()).unwrap();
        let second = Keys::open(directory.path()).unwrap();
        assert_eq!(first.lease().to_bytes(), second.lease().to_bytes());
        assert_ne!(first.lease().to_bytes(), first.crl().to_bytes());
        let stored = fs::read(directory.path().join("lease.sealed")).unwrap();
        let seed = first.lease().to_bytes();
        assert!(!stored.windows(32).any(|window| window == seed));
        assert!(first.local_license_key().is_none());
    }

    #[test]
    fn a_key_opens_in_its_own_place_only() {
        let directory = tempfile::tempdir().unwrap();
        Keys::make(directory.path()).unwrap();
        fs::copy(
            directory.path().join("lease.sealed"),
            directory.path().join("crl.sealed"),
        )
        .unwrap();
        let error = Keys::open(directory.path()).err().unwrap();
        assert_eq!(error.code(), "keys_unreadable");
    }

    #[test]
    fn an_empty_directory_says_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let error = Keys::open(directory.path()).err().unwrap();
        assert_eq!(error.code(), "not_set_up");
    }
}
