//! The model gateway in front of a provider that answers at once: what it adds to each answer, beside nginx as
//! a plain reverse proxy and LiteLLM. Rounds interleave all sides, so that a busy neighbour falls on all of them
//! alike; the same requests, answers, connections and cores on every side.

mod others;
mod report;
mod stub;
mod written;

use std::{
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::{
    others::{KEY, Other},
    report::Report,
    stub::LONG_TOKENS,
    written::Written,
};
use super::{
    client::{Connection, request},
    load::{self, Load},
    machine::{self, Machine},
    node::{DataDirectory, Node},
    paced::{self, Exchange, Pace, Times},
};
use crate::Result;

const ROUNDS: usize = 5;
/// Requests per second of the comparison with nginx.
const FAST: f64 = 3000.0;
/// Requests per second of a node that counts what it does, which makes it slower.
const TRAINING: f64 = 1000.0;
/// Requests per second of the comparison with LiteLLM, which two cores hold for it.
const SLOW: f64 = 25.0;
const CONNECTIONS: u32 = 64;
const FAST_TIME: Duration = Duration::from_millis(1500);
const SLOW_TIME: Duration = Duration::from_millis(2500);
const PACED_WARM_UP: Duration = Duration::from_millis(300);
const FULL_TIME: Duration = Duration::from_secs(2);
const FULL_CONNECTIONS: usize = 32;
/// Streams relayed at the same time, for the tokens per second.
const STREAMS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);
const ANSWER_TOKENS_MAX: usize = 4096;

/// What one side was measured to do in one round.
struct Measured {
    /// At [`FAST`], except for LiteLLM.
    fast: Option<Pair>,
    /// At [`SLOW`], except for nginx.
    slow: Option<Pair>,
    /// Whole answers per second with as many requests as it takes, until all are written down.
    full_per_second: f64,
    /// Tokens per second over [`STREAMS`] streams.
    relayed_per_second: f64,
}

/// Whole answers and streamed ones.
struct Pair {
    whole: Times,
    streamed: Times,
}

/// One round.
struct Round {
    direct: Measured,
    gateway: Measured,
    nginx: Option<Measured>,
    litellm: Option<Measured>,
}

/// Memory after the load, in MB.
struct Memory {
    gateway: f64,
    nginx: Option<f64>,
    litellm: Option<f64>,
}

/// An address that answers, and what to send to it.
struct Side {
    address: SocketAddr,
    whole: Vec<u8>,
    streamed: Vec<u8>,
    long: Vec<u8>,
    /// Of a node only.
    written: Option<Written>,
}

/// Measures everything and writes it down.
pub(super) fn run(root: &Path, program: &Path) -> Result<()> {
    println!("measuring {}", program.display());
    let stub = stub::start()?;
    let data = DataDirectory::create(program)?;
    let node = data.serve()?;
    enter_provider(&node, &data.key, stub)?;
    let nginx = Other::nginx(data.folder(), stub)?;
    let litellm = Other::litellm(data.folder(), stub)?;
    let machine = Machine::read();
    let other = |other: &Other| Side::new(other.address, KEY, "");
    let sides = (
        Side::new(stub, KEY, ""),
        Side::of_node(&node, &data.key),
        nginx.as_ref().map(other),
        litellm.as_ref().map(other),
    );
    let started = [
        Some(&sides.0),
        Some(&sides.1),
        sides.2.as_ref(),
        sides.3.as_ref(),
    ];
    // What only the first answers take is nobody's to wait for.
    started
        .into_iter()
        .flatten()
        .try_for_each(|side| side.full().map(drop))?;
    let rounds = (1..=ROUNDS)
        .map(|number| measure_round(&sides, number))
        .collect::<Result<Vec<_>>>()?;
    let memory = Memory {
        gateway: machine::memory_mb(node.process())?.1,
        nginx: nginx.as_ref().map(Other::memory_mb).transpose()?,
        litellm: litellm.as_ref().map(Other::memory_mb).transpose()?,
    };
    Report { rounds, memory }.document().publish(root, &machine)
}

/// Puts a node under the loads that [`run`] measures.
pub(super) fn train(program: &Path) -> Result<()> {
    let stub = stub::start()?;
    let data = DataDirectory::create(program)?;
    let node = data.serve()?;
    enter_provider(&node, &data.key, stub)?;
    let side = Side::of_node(&node, &data.key);
    (0..ROUNDS).try_for_each(|_| side.measure([Some(TRAINING), Some(SLOW)]).map(drop))
}

