//! One outgoing call: admitted, sent, answered, recorded.

use std::time::{Duration, Instant};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, Uri, header},
};
use guildhall_kernel::{Error, ProviderId, Result};
use http_body_util::Full;
use tokio_util::sync::CancellationToken;

use super::{
    Egress, Route,
    connect::ConnectSteps,
    model::{CallOutcome, CallTimeouts, EgressCall, Origin},
    pool::{AnswerBody, Failure},
};

/// Largest body sent.
const REQUEST_BYTES_MAX: usize = 32 << 20;
/// Largest answer read, over its whole length.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// A call to make.
pub struct Call {
    pub origin: Origin,
    /// Whose destination it goes to.
    pub provider: ProviderId,
    pub method: Method,
    /// Path and query below the destination's base path, percent-encoded; begins with `/`.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub timeouts: CallTimeouts,
}

/// An answer whose head has come. Dropping it ends the call.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    body: AnswerBody,
    idle: Duration,
    open: CancellationToken,
    record: Record,
}

/// Writes the call down when it is dropped, however it ended.
pub(super) struct Record {
    egress: Egress,
    pub(super) call: EgressCall,
    started: Instant,
}

impl Drop for Record {
    fn drop(&mut self) {
        self.call.duration_ms =
            u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.egress.note(self.call.clone());
    }
}

impl Egress {
    /// Makes a call and waits for the head of its answer. Redirections are answers like any other.
    ///
    /// # Errors
    /// `egress_denied` before any socket exists; `egress_unresolved`, `egress_address_refused`,
    /// `egress_unreachable`, `egress_tls_failed`, `egress_timeout`, `egress_cut`.
    pub async fn call(&self, call: Call) -> Result<Reply> {
        let mut record = self.begin(&call);
        let route = match self.admit(call.provider) {
            Ok(route) => route,
            Err(error) => {
                record.call.outcome = CallOutcome::Denied;
                return Err(error);
            }
        };
        self.send(record, route, call).await
    }

    /// Makes an admitted call and waits for the head of its answer.
    pub(super) async fn send(&self, mut record: Record, route: Route, call: Call) -> Result<Reply> {
        record.call.host = route.destination.authority();
        let (timeouts, request) = (call.timeouts, request(&route, call)?);
        let answer = tokio::time::timeout(timeouts.first_byte, route.pool.send(request));
        let answer = tokio::select! {
            // A switch that closes in between wins over an answer.
            biased;
            () = route.open.cancelled() => {
                record.call.outcome = CallOutcome::Denied;
                return Err(self.denied(&route.slug));
            }
            answer = answer => answer,
        };
        let answer = answer.map_err(|_| {
            let seconds = timeouts.first_byte.as_secs_f32();
            let message = format!("{} did not answer within {seconds} s", record.call.host);
            Error::unavailable("egress_timeout", message, 5)
        })?;
        let (head, body) = match answer {
            Ok(answer) => answer,
            Err(failure) => return Err(failed(&mut record, failure)),
        };
        record.call.status = Some(head.status.as_u16());
        record.call.outcome = CallOutcome::Abandoned;
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            idle: timeouts.idle,
            open: route.open,
            record,
        })
    }

    /// Opens a connection to a provider and closes it again, noting the steps.
    ///
    /// # Errors
    /// As [`Egress::call`].
    pub async fn probe(
        &self,
        origin: Origin,
        provider: ProviderId,
        steps: &mut ConnectSteps,
    ) -> Result<()> {
        let mut record = Record {
            egress: self.clone(),
            call: blank(self, origin, provider, 0),
            started: Instant::now(),
        };
        let route = self.admit(provider).inspect_err(|_| {
            record.call.outcome = CallOutcome::Denied;
        })?;
        record.call.host = route.destination.authority();
        match route.pool.probe(steps).await {
            Ok(()) => {
                record.call.outcome = CallOutcome::Complete;
                Ok(())
            }
            Err(failure) => {
                if failure.is_refusal() {
                    record.call.outcome = CallOutcome::Denied;
                }
                Err(failure.into_error())
            }
        }
    }

    pub(super) fn begin(&self, call: &Call) -> Record {
        let bytes_out = u64::try_from(call.body.len()).unwrap_or(u64::MAX);
        Record {
            egress: self.clone(),
            call: blank(self, call.origin, call.provider, bytes_out),
            started: Instant::now(),
        }
    }
}

