//! Frames: the length of a JSON document as 4 bytes, little-endian, then the document.
//!
//! A frame holds at most [`FRAME_BYTES_MAX`]; a longer one is refused before memory is taken
//! for it, and refused before it is sent.

use std::fmt;
use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest document in a frame, without the length in front.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a frame could not be read or written.
#[derive(Debug)]
pub enum FrameError {
    /// The stream failed, or ended inside a frame.
    Io(io::Error),
    /// The frame's length is above [`FRAME_BYTES_MAX`].
    TooLong {
        /// The length it announced, in bytes.
        bytes: usize,
    },
    /// The document is not the message that was expected.
    Json(serde_json::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "engine connection failed: {error}"),
            Self::TooLong { bytes } => {
                write!(
                    f,
                    "frame of {bytes} bytes exceeds the limit of {FRAME_BYTES_MAX}"
                )
            }
            Self::Json(error) => write!(f, "frame holds no known message: {error}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLong { .. } => None,
            Self::Json(error) => Some(error),
        }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Encodes a message as one frame, length included.
///
/// # Errors
/// [`FrameError::TooLong`] when the document exceeds [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut frames = Vec::new();
    encode_into(&mut frames, message)?;
    Ok(frames)
}

/// Appends a message as one frame to `frames`, which stay as they were when it fails.
///
/// # Errors
/// As [`encode`].
pub fn encode_into<T: Serialize>(frames: &mut Vec<u8>, message: &T) -> Result<(), FrameError> {
    let start = frames.len();
    frames.extend([0; 4]);
    let result = serde_json::to_writer(&mut *frames, message)
        .map_err(FrameError::Json)
        .and_then(|()| checked_length(frames.len() - start - 4));
    match result {
        Ok(length) => {
            if let Some(head) = frames.get_mut(start..start + 4) {
                head.copy_from_slice(&length.to_le_bytes());
            }
            Ok(())
        }
        Err(error) => {
            frames.truncate(start);
            Err(error)
        }
    }
}

/// Writes one message and flushes.
///
/// # Errors
/// When the message is too long or the stream fails.
pub fn write_frame<T: Serialize>(writer: &mut impl Write, message: &T) -> Result<(), FrameError> {
    writer.write_all(&encode(message)?)?;
    writer.flush()?;
    Ok(())
}

/// Reads one message; `None` when the stream ends between frames.
///
/// # Errors
/// When the stream fails or ends inside a frame, the frame is too long, or it holds no `T`.
pub fn read_frame<T: DeserializeOwned>(reader: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let Some(head) = head.first_chunk::<4>() else {
        return if head.is_empty() {
            Ok(None)
        } else {
            Err(ended_early())
        };
    };
    let length = announced_length(*head)?;
    let mut body = Vec::new();
    let read = reader.take(length as u64).read_to_end(&mut body)?;
    if read < length {
        return Err(ended_early());
    }
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(FrameError::Json)
}

fn announced_length(head: [u8; 4]) -> Result<usize, FrameError> {
    let bytes = u32::from_le_bytes(head) as usize;
    checked_length(bytes).map(|_| bytes)
}

fn checked_length(bytes: usize) -> Result<u32, FrameError> {
    match u32::try_from(bytes) {
        Ok(length) if bytes <= FRAME_BYTES_MAX => Ok(length),
        _ => Err(FrameError::TooLong { bytes }),
    }
}

fn ended_early() -> FrameError {
    FrameError::Io(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "stream ended inside a frame",
    ))
}

/// Frames over tokio's streams.
#[cfg(feature = "tokio")]
pub mod asynchronous {
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

    use super::{FrameError, announced_length, encode, ended_early};

    /// Writes one message and flushes. A cancelled call may leave half a frame behind: own the
    /// writer in one task.
    ///
    /// # Errors
    /// When the message is too long or the stream fails.
    pub async fn write_frame<T: Serialize>(
        writer: &mut (impl AsyncWrite + Unpin),
        message: &T,
    ) -> Result<(), FrameError> {
        let frame = encode(message)?;
        writer.write_all(&frame).await?;
        writer.flush().await?;
        Ok(())
    }

    /// Reads one message; `None` when the stream ends between frames. A cancelled call may lose
    /// half a frame: own the reader in one task, do not put this in a `select!` loop.
    ///
    /// # Errors
    /// When the stream fails or ends inside a frame, the frame is too long, or it holds no `T`.
    pub async fn read_frame<T: DeserializeOwned>(
        reader: &mut (impl AsyncRead + Unpin),
    ) -> Result<Option<T>, FrameError> {
        let mut head = Vec::with_capacity(4);
        (&mut *reader).take(4).read_to_end(&mut head).await?;
        let Some(head) = head.first_chunk::<4>() else {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(ended_early())
            };
        };
        let length = announced_length(*head)?;
        let mut body = Vec::new();
        let read = reader.take(length as u64).read_to_end(&mut body).await?;
        if read < length {
            return Err(ended_early());
        }
        serde_json::from_slice(&body)
            .map(Some)
            .map_err(FrameError::Json)
    }
}
