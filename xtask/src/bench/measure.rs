//! What is measured, in which order. Rounds interleave the kinds of load, so that a busy neighbour or a
//! warm cache falls on all of them alike.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Connection, request},
    load::{self, Load, Outcome, median},
    machine,
    node::{DataDirectory, Node},
};
use crate::Result;

const ROUNDS: usize = 5;
const STARTS: usize = 7;
const CONNECTIONS: usize = 32;
/// Writes come in bursts from many callers; group commit lives on them.
const WRITERS: usize = 128;
const LOAD_TIME: Duration = Duration::from_secs(4);
const LIMIT_TIME: Duration = Duration::from_secs(2);
/// Until start-up work that follows the ready line is over.
const SETTLE_TIME: Duration = Duration::from_secs(5);
const STREAMS_WANTED: usize = 10_000;
/// Open files for everything but streams.
const FILES_KEPT: usize = 200;
/// An event stream that does not answer within this time was not taken.
const STREAM_PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of the answer that reads get, so that the limit moves as many.
const ANSWER_BYTES: usize = 800;

/// One round of load.
pub(super) struct Round {
    pub(super) reads: Outcome,
    pub(super) reads_by_wrk: Option<f64>,
    pub(super) reads_limit: Outcome,
    pub(super) creates: Outcome,
    pub(super) syncs_per_second: f64,
}

/// Memory with many open tabs.
pub(super) struct Streams {
    pub(super) open: usize,
    pub(super) wanted: usize,
    pub(super) memory_mb: f64,
}

/// Everything that was found.
pub(super) struct Figures {
    pub(super) rounds: Vec<Round>,
    pub(super) ready_ms: Vec<f64>,
    /// Resident memory and proportional share of an idle node, in MB.
    pub(super) idle_mb: (f64, f64),
    pub(super) streams: Streams,
}

/// Measures everything on one data directory.
pub(super) fn all(program: &Path) -> Result<Figures> {
    let data = DataDirectory::create(program)?;
    // The first start builds the search index and writes the starter model.
    drop(data.serve()?);
    let ready_ms = measure_starts(&data)?;
    let node = data.serve()?;
    println!("idle memory: waiting {} s", SETTLE_TIME.as_secs());
    thread::sleep(SETTLE_TIME);
    let idle_mb = machine::memory_mb(node.process())?;
    let streams = measure_streams(&node, &data.key)?;
    // A fresh node, which has not held thousands of streams.
    drop(node);
    let node = data.serve()?;
    let rounds = (1..=ROUNDS)
        .map(|number| measure_round(&node, &data, number))
        .collect::<Result<_>>()?;
    Ok(Figures {
        rounds,
        ready_ms,
        idle_mb,
        streams,
    })
}

fn measure_starts(data: &DataDirectory) -> Result<Vec<f64>> {
    println!("start time: {STARTS} starts");
    (0..STARTS)
        .map(|_| Ok(data.serve()?.ready_after.as_secs_f64() * 1000.0))
        .collect()
}

fn measure_round(node: &Node, data: &DataDirectory, number: usize) -> Result<Round> {
    println!("round {number} of {ROUNDS}");
    let read = request("GET", "/api/session", &data.key, None);
    let create = request(
        "POST",
        "/api/marketplace/agents/invoice-clerk/hire",
        &data.key,
        Some("{}"),
    );
    let reading = Load {
        connections: CONNECTIONS,
        duration: LOAD_TIME,
        status: 200,
    };
    let writing = Load {
        connections: WRITERS,
        status: 201,
        ..reading
    };
    let limit = Load {
        duration: LIMIT_TIME,
        ..reading
    };
    Ok(Round {
        reads: load::run(node.address, &read, reading)?,
        reads_by_wrk: run_wrk(node, &data.key)?,
        reads_limit: load::run(load::start_empty_server(ANSWER_BYTES)?, &read, limit)?,
        creates: load::run(node.address, &create, writing)?,
        syncs_per_second: machine::syncs_per_second(data.folder(), LIMIT_TIME)?,
    })
}

/// Reads per second as `wrk` sees them, where it is installed: it takes less of the processor than a
/// thread per connection.
fn run_wrk(node: &Node, key: &str) -> Result<Option<f64>> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t", "1", "-c", &CONNECTIONS.to_string(), "-d"]);
    wrk.arg(format!("{}s", LOAD_TIME.as_secs()));
    wrk.args(["-H", &format!("authorization: Bearer {key}")]);
    wrk.arg(format!("http://{}/api/session", node.address));
    let Ok(output) = wrk.output() else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("Non-2xx") {
        return Err("the node refused reads that wrk sent".into());
    }
    let rate = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(rate.and_then(|rate| rate.trim().parse().ok()))
}

/// Opens event streams, which is what an idle tab is to the node, until the node or this process can
/// take no more.
fn measure_streams(node: &Node, key: &str) -> Result<Streams> {
    let wanted = STREAMS_WANTED.min(machine::open_files_max().saturating_sub(FILES_KEPT));
    println!("idle connections: opening up to {wanted} event streams");
    let listen = request("GET", "/api/events", key, None);
    let (began, mut streams) = (Instant::now(), Vec::with_capacity(wanted));
    while streams.len() < wanted {
        let mut connection = Connection::open(node.address, STREAM_PATIENCE)?;
        match connection.send_for_head(&listen) {
            Ok((200, _)) => streams.push(connection),
            Ok((status, _)) => {
                return Err(format!("the node refused a stream with {status}").into());
            }
            Err(error) => {
                println!("  no more than {} streams: {error}", streams.len());
                break;
            }
        }
    }
    println!(
        "  {} open after {:.1} s",
        streams.len(),
        began.elapsed().as_secs_f64()
    );
    let (memory_mb, _) = machine::memory_mb(node.process())?;
    Ok(Streams {
        open: streams.len(),
        wanted: STREAMS_WANTED,
        memory_mb,
    })
}

impl Figures {
    /// The median over all rounds of what `pick` reads from each.
    pub(super) fn median_of(&self, pick: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(pick))
    }

    /// The median of the starts, in milliseconds.
    pub(super) fn ready_median_ms(&self) -> f64 {
        median(self.ready_ms.iter().copied())
    }
}