fn blank(egress: &Egress, origin: Origin, provider: ProviderId, bytes_out: u64) -> EgressCall {
    EgressCall {
        at: egress.now(),
        organisation_id: origin.organisation,
        person_id: origin.person,
        provider_id: provider,
        host: String::new(),
        outcome: CallOutcome::Failed,
        status: None,
        bytes_out,
        bytes_in: 0,
        duration_ms: 0,
    }
}

fn request(route: &Route, call: Call) -> Result<Request<Full<Bytes>>> {
    if call.body.len() > REQUEST_BYTES_MAX {
        let message = format!(
            "the request has {} MB and at most {} MB are sent; shorten the conversation",
            call.body.len() >> 20,
            REQUEST_BYTES_MAX >> 20
        );
        return Err(Error::new(
            guildhall_kernel::ErrorKind::TooLarge,
            "egress_too_large",
            message,
        ));
    }
    let destination = &route.destination;
    let path = format!("{}{}", destination.base_path, call.path);
    // Nothing but the path: the connection says where it goes (RFC 9112, 3.2.1).
    let uri = Uri::builder().path_and_query(path).build();
    let wrong = |error| Error::internal("a provider's URL cannot be built").with_source(error);
    let mut request = Request::builder()
        .method(call.method)
        .uri(uri.map_err(wrong)?)
        .header(header::HOST, destination.authority())
        .header(
            header::USER_AGENT,
            concat!("guildhall/", env!("CARGO_PKG_VERSION")),
        );
    if let Some(headers) = request.headers_mut() {
        headers.extend(call.headers);
    }
    request
        .body(Full::new(Bytes::from(call.body)))
        .map_err(wrong)
}

fn failed(record: &mut Record, failure: Failure) -> Error {
    match failure {
        Failure::Connect(failure) => {
            if failure.is_refusal() {
                record.call.outcome = CallOutcome::Denied;
            }
            failure.into_error()
        }
        Failure::Cut(error) => cut(&record.call.host, error),
    }
}

/// The other side ended the connection, or spoke no HTTP.
fn cut(host: &str, error: hyper::Error) -> Error {
    let message = format!("{host} ended the connection in the middle of its answer");
    Error::unavailable("egress_cut", message, 5).with_source(error)
}

impl Reply {
    /// The next bytes of the body, as many as are there; `None` at its end.
    ///
    /// # Errors
    /// `egress_denied` when the switch was closed meanwhile, `egress_timeout`, `egress_cut`,
    /// `egress_too_large`.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let bytes = tokio::select! {
            biased;
            () = self.open.cancelled() => {
                self.record.call.outcome = CallOutcome::Denied;
                return Err(self.record.egress.denied(&self.record.call.host));
            }
            bytes = tokio::time::timeout(self.idle, self.body.bytes()) => bytes,
        };
        let host = &self.record.call.host;
        let bytes = bytes.map_err(|_| {
            self.record.call.outcome = CallOutcome::Failed;
            let seconds = self.idle.as_secs_f32();
            let message = format!("{host} fell silent for {seconds} s in the middle of its answer");
            Error::unavailable("egress_timeout", message, 5)
        })?;
        match bytes {
            None => {
                self.record.call.outcome = CallOutcome::Complete;
                Ok(None)
            }
            Some(Err(error)) => {
                self.record.call.outcome = CallOutcome::Failed;
                Err(cut(host, error))
            }
            Some(Ok(bytes)) => {
                self.count(bytes.len())?;
                Ok(Some(bytes))
            }
        }
    }

    fn count(&mut self, length: usize) -> Result<()> {
        let call = &mut self.record.call;
        call.bytes_in = call
            .bytes_in
            .saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if call.bytes_in <= ANSWER_BYTES_MAX {
            return Ok(());
        }
        call.outcome = CallOutcome::Failed;
        Err(too_large(&call.host, ANSWER_BYTES_MAX))
    }

    /// The whole body, at most `most` bytes.
    ///
    /// # Errors
    /// As [`Reply::chunk`].
    pub async fn bytes(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            if whole.len() + bytes.len() > most {
                let most = u64::try_from(most).unwrap_or(u64::MAX);
                return Err(too_large(&self.record.call.host, most));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

fn too_large(host: &str, most: u64) -> Error {
    let message = format!("the answer of {host} is longer than {} kB", most >> 10);
    Error::unavailable("egress_too_large", message, 60)
}
