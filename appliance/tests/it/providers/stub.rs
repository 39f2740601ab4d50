//! A provider on a port of this machine: notes what it is asked and answers as the test says.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
        BufReader,
    },
    net::TcpListener,
};

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

/// What comes after the last piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    /// The end of the body.
    End,
    /// The end of the body, and of the connection.
    Leave,
    /// The connection is closed without it.
    Cut,
    /// Silence.
    Hang,
}

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub pieces: Vec<Vec<u8>>,
    pub then: Then,
    /// Silence in place of any answer.
    pub mute: bool,
}

impl Reply {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), kind.into())],
            pieces: vec![body.into()],
            then: Then::End,
            mute: false,
        }
    }

    pub fn events(text: &str) -> Self {
        Self::new(200, "text/event-stream; charset=utf-8", text)
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Accepts the connection and says nothing.
    pub fn silence() -> Self {
        Self {
            mute: true,
            ..Self::new(200, "", "")
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// The same body in pieces of this size.
    pub fn in_pieces(mut self, size: usize) -> Self {
        let whole = self.pieces.concat();
        self.pieces = whole.chunks(size).map(<[u8]>::to_vec).collect();
        self
    }
}

#[derive(Clone)]
pub struct Stub {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    /// Makes the reply from the request, in place of the list.
    answer: Option<fn(&Value) -> Reply>,
    connections: Arc<AtomicUsize>,
}

impl Stub {
    /// Gives the replies in their order; the last one again and again.
    pub async fn start(replies: Vec<Reply>) -> Self {
        Self::begin(replies, None).await
    }

    /// Makes each reply from the request's body.
    pub async fn answering(answer: fn(&Value) -> Reply) -> Self {
        Self::begin(Vec::new(), Some(answer)).await
    }

    async fn begin(replies: Vec<Reply>, answer: Option<fn(&Value) -> Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            replies: Arc::new(Mutex::new(replies.into())),
            answer,
            connections: Arc::default(),
        };
        let serving = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let stub = serving.clone();
                tokio::spawn(async move { stub.serve(stream).await });
            }
        });
        stub
    }

    /// The same behind TLS, with a certificate for `localhost` made for the occasion (PEM).
    pub async fn start_tls(replies: Vec<Reply>) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key =
            rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            replies: Arc::new(Mutex::new(replies.into())),
            answer: None,
            connections: Arc::default(),
        };
        let serving = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (stub, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        stub.connections.fetch_add(1, Ordering::SeqCst);
                        stub.serve(stream).await;
                    }
                });
            }
        });
        (stub, made.cert.pem())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn next(&self) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        if replies.len() > 1 {
            replies.pop_front().unwrap()
        } else {
            replies.front().cloned().unwrap()
        }
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite) -> Option<()> {
        let (reading, mut writing) = tokio::io::split(stream);
        let mut reading = BufReader::new(reading);
        loop {
            let asked = read(&mut reading).await?;
            let made = self.answer.map(|answer| answer(&asked.body));
            self.asked.lock().unwrap().push(asked);
            let reply = made.unwrap_or_else(|| self.next());
            if reply.mute {
                std::future::pending::<()>().await;
            }
            let mut head = format!(
                "HTTP/1.1 {} X\r\ntransfer-encoding: chunked\r\n",
                reply.status
            );
            for (name, value) in &reply.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            writing.write_all(head.as_bytes()).await.ok()?;
            for piece in reply.pieces.iter().filter(|piece| !piece.is_empty()) {
                let size = format!("{:x}\r\n", piece.len());
                let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
                writing.write_all(&chunk).await.ok()?;
                writing.flush().await.ok()?;
            }
            match reply.then {
                Then::End => writing.write_all(b"0\r\n\r\n").await.ok()?,
                Then::Leave => {
                    writing.write_all(b"0\r\n\r\n").await.ok()?;
                    return None;
                }
                Then::Cut => return None,
                Then::Hang => std::future::pending::<()>().await,
            }
        }
    }
}

async fn read(reading: &mut (impl AsyncBufRead + Unpin)) -> Option<Asked> {
    let mut line = String::new();
    reading
        .read_line(&mut line)
        .await
        .ok()
        .filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reading.read_exact(&mut body).await.ok()?;
    Some(Asked {
        method,
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

/// Frames of AWS's event stream: one per line of `event payload`.
pub fn event_stream(lines: &str) -> Vec<u8> {
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines
        .flat_map(|line| {
            let (event, payload) = line.split_once(' ').unwrap();
            let (kind, name) = match event.strip_prefix("exception:") {
                Some(name) => ((":message-type", "exception"), (":exception-type", name)),
                None => ((":message-type", "event"), (":event-type", event)),
            };
            frame(
                &[kind, name, (":content-type", "application/json")],
                payload.as_bytes(),
            )
        })
        .collect()
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let total = u32::try_from(16 + head.len() + payload.len()).unwrap();
    let mut frame = [
        total.to_be_bytes(),
        u32::try_from(head.len()).unwrap().to_be_bytes(),
    ]
    .concat();
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        let mut value = u32::try_from(index).unwrap();
        for _ in 0..8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
        }
        *entry = value;
    }
    !bytes.iter().fold(!0, |crc, byte| {
        table[usize::from((crc as u8) ^ byte)] ^ (crc >> 8)
    })
}
