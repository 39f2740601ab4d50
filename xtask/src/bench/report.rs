//! What was found about HTTP and SQLite, with its targets and limits beside it.

use serde_json::{Map, Value, json};

use super::{
    document::Document,
    load::Outcome,
    measure::{Figures, Round},
    table::{Row, range},
};

impl Figures {
    /// The document of these figures.
    pub(super) fn document(&self) -> Document {
        Document {
            topic: "http",
            title: "HTTP and SQLite",
            how: format!(
                "Medians of {} interleaved rounds (start time: of {} starts).",
                self.rounds.len(),
                self.ready_ms.len()
            ),
            rows: self.rows(),
            notes: NOTES.to_owned(),
            figures: self.json(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = self.load_rows();
        let Figures {
            ready_ms,
            idle_mb,
            streams,
            ..
        } = self;
        rows.push(Row {
            what: "start on an existing data directory until ready".into(),
            median: format!("{:.0} ms", self.ready_median_ms()),
            range: range(ready_ms.iter().copied(), 0),
            target: "< 300 ms",
            limit: String::new(),
        });
        rows.push(Row {
            what: "memory, idle, no model loaded".into(),
            median: format!(
                "{:.1} MB resident, {:.1} MB its share",
                idle_mb.0, idle_mb.1
            ),
            range: String::new(),
            target: "< 60 MB",
            limit: String::new(),
        });
        rows.push(Row {
            what: "memory with idle event streams".into(),
            median: format!("{:.1} MB with {} streams", streams.memory_mb, streams.open),
            range: String::new(),
            target: "≤ 250 MB with 10,000",
            limit: String::new(),
        });
        rows
    }

    fn load_rows(&self) -> Vec<Row> {
        let limit = self.median_of(|round| round.reads_limit.per_second);
        let syncs = self.median_of(|round| round.syncs_per_second);
        let mut rows = vec![
            self.rate(
                "authenticated reads",
                "≥ 10,000/s",
                |round| round.reads,
                limit,
            ),
            self.times(
                "authenticated reads, p50 / p95 / p99",
                "p95 < 10 ms",
                |round| round.reads,
            ),
            self.rate("durable creates", "≥ 5,000/s", |round| round.creates, syncs),
            self.times("durable creates, p50 / p95 / p99", "", |round| {
                round.creates
            }),
        ];
        let by_wrk: Vec<f64> = self
            .rounds
            .iter()
            .filter_map(|round| round.reads_by_wrk)
            .collect();
        if !by_wrk.is_empty() {
            let median = super::load::median(by_wrk.iter().copied());
            let row = Row {
                what: "authenticated reads, counted by wrk".into(),
                median: format!("{median:.0}/s"),
                range: range(by_wrk, 0),
                target: "≥ 10,000/s",
                limit: String::new(),
            };
            rows.insert(1, row);
        }
        rows
    }

    fn rate(
        &self,
        what: &'static str,
        target: &'static str,
        pick: fn(&Round) -> Outcome,
        limit: f64,
    ) -> Row {
        let median = self.median_of(|round| pick(round).per_second);
        Row {
            what: what.into(),
            median: format!("{median:.0}/s"),
            range: range(self.rounds.iter().map(|round| pick(round).per_second), 0),
            target,
            limit: format!("{limit:.0}/s, {:.0} % of it", 100.0 * median / limit),
        }
    }

    fn times(&self, what: &'static str, target: &'static str, pick: fn(&Round) -> Outcome) -> Row {
        let [p50, p95, p99] = [
            self.median_of(|round| pick(round).p50_ms),
            self.median_of(|round| pick(round).p95_ms),
            self.median_of(|round| pick(round).p99_ms),
        ];
        Row {
            what: what.into(),
            median: format!("{p50:.2} / {p95:.2} / {p99:.2} ms"),
            range: range(self.rounds.iter().map(|round| pick(round).p95_ms), 2),
            target,
            limit: String::new(),
        }
    }

    fn json(&self) -> Map<String, Value> {
        let rounds: Vec<Value> = self.rounds.iter().map(round_json).collect();
        let streams = &self.streams;
        let figures = [
            ("rounds", json!(rounds)),
            ("ready_ms", json!(self.ready_ms)),
            ("idle_resident_mb", json!(self.idle_mb.0)),
            ("idle_share_mb", json!(self.idle_mb.1)),
            (
                "idle_streams",
                json!({ "open": streams.open, "wanted": streams.wanted, "resident_mb": streams.memory_mb }),
            ),
        ];
        figures
            .map(|(name, figure)| (name.to_owned(), figure))
            .into_iter()
            .collect()
    }
}

const NOTES: &str = "\
    Reads are `GET /api/session` with an API key on 32 connections; creates are `POST …/hire` (employee, audit entry and \
    event in one durable transaction) on 128 connections. The limit of reads is a server that answers the same number of \
    bytes without reading the request, under the same load; that of creates is 4 KiB writes synced one by one, which group \
    commit passes by writing many changes with one sync. MB are 10⁶ bytes.";

fn round_json(round: &Round) -> Value {
    json!({
        "reads": outcome_json(round.reads),
        "reads_by_wrk_per_second": round.reads_by_wrk,
        "reads_limit": outcome_json(round.reads_limit),
        "creates": outcome_json(round.creates),
        "syncs_per_second": round.syncs_per_second,
    })
}

fn outcome_json(outcome: Outcome) -> Value {
    json!({
        "per_second": outcome.per_second,
        "p50_ms": outcome.p50_ms,
        "p95_ms": outcome.p95_ms,
        "p99_ms": outcome.p99_ms,
    })
}
