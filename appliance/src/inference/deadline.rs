//! How long an answer may take, waiting included.

use std::time::Duration;

use guildhall_kernel::{Error, Result};
use tokio::time::Instant;

use super::caller::Priority;

/// Seconds after which one comes back where nothing better is known.
pub(super) const RETRY_SECONDS: u32 = 10;

/// When an answer is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(allowed: Duration) -> Self {
        Self {
            at: Instant::now() + allowed,
            allowed,
        }
    }
}

/// How a request is to be treated in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Haste {
    /// Whether somebody waits for the answer.
    pub priority: Priority,
    /// When the whole answer must be there; without one only the waiting is bounded.
    pub deadline: Option<Deadline>,
}

/// Works until the deadline and no longer.
///
/// # Errors
/// Those of the work; `deadline_exceeded`.
pub(super) async fn within<T>(
    deadline: Option<Deadline>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    tokio::time::timeout_at(deadline.at, work)
        .await
        .unwrap_or_else(|_| Err(too_late(deadline.allowed, RETRY_SECONDS)))
}

/// The refusal of what took longer than it may; `retry_s` says when it makes sense to come back.
pub(super) fn too_late(allowed: Duration, retry_s: u32) -> Error {
    let message = format!(
        "the model had no time for this within {} s; try again later, allow more time or choose a smaller model",
        allowed.as_secs_f32().ceil()
    );
    Error::unavailable("deadline_exceeded", message, retry_s)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_is_done_in_time_is_given_and_what_is_not_is_refused() {
        let soon = Deadline::after(Duration::from_millis(10));
        let done = within(Some(soon), async { Ok(7) }).await;
        assert_eq!(done.unwrap(), 7);
        let never = std::future::pending::<Result<()>>();
        let error = within(Some(soon), never).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("deadline_exceeded", 503));
        assert_eq!(error.retry_after_seconds(), Some(RETRY_SECONDS));
        assert!(error.message().contains("within 1 s"), "{error}");
    }
}
