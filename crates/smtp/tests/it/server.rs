//! A mail server on a port of this machine: keeps what it is given, and misbehaves where a test says so.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// How the server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Never,
    /// After STARTTLS.
    OnDemand,
    /// From the first byte.
    Always,
}

/// How a server differs from the ordinary one.
#[derive(Clone, Debug)]
pub struct Options {
    pub tls: Tls,
    /// What its certificate is for.
    pub name: &'static str,
    pub is_expired: bool,
    /// Whom it lets in; nobody needs to log in where there is none.
    pub login: Option<(&'static str, &'static str)>,
    /// Ways to log in that it offers.
    pub ways: &'static str,
    /// What it says after STARTTLS that it should not.
    pub injected: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: Tls::OnDemand,
            name: "localhost",
            is_expired: false,
            login: None,
            ways: "PLAIN LOGIN",
            injected: "",
        }
    }
}

/// A mail that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: String,
    /// Header and text, dots undone.
    pub data: String,
}

impl Taken {
    /// The text, read back from quoted-printable.
    pub fn text(&self) -> String {
        let (_, body) = self.data.split_once("\r\n\r\n").unwrap();
        let joined = body.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let [first, after @ ..] = rest {
            if *first == b'=' {
                let hex = std::str::from_utf8(&after[..2]).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    /// What stands after `#` in the link.
    pub fn token(&self) -> String {
        let text = self.text();
        let (_, after) = text.split_once('#').expect("a link");
        after.lines().next().unwrap().trim().to_owned()
    }
}

type Answers = Arc<Mutex<BTreeMap<&'static str, String>>>;

pub struct MailServer {
    pub port: u16,
    /// Certificate of the authority that issued the server's own.
    pub ca_pem: String,
    answers: Answers,
    taken: mpsc::UnboundedReceiver<Taken>,
    commands: Arc<Mutex<Vec<String>>>,
}

/// What every connection of a server shares.
#[derive(Clone)]
struct House {
    options: Options,
    acceptor: TlsAcceptor,
    answers: Answers,
    taken: mpsc::UnboundedSender<Taken>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub async fn start(options: Options) -> Self {
        let (acceptor, ca_pem) = acceptor(&options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, taken) = mpsc::unbounded_channel();
        let house = House {
            options,
            acceptor,
            answers: Answers::default(),
            taken: sender,
            commands: Arc::default(),
        };
        let (answers, commands) = (Arc::clone(&house.answers), Arc::clone(&house.commands));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(house.clone().serve(stream));
            }
        });
        Self {
            port,
            ca_pem,
            answers,
            taken,
            commands,
        }
    }

    /// From now on answers to commands that begin so; `""` for silence, `cut` to end the connection.
    pub fn answer(&self, verb: &'static str, reply: &str) {
        self.answers.lock().unwrap().insert(verb, reply.to_owned());
    }

    /// Behaves again.
    pub fn behave(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// The next mail it takes.
    pub async fn next(&mut self) -> Taken {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), self.taken.recv());
        next.await.expect("no mail came").unwrap()
    }

    /// Whether a mail came that nobody has asked for.
    pub fn has_more(&mut self) -> bool {
        self.taken.try_recv().is_ok()
    }

    /// Everything that was said to it.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

fn acceptor(options: &Options) -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(vec![options.name.to_owned()]).unwrap();
    if options.is_expired {
        own.not_before = date_time_ymd(2019, 1, 1);
        own.not_after = date_time_ymd(2020, 1, 1);
    }
    let own = own.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

/// How a conversation went on.
#[derive(PartialEq)]
enum Next {
    Encrypt,
    End,
}

