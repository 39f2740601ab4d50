//! How many requests a second a key may make, fine enough for fast programs.

use std::{
    hash::Hash,
    sync::{Arc, Mutex},
};

use guildhall_kernel::{Clock, Error, Timestamp};

use super::{generations::Generations, lock, whole_seconds};

/// What one request costs, in thousandths: what one request a second earns in a second.
const COST: i64 = 1000;

/// A bucket's size and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRate {
    /// Requests earned a second.
    pub per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// Where a key stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that may come at once.
    pub burst: u32,
    /// Requests left of them now.
    pub left: u32,
    /// Seconds until all of them are there again.
    pub full_in_seconds: u32,
}

/// A bucket of requests per key. The keys seen longest ago are forgotten first.
pub struct RequestLimiter<K> {
    rate: RequestRate,
    clock: Arc<dyn Clock>,
    buckets: Mutex<Generations<K, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// What is left, in thousandths of a request.
    credit: i64,
    at: Timestamp,
}

impl<K: Hash + Eq + Clone> RequestLimiter<K> {
    /// A limiter that remembers at most `keys_max` keys. A rate of less than one request is one.
    pub fn new(rate: RequestRate, keys_max: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            rate: RequestRate {
                per_second: rate.per_second.max(1),
                burst: rate.burst.max(1),
            },
            clock,
            buckets: Mutex::new(Generations::new(keys_max)),
        }
    }

    /// Takes one request from the key's bucket.
    ///
    /// # Errors
    /// 429 `too_many_requests` with the seconds until the next request is earned.
    pub fn take(&self, key: &K) -> Result<Standing, Error> {
        let now = self.clock.now();
        let full = COST * i64::from(self.rate.burst);
        let speed = i64::from(self.rate.per_second);
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.entry(key, || Bucket {
            credit: full,
            at: now,
        });
        let passed = (now.as_millis() - bucket.at.as_millis()).max(0);
        bucket.credit = bucket
            .credit
            .saturating_add(passed.saturating_mul(speed))
            .min(full);
        bucket.at = now;
        if bucket.credit < COST {
            let seconds = whole_seconds((COST - bucket.credit) / speed).max(1);
            return Err(Error::too_many(
                "too_many_requests",
                format!("too many requests; try again in {seconds} s"),
                seconds,
            ));
        }
        bucket.credit -= COST;
        Ok(Standing {
            burst: self.rate.burst,
            left: u32::try_from(bucket.credit / COST).unwrap_or(0),
            full_in_seconds: whole_seconds((full - bucket.credit) / speed),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::FixedClock;

    use super::*;

    fn limiter(clock: &Arc<FixedClock>) -> RequestLimiter<&'static str> {
        let rate = RequestRate {
            per_second: 600,
            burst: 3,
        };
        RequestLimiter::new(rate, 100, Arc::clone(clock) as _)
    }

    #[test]
    fn a_burst_is_let_through_and_the_rest_told_when_to_come() {
        let clock = Arc::new(FixedClock::at_millis(1_000_000));
        let limiter = limiter(&clock);
        let left: Vec<u32> = (0..3).map(|_| limiter.take(&"a").unwrap().left).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.take(&"a").unwrap_err();
        assert_eq!(
            (refused.code(), refused.retry_after_seconds()),
            ("too_many_requests", Some(1))
        );
        assert_eq!(limiter.take(&"b").unwrap().left, 2, "keys do not share");
        clock.advance_seconds(1);
        let standing = limiter.take(&"a").unwrap();
        assert_eq!(
            standing,
            Standing {
                burst: 3,
                left: 2,
                full_in_seconds: 1
            }
        );
    }
}
