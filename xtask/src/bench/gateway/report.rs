//! What was found about the gateway, with its targets and the other programs beside it.

use serde_json::{Map, Value, json};

use super::{
    super::{
        document::Document,
        load::median,
        paced::Times,
        table::{Row, range},
    },
    CONNECTIONS, FAST, FULL_CONNECTIONS, Measured, Memory, Pair, Round, SLOW, STREAMS,
    stub::{LONG_TOKENS, SHORT_TOKENS},
};

/// Everything that was found.
pub(super) struct Report {
    pub(super) rounds: Vec<Round>,
    pub(super) memory: Memory,
}

/// One of the times of a paced run.
type Time = fn(&Pair) -> f64;
/// One of the sides of a round; nothing where it is not installed.
type Pick = fn(&Round) -> Option<&Measured>;
/// The runs at one of the rates.
type Rate = fn(&Measured) -> Option<&Pair>;

const GATEWAY: Pick = |round| Some(&round.gateway);
const NGINX: Pick = |round| round.nginx.as_ref();
const LITELLM: Pick = |round| round.litellm.as_ref();
const AT_FAST: Rate = |measured| measured.fast.as_ref();
const AT_SLOW: Rate = |measured| measured.slow.as_ref();

const TIMES: [(&str, [Time; 2]); 3] = [
    (
        "whole answers",
        [|pair| pair.whole.whole_p50, |pair| pair.whole.whole_p99],
    ),
    (
        "streams, first event",
        [
            |pair| pair.streamed.first_p50,
            |pair| pair.streamed.first_p99,
        ],
    ),
    (
        "streams, last event",
        [
            |pair| pair.streamed.whole_p50,
            |pair| pair.streamed.whole_p99,
        ],
    ),
];

