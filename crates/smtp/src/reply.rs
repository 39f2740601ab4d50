//! Answers of a server (RFC 5321, 4.2), read with a bound.

use guildhall_kernel::Result;
use guildhall_trust::Stream;
use tokio::io::AsyncReadExt;

use crate::failure::failed;

/// Bytes of an answer at most; the longest that servers give are lists of extensions of some hundred.
const REPLY_BYTES_MAX: usize = 32 * 1024;
const PIECE_BYTES: usize = 2048;

/// An answer: its code and the words of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Three digits.
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the same would be answered the next time.
    pub(crate) fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join(" ")
    }
}

/// What came from the server and was not read yet.
#[derive(Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// Whether something came that nobody asked for.
    pub(crate) fn has_more(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// `mail_cut`, `mail_malformed`.
    pub(crate) async fn read(&mut self, stream: &mut Box<dyn Stream>) -> Result<Reply> {
        loop {
            match taken(&self.bytes) {
                Taken::Whole(reply, length) => {
                    self.bytes.drain(..length);
                    return Ok(reply);
                }
                Taken::Nonsense => return Err(malformed()),
                Taken::Part if self.bytes.len() >= REPLY_BYTES_MAX => return Err(malformed()),
                Taken::Part => {}
            }
            let mut piece = [0_u8; PIECE_BYTES];
            let read = stream.read(&mut piece).await.map_err(|error| {
                failed("mail_cut", "the mail server ended the connection").with_source(error)
            })?;
            if read == 0 {
                return Err(failed("mail_cut", "the mail server ended the connection"));
            }
            self.bytes
                .extend_from_slice(piece.get(..read).unwrap_or_default());
        }
    }
}

fn malformed() -> guildhall_kernel::Error {
    failed(
        "mail_malformed",
        "the server does not answer as a mail server does",
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// An answer and how many bytes it takes.
    Whole(Reply, usize),
    /// More is to come.
    Part,
    /// It is no answer.
    Nonsense,
}

/// The first answer among bytes.
fn taken(bytes: &[u8]) -> Taken {
    let mut lines = Vec::new();
    let mut code = None;
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            // A beginning that is no code will not become an answer.
            let is_hopeless = rest.iter().take(3).any(|byte| !byte.is_ascii_digit());
            return if is_hopeless {
                Taken::Nonsense
            } else {
                Taken::Part
            };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        let Some((found, is_last, words)) = read_line(line) else {
            return Taken::Nonsense;
        };
        if code.is_some_and(|code| code != found) {
            return Taken::Nonsense;
        }
        code = Some(found);
        lines.push(words);
        if is_last {
            return Taken::Whole(Reply { code: found, lines }, at);
        }
    }
}

/// Code, whether it is the last line, and the words of a line.
fn read_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !digits.iter().all(u8::is_ascii_digit) || !(200..600).contains(&code) {
        return None;
    }
    let (is_last, words) = match rest.split_first() {
        None => (true, &b""[..]),
        Some((b' ', words)) => (true, words),
        Some((b'-', words)) => (false, words),
        Some(_) => return None,
    };
    Some((code, is_last, String::from_utf8_lossy(words).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(code: u16, lines: &[&str], length: usize) -> Taken {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Taken::Whole(Reply { code, lines }, length)
    }

    #[test]
    fn answers_are_read_as_the_standard_writes_them() {
        assert_eq!(
            taken(b"220 mail ready\r\n"),
            whole(220, &["mail ready"], 16)
        );
        assert_eq!(taken(b"250-a\r\n250 b\r\n354"), whole(250, &["a", "b"], 14));
        assert_eq!(taken(b"250\r\n"), whole(250, &[""], 5));
        assert_eq!(taken(b"250-a\r\n"), Taken::Part);
        assert_eq!(taken(b"25"), Taken::Part);
        for nonsense in [
            &b"HTTP/1.1 400\r\n"[..],
            b"HTTP",
            b"250-a\r\n550 b\r\n",
            b"2500 a\r\n",
            b"+25 a\r\n",
            b"999 a\r\n",
            b"\r\n",
        ] {
            assert_eq!(taken(nonsense), Taken::Nonsense, "{nonsense:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Taken::Whole(reply, length) = taken(&bytes) {
                prop_assert!(length <= bytes.len());
                prop_assert!((200..600).contains(&reply.code));
            }
        }
    }
}
