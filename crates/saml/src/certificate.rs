//! An identity provider's signing certificate: a key with an end. Nobody vouches for it but the
//! administrator who entered it, so no chain is looked at.

use guildhall_kernel::Timestamp;
use ring::digest;
use x509_parser::{
    prelude::FromDer, public_key::PublicKey as ParsedKey, x509::SubjectPublicKeyInfo,
};

use crate::{
    encoding::{base64_decode, base64_encode},
    refusal::{Refusal, Result},
};

const RSA_BITS_MIN: usize = 2048;
const DER_BYTES_MAX: usize = 16 * 1024;
const OID_P256: &str = "1.2.840.10045.3.1.7";
const OID_P384: &str = "1.3.132.0.34";

/// A certificate that an identity provider signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    key: PublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// A public key, in the form that the verifier takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// `RSAPublicKey` of RFC 8017 in DER, 2048 bits or more.
    Rsa(Vec<u8>),
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
}

impl Certificate {
    /// From PEM text, or from the base64 of the DER form alone as it stands in metadata.
    ///
    /// # Errors
    /// `saml_certificate_unreadable`, `saml_key_too_weak`.
    pub fn from_text(text: &str) -> Result<Self> {
        let body: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("-----"))
            .collect();
        let der = base64_decode(&body).map_err(|_| unreadable())?;
        Self::from_der(&der)
    }

    /// From the DER form.
    ///
    /// # Errors
    /// `saml_certificate_unreadable`, `saml_key_too_weak`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.len() > DER_BYTES_MAX {
            return Err(unreadable());
        }
        let (rest, parsed) =
            x509_parser::certificate::X509Certificate::from_der(der).map_err(|_| unreadable())?;
        if !rest.is_empty() {
            return Err(unreadable());
        }
        let validity = parsed.validity();
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Ok(Self {
            der: der.to_vec(),
            key: public_key(parsed.public_key())?,
            not_before: at(validity.not_before.timestamp()),
            not_after: at(validity.not_after.timestamp()),
        })
    }

    /// The DER form.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM text.
    pub fn to_pem(&self) -> String {
        pem(&self.der)
    }

    /// SHA-256 of the DER form: pairs of hexadecimal digits with colons, as other programs show it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// When it ends.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Refuses a certificate that is not valid yet or no more.
    ///
    /// # Errors
    /// `saml_certificate_expired`.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<()> {
        if self.not_before <= now && now < self.not_after {
            return Ok(());
        }
        let message = format!(
            "the message is signed with the certificate {}…, which is valid from {} to {}; enter the identity provider's present certificate",
            self.fingerprint().chars().take(17).collect::<String>(),
            self.not_before.to_rfc3339(),
            self.not_after.to_rfc3339(),
        );
        Err(Refusal::new("saml_certificate_expired", message))
    }
}

/// SHA-256 of a certificate (DER) in pairs of hexadecimal digits with colons.
pub fn fingerprint(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, der);
    let pairs: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

/// A certificate as PEM (RFC 7468).
pub(crate) fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let body = base64_encode(der);
    for (at, letter) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<PublicKey> {
    let bits = info.subject_public_key.data.to_vec();
    match info.parsed().map_err(|_| unreadable())? {
        ParsedKey::RSA(key) => {
            let significant = key.modulus.iter().skip_while(|byte| **byte == 0);
            let bytes: Vec<u8> = significant.copied().collect();
            let zeros = bytes.first().map_or(0, |first| first.leading_zeros());
            let length = (bytes.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or(0));
            if length < RSA_BITS_MIN {
                let message = format!(
                    "the certificate's RSA key has {length} bits; at least {RSA_BITS_MIN} are needed"
                );
                return Err(Refusal::new("saml_key_too_weak", message));
            }
            Ok(PublicKey::Rsa(bits))
        }
        ParsedKey::EC(_) => {
            let curve = info.algorithm.parameters.as_ref();
            let curve = curve.and_then(|curve| curve.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some(OID_P256) => Ok(PublicKey::P256(bits)),
                Some(OID_P384) => Ok(PublicKey::P384(bits)),
                _ => Err(unusable()),
            }
        }
        _ => Err(unusable()),
    }
}

fn unusable() -> Refusal {
    let message = "the certificate's key is neither RSA nor on the curves P-256 and P-384; have the identity provider sign with such a key";
    Refusal::new("saml_key_too_weak", message)
}

fn unreadable() -> Refusal {
    Refusal::new(
        "saml_certificate_unreadable",
        "this is not an X.509 certificate; paste it as PEM, beginning with -----BEGIN CERTIFICATE-----",
    )
}
