//! A provider that speaks OpenAI's wire format and answers at once, so that all time is the gateway's.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use serde_json::json;

use super::super::client::find;
use crate::Result;

/// Tokens of an answer of the model `short`.
pub(super) const SHORT_TOKENS: usize = 16;
/// Tokens of an answer of the model `long`.
pub(super) const LONG_TOKENS: usize = 1000;

/// Answers ready to be sent.
struct Answers {
    whole: Vec<u8>,
    /// A stream in one piece.
    short: Vec<u8>,
    /// A stream of which every token is sent by itself.
    long: Vec<Vec<u8>>,
}

/// Starts it on a free port of this machine, a thread per connection.
///
/// # Errors
/// When no port can be taken.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                // A connection ends when the other side is done with it.
                let _ = serve(stream, answers);
            });
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream, answers: &Answers) -> Result<()> {
    let mut received = Vec::new();
    while let Some(body) = next_body(&mut stream, &mut received)? {
        if find(&body, br#""stream":true"#).is_none() {
            stream.write_all(&answers.whole)?;
        } else if find(&body, br#""model":"long""#).is_none() {
            stream.write_all(&answers.short)?;
        } else {
            for piece in &answers.long {
                stream.write_all(piece)?;
            }
        }
    }
    Ok(())
}

/// The body of the next request, without spaces outside texts mattering; nothing at the end of the connection.
fn next_body(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        if let Some(end) = find(received, b"\r\n\r\n") {
            let length = content_length(received.get(..end).unwrap_or_default());
            if received.len() >= end + 4 + length {
                let rest = received.split_off(end + 4 + length);
                let request = std::mem::replace(received, rest);
                let body = request.get(end + 4..).unwrap_or_default();
                return Ok(Some(without_spaces(body)));
            }
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        received.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// Some clients write `"stream": true`, others `"stream":true`.
fn without_spaces(body: &[u8]) -> Vec<u8> {
    body.iter().copied().filter(|byte| *byte != b' ').collect()
}

impl Answers {
    fn new() -> Self {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let stream = |tokens: usize| {
            let mut pieces = vec![head.to_vec()];
            pieces.extend((0..tokens).map(token));
            pieces.push([closing(tokens), b"0\r\n\r\n".to_vec()].concat());
            pieces
        };
        Self {
            whole: whole(),
            short: stream(SHORT_TOKENS).concat(),
            long: stream(LONG_TOKENS),
        }
    }
}

fn whole() -> Vec<u8> {
    let text: String = (0..SHORT_TOKENS).map(word).collect();
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "short",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": text }, "logprobs": null, "finish_reason": "stop",
        }],
        "usage": usage(SHORT_TOKENS),
    })
    .to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn token(number: usize) -> Vec<u8> {
    let delta = json!({ "role": "assistant", "content": word(number) });
    event(&json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "short",
        "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null }],
    }))
}

/// The reason of the end, the usage and the mark of the end.
fn closing(tokens: usize) -> Vec<u8> {
    let head = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "short",
    });
    let with = |name: &str, value: serde_json::Value, choices: serde_json::Value| {
        let mut chunk = head.clone();
        if let Some(fields) = chunk.as_object_mut() {
            fields.insert("choices".to_owned(), choices);
            fields.insert(name.to_owned(), value);
        }
        event(&chunk)
    };
    let last = json!([{ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" }]);
    [
        with("usage", json!(null), last),
        with("usage", usage(tokens), json!([])),
        chunk("data: [DONE]\n\n"),
    ]
    .concat()
}

fn usage(tokens: usize) -> serde_json::Value {
    json!({ "prompt_tokens": 200, "completion_tokens": tokens, "total_tokens": 200 + tokens })
}

fn word(number: usize) -> String {
    format!(" word{}", number % 10)
}

fn event(value: &serde_json::Value) -> Vec<u8> {
    chunk(&format!("data: {value}\n\n"))
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::{
        super::super::client::{Connection, request},
        *,
    };

    #[test]
    fn it_answers_whole_and_in_pieces() {
        let mut connection = Connection::open(start().unwrap(), Duration::from_secs(5)).unwrap();
        let mut ask = |body: &str| {
            let answer = connection
                .send(&request("POST", "/v1/chat/completions", "k", Some(body)))
                .unwrap();
            String::from_utf8(answer.body).unwrap()
        };
        assert!(ask(r#"{"model":"short"}"#).contains("chat.completion"));
        let short = ask(r#"{"model": "short", "stream": true}"#);
        assert_eq!(short.matches("assistant").count(), SHORT_TOKENS);
        let long = ask(r#"{"stream":true,"model":"long"}"#);
        assert_eq!(long.matches("assistant").count(), LONG_TOKENS);
        assert!(long.ends_with("data: [DONE]\n\n"));
    }
}
