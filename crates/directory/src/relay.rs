//! Between the server and the LDAP library: every message of the server is read whole, measured and checked for its shape
//! before the library sees it, so that a hostile server can neither fill the memory nor nest values until a stack ends.

use std::sync::{Arc, Mutex, PoisonError};

use guildhall_kernel::{Error, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{UnixStream, unix::OwnedReadHalf, unix::OwnedWriteHalf},
    task::JoinHandle,
};

use crate::{Stream, failure::failed};

/// Largest message: a group with a hundred thousand members has about 6 MB.
const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// Everything one conversation may bring.
const CONVERSATION_BYTES_MAX: usize = 512 << 20;
/// Values in values; LDAP itself needs fewer than ten.
const NESTING_MAX: usize = 32;

/// Carries a conversation until it is dropped.
pub(crate) struct Relay {
    tasks: [JoinHandle<()>; 2],
    fault: Arc<Mutex<Option<Error>>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Relay {
    /// Begins to carry; returns the end that the LDAP library takes.
    ///
    /// # Errors
    /// When the system gives no pair of sockets.
    pub(crate) fn start(server: Box<dyn Stream>) -> Result<(Self, std::os::unix::net::UnixStream)> {
        let (near, far) = UnixStream::pair()?;
        let fault = Arc::<Mutex<Option<Error>>>::default();
        let (from_server, to_server) = tokio::io::split(server);
        let (from_library, to_library) = near.into_split();
        let noted = Arc::clone(&fault);
        let tasks = [
            tokio::spawn(async move {
                if let Err(error) = downwards(from_server, to_library).await {
                    *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }),
            tokio::spawn(upwards(from_library, to_server)),
        ];
        Ok((Self { tasks, fault }, far.into_std()?))
    }

    /// Why the conversation was cut, when it was cut here.
    pub(crate) fn fault(&self) -> Option<Error> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

async fn upwards(mut from: OwnedReadHalf, mut to: WriteHalf<Box<dyn Stream>>) {
    // Either end that closes ends the conversation; nobody waits for how.
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

async fn downwards(mut from: ReadHalf<Box<dyn Stream>>, mut to: OwnedWriteHalf) -> Result<()> {
    let mut left = CONVERSATION_BYTES_MAX;
    while let Some(message) = read_message(&mut from, MESSAGE_BYTES_MAX).await? {
        left = left.checked_sub(message.len()).ok_or_else(|| {
            let message = format!(
                "the directory sent more than {} MB",
                CONVERSATION_BYTES_MAX >> 20
            );
            failed("directory_too_large", message)
        })?;
        if to.write_all(&message).await.is_err() {
            // The library has what it wanted.
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one `LDAPMessage` (RFC 4511, 4.1.1) and nothing beyond it; nothing at the end of the connection.
///
/// # Errors
/// `directory_cut`, `directory_too_large`, `directory_malformed`.
pub(crate) async fn read_message(
    from: &mut (impl AsyncReadExt + Unpin),
    most: usize,
) -> Result<Option<Vec<u8>>> {
    let mut message = vec![0; 2];
    match from.read_exact(&mut message).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(cut(error)),
    }
    let [tag, first] = [
        message.first().copied().unwrap_or(0),
        message.get(1).copied().unwrap_or(0),
    ];
    if tag != SEQUENCE {
        return Err(malformed());
    }
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return Err(malformed());
        }
        let mut bytes = vec![0; count];
        from.read_exact(&mut bytes).await.map_err(cut)?;
        message.extend_from_slice(&bytes);
        bytes
            .iter()
            .fold(0, |length, byte| (length << 8) | usize::from(*byte))
    };
    if length > most {
        let text = format!(
            "the directory sent a message of {} kB and at most {} kB are read",
            length >> 10,
            most >> 10
        );
        return Err(failed("directory_too_large", text));
    }
    // Grows with what comes, not with what is announced.
    let head = message.len();
    let announced = u64::try_from(length).unwrap_or(u64::MAX);
    from.take(announced)
        .read_to_end(&mut message)
        .await
        .map_err(cut)?;
    if message.len() != head + length {
        return Err(cut(std::io::ErrorKind::UnexpectedEof.into()));
    }
    check_shape(&message)?;
    Ok(Some(message))
}

const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

/// Refuses what is not made of whole values, or nested too deeply. Walks without recursion.
fn check_shape(message: &[u8]) -> Result<()> {
    let mut ends = Vec::with_capacity(NESTING_MAX);
    let mut at = 0;
    while at < message.len() {
        while ends.last() == Some(&at) {
            ends.pop();
        }
        let (is_constructed, start, end) = header(message, at).ok_or_else(malformed)?;
        if end > ends.last().copied().unwrap_or(message.len()) {
            return Err(malformed());
        }
        if is_constructed && end > start {
            if ends.len() >= NESTING_MAX {
                return Err(malformed());
            }
            ends.push(end);
            at = start;
        } else {
            at = end;
        }
    }
    Ok(())
}

/// Whether the value at a place holds others, where its content begins and where it ends.
fn header(message: &[u8], at: usize) -> Option<(bool, usize, usize)> {
    let tag = *message.get(at)?;
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    let first = *message.get(at + 1)?;
    let (start, length) = if first < 0x80 {
        (at + 2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let bytes = message.get(at + 2..at + 2 + count)?;
        let length = bytes
            .iter()
            .fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
        (at + 2 + count, length)
    };
    let end = start.checked_add(length)?;
    (end <= message.len()).then_some((tag & CONSTRUCTED != 0, start, end))
}

pub(crate) fn malformed() -> Error {
    failed("directory_malformed", "the server's answer is no LDAP")
}

fn cut(error: std::io::Error) -> Error {
    failed(
        "directory_cut",
        "the directory ended the connection in the middle of an answer",
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    async fn read(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        read_message(&mut &bytes[..], 1000).await
    }

    #[tokio::test]
    async fn messages_are_read_whole_and_no_further() {
        let bind = [0x30, 0x0c, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
        assert_eq!(read(&bind).await.unwrap().unwrap(), bind);
        assert!(read(&[]).await.unwrap().is_none());
        let mut two = bind.to_vec();
        two.extend_from_slice(b"more");
        let mut rest = &two[..];
        read_message(&mut rest, 1000).await.unwrap();
        assert_eq!(rest, b"more");
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        let code = async |bytes: &[u8]| read(bytes).await.unwrap_err().code();
        assert_eq!(
            code(b"HTTP/1.1 400 Bad Request").await,
            "directory_malformed"
        );
        assert_eq!(code(&[0x30, 0x80, 0, 0]).await, "directory_malformed");
        assert_eq!(
            code(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).await,
            "directory_too_large"
        );
        assert_eq!(code(&[0x30, 5, 2, 1]).await, "directory_cut");
        assert_eq!(code(&[0x30, 3, 4, 9, 1]).await, "directory_malformed");
        let mut deep = Vec::new();
        for level in (0_u8..60).rev() {
            deep.extend_from_slice(&[0x30, level * 2]);
        }
        assert_eq!(code(&deep).await, "directory_malformed");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read(&bytes));
            let mut framed = vec![0x30, u8::try_from(bytes.len().min(127)).unwrap()];
            framed.extend_from_slice(&bytes[..bytes.len().min(127)]);
            let _ = runtime.block_on(read(&framed));
        }
    }
}
