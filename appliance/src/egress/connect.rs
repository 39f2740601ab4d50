//! Opening a connection: look the name up, check every address, connect to one of exactly these, and
//! speak TLS where the destination does. Nothing else in the node opens an outgoing socket.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use guildhall_kernel::{Error, ErrorKind, Result};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;

use super::model::Destination;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Why a connection did not come about.
#[derive(Debug)]
pub(super) struct ConnectFailure {
    kind: ErrorKind,
    code: &'static str,
    message: String,
}

impl ConnectFailure {
    fn refused(code: &'static str, message: String) -> Self {
        Self {
            kind: ErrorKind::Forbidden,
            code,
            message,
        }
    }

    fn failed(code: &'static str, message: String) -> Self {
        Self {
            kind: ErrorKind::Unavailable,
            code,
            message,
        }
    }

    pub(super) fn is_refusal(&self) -> bool {
        self.kind == ErrorKind::Forbidden
    }

    pub(super) fn into_error(self) -> Error {
        match self.kind {
            ErrorKind::Unavailable => Error::unavailable(self.code, self.message, 5),
            kind => Error::new(kind, self.code, self.message),
        }
    }
}

/// How one connection came about, step by step.
#[derive(Clone, Debug, Default)]
pub struct ConnectSteps {
    /// The addresses the name has, all checked.
    pub addresses: Vec<String>,
    pub resolved_ms: u64,
    /// The address connected to.
    pub connected: Option<String>,
    pub connected_ms: u64,
    /// Such as `TLSv1_3`; nothing without TLS.
    pub tls: Option<String>,
    pub tls_ms: u64,
}

/// What connects to one destination.
#[derive(Clone)]
pub(super) struct Connector {
    destination: Arc<Destination>,
    tls: Arc<ClientConfig>,
    timeout: Duration,
    /// Cancelled when the switch or the provider changes.
    open: CancellationToken,
}

impl Connector {
    /// # Errors
    /// `invalid_ca` when the destination's own certificates do not read.
    pub(super) fn new(destination: Arc<Destination>, timeout: Duration) -> Result<Self> {
        let tls = tls_config(destination.ca_pem.as_deref())?;
        Ok(Self {
            destination,
            tls: Arc::new(tls),
            timeout,
            open: CancellationToken::new(),
        })
    }

    /// The same, until `open` is cancelled.
    pub(super) fn until(&self, open: &CancellationToken) -> Self {
        Self {
            open: open.clone(),
            ..self.clone()
        }
    }

    /// Whether nothing may be connected to any more.
    pub(super) fn is_closed(&self) -> bool {
        self.open.is_cancelled()
    }

    /// Opens a connection and notes the steps it took, also of one that fails.
    pub(super) async fn connect(
        &self,
        steps: &mut ConnectSteps,
    ) -> std::result::Result<Stream, ConnectFailure> {
        let name = self.destination.authority();
        let late = |_| {
            let seconds = self.timeout.as_secs_f32();
            ConnectFailure::failed(
                "egress_timeout",
                format!("{name} did not take a connection within {seconds} s"),
            )
        };
        let connecting = tokio::time::timeout(self.timeout, self.connect_untimed(steps));
        let closed = || {
            let message = format!("the egress switch was closed while {name} was connected to");
            ConnectFailure::refused("egress_denied", message)
        };
        self.open
            .run_until_cancelled(connecting)
            .await
            .ok_or_else(closed)?
            .map_err(late)?
    }

    async fn connect_untimed(
        &self,
        steps: &mut ConnectSteps,
    ) -> std::result::Result<Stream, ConnectFailure> {
        let started = Instant::now();
        let addresses = self.resolve().await?;
        steps.addresses = addresses
            .iter()
            .map(|address| address.ip().to_string())
            .collect();
        steps.resolved_ms = elapsed_ms(started);
        let started = Instant::now();
        let (stream, address) = self.open(&addresses).await?;
        steps.connected = Some(address.to_string());
        steps.connected_ms = elapsed_ms(started);
        if !self.destination.tls {
            return Ok(Stream::Plain(stream));
        }
        let started = Instant::now();
        let stream = self.encrypt(stream).await?;
        let version = stream.get_ref().1.protocol_version();
        steps.tls = version.map(|version| format!("{version:?}"));
        steps.tls_ms = elapsed_ms(started);
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// Every address of the name. One that lies in the wrong network condemns the whole name, since
    /// which of them is connected to is for the name's owner to say.
    async fn resolve(&self) -> std::result::Result<Vec<SocketAddr>, ConnectFailure> {
        let destination = &self.destination;
        let addresses: Vec<SocketAddr> = match destination.literal_address() {
            Some(address) => vec![SocketAddr::new(address, destination.port)],
            None => tokio::net::lookup_host((destination.host.as_str(), destination.port))
                .await
                .map_err(|_| {
                    let message = format!(
                        "the name {} has no address; check the base URL and this machine's name server",
                        destination.host
                    );
                    ConnectFailure::failed("egress_unresolved", message)
                })?
                .take(ADDRESSES_MAX)
                .collect(),
        };
        for address in &addresses {
            destination.check_address(address.ip()).map_err(|why| {
                let message = format!(
                    "{} has the address {}, which is not connected to: {why}",
                    destination.host,
                    address.ip()
                );
                ConnectFailure::refused("egress_address_refused", message)
            })?;
        }
        Ok(addresses)
    }

    async fn open(
        &self,
        addresses: &[SocketAddr],
    ) -> std::result::Result<(TcpStream, SocketAddr), ConnectFailure> {
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Small requests and small pieces of answers: waiting to fill packets only delays them.
                    let _ = stream.set_nodelay(true);
                    return Ok((stream, *address));
                }
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(
            || "it has no address".to_owned(),
            |error| error.kind().to_string(),
        );
        Err(ConnectFailure::failed(
            "egress_unreachable",
            format!("{} cannot be reached: {why}", self.destination.authority()),
        ))
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
    ) -> std::result::Result<TlsStream<TcpStream>, ConnectFailure> {
        let host = &self.destination.host;
        let failed = |what: String| {
            let message = format!("{host} was reached but not trusted: {what}");
            ConnectFailure::failed("egress_tls_failed", message)
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| failed("its name cannot stand in a certificate".to_owned()))?;
        TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .map_err(|error| failed(error.to_string()))
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Trusts the public authorities (carried in the program, since a node may have no certificates of
/// its own) and what the destination adds.
fn tls_config(ca_pem: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let wrong = || {
        let message = "the certificate does not read; give certificates in PEM form, `-----BEGIN CERTIFICATE-----` and so on";
        Error::invalid_field("ca_pem", "invalid_ca", message)
    };
    if let Some(pem) = ca_pem {
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| wrong())?;
            roots.add(certificate).map_err(|_| wrong())?;
            added += 1;
        }
        if added == 0 {
            return Err(wrong());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("TLS cannot be set up").with_source(error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// An open connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
