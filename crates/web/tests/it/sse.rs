use std::time::Duration;

use axum::{Router, body::Body, http::Method, response::Response, routing::get};
use futures::{StreamExt, stream};
use guildhall_web::{
    CancellationToken,
    layers::{LayerOptions, stack},
    sse::{EventStream, SseEvent},
    testing::TestClient,
};
use serde_json::json;
use tokio::time::Instant;

fn event(name: &'static str, id: Option<&str>, data: &str) -> SseEvent {
    SseEvent {
        name: name.into(),
        id: id.map(str::to_owned),
        data: data.to_owned(),
    }
}

async fn open(events: Vec<SseEvent>, ends: bool, shutdown: CancellationToken) -> Response {
    let handler = move || async move {
        let rest = if ends {
            stream::empty().boxed()
        } else {
            stream::pending().boxed()
        };
        EventStream::new(stream::iter(events).chain(rest))
    };
    let options = LayerOptions {
        shutdown,
        ..LayerOptions::default()
    };
    let router = stack(Router::new().route("/api/events", get(handler)), options);
    TestClient::new(router)
        .open(Method::GET, "/api/events", Body::empty())
        .await
        .unwrap()
}

async fn text(response: Response) -> String {
    let chunks = response.into_body().into_data_stream();
    let bytes: Vec<u8> = chunks.map(|chunk| chunk.unwrap().to_vec()).concat().await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn events_go_out_in_the_standards_form() {
    let events = vec![
        SseEvent::json("started", Some("1".into()), &json!({"ok": true})).unwrap(),
        event("delta", None, "two\nlines\r\nand a third"),
        event("odd\nname", Some("odd\r\nid"), "x"),
    ];
    let response = open(events, true, CancellationToken::new()).await;
    assert_eq!(
        text(response).await,
        "event: started\ndata: {\"ok\":true}\nid: 1\n\n\
         event: delta\ndata: two\ndata: lines\ndata: and a third\n\n\
         event: odd name\ndata: x\nid: odd  id\n\n"
    );
}

#[tokio::test]
async fn the_answer_is_neither_stored_nor_held_back() {
    let response = open(Vec::new(), true, CancellationToken::new()).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
}

#[tokio::test(start_paused = true)]
async fn silence_is_kept_alive_beyond_the_request_time_out() {
    let response = open(Vec::new(), false, CancellationToken::new()).await;
    let began = Instant::now();
    let mut chunks = response.into_body().into_data_stream();
    for round in 1..=10 {
        let chunk = chunks.next().await.unwrap().unwrap();
        assert_eq!(chunk, ": keep-alive\n\n");
        assert_eq!(began.elapsed(), Duration::from_secs(15 * round));
    }
}

#[tokio::test]
async fn the_stream_ends_at_shutdown() {
    let shutdown = CancellationToken::new();
    let response = open(vec![event("first", None, "1")], false, shutdown.clone()).await;
    let mut chunks = response.into_body().into_data_stream();
    assert_eq!(
        chunks.next().await.unwrap().unwrap(),
        "event: first\ndata: 1\n\n"
    );
    shutdown.cancel();
    assert!(chunks.next().await.is_none());
}
