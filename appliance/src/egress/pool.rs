//! Connections to one destination, kept from call to call.
//!
//! A connection has no task of its own: whoever waits for an answer moves its connection along, so that an
//! answer of many small pieces costs no change of task per piece. While it waits for its next call nobody
//! looks at it; one that the other side closed meanwhile is found out before it is used again.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    http::{Request, response::Parts},
};
use http_body_util::Full;
use hyper::{
    body::{Body, Frame, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::connect::{ConnectFailure, ConnectSteps, Connector, Stream};

/// How long a connection waits for its next call.
const IDLE: Duration = Duration::from_secs(60);
/// Connections that wait for their next call at most; as many calls at a time open none.
const IDLE_MAX: usize = 128;
/// Bytes of an answer that are handed out in one piece at most, but for the last chunk of them.
const TOGETHER: usize = 64 << 10;

/// The connections to one destination.
pub(super) struct Pool {
    connector: Connector,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The one used last comes last, and is used first.
    connections: Vec<(Open, Instant)>,
    /// Whether a task looks for those that waited too long.
    is_swept: bool,
}

/// An open connection.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    has_ended: bool,
}

/// Why no answer came.
pub(super) enum Failure {
    Connect(ConnectFailure),
    /// The connection ended early, or what came over it was no HTTP.
    Cut(hyper::Error),
}

/// The body of an answer, with the connection it comes over. Dropping it before its end closes the connection.
pub(super) struct AnswerBody {
    open: Option<Open>,
    body: Incoming,
    pool: Arc<Pool>,
    /// The connection reads a body only once somebody has asked for it.
    is_asked_for: bool,
    /// How the body ended, where bytes that came with the end were handed out first.
    ended: Option<Option<hyper::Error>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Arc<Self> {
        let waiting = Mutex::default();
        Arc::new(Self { connector, waiting })
    }

    /// Opens a connection that no call uses, for its steps.
    pub(super) async fn probe(&self, steps: &mut ConnectSteps) -> Result<(), ConnectFailure> {
        self.connector.connect(steps).await.map(drop)
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// What kept it from being sent or answered.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Parts, AnswerBody), Failure> {
        while let Some(mut open) = self.take().await {
            match open.exchange(request).await {
                Ok((head, body)) => return Ok((head, self.body(open, body))),
                // Closed at this very moment: nothing of the request was sent, so another one takes it.
                Err((_, Some(unsent))) => request = unsent,
                Err((error, None)) => return Err(Failure::Cut(error)),
            }
        }
        // Connecting is rare, and its state many times as large as that of a call.
        let mut open = Box::pin(self.connect()).await?;
        let answer = open.exchange(request).await;
        let (head, body) = answer.map_err(|(error, _)| Failure::Cut(error))?;
        Ok((head, self.body(open, body)))
    }

    fn body(self: &Arc<Self>, open: Open, body: Incoming) -> AnswerBody {
        AnswerBody {
            open: Some(open),
            body,
            pool: Arc::clone(self),
            is_asked_for: false,
            ended: None,
        }
    }

    async fn connect(&self) -> Result<Open, Failure> {
        let connected = self.connector.connect(&mut ConnectSteps::default()).await;
        let io = TokioIo::new(connected.map_err(Failure::Connect)?);
        let (sender, connection) = http1::handshake(io).await.map_err(Failure::Cut)?;
        Ok(Open {
            sender,
            connection: Box::pin(connection),
            has_ended: false,
        })
    }

    /// A connection that waits and is still good.
    async fn take(&self) -> Option<Open> {
        loop {
            let (mut open, since) = self.waiting().connections.pop()?;
            if since.elapsed() < IDLE && open.is_free().await {
                return Some(open);
            }
        }
    }

    /// Keeps a connection for the next call, unless calls may no longer go there.
    fn keep(self: &Arc<Self>, open: Open) {
        let mut waiting = self.waiting();
        if self.connector.is_closed() || waiting.connections.len() >= IDLE_MAX {
            return;
        }
        waiting.connections.push((open, Instant::now()));
        if !waiting.is_swept {
            waiting.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what waited too long, as long as anything waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let mut waiting = pool.waiting();
        waiting
            .connections
            .retain(|(_, since)| since.elapsed() < IDLE);
        if waiting.connections.is_empty() {
            waiting.is_swept = false;
            return;
        }
    }
}

/// An answer's head and body, or why there is none and the request when nothing of it was sent.
type Exchanged = Result<(Parts, Incoming), (hyper::Error, Option<Request<Full<Bytes>>>)>;

impl Open {
    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Exchanged {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (connection, has_ended) = (&mut self.connection, &mut self.has_ended);
        let answer = poll_fn(|context| {
            advance(connection, has_ended, context);
            answer.as_mut().poll(context)
        });
        match answer.await {
            Ok(answer) => Ok(answer.into_parts()),
            Err(mut error) => {
                let unsent = error.take_message();
                Err((error.into_error(), unsent))
            }
        }
    }

    /// Whether the connection is open and takes a request.
    async fn is_free(&mut self) -> bool {
        poll_fn(|context| {
            advance(&mut self.connection, &mut self.has_ended, context);
            Poll::Ready(())
        })
        .await;
        !self.has_ended && self.sender.is_ready()
    }
}

/// Moves a connection along. How it ended is told by what was asked over it.
fn advance(
    connection: &mut Pin<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    has_ended: &mut bool,
    context: &mut Context<'_>,
) {
    if !*has_ended {
        *has_ended = connection.as_mut().poll(context).is_ready();
    }
}

impl AnswerBody {
    /// The next bytes; `None` at the end. What is there already comes in one piece: a provider that is faster than
    /// its reader costs a step per read and not one per chunk.
    ///
    /// # Errors
    /// When the connection ended before the answer did.
    pub(super) async fn bytes(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        if self.ended.is_none() {
            let first = poll_fn(|context| self.poll_data(context)).await;
            if let Some(Ok(first)) = first {
                return Some(Ok(self.with_what_is_there(first).await));
            }
            self.end(first.and_then(Result::err)).await;
        }
        self.ended.take()?.map(Err)
    }

    async fn with_what_is_there(&mut self, first: Bytes) -> Bytes {
        let mut together = Vec::new();
        while first.len() + together.len() < TOGETHER {
            match poll_fn(|context| Poll::Ready(self.poll_data(context))).await {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(more))) => {
                    if together.is_empty() {
                        together.extend_from_slice(&first);
                    }
                    together.extend_from_slice(&more);
                }
                Poll::Ready(end) => {
                    self.end(end.and_then(Result::err)).await;
                    break;
                }
            }
        }
        if together.is_empty() {
            first
        } else {
            together.into()
        }
    }

    /// Notes how the body ended, and keeps the connection of a whole one.
    async fn end(&mut self, error: Option<hyper::Error>) {
        if error.is_none()
            && let Some(mut open) = self.open.take()
            && open.is_free().await
        {
            self.pool.keep(open);
        }
        self.ended = Some(error);
    }

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            let frame = match ready!(self.poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            // Trailers say nothing that is needed here.
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Some(Ok(data)));
            }
        }
    }

    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if !self.is_asked_for {
            self.is_asked_for = true;
            if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
                return Poll::Ready(frame);
            }
        }
        if let Some(open) = &mut self.open {
            advance(&mut open.connection, &mut open.has_ended, context);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}
