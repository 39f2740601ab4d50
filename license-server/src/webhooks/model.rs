//! Webhooks as shown, their signature and the times between tries.

use base64::{Engine, engine::general_purpose::STANDARD};
use guildhall_kernel::{Error, Result, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::{
    events,
    ids::{DeliveryId, WebhookId},
};

/// Seconds until the next try, by the number of tries so far; after the last it is given up.
const WAITS_SECONDS: [i64; 11] = [
    5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800, 43_200,
];

/// Where to tell of what happens.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    /// The kinds of events it gets; every kind when empty.
    pub kinds: Vec<String>,
    pub created_at: Timestamp,
}

/// A new webhook with its secret, which is shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedWebhook {
    pub webhook: Webhook,
    /// `whsec_` and the key in base64, as the Standard Webhooks libraries take it.
    pub secret: String,
}

/// One telling of one event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    pub id: DeliveryId,
    pub kind: String,
    /// `waiting`, `delivered` or `given_up`.
    pub state: String,
    pub attempts: u32,
    pub next_attempt_at: Timestamp,
    /// What the last try came to.
    pub last_outcome: String,
    pub created_at: Timestamp,
}

impl Webhook {
    /// Whether events of this kind go there.
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }
}

/// Checks the kinds of a new webhook.
///
/// # Errors
/// `unknown_event_kind`.
pub(super) fn check_kinds(kinds: &[String]) -> Result<()> {
    let unknown = kinds
        .iter()
        .find(|kind| !events::KINDS.contains(&kind.as_str()));
    match unknown {
        None => Ok(()),
        Some(kind) => Err(Error::invalid_field(
            "kinds",
            "unknown_event_kind",
            format!(
                "`{kind}` is not a kind of event; there are {}",
                events::KINDS.join(", ")
            ),
        )),
    }
}

/// When to try again after `attempts` tries; nothing when it is given up.
pub(super) fn next_attempt(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    WAITS_SECONDS
        .get(index)
        .map(|seconds| now.plus_seconds(*seconds))
}

/// The `webhook-signature` of a message (Standard Webhooks 1.0: `v1,` and the base64 of the
/// HMAC-SHA-256 of `id.timestamp.body`).
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub fn signature(secret: &[u8], id: &str, seconds: i64, body: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .map_err(|error| Error::internal("signing a webhook").with_source(error))?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Ok(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(
            signed.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn tries_end() {
        let now = Timestamp::from_millis(0);
        assert_eq!(next_attempt(1, now), Some(now.plus_seconds(5)));
        assert_eq!(next_attempt(11, now), Some(now.plus_seconds(43_200)));
        assert_eq!(next_attempt(12, now), None);
    }
}
