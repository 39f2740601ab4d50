//! The worker that delivers.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header};
use guildhall_kernel::{Error, Result};
use tokio::{sync::Notify, task::JoinSet};

use super::{
    client,
    model::{next_attempt, signature},
    store::{self, Due},
};
use crate::{app::App, events};

/// Deliveries under way at a time.
const AT_A_TIME: u32 = 16;
/// Longest sleep without news.
const SLEEP_MAX: Duration = Duration::from_secs(60);
const KEPT_SECONDS: i64 = 30 * 86_400;

/// Wakes the worker when something was queued.
#[derive(Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Something is waiting.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Delivers until the server stops.
pub async fn run(app: App) {
    loop {
        let pause = match deliver_due(&app).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = %error.chain(), "webhooks could not be delivered");
                SLEEP_MAX
            }
        };
        tokio::select! {
            () = app.webhook_bell.0.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Delivers what is due and says how long nothing else will be.
async fn deliver_due(app: &App) -> Result<Duration> {
    let now = app.clock.now();
    let due = app
        .db
        .read(move |reader| store::list_due(reader, now, AT_A_TIME))
        .await?;
    let is_full = due.len() >= AT_A_TIME as usize;
    let mut under_way = JoinSet::new();
    for delivery in due {
        under_way.spawn(deliver(app.clone(), delivery));
    }
    while let Some(joined) = under_way.join_next().await {
        joined.map_err(|error| {
            Error::internal("a webhook's delivery stopped").with_source(error)
        })??;
    }
    if is_full {
        return Ok(Duration::ZERO);
    }
    let cleared = app
        .db
        .write(move |tx| store::forget(tx, now.plus_seconds(-KEPT_SECONDS)));
    cleared.await?;
    let next = app.db.read(store::next_due).await?;
    let wait = next.map_or(SLEEP_MAX, |next| {
        let millis = (next.as_millis() - app.clock.now().as_millis()).max(0);
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    });
    Ok(wait.min(SLEEP_MAX))
}

async fn deliver(app: App, due: Due) -> Result<()> {
    let outcome = attempt(&app, &due).await;
    let (attempts, now) = (due.attempts + 1, app.clock.now());
    let (state, words) = match outcome {
        Ok(status @ 200..=299) => (("delivered", now), format!("status {status}")),
        other => {
            let words = other.map_or_else(|words| words, |status| format!("status {status}"));
            match next_attempt(attempts, now) {
                Some(next) => (("waiting", next), words),
                None => (("given_up", now), words),
            }
        }
    };
    metrics::counter!("license_server_webhook_attempts_total", "state" => state.0).increment(1);
    let words: String = words.chars().take(300).collect();
    let settled = app
        .db
        .write(move |tx| store::settle(tx, due.id, attempts, state, &words));
    settled.await
}

async fn attempt(app: &App, due: &Due) -> Result<u16, String> {
    let say = |error: Error| error.message().to_owned();
    let url = client::check_url(&due.url, app.tls).map_err(say)?;
    let (event, webhook) = (due.event, due.webhook);
    let found = app.db.read(move |reader| events::find(reader, event));
    let event = found.await.map_err(say)?.ok_or("the event is gone")?;
    let secret = app
        .keys
        .unseal(&due.secret_sealed, &webhook.to_string())
        .map_err(say)?;
    let body = serde_json::to_vec(&event).map_err(|error| error.to_string())?;
    let seconds = app.clock.now().as_millis() / 1000;
    let id = due.id.to_string();
    let signed = signature(&secret, &id, seconds, &body).map_err(say)?;
    let text = |text: String| HeaderValue::try_from(text).map_err(|error| error.to_string());
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("webhook-id", text(id)?);
    headers.insert("webhook-timestamp", text(seconds.to_string())?);
    headers.insert("webhook-signature", text(signed)?);
    client::post(&url, headers, body).await
}
