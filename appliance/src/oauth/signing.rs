//! The keys that sign access tokens: Ed25519, derived from the install key, one per generation. The newest signs;
//! an older one verifies until the last token it signed has ended.

use std::sync::{PoisonError, RwLock};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey};
use guildhall_kernel::{Result, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::model::ACCESS_SECONDS;
use crate::keys::Keys;

/// The keys in use, newest last.
pub(super) struct TokenKeys(RwLock<Vec<TokenKey>>);

#[derive(Clone)]
struct TokenKey {
    /// Names the key in tokens: the first half of the SHA-256 of its public part.
    id: String,
    signing: SigningKey,
    retired_at: Option<Timestamp>,
}

impl TokenKey {
    fn verifies(&self, now: Timestamp) -> bool {
        self.retired_at
            .is_none_or(|retired| now < retired.plus_seconds(ACCESS_SECONDS))
    }
}

/// A public key (RFC 8037, 2).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OauthKey {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

/// The public keys that verify access tokens (RFC 7517, 5).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OauthKeySet {
    keys: Vec<OauthKey>,
}

impl TokenKeys {
    /// The keys after the rotations at these times, oldest first.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn new(keys: &Keys, rotations: &[Timestamp]) -> Result<Self> {
        Ok(Self(RwLock::new(Self::made(keys, rotations)?)))
    }

    /// Takes note of another rotation.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn renew(&self, keys: &Keys, rotations: &[Timestamp]) -> Result<()> {
        let made = Self::made(keys, rotations)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(())
    }

    /// Every generation has its key for ever, but only the last two can matter: a rotation waits for the one before.
    fn made(keys: &Keys, rotations: &[Timestamp]) -> Result<Vec<TokenKey>> {
        let newest = rotations.len();
        let generations = newest.saturating_sub(1)..=newest;
        let made = generations.map(|generation| -> Result<TokenKey> {
            let seed = keys.derive(&format!("access tokens, generation {generation}"))?;
            let signing = SigningKey::from_bytes(&seed);
            let digest = Sha256::digest(signing.verifying_key().as_bytes());
            Ok(TokenKey {
                id: HEXLOWER.encode(digest.get(..16).unwrap_or_default()),
                signing,
                retired_at: rotations.get(generation).copied(),
            })
        });
        made.collect()
    }

    /// The id of the key that signs now, and its signature.
    pub(super) fn sign(&self, message: impl FnOnce(&str) -> String) -> Option<(String, Signature)> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.last()?;
        let message = message(&key.id);
        let signature = key.signing.sign(message.as_bytes());
        Some((message, signature))
    }

    /// Whether the key of this id signed the message, and still counts.
    pub(super) fn verify(
        &self,
        (id, now): (&str, Timestamp),
        message: &[u8],
        signature: &Signature,
    ) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| key.id == id && key.verifies(now));
        key.is_some_and(|key| {
            let public = key.signing.verifying_key();
            public.verify_strict(message, signature).is_ok()
        })
    }

    /// The public parts of the keys that verify now.
    pub(super) fn public(&self, now: Timestamp) -> OauthKeySet {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let live = keys.iter().filter(|key| key.verifies(now));
        let public = live.map(|key| OauthKey {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.id.clone(),
            x: BASE64URL_NOPAD.encode(key.signing.verifying_key().as_bytes()),
        });
        OauthKeySet {
            keys: public.collect(),
        }
    }
}
