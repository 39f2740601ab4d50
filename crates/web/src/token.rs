//! How secrets that a server gave out are stored.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hexadecimal, 64 letters: how tokens, keys and codes are stored and looked up. They are random and
/// long, or live for minutes only, so a slow hash would add nothing. Passwords are not for this.
pub fn token_hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}
