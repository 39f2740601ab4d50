//! Server-sent events (HTML Living Standard, 9.2).

use std::{borrow::Cow, convert::Infallible, time::Duration};

use axum::{
    http::{HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt};
use guildhall_kernel::{Error, Result};
use serde::Serialize;

use crate::scope;

/// How often a comment keeps a silent stream open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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
        let data = serde_json::to_string(data)
            .map_err(|error| Error::internal("writing an event as JSON").with_source(error))?;
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
        let frames = self
            .0
            .take_until(shutdown.cancelled_owned())
            .map(|event| Ok::<_, Infallible>(frame(event)));
        let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
        let mut response = Sse::new(frames).keep_alive(keep_alive).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Proxies such as nginx hold answers back unless they are told not to.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

fn frame(event: SseEvent) -> Event {
    // JSON holds no bare line breaks, so most payloads are sent as they are.
    let data = if event.data.contains('\r') {
        event.data.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        event.data
    };
    let frame = if event.name.is_empty() {
        Event::default().data(data)
    } else {
        Event::default().event(one_line(&event.name)).data(data)
    };
    match event.id {
        Some(id) => frame.id(one_line(&id)),
        None => frame,
    }
}

/// Names and ids end at a line break on the wire, so they must not contain one.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}
