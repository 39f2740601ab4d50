//! Open-loop load: requests are due at fixed times whatever happens to earlier ones, and each is timed from
//! when it was due. A server that stalls is therefore charged for everybody who would have waited
//! (coordinated omission: Tene, "How not to measure latency", 2015).

use std::{
    fs,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Connection, find},
    load::percentile_ms,
};
use crate::Result;

const PATIENCE: Duration = Duration::from_secs(20);
/// How late the kernel may wake a sleeper to save power; by default 50 µs, which would hide what is measured.
const TIMER_SLACK_NS: &str = "1";

/// How many requests, and for how long.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) per_second: f64,
    /// Most requests under way at the same time.
    pub(super) connections: u32,
    pub(super) duration: Duration,
    /// At the beginning, not counted.
    pub(super) warm_up: Duration,
}

/// What to send and what every answer must hold.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) address: SocketAddr,
    pub(super) request: &'a [u8],
    pub(super) expected: &'a [u8],
}

/// Times of one run, in milliseconds from when a request was due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Until the answer's head and first bytes were there.
    pub(super) first_p50: f64,
    pub(super) first_p99: f64,
    /// Until the answer was complete.
    pub(super) whole_p50: f64,
    pub(super) whole_p99: f64,
    /// Answers per second that came.
    pub(super) per_second: f64,
}

struct Timed {
    first: Duration,
    whole: Duration,
}

/// Sends requests at a fixed rate.
///
/// # Errors
/// When an answer is not 200 or lacks what is expected of it.
pub(super) fn run(exchange: Exchange<'_>, pace: Pace) -> Result<Times> {
    // Threads inherit it. Where it cannot be set, all sides are measured with the same slack.
    let _ = fs::write("/proc/self/timerslack_ns", TIMER_SLACK_NS);
    let began = Instant::now() + Duration::from_millis(20);
    let workers = 0..pace.connections;
    let mut timed: Vec<Timed> = Vec::new();
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = workers
            .map(|number| scope.spawn(move || keep_pace(exchange, pace, (began, number))))
            .collect();
        for worker in workers {
            let outcome = worker.join().map_err(|_| "a worker of the load stopped")?;
            timed.extend(outcome?);
        }
        Ok(())
    })?;
    let counted = timed.len() as f64;
    // Late answers make the time longer and the rate lower.
    let seconds = (began.elapsed().saturating_sub(pace.warm_up)).as_secs_f64();
    let sorted = |pick: fn(&Timed) -> Duration| {
        let mut times: Vec<Duration> = timed.iter().map(pick).collect();
        times.sort_unstable();
        times
    };
    let (first, whole) = (sorted(|one| one.first), sorted(|one| one.whole));
    Ok(Times {
        first_p50: percentile_ms(&first, 50),
        first_p99: percentile_ms(&first, 99),
        whole_p50: percentile_ms(&whole, 50),
        whole_p99: percentile_ms(&whole, 99),
        per_second: counted / seconds,
    })
}

/// Every n-th request, on a connection of its own.
fn keep_pace(
    exchange: Exchange<'_>,
    pace: Pace,
    (began, number): (Instant, u32),
) -> Result<Vec<Timed>> {
    let mut connection = Connection::open(exchange.address, PATIENCE)?;
    let gap = Duration::from_secs_f64(f64::from(pace.connections) / pace.per_second);
    let (counted_from, end) = (began + pace.warm_up, began + pace.warm_up + pace.duration);
    let mut due = began + gap.mul_f64(f64::from(number) / f64::from(pace.connections));
    let mut timed = Vec::new();
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let answer = connection.send(exchange.request)?;
        let whole = due.elapsed();
        if answer.status != 200 || find(&answer.body, exchange.expected).is_none() {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(
                format!("an answer that was not expected: {} {body}", answer.status).into(),
            );
        }
        if due >= counted_from {
            let first = answer.first_bytes.saturating_duration_since(due);
            timed.push(Timed { first, whole });
        }
        due += gap;
    }
    Ok(timed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::load::start_empty_server, *};

    #[test]
    fn requests_come_at_the_rate_asked_for_and_wrong_answers_end_the_run() {
        let address = start_empty_server(10).unwrap();
        let request = super::super::client::request("GET", "/", "k", None);
        let exchange = |expected| Exchange {
            address,
            request: &request,
            expected,
        };
        let pace = Pace {
            per_second: 200.0,
            connections: 4,
            duration: Duration::from_millis(200),
            warm_up: Duration::from_millis(50),
        };
        let times = run(exchange(b"xx"), pace).unwrap();
        assert!(times.per_second < 250.0, "{times:?}");
        assert!(times.first_p50 <= times.whole_p50, "{times:?}");
        assert!(run(exchange(b"yy"), pace).is_err());
    }
}
