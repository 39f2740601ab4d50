//! A provider that keeps failing is left alone for a while (circuit breaker).

use std::sync::{Mutex, MutexGuard, PoisonError};

use guildhall_kernel::{Error, Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Failures in a row that open the circuit.
const FAILURES_MAX: u32 = 5;
const FIRST_REST_S: i64 = 15;
const LONGEST_REST_S: i64 = 300;

/// Whether a provider is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// It is called.
    Closed,
    /// It failed too often and is left alone.
    Open,
    /// One call finds out whether it works again.
    HalfOpen,
}

/// How a provider is doing, since the node started or the provider was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProviderHealth)]
pub struct Health {
    pub circuit: CircuitState,
    /// Failures in a row.
    pub failures: u32,
    /// When it is called again.
    #[schema(required)]
    pub retry_at: Option<Timestamp>,
    /// Stable code of the last failure.
    #[schema(required)]
    pub last_error: Option<String>,
    #[schema(required)]
    pub last_error_at: Option<Timestamp>,
    #[schema(required)]
    pub last_success_at: Option<Timestamp>,
}

/// The circuit of one provider.
pub(super) struct Breaker(Mutex<Health>);

/// A call that the circuit let through. Dropped without a verdict, it leaves the circuit as it was.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Health {
            circuit: CircuitState::Closed,
            failures: 0,
            retry_at: None,
            last_error: None,
            last_error_at: None,
            last_success_at: None,
        }))
    }

    pub(super) fn health(&self) -> Health {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through, or refuses it while the provider rests.
    pub(super) fn enter(&self, provider: &str, now: Timestamp) -> Result<Pass<'_>> {
        let mut health = self.lock();
        let rested = health.retry_at.is_none_or(|at| at <= now);
        match health.circuit {
            CircuitState::Closed => Ok(Pass {
                breaker: self,
                is_probe: false,
            }),
            CircuitState::Open if rested => {
                health.circuit = CircuitState::HalfOpen;
                Ok(Pass {
                    breaker: self,
                    is_probe: true,
                })
            }
            _ => {
                let left = health
                    .retry_at
                    .map_or(1, |at| (at.as_millis() - now.as_millis()).max(1000) / 1000);
                let message = format!(
                    "{provider} failed {} times in a row and is left alone for {left} s; use another model",
                    health.failures
                );
                let left = u32::try_from(left).unwrap_or(1);
                Err(Error::unavailable("provider_circuit_open", message, left))
            }
        }
    }
}

impl Pass<'_> {
    pub(super) fn succeeded(self, now: Timestamp) {
        let mut health = self.breaker.lock();
        health.circuit = CircuitState::Closed;
        health.failures = 0;
        health.retry_at = None;
        health.last_success_at = Some(now);
    }

    pub(super) fn failed(self, now: Timestamp, code: &str) {
        let mut health = self.breaker.lock();
        health.failures = health.failures.saturating_add(1);
        health.last_error = Some(code.to_owned());
        health.last_error_at = Some(now);
        if self.is_probe || health.failures >= FAILURES_MAX {
            let doublings = health.failures.saturating_sub(FAILURES_MAX).min(10);
            let rest = (FIRST_REST_S << doublings).min(LONGEST_REST_S);
            health.circuit = CircuitState::Open;
            health.retry_at = Some(now.plus_seconds(rest));
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut health = self.breaker.lock();
        // A probe that ended without a verdict (its caller left) lets the next call probe.
        if self.is_probe && health.circuit == CircuitState::HalfOpen {
            health.circuit = CircuitState::Open;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_failing_provider_rests_and_is_probed_by_one_call() {
        let breaker = Breaker::new();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        for second in 0..5 {
            let pass = breaker.enter("X", at(second)).unwrap();
            pass.failed(at(second), "egress_timeout");
        }
        assert_eq!(breaker.health().circuit, CircuitState::Open);
        let refused = breaker.enter("X", at(10)).err().unwrap();
        assert_eq!(
            (refused.code(), refused.retry_after_seconds()),
            ("provider_circuit_open", Some(9))
        );

        let probe = breaker.enter("X", at(19)).unwrap();
        assert_eq!(breaker.health().circuit, CircuitState::HalfOpen);
        assert!(breaker.enter("X", at(19)).is_err(), "one call probes");
        drop(probe);
        let probe = breaker.enter("X", at(19)).unwrap();
        probe.failed(at(19), "provider_unavailable");
        assert_eq!(breaker.health().retry_at, Some(at(49)), "the rest doubles");

        breaker.enter("X", at(49)).unwrap().succeeded(at(49));
        let health = breaker.health();
        assert_eq!((health.circuit, health.failures), (CircuitState::Closed, 0));
        assert_eq!(health.last_error.as_deref(), Some("provider_unavailable"));
    }
}