impl Report {
    pub(super) fn document(&self) -> Document {
        Document {
            topic: "gateway",
            title: "Model gateway",
            how: format!("Medians of {} interleaved rounds.", self.rounds.len()),
            rows: self.rows(),
            notes: notes(),
            figures: self.json(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = TIMES
            .iter()
            .map(|(what, times)| self.beside_nginx(what, *times))
            .collect();
        rows.extend(
            TIMES
                .iter()
                .map(|(what, times)| self.beside_litellm(what, *times)),
        );
        rows.push(self.amount(
            "most whole answers per second",
            "≥ 0.7 of nginx, ≥ 20 × LiteLLM",
            |measured| measured.full_per_second,
        ));
        rows.push(self.amount("tokens relayed per second", "", |measured| {
            measured.relayed_per_second
        }));
        let memory = &self.memory;
        let beside = [("nginx", memory.nginx), ("LiteLLM", memory.litellm)];
        let beside = beside
            .iter()
            .filter_map(|(name, memory)| Some(format!("{name} {:.0} MB", (*memory)?)));
        rows.push(Row {
            what: "memory after the load".to_owned(),
            median: format!("{:.0} MB", memory.gateway),
            range: String::new(),
            target: "",
            limit: beside.collect::<Vec<_>>().join(", "),
        });
        rows
    }

    fn beside_nginx(&self, what: &str, times: [Time; 2]) -> Row {
        let [p50, p99] = times.map(|time| self.added(GATEWAY, AT_FAST, time));
        let limit = self.pair(NGINX, AT_FAST, times);
        Row {
            what: format!("added at {FAST:.0}/s, {what}, p50 / p99"),
            median: format!("{:.3} / {:.3} ms", middle(&p50), middle(&p99)),
            range: format!("{}; {}", range(p50, 3), range(p99, 3)),
            target: "≤ 0.15 / ≤ 0.5 ms",
            limit: limit.map_or_else(String::new, |limit| format!("nginx {limit}")),
        }
    }

    fn beside_litellm(&self, what: &str, times: [Time; 2]) -> Row {
        let [p50, p99] = times.map(|time| self.added(GATEWAY, AT_SLOW, time));
        let theirs = middle(&self.added(LITELLM, AT_SLOW, times[0]));
        let beside = self.pair(LITELLM, AT_SLOW, times).map(|limit| {
            format!(
                "LiteLLM {limit}, {:.0} × as much at p50",
                theirs / middle(&p50)
            )
        });
        Row {
            what: format!("added at {SLOW:.0}/s, {what}, p50 / p99"),
            median: format!("{:.3} / {:.3} ms", middle(&p50), middle(&p99)),
            range: format!("{}; {}", range(p50, 3), range(p99, 3)),
            target: "LiteLLM ≥ 20 × as much",
            limit: beside.unwrap_or_default(),
        }
    }

    /// Medians of what a side adds, where it was measured.
    fn pair(&self, side: Pick, rate: Rate, times: [Time; 2]) -> Option<String> {
        let [p50, p99] = times.map(|time| self.added(side, rate, time));
        (!p50.is_empty()).then(|| format!("{:.3} / {:.3} ms", middle(&p50), middle(&p99)))
    }

    /// What a side adds to the direct way, in milliseconds, round by round.
    fn added(&self, side: Pick, rate: Rate, time: Time) -> Vec<f64> {
        let added = |round: &Round| {
            let through = rate(side(round)?)?;
            Some(time(through) - time(rate(&round.direct)?))
        };
        self.rounds.iter().filter_map(added).collect()
    }

    fn amount(&self, what: &str, target: &'static str, pick: fn(&Measured) -> f64) -> Row {
        let figures = |side: Pick| -> Vec<f64> {
            self.rounds
                .iter()
                .filter_map(|round| side(round).map(pick))
                .collect()
        };
        let ours = figures(GATEWAY);
        let beside = [
            ("direct", (|round| Some(&round.direct)) as Pick),
            ("nginx", NGINX),
            ("LiteLLM", LITELLM),
        ];
        let beside = beside.into_iter().filter_map(|(name, side)| {
            let theirs = figures(side);
            let ratio = middle(&ours) / middle(&theirs);
            (!theirs.is_empty()).then(|| format!("{name} {:.0}, {ratio:.2} of it", middle(&theirs)))
        });
        Row {
            what: what.to_owned(),
            median: format!("{:.0}", middle(&ours)),
            range: range(ours.iter().copied(), 0),
            target,
            limit: beside.collect::<Vec<_>>().join("; "),
        }
    }

    fn json(&self) -> Map<String, Value> {
        let round = |round: &Round| {
            json!({
                "direct": measured_json(&round.direct),
                "gateway": measured_json(&round.gateway),
                "nginx": round.nginx.as_ref().map(measured_json),
                "litellm": round.litellm.as_ref().map(measured_json),
            })
        };
        let memory = &self.memory;
        let figures = [
            ("fast_per_second", json!(FAST)),
            ("slow_per_second", json!(SLOW)),
            ("rounds", self.rounds.iter().map(round).collect()),
            (
                "memory_mb",
                json!({ "gateway": memory.gateway, "nginx": memory.nginx, "litellm": memory.litellm }),
            ),
        ];
        figures
            .map(|(name, figure)| (name.to_owned(), figure))
            .into_iter()
            .collect()
    }
}

fn notes() -> String {
    format!(
        "Added is the time through the gateway less the time straight to the provider, a stub that speaks OpenAI's wire format and \
         answers at once, percentile by percentile. Requests of about 1 kB are due at fixed times on {CONNECTIONS} connections and timed \
         from when they were due (open loop); answers have {SHORT_TOKENS} tokens. The gateway authenticates an API key, meters and audits \
         every call in its database and records every outgoing call; it asks the provider for a stream also when its caller wants a whole \
         answer. nginx passes bytes on and writes its access log; LiteLLM authenticates its master key and has no database. The most \
         answers are those of {FULL_CONNECTIONS} connections without a pause, divided by the time until all of the gateway's calls are written \
         down; tokens are relayed in {STREAMS} streams of {LONG_TOKENS} \
         tokens each, every token sent by itself; the gateway passes those that have come together on in one event. Memory is the \
         proportional share of all of a program's processes. MB are 10⁶ bytes. `PROFILE=dist` compiles the gateway with a profile of \
         loads like these and those of `http.md`, where LLVM's profile tool is at hand (ADR 0018)."
    )
}

fn middle(figures: &[f64]) -> f64 {
    median(figures.iter().copied())
}

fn measured_json(measured: &Measured) -> Value {
    json!({
        "fast": measured.fast.as_ref().map(pair_json),
        "slow": measured.slow.as_ref().map(pair_json),
        "full_per_second": measured.full_per_second,
        "relayed_tokens_per_second": measured.relayed_per_second,
    })
}

fn pair_json(pair: &Pair) -> Value {
    json!({ "whole": times_json(&pair.whole), "streamed": times_json(&pair.streamed) })
}

fn times_json(times: &Times) -> Value {
    json!({
        "first_p50_ms": times.first_p50,
        "first_p99_ms": times.first_p99,
        "whole_p50_ms": times.whole_p50,
        "whole_p99_ms": times.whole_p99,
        "per_second": times.per_second,
    })
}
