//! `/api/events`: what changes in the organisation, live.

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use futures::Stream;
use guildhall_kernel::Ctx;
use guildhall_web::{
    Auth, HttpResult,
    sse::{EventStream, SseEvent},
};
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    events::{Event, Events, Published},
    identity::{Watch, perm, watch_stream},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What changes in the organisation, live. `Last-Event-ID` goes on after that event; a `reload` event
/// says that more was missed than is remembered.
#[utoipa::path(get, path = "/api/events", tag = "events",
    responses((status = 200, content((Event = "text/event-stream")))))]
async fn events(
    Auth { ctx, .. }: Auth<perm::EventsRead>,
    State(app): State<App>,
    headers: HeaderMap,
) -> HttpResult<impl IntoResponse> {
    let after = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let watch = watch_stream(&app, &ctx).await?;
    Ok(EventStream::new(stream(
        app.events.clone(),
        (ctx, watch),
        after,
    )))
}

/// Ends when the caller loses the access that they listen with, or may hear other things from now on: a
/// browser connects again by itself and is let in anew, or not.
fn stream(
    events: Events,
    (ctx, watch): (Ctx, Watch),
    after: Option<u64>,
) -> impl Stream<Item = SseEvent> + Send {
    async_stream::stream! {
        let (missed, mut live) = events.subscribe(after);
        match missed {
            None => {
                if let Some(frame) = frame(None, &Event::Reload {}) {
                    yield frame;
                }
            }
            Some(missed) => {
                for published in missed.iter().filter(|published| is_mine(published, &ctx)) {
                    if let Some(frame) = frame(Some(published.sequence), &published.event) {
                        yield frame;
                    }
                }
            }
        }
        loop {
            let next = tokio::select! {
                biased;
                () = watch.ended() => return,
                next = live.recv() => next,
            };
            match next {
                Ok(published) if is_mine(&published, &ctx) => {
                    if let Some(frame) = frame(Some(published.sequence), &published.event) {
                        yield frame;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    if let Some(frame) = frame(None, &Event::Reload {}) {
                        yield frame;
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn is_mine(published: &Published, ctx: &Ctx) -> bool {
    let is_seen = published.event.ve().is_none_or(|ve| ctx.may_see_ve(ve));
    is_seen && published.is_for(ctx.organisation, ctx.person)
}

fn frame(sequence: Option<u64>, event: &Event) -> Option<SseEvent> {
    SseEvent::json(
        event.name(),
        sequence.map(|number| number.to_string()),
        event,
    )
    .inspect_err(|error| tracing::error!(error = %error.chain(), "an event was not sent"))
    .ok()
}
