//! Writes down what was found.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    super::{
        load::median,
        machine::Machine,
        table::{self, Row, range},
    },
    CROWDS, PREFIX_TOKENS, PROMPT_TOKENS, Round,
    reference::Speed,
};
use crate::Result;

/// Figures and what they were measured on.
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) load_after: String,
    pub(super) threads: u32,
    pub(super) rounds: Vec<Round>,
}

impl Report {
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        table::write_report(root, "inference", &self.markdown(), &self.json())
    }

    fn markdown(&self) -> String {
        let Machine {
            processor,
            cores,
            memory_gib,
            kernel,
            load,
        } = &self.machine;
        format!(
            "# Inference\n\n\
             Written by `TOPIC=inference make bench`. Medians of {rounds} interleaved rounds; {processor}, {cores} cores, \
             {memory_gib:.1} GiB, Linux {kernel}, {threads} compute threads. Load average {load} before, {after} after; the \
             measurement itself loads {threads} cores.\n\n\
             {table}\n\
             The model is Llama-shaped: 1.1 billion random weights in 4-bit blocks. The bare loop is llama.cpp of the same sources and \
             flags with nothing around it (`models/examples/raw_loop.rs`); `llama-bench` and `llama-server` are the installed ones, of \
             other sources. Prompts have about {PROMPT_TOKENS} tokens; the prefix figure is the time to the first token of a prompt of \
             {PREFIX_TOKENS} tokens, the second time with other last words. With a shared core, another program computes on one core \
             without a pause.\n",
            rounds = self.rounds.len(),
            threads = self.threads,
            after = self.load_after,
            table = self.table(),
        )
    }

    /// The table in Markdown.
    pub(super) fn table(&self) -> String {
        let mut rows = vec![
            self.against_raw("decode", |speed| speed.decode),
            self.against_raw("prefill", |speed| speed.prefill),
        ];
        rows.extend(self.against_llama_bench());
        rows.push(self.row(
            "prefix hit, first token as a share of cold",
            "≤ 2 %",
            |round| 100.0 * round.warm_s / round.cold_s,
            "%",
        ));
        for (index, people) in CROWDS.into_iter().enumerate() {
            rows.push(self.crowd(index, people));
        }
        let ratio = |round: &Round| round.shared_engine / round.shared_raw;
        rows.push(self.row(
            "decode with a shared core, times the bare loop",
            "≥ 3",
            ratio,
            "×",
        ));
        table::markdown(&rows)
    }

    fn against_raw(&self, what: &'static str, pick: fn(&Speed) -> f64) -> Row {
        let ours = self.median(|round| pick(&round.engine));
        let raw = self.median(|round| pick(&round.raw));
        Row {
            what,
            median: format!("{ours:.1} tokens/s, {:.3} of the bare loop", ours / raw),
            range: range(
                self.rounds
                    .iter()
                    .map(|round| pick(&round.engine) / pick(&round.raw)),
                3,
            ),
            target: "≥ 0.97 of llama.cpp",
            limit: format!("{raw:.1} tokens/s"),
        }
    }

    fn against_llama_bench(&self) -> Vec<Row> {
        let measured: Vec<(&Round, Speed)> = self
            .rounds
            .iter()
            .filter_map(|round| Some((round, round.llama_bench?)))
            .collect();
        if measured.is_empty() {
            return Vec::new();
        }
        let row = |what, pick: fn(&Speed) -> f64| {
            let ratios: Vec<f64> = measured
                .iter()
                .map(|(round, theirs)| pick(&round.engine) / pick(theirs))
                .collect();
            let theirs = median(measured.iter().map(|(_, theirs)| pick(theirs)));
            Row {
                what,
                median: format!("{:.3} of llama-bench", median(ratios.iter().copied())),
                range: range(ratios, 3),
                target: "",
                limit: format!("{theirs:.1} tokens/s"),
            }
        };
        vec![
            row("decode, against llama-bench of other sources", |speed| {
                speed.decode
            }),
            row("prefill, against llama-bench of other sources", |speed| {
                speed.prefill
            }),
        ]
    }

    fn crowd(&self, index: usize, people: usize) -> Row {
        let figure = |speeds: &Vec<f64>| speeds.get(index).copied().unwrap_or(0.0);
        let ours = self.median(|round| figure(&round.crowd));
        let theirs: Vec<f64> = self
            .rounds
            .iter()
            .filter_map(|round| round.crowd_server.as_ref().map(figure))
            .collect();
        let server = median(theirs.iter().copied());
        let beside = if theirs.is_empty() {
            String::new()
        } else {
            format!(", {:.2} of llama-server", ours / server)
        };
        Row {
            what: match people {
                1 => "tokens/s for 1 person, prompts included",
                4 => "tokens/s for 4 people at once, prompts included",
                _ => "tokens/s for 16 people at once, prompts included",
            },
            median: format!("{ours:.1}{beside}"),
            range: range(self.rounds.iter().map(|round| figure(&round.crowd)), 1),
            target: "",
            limit: if theirs.is_empty() {
                String::new()
            } else {
                format!("llama-server {server:.1}")
            },
        }
    }

    fn row(
        &self,
        what: &'static str,
        target: &'static str,
        pick: impl Fn(&Round) -> f64,
        unit: &str,
    ) -> Row {
        Row {
            what,
            median: format!("{:.2} {unit}", self.median(&pick)),
            range: range(self.rounds.iter().map(&pick), 2),
            target,
            limit: String::new(),
        }
    }

    fn median(&self, pick: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(pick))
    }

    fn json(&self) -> Value {
        let speed = |speed: Speed| json!({ "prefill_per_second": speed.prefill, "decode_per_second": speed.decode });
        let rounds: Vec<Value> = self
            .rounds
            .iter()
            .map(|round| {
                json!({
                    "engine": speed(round.engine),
                    "bare_loop": speed(round.raw),
                    "llama_bench": round.llama_bench.map(speed),
                    "first_token_cold_s": round.cold_s,
                    "first_token_prefix_hit_s": round.warm_s,
                    "people": CROWDS,
                    "engine_tokens_per_second": round.crowd,
                    "llama_server_tokens_per_second": round.crowd_server,
                    "shared_core_engine_decode_per_second": round.shared_engine,
                    "shared_core_bare_loop_decode_per_second": round.shared_raw,
                })
            })
            .collect();
        json!({
            "processor": self.machine.processor,
            "cores": self.machine.cores,
            "threads": self.threads,
            "load_before": self.machine.load,
            "load_after": self.load_after,
            "rounds": rounds,
        })
    }
}
