use data_encoding::HEXLOWER;
use ed25519_dalek::Verifier as _;
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
    Ed25519(StrongKey),
    /// RSA-PSS; boxed, since it is many times as large.
    RsaPss(Box<rsa::RsaPublicKey>),
}

/// An Ed25519 key whose order is not small: [`PublicKey::read`] takes no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrongKey(ed25519_dalek::VerifyingKey);

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
                Ok(Self::Ed25519(StrongKey(key)))
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
                .is_ok_and(|signature| accepts_strictly(key, message, &signature)),
            Self::RsaPss(key) => {
                let digest = <rsa::sha2::Sha256 as rsa::sha2::Digest>::digest(message);
                let scheme = rsa::Pss::new::<rsa::sha2::Sha256>();
                key.verify(scheme, &digest, signature).is_ok()
            }
        }
    }
}

/// What `VerifyingKey::verify_strict` says, a quarter sooner: that reads the signature's point R to see whether its order is small.
/// `verify` compares R's bytes with those of a point in canonical form, so that an R of small order has one of eight forms.
fn accepts_strictly(
    StrongKey(key): &StrongKey,
    message: &[u8],
    signature: &ed25519_dalek::Signature,
) -> bool {
    !has_small_order(signature.r_bytes()) && key.verify(message, signature).is_ok()
}

/// The y coordinates of the eight points of small order, in canonical form. The bit above them is the sign of x.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

fn has_small_order(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.contains(&y)
}

/// The id of a key: SHA-256 of its public bytes, 64 hexadecimal digits. For a node's install key it is its fingerprint.
pub fn fingerprint(public_bytes: &[u8]) -> String {
    sha256_hex(public_bytes)
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use curve25519_dalek::{constants::EIGHT_TORSION, scalar::Scalar};
    use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_points_of_small_order_are_those() {
        for point in EIGHT_TORSION {
            assert!(has_small_order(point.compress().as_bytes()), "{point:?}");
        }
        let generator = SigningKey::from_bytes(&[1; 32]).verifying_key();
        assert!(!has_small_order(generator.as_bytes()));
    }

    /// A signature by a key and a point R that are each off by a point of small order, made so that the equation without cofactor
    /// holds where it can: what verifying strictly is there to refuse.
    fn crafted(
        seed: u8,
        key_off: usize,
        r: Option<usize>,
        message: &[u8],
    ) -> (VerifyingKey, Signature) {
        let secret = Scalar::from_bytes_mod_order([seed; 32]);
        let off = EIGHT_TORSION.get(key_off).unwrap();
        let point = curve25519_dalek::EdwardsPoint::mul_base(&secret) + off;
        let key = VerifyingKey::from_bytes(point.compress().as_bytes()).unwrap();
        let nonce = Scalar::from_bytes_mod_order([seed ^ 0x55; 32]);
        let (nonce, encoded) = match r {
            Some(place) => (Scalar::ZERO, EIGHT_TORSION.get(place).unwrap().compress()),
            None => (
                nonce,
                curve25519_dalek::EdwardsPoint::mul_base(&nonce).compress(),
            ),
        };
        let hash = sha2::Sha512::new()
            .chain_update(encoded.as_bytes())
            .chain_update(key.as_bytes())
            .chain_update(message);
        let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let s = nonce + challenge * secret;
        (key, Signature::from_components(encoded.0, s.to_bytes()))
    }

    #[test]
    fn crafted_signatures_are_judged_as_by_verifying_strictly() {
        let mut lax = 0;
        for (seed, key_off) in (1..=40).flat_map(|seed| (0..8).map(move |off| (seed, off))) {
            for r in (0..8).map(Some).chain([None]) {
                let (key, signature) = crafted(seed, key_off, r, b"message");
                let strict = key.verify_strict(b"message", &signature).is_ok();
                let strong = StrongKey(key);
                assert_eq!(
                    accepts_strictly(&strong, b"message", &signature),
                    strict && !key.is_weak()
                );
                lax += u32::from(!strict && key.verify(b"message", &signature).is_ok());
            }
        }
        assert!(lax > 20, "only {lax} of them would pass a lax check");
        for point in EIGHT_TORSION {
            let weak = PublicKey::read(Algorithm::Ed25519, point.compress().as_bytes());
            assert_eq!(weak.unwrap_err().code, "key_malformed");
        }
    }

    proptest! {
        #[test]
        fn every_signature_is_judged_as_by_verifying_strictly(
            seed: [u8; 32],
            message in proptest::collection::vec(any::<u8>(), 0..64),
            place in 0_usize..64,
            flip: u8,
        ) {
            let key = SigningKey::from_bytes(&seed);
            let mut bytes = key.sign(&message).to_bytes();
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= flip;
            }
            let signature = Signature::from_bytes(&bytes);
            let key = key.verifying_key();
            prop_assert_eq!(
                accepts_strictly(&StrongKey(key), &message, &signature),
                key.verify_strict(&message, &signature).is_ok()
            );
        }
    }
}
