//! Webhooks over a real connection.

use base64::{Engine, engine::general_purpose::STANDARD};
use guildhall_license_server::webhooks;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::server::{Server, code, get, id, post};

struct Told {
    headers: String,
    body: Vec<u8>,
}

/// Takes one request and answers with this status.
async fn take(listener: &TcpListener, status: u16) -> Told {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "the request broke off");
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let headers = head.to_lowercase();
        let length: usize = headers
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse()
            .unwrap();
        let body = &bytes[head.len() + 4..];
        if body.len() >= length {
            let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            return Told {
                headers: head.to_owned(),
                body: body.to_vec(),
            };
        }
    }
}

impl Told {
    fn header(&self, name: &str) -> &str {
        let line = |line: &'_ str| line.to_lowercase().starts_with(&format!("{name}:"));
        let found = self.headers.lines().find(|text| line(text)).unwrap();
        found.split_once(':').unwrap().1.trim()
    }
}

async fn deliveries(server: &Server, hook: &str) -> Value {
    get(&server.admin, &format!("/api/webhooks/{hook}/deliveries")).await["items"].clone()
}

#[tokio::test]
async fn an_event_is_told_signed_and_again_until_it_was_heard() {
    let server = Server::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://127.0.0.1:{}/hooks?a=1",
        listener.local_addr().unwrap().port()
    );
    let input = json!({ "url": url, "kinds": ["webhook.tested"] });
    let made = post(&server.admin, "/api/webhooks", &input, 201).await;
    let hook = id(&made["webhook"]);
    let secret = made["secret"]
        .as_str()
        .unwrap()
        .strip_prefix("whsec_")
        .unwrap();
    let secret = STANDARD.decode(secret).unwrap();
    let worker = tokio::spawn(webhooks::run(server.app.clone()));

    post(&server.admin, "/api/webhooks/test", &json!({}), 202).await;
    let first = take(&listener, 500).await;
    let waiting = loop {
        let found = deliveries(&server, &hook).await;
        if found[0]["attempts"] == 1 {
            break found[0].clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&waiting["state"], &waiting["last_outcome"]),
        (&json!("waiting"), &json!("status 500"))
    );

    server.clock.advance_seconds(6);
    server.app.webhook_bell.ring();
    let second = take(&listener, 204).await;
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert!(second.headers.starts_with("POST /hooks?a=1 HTTP/1.1"));
    let seconds: i64 = second.header("webhook-timestamp").parse().unwrap();
    let id = second.header("webhook-id");
    let signed = webhooks::signature(&secret, id, seconds, &second.body).unwrap();
    assert_eq!(second.header("webhook-signature"), signed);
    let event: Value = serde_json::from_slice(&second.body).unwrap();
    assert_eq!(event["kind"], "webhook.tested");
    loop {
        if deliveries(&server, &hook).await[0]["state"] == "delivered" {
            break;
        }
        tokio::task::yield_now().await;
    }
    server.app.shutdown.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn only_safe_addresses_and_known_kinds_are_taken() {
    let server = Server::new().await;
    for url in [
        "http://example.com/",
        "https://a:b@example.com/",
        "ftp://example.com",
        "nonsense",
        "",
    ] {
        let input = json!({ "url": url });
        let answer = server
            .admin
            .json(axum::http::Method::POST, "/api/webhooks", &input)
            .await
            .unwrap();
        assert_eq!(code(&answer), "invalid_webhook_url", "{url}");
    }
    let input = json!({ "url": "https://example.com/", "kinds": ["licence.eaten"] });
    let answer = server
        .admin
        .json(axum::http::Method::POST, "/api/webhooks", &input)
        .await
        .unwrap();
    assert_eq!(code(&answer), "unknown_event_kind");
}
