//! Connections to services that speak something else than HTTP, such as directories: handed out whole, encrypted by
//! whoever uses them. What holds for calls of services holds here: addresses of the local network only, unless the
//! switch lets everything through; turning the switch ends what is open; every connection is recorded.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use guildhall_kernel::{Error, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{
    Destination, Egress, EgressCall, EgressMode, Origin,
    connect::{ConnectSteps, Connector, Stream},
    model::CallOutcome,
    service_id,
};

/// A server of a service that an administrator entered.
#[derive(Clone, Debug)]
pub struct ServiceAddress {
    /// The id of what the administrator entered, such as `dir_…`: connections are recorded under it.
    pub service: String,
    /// Name or address.
    pub host: String,
    pub port: u16,
}

/// An open connection to a service. Dropping it closes and records it.
pub struct ServiceStream {
    stream: Stream,
    /// Ends when the switch is turned.
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    record: Record,
}

/// Writes the connection down when it is dropped, however it ended.
struct Record {
    egress: Egress,
    call: EgressCall,
    started: Instant,
}

impl Drop for Record {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed().as_millis();
        self.call.duration_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.egress.note(self.call.clone());
    }
}

impl Egress {
    /// Connects to a service. Nothing has been sent over the connection yet.
    ///
    /// # Errors
    /// `egress_unresolved`, `egress_address_refused`, `egress_unreachable`, `egress_timeout`, `egress_denied`.
    pub async fn connect_service(
        &self,
        address: &ServiceAddress,
        origin: Origin,
        timeout: Duration,
    ) -> Result<ServiceStream> {
        let destination = Destination {
            host: address.host.to_ascii_lowercase(),
            port: address.port,
            tls: false,
            local_network: true,
            base_path: String::new(),
            ca_pem: None,
            any_network: self.mode() == EgressMode::Allowed,
        };
        let mut record = self.begin_connection(address, origin);
        let open = self.state().services.clone();
        let connector = Connector::new(Arc::new(destination), timeout)?.until(&open);
        match connector.connect(&mut ConnectSteps::default()).await {
            Ok(stream) => {
                record.call.outcome = CallOutcome::Complete;
                Ok(ServiceStream {
                    stream,
                    closed: Box::pin(CancellationToken::cancelled_owned(open)),
                    record,
                })
            }
            Err(failure) => {
                if failure.is_refusal() {
                    record.call.outcome = CallOutcome::Denied;
                }
                Err(worded(failure.into_error()))
            }
        }
    }

    fn begin_connection(&self, address: &ServiceAddress, origin: Origin) -> Record {
        Record {
            egress: self.clone(),
            call: EgressCall {
                at: self.now(),
                organisation_id: origin.organisation,
                person_id: origin.person,
                provider_id: service_id(&address.service),
                host: format!("{}:{}", address.host, address.port),
                outcome: CallOutcome::Failed,
                status: None,
                bytes_out: 0,
                bytes_in: 0,
                duration_ms: 0,
            },
            started: Instant::now(),
        }
    }
}

/// The refusal of an address speaks of providers, which a service is none of.
fn worded(error: Error) -> Error {
    if error.code() != "egress_address_refused" {
        return error;
    }
    let message = "the server's address lies outside the local network, and the egress switch does not let this node go there; use a server of the local network, or have the switch opened";
    Error::forbidden("egress_address_refused", message).with_source(error)
}

impl ServiceStream {
    /// An error once the switch has been turned.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.closed.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        self.record.call.outcome = CallOutcome::Denied;
        Err(io::Error::other("the egress switch was turned"))
    }
}

impl AsyncRead for ServiceStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        count(&mut this.record.call.bytes_in, read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServiceStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check(context)?;
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        count(&mut this.record.call.bytes_out, written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

fn count(sum: &mut u64, bytes: usize) {
    *sum = sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
}
