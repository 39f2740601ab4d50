//! A connection that speaks just enough HTTP/1.1 to measure a server that speaks it well: requests are
//! sent as prepared bytes, answers are read by their `Content-Length`.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
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
        while self.received.len() < length {
            self.read_more()?;
        }
        let rest = self.received.split_off(length);
        let body = std::mem::replace(&mut self.received, rest);
        Ok(Answer { status, body })
    }

    /// Sends a request and reads the answer's head only: its status and the length of its body. The
    /// body of an event stream never ends.
    pub(super) fn send_for_head(&mut self, request: &[u8]) -> Result<(u16, usize)> {
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

fn parse_head(head: &str) -> Result<(u16, usize)> {
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    let status = status
        .parse()
        .map_err(|_| format!("not an HTTP answer: {head}"))?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    Ok((status, length.unwrap_or(0)))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
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
        assert_eq!(parse_head(head).unwrap(), (201, 12));
        assert!(parse_head("what").is_err());
    }

    #[test]
    fn a_request_states_its_length() {
        let text = String::from_utf8(request("POST", "/a", "k", Some("{}"))).unwrap();
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"), "{text}");
    }
}
