//! A connection that speaks just enough HTTP/1.1 to measure a server that speaks it well: requests are
//! sent as prepared bytes, answers are read by their `Content-Length` or chunk by chunk.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::Result;

const READ_BYTES: usize = 16 * 1024;

/// An open connection, kept from request to request.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What an answer says.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// When its head and the first bytes of its body were there.
    pub(super) first_bytes: Instant,
}

/// How long an answer's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(usize),
    /// It comes in chunks, each with its length (RFC 9112, 7.1).
    Chunked,
}

impl Connection {
    /// Connects; every read fails that takes longer than `patience`.
    pub(super) fn open(address: SocketAddr, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(READ_BYTES),
        })
    }

    /// Sends a request and reads the whole answer.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<Answer> {
        let (status, length) = self.send_for_head(request)?;
        if self.received.is_empty() && length != Length::Bytes(0) {
            self.read_more()?;
        }
        let first_bytes = Instant::now();
        let body = match length {
            Length::Bytes(length) => self.take(length)?,
            Length::Chunked => self.take_chunks()?,
        };
        Ok(Answer {
            status,
            body,
            first_bytes,
        })
    }

    /// Sends a request and reads the answer's head only: its status and how long its body is. The body
    /// of an event stream never ends.
    pub(super) fn send_for_head(&mut self, request: &[u8]) -> Result<(u16, Length)> {
        self.stream.write_all(request)?;
        loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(self.received.get(..end).unwrap_or_default());
                let parsed = parse_head(&head);
                self.received.drain(..end + 4);
                return parsed;
            }
            self.read_more()?;
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.received.len() < length {
            self.read_more()?;
        }
        let rest = self.received.split_off(length);
        Ok(std::mem::replace(&mut self.received, rest))
    }

    fn take_chunks(&mut self) -> Result<Vec<u8>> {
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            let rest = self.received.get(at..).unwrap_or_default();
            let Some(line) = find(rest, b"\r\n") else {
                self.read_more()?;
                continue;
            };
            let length = chunk_length(rest.get(..line).unwrap_or_default())?;
            let (from, end) = (at + line + 2, at + line + 2 + length);
            while self.received.len() < end + 2 {
                self.read_more()?;
            }
            body.extend_from_slice(self.received.get(from..end).unwrap_or_default());
            at = end + 2;
            if length == 0 {
                self.received.drain(..at);
                return Ok(body);
            }
            // Now and then, so that long streams are not moved for every chunk.
            if at > READ_BYTES {
                self.received.drain(..at);
                at = 0;
            }
        }
    }

    fn read_more(&mut self) -> Result<()> {
        let mut buffer = [0_u8; READ_BYTES];
        let count = match self.stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err("the server did not answer in time".into());
            }
            outcome => outcome?,
        };
        if count == 0 {
            return Err("the server closed the connection".into());
        }
        self.received
            .extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}

fn parse_head(head: &str) -> Result<(u16, Length)> {
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    let status = status
        .parse()
        .map_err(|_| format!("not an HTTP answer: {head}"))?;
    let mut length = Length::Bytes(0);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok((status, Length::Chunked));
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = Length::Bytes(value.trim().parse()?);
        }
    }
    Ok((status, length))
}

fn chunk_length(line: &[u8]) -> Result<usize> {
    let text = String::from_utf8_lossy(line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).map_err(|_| format!("not a chunk's length: {text}").into())
}

/// Where `needle` begins in `haystack`.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// The bytes of a request. `key` is an API key, `body` JSON.
pub(super) fn request(method: &str, path: &str, key: &str, body: Option<&str>) -> Vec<u8> {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n");
    if let Some(body) = body {
        head.push_str("content-type: application/json\r\n");
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    format!("{head}\r\n{}", body.unwrap_or_default()).into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answers_head_is_read() {
        let head = "HTTP/1.1 201 Created\r\nx: y\r\nContent-Length: 12";
        assert_eq!(parse_head(head).unwrap(), (201, Length::Bytes(12)));
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked";
        assert_eq!(parse_head(head).unwrap(), (200, Length::Chunked));
        assert!(parse_head("what").is_err());
    }

    #[test]
    fn a_request_states_its_length() {
        let text = String::from_utf8(request("POST", "/a", "k", Some("{}"))).unwrap();
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"), "{text}");
    }
}