/// Lets the node call this machine and enters the stub as a provider.
fn enter_provider(node: &Node, key: &str, stub: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(node.address, PATIENCE)?;
    let mut ask = |method: &str, path: &str, body: Value| -> Result<()> {
        let answer = connection.send(&request(method, path, key, Some(&body.to_string())))?;
        if answer.status < 300 {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&answer.body);
        Err(format!("{method} {path} answered {}: {words}", answer.status).into())
    };
    let mode = "local_network";
    ask(
        "PUT",
        "/api/admin/egress",
        json!({ "mode": mode, "confirm": mode }),
    )?;
    let model = |name: &str| json!({ "name": name, "context_length": 128_000 });
    let provider = json!({
        "kind": "openai_compatible",
        "slug": "stub",
        "base_url": format!("http://{stub}/v1"),
        "local_network": true,
        "credentials": { "kind": "api_key", "api_key": KEY },
        "models": [model("short"), model("long")],
    });
    ask("POST", "/api/admin/providers", provider)
}

impl Side {
    fn new(address: SocketAddr, key: &str, prefix: &str) -> Self {
        let ask = |model: &str, stream: bool| {
            let body = json!({
                "model": format!("{prefix}{model}"),
                "messages": [
                    { "role": "system", "content": "You answer in short sentences. ".repeat(30) },
                    { "role": "user", "content": "What is on the agenda today?" },
                ],
                "max_tokens": ANSWER_TOKENS_MAX,
                "stream": stream,
            });
            request("POST", "/v1/chat/completions", key, Some(&body.to_string()))
        };
        Self {
            address,
            whole: ask("short", false),
            streamed: ask("short", true),
            long: ask("long", true),
            written: None,
        }
    }

    fn of_node(node: &Node, key: &str) -> Self {
        Self {
            written: Some(Written::new(node.address, key)),
            ..Self::new(node.address, key, "stub/")
        }
    }

    fn measure(&self, paces: [Option<f64>; 2]) -> Result<Measured> {
        let [fast, slow] = paces;
        Ok(Measured {
            fast: fast.map(|rate| self.paced(rate, FAST_TIME)).transpose()?,
            slow: slow.map(|rate| self.paced(rate, SLOW_TIME)).transpose()?,
            full_per_second: self.full()?,
            relayed_per_second: self.relay()?,
        })
    }

    /// Whole answers per second with as many requests as it takes. The time ends when all are written down: a queue is
    /// no rate.
    fn full(&self) -> Result<f64> {
        let load = Load {
            connections: FULL_CONNECTIONS,
            duration: FULL_TIME,
            status: 200,
        };
        let Some(written) = &self.written else {
            return Ok(load::run(self.address, &self.whole, load)?.per_second);
        };
        let (before, began) = (written.rows()?, Instant::now());
        let answers = load::run(self.address, &self.whole, load)?.answers;
        written.wait_for(before + u64::try_from(answers)?)?;
        Ok(answers as f64 / began.elapsed().as_secs_f64())
    }

    fn paced(&self, per_second: f64, duration: Duration) -> Result<Pair> {
        let pace = Pace {
            per_second,
            connections: CONNECTIONS,
            duration,
            warm_up: PACED_WARM_UP,
        };
        let run = |request, expected| {
            let exchange = Exchange {
                address: self.address,
                request,
                expected,
            };
            paced::run(exchange, pace)
        };
        Ok(Pair {
            whole: run(&self.whole, b"chat.completion")?,
            streamed: run(&self.streamed, b"data: [DONE]")?,
        })
    }

    /// Tokens per second of long streams whose every token the provider sends by itself.
    fn relay(&self) -> Result<f64> {
        let began = Instant::now();
        thread::scope(|scope| {
            let readers: Vec<_> = (0..STREAMS)
                .map(|_| scope.spawn(|| self.read_stream()))
                .collect();
            readers
                .into_iter()
                .try_for_each(|reader| reader.join().map_err(|_| "a reader of a stream stopped")?)
        })?;
        Ok((STREAMS * LONG_TOKENS) as f64 / began.elapsed().as_secs_f64())
    }

    fn read_stream(&self) -> Result<()> {
        let answer = Connection::open(self.address, PATIENCE)?.send(&self.long)?;
        let text = String::from_utf8_lossy(&answer.body);
        let tokens = text.matches(" word").count();
        if tokens == LONG_TOKENS && text.ends_with("data: [DONE]\n\n") {
            return Ok(());
        }
        Err(format!(
            "of {LONG_TOKENS} tokens {tokens} came, with status {}",
            answer.status
        )
        .into())
    }
}

fn measure_round(
    (direct, gateway, nginx, litellm): &(Side, Side, Option<Side>, Option<Side>),
    number: usize,
) -> Result<Round> {
    println!("round {number} of {ROUNDS}");
    let measure = |side: &Side, paces| side.measure(paces);
    Ok(Round {
        direct: direct.measure([Some(FAST), Some(SLOW)])?,
        gateway: gateway.measure([Some(FAST), Some(SLOW)])?,
        nginx: nginx
            .as_ref()
            .map(|side| measure(side, [Some(FAST), None]))
            .transpose()?,
        litellm: litellm
            .as_ref()
            .map(|side| measure(side, [None, Some(SLOW)]))
            .transpose()?,
    })
}
