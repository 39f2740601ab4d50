//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose 24-byte nonces may be random.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use guildhall_kernel::{Error, Result};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// A key-encryption key.
#[derive(Clone)]
pub(super) struct SealingKey {
    /// What rows name it by: the first 8 bytes of its SHA-256, in hex.
    pub(super) id: String,
    key: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let digest = Sha256::digest(key);
        Self {
            id: data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default()),
            key: Zeroizing::new(*key),
        }
    }

    /// Nonce, then the sealed value and its tag. `bound_to` must be the same when it is opened.
    pub(super) fn seal(&self, value: &[u8], bound_to: &str) -> Result<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| {
            Error::internal("the system's random source does not answer").with_source(error)
        })?;
        let payload = Payload {
            msg: value,
            aad: bound_to.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("a secret could not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, sealed: &[u8], bound_to: &str) -> Result<Zeroizing<Vec<u8>>> {
        let opened = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .and_then(|(nonce, sealed)| {
                let payload = Payload {
                    msg: sealed,
                    aad: bound_to.as_bytes(),
                };
                self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
            });
        opened.map(Zeroizing::new).ok_or_else(unopened)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// The value, its row or the key is not the one it was sealed with.
pub(super) fn unopened() -> Error {
    Error::conflict(
        "secret_unreadable",
        "a stored secret does not open with this node's key; enter it again, or restore DATA/keys from the backup it belongs to",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let key = SealingKey::new(&[7; 32]);
        let sealed = key.seal(b"sk-secret", "sec_1 prv_1").unwrap();
        assert_eq!(
            key.open(&sealed, "sec_1 prv_1").unwrap().as_slice(),
            b"sk-secret"
        );
        assert_eq!(
            key.open(&sealed, "sec_1 prv_2").unwrap_err().code(),
            "secret_unreadable"
        );
        assert!(
            SealingKey::new(&[8; 32])
                .open(&sealed, "sec_1 prv_1")
                .is_err()
        );
        let mut changed = sealed.clone();
        changed[30] ^= 1;
        assert!(key.open(&changed, "sec_1 prv_1").is_err());
        assert!(key.open(&sealed[..20], "sec_1 prv_1").is_err());
        assert!(!sealed.windows(9).any(|window| window == b"sk-secret"));
        assert_ne!(
            sealed,
            key.seal(b"sk-secret", "sec_1 prv_1").unwrap(),
            "nonces are fresh"
        );
    }
}
