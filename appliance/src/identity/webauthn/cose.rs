//! Public keys as authenticators write them (COSE, RFC 9052 and 9053), and signatures under them.

use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::{Checked, Refusal};

/// The algorithms asked for, best first: EdDSA, ES256, RS256 (IANA, COSE Algorithms).
pub(super) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const MODULUS: i64 = -1;
const EXPONENT: i64 = -2;
const P256: i64 = 1;
const CURVE_25519: i64 = 6;
/// A key this long is none of the three kinds.
const KEY_BYTES_MAX: usize = 2048;

const BROKEN: Refusal = Refusal("the passkey's public key does not read");
const FOREIGN: Refusal = Refusal("the passkey's algorithm is none of EdDSA, ES256 and RS256");

enum Key {
    /// An uncompressed point.
    Es256([u8; 65]),
    EdDsa(Vec<u8>),
    Rs256 {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

/// Whether the bytes are a key that [`verify`] can use.
pub(super) fn check(bytes: &[u8]) -> Checked<()> {
    read(bytes).map(drop)
}

/// Checks a signature under a COSE key.
pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Checked<()> {
    let outcome = match read(key)? {
        Key::Es256(point) => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
        }
        Key::EdDsa(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        Key::Rs256 { modulus, exponent } => RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
    };
    outcome.map_err(|_| Refusal("the passkey's signature is wrong"))
}

/// Moves past one item of CBOR (RFC 8949).
pub(super) fn skip_item(rest: &mut &[u8]) -> Checked<()> {
    item(rest).map(drop)
}

/// Reads one item of CBOR.
pub(super) fn item(rest: &mut &[u8]) -> Checked<Value> {
    ciborium::from_reader(rest).map_err(|_| Refusal("the authenticator's CBOR does not read"))
}

fn read(bytes: &[u8]) -> Checked<Key> {
    if bytes.len() > KEY_BYTES_MAX {
        return Err(BROKEN);
    }
    let mut rest = bytes;
    let Value::Map(map) = item(&mut rest)? else {
        return Err(BROKEN);
    };
    if !rest.is_empty() {
        return Err(BROKEN);
    }
    match (number(&map, KEY_TYPE), number(&map, ALGORITHM)) {
        (Some(2), Some(-7)) if number(&map, CURVE) == Some(P256) => {
            let mut point = [4_u8; 65];
            let (x, y) = (bytes_of(&map, X, 32)?, bytes_of(&map, Y, 32)?);
            for (place, byte) in point.iter_mut().skip(1).zip(x.iter().chain(&y)) {
                *place = *byte;
            }
            Ok(Key::Es256(point))
        }
        (Some(1), Some(-8)) if number(&map, CURVE) == Some(CURVE_25519) => {
            Ok(Key::EdDsa(bytes_of(&map, X, 32)?))
        }
        (Some(3), Some(-257)) => Ok(Key::Rs256 {
            modulus: find(&map, MODULUS)?,
            exponent: find(&map, EXPONENT)?,
        }),
        _ => Err(FOREIGN),
    }
}

fn value(map: &[(Value, Value)], label: i64) -> Option<&Value> {
    let label = Value::Integer(label.into());
    map.iter()
        .find(|(key, _)| *key == label)
        .map(|(_, value)| value)
}

fn number(map: &[(Value, Value)], label: i64) -> Option<i64> {
    let integer = value(map, label)?.as_integer()?;
    i64::try_from(integer).ok()
}

fn find(map: &[(Value, Value)], label: i64) -> Checked<Vec<u8>> {
    value(map, label)
        .and_then(Value::as_bytes)
        .cloned()
        .ok_or(BROKEN)
}

fn bytes_of(map: &[(Value, Value)], label: i64, length: usize) -> Checked<Vec<u8>> {
    find(map, label).and_then(|bytes| {
        if bytes.len() == length {
            Ok(bytes)
        } else {
            Err(BROKEN)
        }
    })
}
