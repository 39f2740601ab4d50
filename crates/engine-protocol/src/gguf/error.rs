//! Why a GGUF header is refused.

use std::fmt;
use std::io;

use crate::message::{Failure, codes};

/// Why a GGUF header is refused. The text names what is wrong and the way out.
#[derive(Debug)]
pub enum HeaderError {
    /// The file could not be read.
    Io(io::Error),
    /// The file does not start like a GGUF file.
    NotGguf,
    /// A version other than 2 and 3, or the other byte order.
    Version(u32),
    /// The file ends inside its header.
    HeaderCut {
        /// Bytes in the file.
        present: u64,
    },
    /// The file ends before its last tensor.
    Truncated {
        /// Bytes the header promises.
        expected: u64,
        /// Bytes in the file.
        present: u64,
    },
    /// The header breaks the format or exceeds a bound of this reader.
    Invalid(String),
}

impl HeaderError {
    /// The stable code of this refusal, one of [`codes`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => codes::MODEL_UNREADABLE,
            Self::HeaderCut { .. } | Self::Truncated { .. } => codes::MODEL_TRUNCATED,
            Self::Version(_) => codes::MODEL_UNSUPPORTED,
            Self::NotGguf | Self::Invalid(_) => codes::MODEL_CORRUPT,
        }
    }

    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "model file cannot be read: {error}"),
            Self::NotGguf => {
                write!(
                    f,
                    "not a GGUF file: it does not start with GGUF; choose a .gguf model file"
                )
            }
            Self::Version(version) => write!(
                f,
                "GGUF version {version} is not supported, only 2 and 3 in little-endian order; \
                 convert the model again with a current converter"
            ),
            Self::HeaderCut { present } => write!(
                f,
                "model file is truncated: it ends inside its header after {}; copy it again",
                bytes_text(*present)
            ),
            Self::Truncated { expected, present } => write!(
                f,
                "model file is truncated: {} expected, {} present; copy it again",
                bytes_text(*expected),
                bytes_text(*present)
            ),
            Self::Invalid(what) => {
                write!(
                    f,
                    "model file is corrupt: {what}; copy it again or choose another file"
                )
            }
        }
    }
}

impl std::error::Error for HeaderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// A size as people read it, in decimal units: `3.1 GB`.
#[must_use]
pub fn bytes_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}
