//! What follows from a failure: trying again, resting, falling back.

use std::time::Duration;

use guildhall_kernel::{Error, ErrorKind};

use super::wire::codes;

const FIRST_WAIT_MS: u64 = 250;
const LONGEST_WAIT_MS: u64 = 4_000;
/// A provider that asks for a longer wait is not waited for.
const ASKED_WAIT_MAX_S: u32 = 5;

/// What a failure says of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does not work: counts towards its rest.
    Faulty,
    /// It answered; the failure lies in the request, the key or the caller's share.
    Alive,
    /// It was never asked.
    NotAsked,
}

pub(super) fn verdict(error: &Error) -> Verdict {
    match error.code() {
        "egress_unresolved"
        | "egress_unreachable"
        | "egress_tls_failed"
        | "egress_timeout"
        | "egress_cut"
        | "egress_too_large"
        | codes::UNAVAILABLE
        | codes::STREAM_CUT
        | codes::GARBLED
        | codes::NOT_AN_API => Verdict::Faulty,
        "egress_denied"
        | "egress_address_refused"
        | "provider_unsupported"
        | codes::LOCAL_MODEL_NEEDED
        | "residency_local_only"
        | "secret_unreadable"
        | "provider_circuit_open" => Verdict::NotAsked,
        _ if error.kind() == ErrorKind::Internal => Verdict::NotAsked,
        _ => Verdict::Alive,
    }
}

/// How long to wait before the next try; nothing when another try makes no sense. `tries` were made
/// so far. Time-outs are not tried again: whoever waits has waited long enough.
pub(super) fn wait_before_retry(error: &Error, tries: u32) -> Option<Duration> {
    let makes_sense = matches!(
        error.code(),
        "egress_unreachable" | "egress_cut" | codes::UNAVAILABLE | codes::STREAM_CUT
    );
    if error.code() == codes::RATE_LIMITED {
        let asked = error.retry_after_seconds().unwrap_or(1);
        return (asked <= ASKED_WAIT_MAX_S)
            .then(|| Duration::from_secs(asked.into()) + jittered(FIRST_WAIT_MS));
    }
    makes_sense.then(|| {
        let doublings = tries.saturating_sub(1).min(8);
        jittered((FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS))
    })
}

/// Between half of it and all of it, so that those who failed together do not return together.
fn jittered(wait_ms: u64) -> Duration {
    let mut random = [0_u8; 2];
    // Without a random source the whole wait is as good.
    let share = match getrandom::fill(&mut random) {
        Ok(()) => u64::from(u16::from_le_bytes(random)),
        Err(_) => u64::from(u16::MAX),
    };
    let half = wait_ms / 2;
    Duration::from_millis(half + half * share / u64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_never_leave_their_bounds() {
        let error = Error::unavailable(codes::UNAVAILABLE, "down", 5);
        for (tries, most) in [(1, 250), (2, 500), (3, 1000), (9, 4000)] {
            for _ in 0..50 {
                let wait = wait_before_retry(&error, tries).map(|wait| wait.as_millis());
                assert!(
                    wait.is_some_and(|wait| (most / 2..=most).contains(&wait)),
                    "{tries}: {wait:?}"
                );
            }
        }
        let patient = Error::too_many(codes::RATE_LIMITED, "wait", 3);
        assert!(wait_before_retry(&patient, 1).is_some_and(|wait| wait.as_secs() >= 3));
        let long = Error::too_many(codes::RATE_LIMITED, "wait", 60);
        assert_eq!(wait_before_retry(&long, 1), None);
        assert_eq!(
            wait_before_retry(&Error::conflict(codes::AUTH_FAILED, "no"), 1),
            None
        );
    }
}
