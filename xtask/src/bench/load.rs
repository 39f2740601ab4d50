//! Closed-loop load: every connection sends its next request when the last one is answered.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use super::client::Connection;
use crate::Result;

const PATIENCE: Duration = Duration::from_secs(20);

/// How much load, and for how long.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) duration: Duration,
    /// The only status that counts as an answer.
    pub(super) status: u16,
}

/// What one run of load came to.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) answers: usize,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
}

/// Sends the same request over and over on every connection.
///
/// # Errors
/// When an answer has another status than expected: a refusal must not count as a fast answer.
pub(super) fn run(address: SocketAddr, request: &[u8], load: Load) -> Result<Outcome> {
    let began = Instant::now();
    let end = began + load.duration;
    let mut times: Vec<Duration> = Vec::new();
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..load.connections)
            .map(|_| scope.spawn(move || repeat(address, request, load.status, end)))
            .collect();
        for worker in workers {
            times.extend(
                worker
                    .join()
                    .map_err(|_| "a worker of the load stopped")??,
            );
        }
        Ok(())
    })?;
    let seconds = began.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Outcome {
        answers: times.len(),
        per_second: to_f64(times.len()) / seconds,
        p50_ms: percentile_ms(&times, 50),
        p95_ms: percentile_ms(&times, 95),
        p99_ms: percentile_ms(&times, 99),
    })
}

fn repeat(address: SocketAddr, request: &[u8], status: u16, end: Instant) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address, PATIENCE)?;
    let mut times = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(times);
        }
        let answer = connection.send(request)?;
        if answer.status != status {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(format!("expected {status}, got {}: {body}", answer.status).into());
        }
        times.push(sent.elapsed());
    }
}

/// The time that `percent` of all were below.
pub(super) fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// The middle of some figures; of an even number the upper middle.
pub(super) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A server that answers every request with the same bytes and does nothing else: the limit of this
/// load generator and of the loopback on this machine.
///
/// # Errors
/// When no port can be taken.
pub(super) fn start_empty_server(answer_bytes: usize) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {answer_bytes}\r\n\r\n");
    let answer = [head.into_bytes(), vec![b'x'; answer_bytes]].concat();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let (mut stream, mut buffer) = (stream, [0_u8; 4096]);
                // The load sends one request at a time, each within one segment.
                while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn percentiles_and_medians_are_those_of_the_figures() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert!((percentile_ms(&times, 50) - 51.0).abs() < 0.001);
        assert!((percentile_ms(&times, 99) - 100.0).abs() < 0.001);
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn load_counts_answers_and_refuses_others() {
        let address = start_empty_server(10).unwrap();
        let request = super::super::client::request("GET", "/", "k", None);
        let load = Load {
            connections: 2,
            duration: Duration::from_millis(50),
            status: 200,
        };
        assert!(run(address, &request, load).unwrap().per_second > 0.0);
        assert!(
            run(
                address,
                &request,
                Load {
                    status: 201,
                    ..load
                }
            )
            .is_err()
        );
    }
}