impl House {
    async fn serve(self, stream: TcpStream) {
        if self.options.tls == Tls::Always {
            if let Ok(stream) = self.acceptor.clone().accept(stream).await {
                self.converse(stream, true, true).await;
            }
            return;
        }
        let Some((next, stream)) = self.converse(stream, false, true).await else {
            return;
        };
        if next == Next::Encrypt
            && let Ok(stream) = self.acceptor.clone().accept(stream).await
        {
            self.converse(stream, true, false).await;
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        is_encrypted: bool,
        greets: bool,
    ) -> Option<(Next, S)> {
        let mut stream = BufReader::new(stream);
        if greets {
            let greeting = self.said_otherwise("GREETING");
            say(
                &mut stream,
                greeting.as_deref().unwrap_or("220 mail.under.test ready"),
            )
            .await?;
        }
        let (mut is_in, mut from, mut to) = (false, String::new(), String::new());
        loop {
            let line = read_line(&mut stream).await?;
            self.commands.lock().unwrap().push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap().to_uppercase();
            if let Some(otherwise) = self.said_otherwise(&verb) {
                say(&mut stream, &otherwise).await?;
                continue;
            }
            match verb.as_str() {
                "EHLO" => say(&mut stream, &self.extensions(is_encrypted)).await?,
                "STARTTLS" => {
                    let injected = self.options.injected;
                    say(&mut stream, &format!("220 go on{injected}")).await?;
                    return Some((Next::Encrypt, stream.into_inner()));
                }
                "AUTH" => {
                    is_in = self.log_in(&mut stream, &line).await?;
                    let reply = if is_in {
                        "235 you are in"
                    } else {
                        "535 5.7.8 who are you"
                    };
                    say(&mut stream, reply).await?;
                }
                "MAIL" if self.options.login.is_some() && !is_in => {
                    say(&mut stream, "530 5.7.0 log in first").await?;
                }
                "MAIL" => {
                    from = address(&line);
                    say(&mut stream, "250 fine").await?;
                }
                "RCPT" => {
                    to = address(&line);
                    say(&mut stream, "250 fine").await?;
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let data = read_data(&mut stream).await?;
                    let (from, to) = (from.clone(), to.clone());
                    self.taken.send(Taken { from, to, data }).ok()?;
                    say(&mut stream, "250 2.0.0 queued as 1").await?;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return Some((Next::End, stream.into_inner()));
                }
                _ => say(&mut stream, "502 what").await?,
            }
        }
    }

    fn said_otherwise(&self, verb: &str) -> Option<String> {
        self.answers.lock().unwrap().get(verb).cloned()
    }

    fn extensions(&self, is_encrypted: bool) -> String {
        let mut lines = vec!["mail.under.test".to_owned(), "8BITMIME".to_owned()];
        if self.options.tls == Tls::OnDemand && !is_encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if self.options.login.is_some() && !self.options.ways.is_empty() {
            lines.push(format!("AUTH {}", self.options.ways));
        }
        let last = lines.pop().unwrap();
        let before: Vec<String> = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{}250 {last}", before.concat())
    }

    async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        line: &str,
    ) -> Option<bool> {
        let decode = |text: &str| {
            String::from_utf8(BASE64.decode(text.as_bytes()).unwrap_or_default()).unwrap()
        };
        let given = if let Some(initial) = line.strip_prefix("AUTH PLAIN ") {
            let parts = decode(initial);
            let mut parts = parts.split('\0').skip(1).map(str::to_owned);
            (parts.next()?, parts.next()?)
        } else {
            say(stream, "334 VXNlcm5hbWU6").await?;
            let user = decode(&read_line(stream).await?);
            say(stream, "334 UGFzc3dvcmQ6").await?;
            (user, decode(&read_line(stream).await?))
        };
        let known = self.options.login;
        Some(known.is_some_and(|(user, password)| given == (user.to_owned(), password.to_owned())))
    }
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}

/// Says a line; nothing when it is to be silent for ever or the connection is gone.
async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    line: &str,
) -> Option<()> {
    match line {
        "" => std::future::pending().await,
        "cut" => None,
        _ => {
            let line = format!("{line}\r\n");
            stream.get_mut().write_all(line.as_bytes()).await.ok()?;
            stream.get_mut().flush().await.ok()
        }
    }
}

async fn read_line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.take(100_000).read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

async fn read_data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
