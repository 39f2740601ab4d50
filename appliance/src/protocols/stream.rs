//! From a call under way to a stream of events in the protocol's own form.
//!
//! A task of its own reads the call and hands events to the connection through a short queue. It ends,
//! and with it the model's work, when the caller goes away, and also when the caller stays but takes
//! nothing for a minute.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use guildhall_kernel::{Error, Result};
use guildhall_web::sse::{EventStream, SseEvent};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    call::{Call, Head, Piece},
    problem::Problem,
};

/// Events on their way to a slow caller.
const QUEUE: usize = 64;
/// How long a caller may take nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes a call's pieces as one protocol's events.
pub(super) trait Writer: Send + 'static {
    /// What comes before the first piece.
    fn begin(&mut self, head: &Head, out: &mut Events) -> Result<()>;
    /// One piece of one answer.
    fn piece(&mut self, head: &Head, piece: (usize, Piece), out: &mut Events) -> Result<()>;
    /// What comes after the last piece.
    fn end(&mut self, head: &Head, out: &mut Events) -> Result<()>;
    /// What says that the answer breaks off here.
    fn fail(&mut self, problem: &Problem, out: &mut Events) -> Result<()>;
}

/// Events to be sent.
#[derive(Default)]
pub(super) struct Events(Vec<SseEvent>);

impl Events {
    /// An event without a type.
    pub(super) fn data(&mut self, data: &impl Serialize) -> Result<()> {
        self.named("", data)
    }

    /// An event of a type.
    pub(super) fn named(&mut self, name: &'static str, data: &impl Serialize) -> Result<()> {
        self.0.push(SseEvent::json(name, None, data)?);
        Ok(())
    }

    /// An event without a type that is no JSON.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push(SseEvent::text(text));
    }

    /// The events so far as (name, payload), for tests.
    #[cfg(test)]
    pub(super) fn written(self) -> Vec<(String, String)> {
        let events = self.0.into_iter();
        events
            .map(|event| (event.name.into_owned(), event.data))
            .collect()
    }
}

/// Streams a call. What is there already goes out together with the head of the answer; when that is all, no task
/// is needed.
pub(super) fn respond(call: Call, writer: impl Writer) -> Response {
    let (sender, events) = mpsc::channel(QUEUE);
    let mut rest = Box::pin(pump(call, writer, sender, PATIENCE));
    if (&mut rest).now_or_never().is_none() {
        tokio::spawn(rest);
    }
    EventStream::new(ReceiverStream::new(events)).into_response()
}

async fn pump(
    mut call: Call,
    mut writer: impl Writer,
    sender: mpsc::Sender<SseEvent>,
    patience: Duration,
) {
    let mut events = Events::default();
    let mut outcome = writer.begin(call.head(), &mut events);
    loop {
        if let Err(error) = outcome {
            break_off(&call, &mut writer, &error, &mut events);
            deliver(&sender, &mut events, patience).await;
            return;
        }
        if !deliver(&sender, &mut events, patience).await {
            return;
        }
        let next = tokio::select! {
            next = call.next() => next,
            () = sender.closed() => return,
        };
        outcome = match next {
            Some(Ok(piece)) => writer.piece(call.head(), piece, &mut events),
            Some(Err(error)) => Err(error),
            None => break,
        };
    }
    if let Err(error) = writer.end(call.head(), &mut events) {
        break_off(&call, &mut writer, &error, &mut events);
    }
    deliver(&sender, &mut events, patience).await;
}

fn break_off(call: &Call, writer: &mut impl Writer, error: &Error, events: &mut Events) {
    let request_id = call.request_id();
    tracing::warn!(request.id = request_id, error = %error.chain(), "an answer broke off");
    if let Err(error) = writer.fail(&Problem::new(error, request_id), events) {
        tracing::error!(request.id = request_id, error = %error.chain(), "an event was not sent");
    }
}

/// Hands events over; false when nobody takes them any more.
async fn deliver(sender: &mpsc::Sender<SseEvent>, events: &mut Events, patience: Duration) -> bool {
    for event in events.0.drain(..) {
        // Most callers keep up, and a timer per token would be waste.
        let event = match sender.try_send(event) {
            Ok(()) => continue,
            Err(mpsc::error::TrySendError::Closed(_)) => return false,
            Err(mpsc::error::TrySendError::Full(event)) => event,
        };
        match tokio::time::timeout(patience, sender.send(event)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return false,
            Err(_) => {
                tracing::info!("a caller takes nothing of its stream; it is cut off");
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_and_who_left_is_noticed() {
        let (sender, receiver) = mpsc::channel(1);
        let patience = Duration::from_millis(5);
        let two = || Events(vec![SseEvent::text("1"), SseEvent::text("2")]);
        assert!(!deliver(&sender, &mut two(), patience).await);
        drop(receiver);
        assert!(!deliver(&sender, &mut two(), Duration::from_secs(60)).await);
    }
}
