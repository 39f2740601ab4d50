use data_encoding::HEXLOWER;
use rsa::{pkcs8::DecodePublicKey, traits::PublicKeyParts};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Refusal;

/// Bits of the one size of RSA keys that is taken.
const RSA_BITS: usize = 3072;

/// How a key signs. It is a property of the key in the keyring, never of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), verified strictly.
    Ed25519,
    /// RSA-PSS with 3072 bits, SHA-256 and a salt of 32 bytes (RFC 8017).
    RsaPss3072Sha256,
}

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519.
    Ed25519(ed25519_dalek::VerifyingKey),
    /// RSA-PSS; boxed, since it is many times as large.
    RsaPss(Box<rsa::RsaPublicKey>),
}

impl PublicKey {
    /// Reads a key: 32 bytes for Ed25519, DER of a SubjectPublicKeyInfo for RSA.
    ///
    /// # Errors
    /// `key_malformed` for anything else.
    pub fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |why: &str| {
            Refusal::new(
                "key_malformed",
                format!("a public key cannot be used: {why}"),
            )
        };
        match algorithm {
            Algorithm::Ed25519 => {
                let bytes = bytes
                    .try_into()
                    .map_err(|_| refuse("an Ed25519 key has 32 bytes"))?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes)
                    .map_err(|_| refuse("it is no point of the curve"))?;
                if key.is_weak() {
                    return Err(refuse("it is a weak point of the curve"));
                }
                Ok(Self::Ed25519(key))
            }
            Algorithm::RsaPss3072Sha256 => {
                let key = rsa::RsaPublicKey::from_public_key_der(bytes)
                    .map_err(|_| refuse("it is no RSA key in DER"))?;
                if key.n().bits() != RSA_BITS {
                    return Err(refuse("an RSA key must have 3072 bits"));
                }
                Ok(Self::RsaPss(Box::new(key)))
            }
        }
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::RsaPss(_) => Algorithm::RsaPss3072Sha256,
        }
    }

    /// Whether the key signed `message`.
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::RsaPss(key) => {
                let digest = <rsa::sha2::Sha256 as rsa::sha2::Digest>::digest(message);
                let scheme = rsa::Pss::new::<rsa::sha2::Sha256>();
                key.verify(scheme, &digest, signature).is_ok()
            }
        }
    }
}

/// The id of a key: SHA-256 of its public bytes, 64 hexadecimal digits. For a node's install key it is its fingerprint.
pub fn fingerprint(public_bytes: &[u8]) -> String {
    sha256_hex(public_bytes)
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
