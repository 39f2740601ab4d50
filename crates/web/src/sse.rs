//! Server-sent events (HTML Living Standard, 9.2).

use std::{
    borrow::Cow,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream::BoxStream};
use guildhall_kernel::{Error, Result};
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep};

use crate::scope;

/// How often a comment keeps a silent stream open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_COMMENT: &[u8] = b": keep-alive\n\n";
/// Events that are sent in one piece when they are there at the same time.
const EVENTS_AT_ONCE: usize = 32;
/// Room for the payload of most events, so that it is not moved while it is written.
const EVENT_BYTES: usize = 512;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's type, such as `delta`; empty for an event without one.
    pub name: Cow<'static, str>,
    /// What a client sends as `Last-Event-ID` to go on after this event.
    pub id: Option<String>,
    /// The payload.
    pub data: String,
}

impl SseEvent {
    /// An event whose payload is `data` as JSON.
    ///
    /// # Errors
    /// Internal when `data` cannot be written as JSON.
    pub fn json(
        name: impl Into<Cow<'static, str>>,
        id: Option<String>,
        data: &impl Serialize,
    ) -> Result<Self> {
        let mut bytes = Vec::with_capacity(EVENT_BYTES);
        serde_json::to_writer(&mut bytes, data)
            .map_err(|error| Error::internal("writing an event as JSON").with_source(error))?;
        let data = String::from_utf8(bytes)
            .map_err(|error| Error::internal("JSON that is no text").with_source(error))?;
        Ok(Self {
            name: name.into(),
            id,
            data,
        })
    }

    /// An event without a type whose payload is this text.
    pub fn text(data: impl Into<String>) -> Self {
        Self {
            name: Cow::Borrowed(""),
            id: None,
            data: data.into(),
        }
    }
}

/// An answer that sends events as they come, with a comment every 15 s of silence. It ends with
/// the stream or at the server's shutdown, whichever is first.
pub struct EventStream<S>(S);

impl<S: Stream<Item = SseEvent> + Send + 'static> EventStream<S> {
    /// Sends what `events` yields.
    pub fn new(events: S) -> Self {
        Self(events)
    }
}

impl<S: Stream<Item = SseEvent> + Send + 'static> IntoResponse for EventStream<S> {
    fn into_response(self) -> Response {
        let shutdown = scope::shutdown();
        let events = self.0.take_until(shutdown.cancelled_owned());
        let frames = Frames {
            events: events.ready_chunks(EVENTS_AT_ONCE).boxed(),
            spoke: Instant::now(),
            silence: Box::pin(sleep(KEEP_ALIVE)),
        };
        let mut response = Body::from_stream(frames).into_response();
        let fixed = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
            // Proxies such as nginx hold answers back unless they are told not to.
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        for (name, value) in fixed {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Events as they go over the wire.
struct Frames {
    events: BoxStream<'static, Vec<SseEvent>>,
    /// When something was sent last.
    spoke: Instant,
    /// Looks now and then whether that is too long ago: set for every event it would cost more than the event.
    silence: Pin<Box<Sleep>>,
}

impl Stream for Frames {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(events) = self.events.poll_next_unpin(context) {
            self.spoke = Instant::now();
            return Poll::Ready(events.map(|events| Ok(written(&events))));
        }
        while self.silence.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let is_due = self.spoke + KEEP_ALIVE <= now;
            if is_due {
                self.spoke = now;
            }
            let next = self.spoke + KEEP_ALIVE;
            self.silence.as_mut().reset(next);
            if is_due {
                return Poll::Ready(Some(Ok(Bytes::from_static(KEEP_ALIVE_COMMENT))));
            }
        }
        Poll::Pending
    }
}

fn written(events: &[SseEvent]) -> Bytes {
    let length = |event: &SseEvent| event.data.len() + event.name.len() + 32;
    let mut text = String::with_capacity(events.iter().map(length).sum());
    for event in events {
        write(event, &mut text);
    }
    text.into()
}

fn write(event: &SseEvent, text: &mut String) {
    let mut field = |name: &str, value: &str| {
        text.extend([name, ": ", value, "\n"]);
    };
    if !event.name.is_empty() {
        field("event", &one_line(&event.name));
    }
    // JSON holds no bare line breaks, so most payloads are sent as they are.
    if event.data.contains('\r') {
        let data = event.data.replace("\r\n", "\n").replace('\r', "\n");
        data.split('\n').for_each(|line| field("data", line));
    } else {
        event.data.split('\n').for_each(|line| field("data", line));
    }
    if let Some(id) = &event.id {
        field("id", &one_line(id));
    }
    text.push('\n');
}

/// Names and ids end at a line break on the wire, so they must not contain one.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}
