//! Typed, prefixed, time-ordered ids: `ve_` + UUIDv7 in lower-case Crockford base32.

use std::{cell::RefCell, fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Clock, Error};

/// What tells one kind of id from another, at compile time and in its text.
pub trait IdKind: Copy + 'static {
    /// The text before the underscore, such as `ve`.
    const PREFIX: &'static str;
}

/// An id of kind `K`. Its text is `{prefix}_{26 characters}`; text order is creation order.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

const ENCODED_LENGTH: usize = 26;
const LONGEST_TEXT: usize = 48;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<K: IdKind> Id<K> {
    /// Makes a new id from the clock's time and 74 random bits (RFC 9562, UUIDv7).
    pub fn new(clock: &dyn Clock) -> Self {
        let millis = u64::try_from(clock.now().as_millis()).unwrap_or(0);
        let random = public_random();
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// An id derived from stable bytes, for entities shipped with the product (the same on every
    /// node and in every release): the first 16 bytes of a SHA-256 or similar digest.
    pub fn from_digest(digest: [u8; 16]) -> Self {
        Self::from_uuid(uuid::Builder::from_custom_bytes(digest).into_uuid())
    }

    fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const { assert!(K::PREFIX.len() + 1 + ENCODED_LENGTH <= LONGEST_TEXT) };
        let mut text = [0; LONGEST_TEXT];
        let letters = encode(self.uuid.as_u128());
        let letters = K::PREFIX.bytes().chain([b'_']).chain(letters);
        let length = text
            .iter_mut()
            .zip(letters)
            .map(|(place, letter)| *place = letter)
            .count();
        // In one piece, since a `String` would grow for each. The alphabet is ASCII.
        let text = text
            .get(..length)
            .and_then(|text| str::from_utf8(text).ok());
        formatter.write_str(text.ok_or(fmt::Error)?)
    }
}

fn encode(value: u128) -> [u8; ENCODED_LENGTH] {
    let mut letters = [b'0'; ENCODED_LENGTH];
    let mut rest = value;
    // Twelve letters at a time are 60 bits, which fit a machine word.
    for letters in letters.rchunks_mut(12) {
        let mut word = u64::try_from(rest & u128::from(u64::MAX)).unwrap_or(0);
        for letter in letters.iter_mut().rev() {
            let [lowest, ..] = word.to_le_bytes();
            let place = usize::from(lowest & 31);
            *letter = ALPHABET.get(place).copied().unwrap_or(b'0');
            word >>= 5;
        }
        rest >>= 60;
    }
    letters
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let encoded = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'));
        encoded
            .and_then(decode)
            .map(|value| Self::from_uuid(Uuid::from_u128(value)))
            .ok_or_else(|| {
                Error::invalid(
                    "invalid_id",
                    format!(
                        "`{}` is not an id of the form {}_…",
                        shorten(text),
                        K::PREFIX
                    ),
                )
            })
    }
}

fn decode(text: &str) -> Option<u128> {
    // 26 × 5 = 130 bits: the first character carries three bits only.
    if text.len() != ENCODED_LENGTH || text.as_bytes().first().is_some_and(|first| *first > b'7') {
        return None;
    }
    text.bytes().try_fold(0_u128, |value, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        Some((value << 5) | u128::try_from(digit).ok()?)
    })
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

#[cfg(feature = "openapi")]
impl<K: IdKind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(format!(
                "^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
                K::PREFIX
            )))
            .build()
            .into()
    }
}
#[cfg(feature = "openapi")]
impl<K: IdKind> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Owned(format!("{}_id", K::PREFIX))
    }
}

/// The id of one request: it stands in the answer, in the log and in the audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestId(String);

impl RequestId {
    /// Makes a new, random request id.
    pub fn new() -> Self {
        Self(format!("req_{}", token(&public_random())))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

/// `byte_count` bytes from the system's random source as lower-case base32 text.
pub fn random_token(byte_count: usize) -> String {
    let mut bytes = vec![0_u8; byte_count];
    fill_random(&mut bytes);
    token(&bytes)
}

fn token(bytes: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(bytes).to_lowercase()
}

/// Random bytes of an id.
const ID_BYTES: usize = 10;

/// Random bytes for what everybody may see. They are read from the system for many ids at once, which
/// spares a system call for each; secrets come from [`random_token`], which keeps nothing.
fn public_random() -> [u8; ID_BYTES] {
    const AHEAD: usize = 32;
    thread_local! {
        static READ_AHEAD: RefCell<Vec<[u8; ID_BYTES]>> = const { RefCell::new(Vec::new()) };
    }
    READ_AHEAD.with_borrow_mut(|ahead| {
        ahead.pop().unwrap_or_else(|| {
            let mut bytes = [[0_u8; ID_BYTES]; AHEAD];
            fill_random(bytes.as_flattened_mut());
            let [first, rest @ ..] = bytes;
            ahead.extend(rest);
            first
        })
    })
}

fn fill_random(bytes: &mut [u8]) {
    // Without a random source neither keys nor sessions are safe: stopping is the only answer.
    assert!(
        getrandom::fill(bytes).is_ok(),
        "the system's random source does not answer"
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use crate::{SystemClock, VeId};

    #[test]
    fn text_round_trips_and_orders_by_time() {
        let first = VeId::new(&SystemClock);
        let text = first.to_string();
        assert_eq!(text.len(), 29);
        assert_eq!(text.parse::<VeId>().unwrap(), first);
        let earlier = VeId::new(&crate::FixedClock::at_millis(1));
        assert!(earlier.to_string() < text);
    }

    #[test]
    fn what_is_read_ahead_is_used_once() {
        let ids: std::collections::HashSet<_> = (0..1000)
            .map(|_| VeId::new(&crate::FixedClock::at_millis(1)).to_string())
            .collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn the_wrong_kind_is_refused() {
        let organisation = crate::OrgId::new(&SystemClock).to_string();
        let error = organisation.parse::<VeId>().unwrap_err();
        assert_eq!(error.code(), "invalid_id");
        assert!(error.message().ends_with("is not an id of the form ve_…"));
    }

    proptest! {
        #[test]
        fn any_text_either_round_trips_or_is_refused(text in ".{0,40}") {
            if let Ok(id) = text.parse::<VeId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn any_digest_round_trips(digest in any::<[u8; 16]>()) {
            let id = VeId::from_digest(digest);
            prop_assert_eq!(id.to_string().parse::<VeId>().unwrap(), id);
        }
    }
}
