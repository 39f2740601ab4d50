//! What was found about licensing.

use serde_json::{Map, Value, json};

use super::{
    super::{
        document::Document,
        load::median,
        table::{Row, range},
    },
    Round,
};

/// Every figure of every round.
pub(super) struct Report {
    pub(super) rounds: Vec<Round>,
}

impl Report {
    pub(super) fn document(&self) -> Document {
        Document {
            topic: "license",
            title: "Licensing",
            how: format!("Medians of {} interleaved rounds.", self.rounds.len()),
            rows: self.rows(),
            notes: "A verification is the whole way of an import: envelope, signature, strict reading. Validations are `POST /v1/validate` \
                    of a node with place and lease on 32 connections; their limit is a server that answers as many bytes without reading \
                    the request, under the same load. Activations come one after the other on one connection, each of a node of its own: \
                    checked request, place, signed lease, issuance log, audit and event in one durable transaction."
                .to_owned(),
            figures: self.json(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |what: &str, pick: fn(&Round) -> f64, digits: usize, target, limit| Row {
            what: what.to_owned(),
            median: format!("{:.digits$}", self.median_of(pick)),
            range: range(self.rounds.iter().map(pick), digits),
            target,
            limit,
        };
        let limit = format!("{:.0}", self.median_of(|round| round.limit.per_second));
        vec![
            row(
                "verifications/s, one core",
                |round| round.verify_one,
                0,
                "≥ 25,000",
                String::new(),
            ),
            row(
                "verifications/s and core, every core busy",
                |round| round.verify_all,
                0,
                "",
                String::new(),
            ),
            row(
                "validations/s",
                |round| round.validations.per_second,
                0,
                "≥ 10,000",
                limit,
            ),
            row(
                "validation, p50 ms",
                |round| round.validations.p50_ms,
                2,
                "",
                String::new(),
            ),
            row(
                "validation, p99 ms",
                |round| round.validations.p99_ms,
                2,
                "",
                String::new(),
            ),
            row(
                "activations/s, one connection",
                |round| round.activations.0,
                0,
                "",
                String::new(),
            ),
            row(
                "activation, p99 ms",
                |round| round.activations.1,
                2,
                "",
                String::new(),
            ),
        ]
    }

    fn median_of(&self, pick: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(pick))
    }

    fn json(&self) -> Map<String, Value> {
        let rounds: Vec<Value> = self
            .rounds
            .iter()
            .map(|round| {
                json!({
                    "verifications_per_second_one_core": round.verify_one,
                    "verifications_per_second_and_core": round.verify_all,
                    "validations_per_second": round.validations.per_second,
                    "validation_p50_ms": round.validations.p50_ms,
                    "validation_p95_ms": round.validations.p95_ms,
                    "validation_p99_ms": round.validations.p99_ms,
                    "limit_per_second": round.limit.per_second,
                    "activations_per_second": round.activations.0,
                    "activation_p99_ms": round.activations.1,
                })
            })
            .collect();
        Map::from_iter([("rounds".to_owned(), Value::Array(rounds))])
    }
}
