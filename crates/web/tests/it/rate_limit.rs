use std::{net::IpAddr, sync::Arc};

use guildhall_kernel::{ErrorKind, FixedClock};
use guildhall_web::rate_limit::{BackOff, Penalty, Rate, RateLimiter, address_key};

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at_millis(1_763_636_568_000))
}

#[test]
fn a_burst_passes_then_one_per_interval() {
    let clock = clock();
    let rate = Rate {
        burst: 3,
        refill_ms: 10_000,
    };
    let limiter = RateLimiter::new(rate, 100, clock.clone());
    for _ in 0..3 {
        limiter.check(&"a").unwrap();
    }
    let error = limiter.check(&"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRequests);
    assert_eq!(error.retry_after_seconds(), Some(10));
    limiter.check(&"b").unwrap();

    clock.advance_seconds(9);
    assert_eq!(
        limiter.check(&"a").unwrap_err().retry_after_seconds(),
        Some(1)
    );
    clock.advance_seconds(1);
    limiter.check(&"a").unwrap();
    limiter.check(&"a").unwrap_err();

    clock.advance_seconds(3600);
    let passed = (0..10).filter(|_| limiter.check(&"a").is_ok()).count();
    assert_eq!(passed, 3, "a rest fills the bucket and no more");
}

#[test]
fn a_clock_set_back_neither_locks_out_nor_lets_in() {
    let clock = clock();
    let rate = Rate {
        burst: 1,
        refill_ms: 1_000,
    };
    let limiter = RateLimiter::new(rate, 100, clock.clone());
    limiter.check(&1).unwrap();
    clock.advance_seconds(-3600);
    limiter.check(&1).unwrap_err();
    clock.advance_seconds(1);
    limiter.check(&1).unwrap();
}

#[test]
fn the_keys_used_longest_ago_are_forgotten_first() {
    let rate = Rate {
        burst: 1,
        refill_ms: 60_000,
    };
    let limiter = RateLimiter::new(rate, 10, clock());
    limiter.check(&0).unwrap();
    for key in 1..1_000 {
        limiter.check(&key).unwrap();
        limiter.check(&0).expect_err("a key in use is remembered");
    }
    limiter.check(&1).expect("a key of long ago is forgotten");
}

#[test]
fn failures_beyond_the_free_ones_cost_doubling_waits() {
    let clock = clock();
    let back_off = BackOff::new(Penalty::default(), 100, clock.clone());
    for _ in 0..5 {
        back_off.attempt(&"ada").unwrap();
    }
    let mut waits = Vec::new();
    for _ in 0..12 {
        let error = back_off.attempt(&"ada").unwrap_err();
        assert_eq!(error.code(), "too_many_attempts");
        let wait = error.retry_after_seconds().unwrap();
        waits.push(wait);
        clock.advance_seconds(i64::from(wait) - 1);
        back_off.attempt(&"ada").expect_err("a second early");
        clock.advance_seconds(1);
        back_off.attempt(&"ada").unwrap();
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    back_off.attempt(&"bob").unwrap();
}

#[test]
fn a_success_or_an_hour_of_quiet_forgets_the_failures() {
    let clock = clock();
    let back_off = BackOff::new(Penalty::default(), 100, clock.clone());
    let exhaust = || {
        let passed = (0..20).filter(|_| back_off.attempt(&"ada").is_ok()).count();
        assert_eq!(passed, 5);
    };
    exhaust();
    back_off.succeeded(&"ada");
    exhaust();
    clock.advance_seconds(3600);
    exhaust();
}

#[test]
fn attempts_at_the_same_time_cannot_slip_through_together() {
    let back_off = Arc::new(BackOff::new(Penalty::default(), 100, clock()));
    let threads: Vec<_> = (0..32)
        .map(|_| {
            let back_off = back_off.clone();
            std::thread::spawn(move || back_off.attempt(&"ada").is_ok())
        })
        .collect();
    let passed = threads.into_iter().filter_map(|thread| thread.join().ok());
    assert_eq!(passed.filter(|passed| *passed).count(), 5);
}

#[test]
fn an_ipv6_caller_counts_as_its_network() {
    let key = |text: &str| address_key(text.parse::<IpAddr>().unwrap());
    assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
}
