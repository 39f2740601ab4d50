//! Limits on how often something may be tried, per key, in bounded memory.

mod generations;
mod requests;

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_kernel::{Clock, Error, Result, Timestamp};

use self::generations::Generations;
pub use self::requests::{RequestLimiter, RequestRate, Standing};

/// The key under which a caller's address counts: an IPv6 caller owns a /64, so that is what
/// counts.
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A token bucket's size and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Attempts that may come at once.
    pub burst: u32,
    /// Milliseconds after which one more attempt is earned.
    pub refill_ms: u32,
}

/// A token bucket per key. The keys seen longest ago are forgotten first.
pub struct RateLimiter<K> {
    rate: Rate,
    clock: Arc<dyn Clock>,
    buckets: Mutex<Generations<K, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// What is left, in milliseconds of refill.
    credit_ms: i64,
    at: Timestamp,
}

impl<K: Hash + Eq + Clone> RateLimiter<K> {
    /// A limiter that remembers at most `keys_max` keys.
    pub fn new(rate: Rate, keys_max: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            rate,
            clock,
            buckets: Mutex::new(Generations::new(keys_max)),
        }
    }

    /// Takes one attempt from the key's bucket.
    ///
    /// # Errors
    /// 429 `too_many_requests` with the seconds until the next attempt is earned.
    pub fn check(&self, key: &K) -> Result<()> {
        let now = self.clock.now();
        let cost = i64::from(self.rate.refill_ms);
        let full = cost * i64::from(self.rate.burst);
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.entry(key, || Bucket {
            credit_ms: full,
            at: now,
        });
        let passed = (now.as_millis() - bucket.at.as_millis()).max(0);
        bucket.credit_ms = bucket.credit_ms.saturating_add(passed).min(full);
        bucket.at = now;
        if bucket.credit_ms >= cost {
            bucket.credit_ms -= cost;
            return Ok(());
        }
        let seconds = whole_seconds(cost - bucket.credit_ms);
        Err(Error::too_many(
            "too_many_requests",
            format!("too many requests; try again in {seconds} s"),
            seconds,
        ))
    }
}

/// How a failing key is slowed down.
#[derive(Clone, Copy, Debug)]
pub struct Penalty {
    /// Failures that cost nothing.
    pub free_failures: u32,
    /// Wait after the first failure beyond them, in milliseconds; it doubles with each one more.
    pub first_delay_ms: u32,
    /// Longest wait, in milliseconds.
    pub delay_max_ms: u32,
    /// Failures are forgotten after this long without another, in milliseconds.
    pub forget_after_ms: u32,
}

impl Default for Penalty {
    /// Five free failures, then 1 s, 2 s, 4 s … up to 15 minutes; forgotten after an hour.
    fn default() -> Self {
        Self {
            free_failures: 5,
            first_delay_ms: 1_000,
            delay_max_ms: 15 * 60_000,
            forget_after_ms: 60 * 60_000,
        }
    }
}

/// Growing delays for keys that fail, such as logins.
pub struct BackOff<K> {
    penalty: Penalty,
    clock: Arc<dyn Clock>,
    failures: Mutex<Generations<K, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl<K: Hash + Eq + Clone> BackOff<K> {
    /// A back-off that remembers at most `keys_max` keys.
    pub fn new(penalty: Penalty, keys_max: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            penalty,
            clock,
            failures: Mutex::new(Generations::new(keys_max)),
        }
    }

    /// Begins an attempt. It counts as a failure until [`BackOff::succeeded`] says otherwise, so
    /// that attempts made at the same time cannot slip through together.
    ///
    /// # Errors
    /// 429 `too_many_attempts` with the seconds to wait; such an attempt does not count.
    pub fn attempt(&self, key: &K) -> Result<()> {
        let now = self.clock.now();
        let mut failures = lock(&self.failures);
        let record = failures.entry(key, || Failures {
            count: 0,
            last: now,
        });
        let since = (now.as_millis() - record.last.as_millis()).max(0);
        if since >= i64::from(self.penalty.forget_after_ms) {
            record.count = 0;
        }
        let wait = self.delay_ms(record.count) - since;
        if wait > 0 {
            return Err(too_many_attempts(wait));
        }
        record.count = record.count.saturating_add(1);
        record.last = now;
        Ok(())
    }

    /// Until when attempts of the key are refused; `None` when one may come now. Asking counts nothing.
    pub fn refused_until(&self, key: &K) -> Option<Timestamp> {
        let now = self.clock.now();
        let failures = lock(&self.failures);
        let record = failures.get(key)?;
        let end = record
            .last
            .as_millis()
            .saturating_add(self.delay_ms(record.count));
        (end > now.as_millis()).then(|| Timestamp::from_millis(end))
    }

    /// Forgets the key's failures.
    pub fn succeeded(&self, key: &K) {
        lock(&self.failures).remove(key);
    }

    fn delay_ms(&self, failures: u32) -> i64 {
        let Some(beyond) = failures.checked_sub(self.penalty.free_failures) else {
            return 0;
        };
        // Reaching the limit is the first failure that costs.
        let factor = 1_i64.checked_shl(beyond.min(40)).unwrap_or(i64::MAX);
        i64::from(self.penalty.first_delay_ms)
            .saturating_mul(factor)
            .min(i64::from(self.penalty.delay_max_ms))
    }
}

fn too_many_attempts(wait_ms: i64) -> Error {
    let seconds = whole_seconds(wait_ms);
    Error::too_many(
        "too_many_attempts",
        format!("too many failed attempts; try again in {seconds} s"),
        seconds,
    )
}

fn whole_seconds(millis: i64) -> u32 {
    u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
