//! What was found about the engine.

use serde_json::{Map, Value, json};

use super::{
    super::{
        document::Document,
        load::median,
        table::{Row, range},
    },
    CROWDS, PREFIX_TOKENS, PROMPT_TOKENS, Round,
    reference::Speed,
};

/// Figures and how many threads they were measured with.
pub(super) struct Report {
    pub(super) threads: u32,
    pub(super) rounds: Vec<Round>,
}

impl Report {
    pub(super) fn document(&self) -> Document {
        let rounds = self.rounds.len();
        let threads = self.threads;
        Document {
            topic: "inference",
            title: "Inference",
            how: format!("Medians of {rounds} interleaved rounds with {threads} compute threads."),
            rows: self.rows(),
            notes: format!(
                "The model is Llama-shaped: 1.1 billion random weights in 4-bit blocks. The bare loop is llama.cpp of the same sources and \
                 flags with nothing around it (`models/examples/raw_loop.rs`); `llama-bench` and `llama-server` are the installed ones, of \
                 other sources, and stand beside the engine that the node starts on this processor. Prompts have about {PROMPT_TOKENS} tokens; the prefix figure is the time to the first token of a prompt of \
                 {PREFIX_TOKENS} tokens, the second time with other last words. With a shared core, another program computes on one core \
                 without a pause."
            ),
            figures: self.json(),
        }
    }

    fn rows(&self) -> Vec<Row> {
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
        rows.push(self.shared());
        rows
    }

    fn against_raw(&self, what: &'static str, pick: fn(&Speed) -> f64) -> Row {
        let ours = self.median(|round| pick(&round.engine));
        let raw = self.median(|round| pick(&round.raw));
        Row {
            what: what.into(),
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
                .map(|(round, theirs)| pick(&round.best.unwrap_or(round.engine)) / pick(theirs))
                .collect();
            let theirs = median(measured.iter().map(|(_, theirs)| pick(theirs)));
            Row {
                what: String::from(what),
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
                1 => "tokens/s for 1 person, prompts included".to_owned(),
                people => format!("tokens/s for {people} people at once, prompts included"),
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

    fn shared(&self) -> Row {
        let ratio = |round: &Round| round.shared.engine / round.shared.raw;
        let most = self.median(|round| round.shared.one_core / round.shared.raw);
        Row {
            limit: format!("{most:.2} ×, the bare loop with one thread on a core of its own"),
            ..self.row(
                "decode with a shared core, times the bare loop",
                "≥ 3",
                ratio,
                "×",
            )
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
            what: what.into(),
            median: format!("{:.2} {unit}", self.median(&pick)),
            range: range(self.rounds.iter().map(&pick), 2),
            target,
            limit: String::new(),
        }
    }

    fn median(&self, pick: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(pick))
    }

    fn json(&self) -> Map<String, Value> {
        let speed = |speed: Speed| json!({ "prefill_per_second": speed.prefill, "decode_per_second": speed.decode });
        let rounds: Vec<Value> = self
            .rounds
            .iter()
            .map(|round| {
                json!({
                    "engine": speed(round.engine),
                    "bare_loop": speed(round.raw),
                    "best_engine": round.best.map(speed),
                    "llama_bench": round.llama_bench.map(speed),
                    "first_token_cold_s": round.cold_s,
                    "first_token_prefix_hit_s": round.warm_s,
                    "people": CROWDS,
                    "engine_tokens_per_second": round.crowd,
                    "llama_server_tokens_per_second": round.crowd_server,
                    "shared_core_engine_decode_per_second": round.shared.engine,
                    "shared_core_bare_loop_decode_per_second": round.shared.raw,
                    "one_core_bare_loop_decode_per_second": round.shared.one_core,
                })
            })
            .collect();
        let figures = [("threads", json!(self.threads)), ("rounds", json!(rounds))];
        figures
            .map(|(name, figure)| (name.to_owned(), figure))
            .into_iter()
            .collect()
    }
}
