//! The service provider's own key: signs requests, opens encrypted assertions.
//!
//! One RSA key does both, since encryption to us needs RSA. Signing is done by `ring` (constant
//! time); opening by `rsa`, blinded and with OAEP only, because of the timing advisory on that crate.

use std::fmt;

use guildhall_kernel::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256};
use ring::{rand::SystemRandom, signature};
use rsa::{
    Oaep, RsaPrivateKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
    rand_core::OsRng,
    traits::PrivateKeyParts,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    certificate,
    refusal::{Refusal, Result},
};

/// Bits of a new key.
pub const KEY_BITS: usize = 3072;

/// A private key with its self-signed certificate.
#[derive(Clone)]
pub struct SpKey {
    pkcs8: Zeroizing<Vec<u8>>,
    certificate: Vec<u8>,
}

/// How OAEP hashes (RFC 8017, 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OaepHash {
    Sha1,
    Sha256,
    Sha512,
}

impl SpKey {
    /// Makes an RSA key of `bits` bits (use [`KEY_BITS`]; it takes a second or so) and its
    /// certificate for `name`, valid between the two instants.
    ///
    /// # Errors
    /// `saml_key_unusable` when the system cannot make one.
    pub fn generate(
        name: &str,
        bits: usize,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Self> {
        let made = RsaPrivateKey::new(&mut OsRng, bits).map_err(|_| unusable())?;
        let pkcs8 = larger_prime_first(&made)?
            .to_pkcs8_der()
            .map_err(|_| unusable())?
            .to_bytes();
        let pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_slice().into(), &PKCS_RSA_SHA256)
                .map_err(|_| unusable())?;
        let mut parameters = CertificateParams::default();
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        parameters.distinguished_name = subject;
        parameters.not_before = moment(from)?;
        parameters.not_after = moment(until)?;
        let certificate = parameters.self_signed(&pair).map_err(|_| unusable())?;
        let certificate = certificate.der().to_vec();
        Ok(Self { pkcs8, certificate })
    }

    /// From what [`SpKey::pkcs8`] and [`SpKey::certificate`] gave.
    ///
    /// # Errors
    /// `saml_key_unusable`.
    pub fn from_parts(pkcs8: Zeroizing<Vec<u8>>, certificate: Vec<u8>) -> Result<Self> {
        signature::RsaKeyPair::from_pkcs8(&pkcs8).map_err(|_| unusable())?;
        Ok(Self { pkcs8, certificate })
    }

    /// The private key (PKCS#8, DER): to be sealed, never shown.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The certificate (DER).
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// SHA-256 of the certificate in pairs of hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        certificate::fingerprint(&self.certificate)
    }

    /// Signs with RSA-SHA256, PKCS#1 v1.5.
    ///
    /// # Errors
    /// `saml_key_unusable`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let pair = signature::RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| unusable())?;
        let mut value = vec![0; pair.public().modulus_len()];
        pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut value,
        )
        .map_err(|_| unusable())?;
        Ok(value)
    }

    /// Opens what was encrypted to this key; nothing when it was not, or is not whole.
    pub(crate) fn open(
        &self,
        hash: OaepHash,
        mask: OaepHash,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let key = RsaPrivateKey::from_pkcs8_der(&self.pkcs8).ok()?;
        let opened = key.decrypt_blinded(&mut OsRng, oaep(hash, mask), sealed);
        opened.ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for SpKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SpKey({})", self.fingerprint())
    }
}

fn oaep(hash: OaepHash, mask: OaepHash) -> Oaep {
    use OaepHash::{Sha1, Sha256, Sha512};
    type S1 = sha1::Sha1;
    type S256 = rsa::sha2::Sha256;
    type S512 = rsa::sha2::Sha512;
    match (hash, mask) {
        (Sha1, Sha1) => Oaep::new_with_mgf_hash::<S1, S1>(),
        (Sha1, Sha256) => Oaep::new_with_mgf_hash::<S1, S256>(),
        (Sha1, Sha512) => Oaep::new_with_mgf_hash::<S1, S512>(),
        (Sha256, Sha1) => Oaep::new_with_mgf_hash::<S256, S1>(),
        (Sha256, Sha256) => Oaep::new_with_mgf_hash::<S256, S256>(),
        (Sha256, Sha512) => Oaep::new_with_mgf_hash::<S256, S512>(),
        (Sha512, Sha1) => Oaep::new_with_mgf_hash::<S512, S1>(),
        (Sha512, Sha256) => Oaep::new_with_mgf_hash::<S512, S256>(),
        (Sha512, Sha512) => Oaep::new_with_mgf_hash::<S512, S512>(),
    }
}

/// `ring` takes keys only whose first prime is the larger one.
fn larger_prime_first(made: &RsaPrivateKey) -> Result<RsaPrivateKey> {
    let mut primes = made.primes().to_vec();
    primes.sort();
    primes.reverse();
    let exponent = rsa::traits::PublicKeyParts::e(made).clone();
    RsaPrivateKey::from_primes(primes, exponent).map_err(|_| unusable())
}

fn moment(instant: Timestamp) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(instant.as_millis() / 1000).map_err(|_| unusable())
}

fn unusable() -> Refusal {
    Refusal::new(
        "saml_key_unusable",
        "the service provider's key cannot be used; make a new one under the identity provider's settings",
    )
}
