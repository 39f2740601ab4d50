//! Making signatures: the vendor's side.

use serde::Serialize;

use crate::{Artefact, Envelope, Keyring, Refusal, Signature, fingerprint};

/// Holds a private key, in memory or in hardware.
pub trait Signer {
    /// [`fingerprint`] of its public bytes.
    fn key_id(&self) -> String;

    /// Signs a message.
    ///
    /// # Errors
    /// `signing_failed` when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal>;
}

impl Signer for ed25519_dalek::SigningKey {
    fn key_id(&self) -> String {
        fingerprint(self.verifying_key().as_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok(ed25519_dalek::Signer::sign(self, message)
            .to_bytes()
            .to_vec())
    }
}

/// An RSA key of 3072 bits, for the second signature. Each signature is blinded with randomness of the system.
pub struct RsaSigner {
    key: rsa::RsaPrivateKey,
    id: String,
}

impl RsaSigner {
    /// Takes a private key.
    ///
    /// # Errors
    /// `key_malformed` when it has another size than 3072 bits.
    pub fn new(key: rsa::RsaPrivateKey) -> Result<Self, Refusal> {
        use rsa::pkcs8::EncodePublicKey;
        let public = key.to_public_key().to_public_key_der().map_err(|error| {
            Refusal::new(
                "key_malformed",
                format!("the RSA key cannot be written: {error}"),
            )
        })?;
        crate::PublicKey::read(crate::Algorithm::RsaPss3072Sha256, public.as_bytes())?;
        Ok(Self {
            id: fingerprint(public.as_bytes()),
            key,
        })
    }
}

impl Signer for RsaSigner {
    fn key_id(&self) -> String {
        self.id.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let digest = <rsa::sha2::Sha256 as rsa::sha2::Digest>::digest(message);
        let scheme = rsa::Pss::new_blinded::<rsa::sha2::Sha256>();
        self.key
            .sign_with_rng(&mut rsa::rand_core::OsRng, scheme, &digest)
            .map_err(|error| {
                Refusal::new(
                    "signing_failed",
                    format!("the RSA key could not sign: {error}"),
                )
            })
    }
}

/// Signs an artefact with each of the keys.
///
/// # Errors
/// `signing_failed`.
pub fn sign<T: Artefact + Serialize>(
    value: &T,
    signers: &[&dyn Signer],
) -> Result<Envelope, Refusal> {
    sign_payload(T::KIND, to_json(value)?, signers)
}

/// Signs a keyring with some of its root keys; the others add theirs with [`add_signature`].
///
/// # Errors
/// `signing_failed`.
pub fn sign_keyring(ring: &Keyring, signers: &[&dyn Signer]) -> Result<Envelope, Refusal> {
    sign_payload("keyring", to_json(ring)?, signers)
}

/// Signs bytes that are an artefact already.
///
/// # Errors
/// `signing_failed`.
pub fn sign_payload(
    kind: &str,
    payload: Vec<u8>,
    signers: &[&dyn Signer],
) -> Result<Envelope, Refusal> {
    let mut envelope = Envelope::new(kind, payload, Vec::new());
    for signer in signers {
        add_signature(&mut envelope, *signer)?;
    }
    Ok(envelope)
}

/// Adds a signature.
///
/// # Errors
/// `signing_failed`.
pub fn add_signature(envelope: &mut Envelope, signer: &dyn Signer) -> Result<(), Refusal> {
    let bytes = signer.sign(&envelope.signed_bytes())?;
    envelope.add(Signature {
        key_id: signer.key_id(),
        bytes,
    });
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| {
        Refusal::new(
            "signing_failed",
            format!("the artefact cannot be written: {error}"),
        )
    })
}
