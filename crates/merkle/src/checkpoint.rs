use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::Hash;

/// Signature type of Ed25519 in a signed note.
const ED25519: u8 = 1;
const DASH: char = '\u{2014}';

/// What a log vouches for: that it is called `origin`, has `size` leaves and that root. Its text is a signed note
/// (c2sp.org/tlog-checkpoint, c2sp.org/signed-note), which other tools read too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: one line without blanks.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// Why a note is no checkpoint of that log and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// It is not written as one.
    Malformed,
    /// It is of another log.
    OtherLog,
    /// No signature of that key fits.
    NotSigned,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "the note is not a checkpoint",
            Self::OtherLog => "the checkpoint is of another log",
            Self::NotSigned => "the checkpoint is not signed by the log's key",
        })
    }
}

impl std::error::Error for CheckpointError {}

impl Checkpoint {
    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        let body = self.body();
        let mut signature = key_hash(&self.origin, &key.verifying_key()).to_vec();
        signature.extend_from_slice(&key.sign(body.as_bytes()).to_bytes());
        format!(
            "{body}\n{DASH} {} {}\n",
            self.origin,
            STANDARD.encode(signature)
        )
    }

    /// Reads a note of the log `origin` that `key` signed; signatures of others are passed over.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn verify(note: &str, origin: &str, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let (body, signatures) = note.split_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let mut lines = body.lines();
        let (Some(name), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed);
        };
        if name != origin {
            return Err(CheckpointError::OtherLog);
        }
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let checkpoint = Self {
            origin: name.to_owned(),
            size: size.parse().map_err(|_| CheckpointError::Malformed)?,
            root: root.ok_or(CheckpointError::Malformed)?,
        };
        let text = format!("{body}\n");
        // What is signed must be what was read: no second way to write the same number.
        let is_exact = text.starts_with(&checkpoint.body());
        let signed = signatures
            .lines()
            .any(|line| is_signature(line, &text, origin, key));
        match (is_exact, signed) {
            (false, _) => Err(CheckpointError::Malformed),
            (true, false) => Err(CheckpointError::NotSigned),
            (true, true) => Ok(checkpoint),
        }
    }

    fn body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )
    }
}

fn is_signature(line: &str, text: &str, origin: &str, key: &VerifyingKey) -> bool {
    let bytes = line
        .strip_prefix(DASH)
        .and_then(|line| line.strip_prefix(' '))
        .and_then(|line| line.strip_prefix(origin))
        .and_then(|line| STANDARD.decode(line.strip_prefix(' ')?).ok());
    let Some((id, signature)) = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(4)) else {
        return false;
    };
    id == key_hash(origin, key)
        && Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify_strict(text.as_bytes(), &signature).is_ok())
}

/// The first four bytes of SHA-256 over name, type and key, as a signed note wants it.
fn key_hash(origin: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest: Hash = Sha256::new()
        .chain_update(origin)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    let [one, two, three, four, ..] = digest;
    [one, two, three, four]
}
