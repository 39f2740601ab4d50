//! Knows whether a connection is in use, so that idle ones can be closed.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// The requests under way on one connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

struct State {
    under_way: usize,
    idle_since: Instant,
    served_any: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            under_way: 0,
            idle_since: Instant::now(),
            served_any: false,
        })))
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(&self) -> UnderWay {
        let mut state = self.lock();
        state.under_way += 1;
        state.served_any = true;
        UnderWay(self.clone())
    }

    /// Comes back when nothing has been under way for `idle`, or for `first` when there was no
    /// request yet.
    pub(super) async fn idle(&self, first: Duration, idle: Duration) {
        loop {
            let (busy, expires) = {
                let state = self.lock();
                let patience = if state.served_any { idle } else { first };
                (state.under_way > 0, state.idle_since + patience)
            };
            let now = Instant::now();
            if !busy && expires <= now {
                return;
            }
            // A first request in the meantime changes the patience, hence not just `expires`.
            let look_again = now + idle;
            let look_again = if busy {
                look_again
            } else {
                look_again.min(expires)
            };
            tokio::time::sleep_until(look_again).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request under way.
pub(super) struct UnderWay(Activity);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.under_way -= 1;
        state.idle_since = Instant::now();
    }
}

/// Most bytes handed to the connection at a time. A body in one piece would count as sent while a
/// slow client still has most of it before them.
const PIECE_BYTES: usize = 64 * 1024;

/// An answer's body that counts as under way until its last piece is handed over.
pub(super) struct CountedBody {
    body: Body,
    rest: Bytes,
    _under_way: UnderWay,
}

impl CountedBody {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            _under_way: under_way,
        }
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
