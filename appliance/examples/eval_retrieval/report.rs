//! Prints what was measured, as the markdown tables of `docs/retrieval.md`.

use std::fmt::Write as _;

use guildhall::knowledge::confidence::Signals;

use crate::{
    measure::{Given, Outcome},
    questions::Half,
};

/// One table for the handbooks and one for documents; one column per half.
pub fn tables(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for (title, given) in [
        ("Questions on handbooks", Given::No),
        ("Questions on attached files", Given::Attached),
        ("Questions on pasted text", Given::Pasted),
        (
            "Questions on handbooks while a file is attached",
            Given::Beside,
        ),
    ] {
        let of = |half| -> Vec<&Outcome> {
            outcomes
                .iter()
                .filter(|o| o.half == half && o.given == given)
                .collect()
        };
        let (fit, test) = (Counts::of(&of(Half::Fit)), Counts::of(&of(Half::Test)));
        let _ = writeln!(text, "| {title} | fit half | test half |\n|---|---|---|");
        for ((name, fit), (_, test)) in fit.rows().into_iter().zip(test.rows()) {
            let _ = writeln!(text, "| {name} | {fit} | {test} |");
        }
        text.push('\n');
    }
    text
}

#[derive(Default)]
struct Counts {
    answerable: usize,
    unanswerable: usize,
    first: usize,
    first_five: usize,
    best_unit: usize,
    quoted: usize,
    refused_wrongly: usize,
    refused_rightly: usize,
    reserved: usize,
    quotations: usize,
    inexact: usize,
    quoted_words: usize,
    micros: Vec<u128>,
}

impl Counts {
    fn of(outcomes: &[&Outcome]) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.quotations += outcome.extract.citations.len();
            counts.inexact += outcome.inexact;
            counts.micros.push(outcome.micros);
            let refused = usize::from(outcome.extract.refused);
            if !outcome.answerable {
                counts.unanswerable += 1;
                counts.refused_rightly += refused;
                counts.reserved += usize::from(refused == 0 && outcome.has_reservation());
                continue;
            }
            let words = |quote: &str| quote.split_whitespace().count();
            counts.answerable += 1;
            counts.refused_wrongly += refused;
            counts.first += usize::from(outcome.rank == Some(0));
            counts.first_five += usize::from(outcome.rank.is_some_and(|rank| rank < 5));
            counts.best_unit += usize::from(outcome.best_unit_right);
            counts.quoted += usize::from(outcome.quoted_right);
            counts.quoted_words += outcome
                .extract
                .citations
                .iter()
                .map(|citation| words(&citation.quote))
                .sum::<usize>();
        }
        counts.micros.sort_unstable();
        counts
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let of = |count: usize, all: usize| match all {
            0 => "–".to_owned(),
            _ => format!(
                "{count} of {all} ({:.0} %)",
                100.0 * count as f64 / all as f64
            ),
        };
        let answered = self.answerable - self.refused_wrongly;
        let percentile = |share: usize| {
            self.micros
                .get(self.micros.len() * share / 100)
                .copied()
                .unwrap_or(0)
        };
        vec![
            (
                "right passage ranked first",
                of(self.first, self.answerable),
            ),
            (
                "right passage among the first five",
                of(self.first_five, self.answerable),
            ),
            (
                "best sentence is the right one",
                of(self.best_unit, self.answerable),
            ),
            (
                "right sentence is in the answer",
                of(self.quoted, self.answerable),
            ),
            (
                "answerable but refused",
                of(self.refused_wrongly, self.answerable),
            ),
            (
                "unanswerable and refused",
                of(self.refused_rightly, self.unanswerable),
            ),
            (
                "unanswerable, quoted with “I am not sure”",
                of(self.reserved, self.unanswerable),
            ),
            (
                "quotations word for word",
                of(self.quotations - self.inexact, self.quotations),
            ),
            (
                "words quoted per answer",
                format!("{:.0}", self.quoted_words as f64 / answered.max(1) as f64),
            ),
            (
                "time with vectors at hand, median and p95",
                format!(
                    "{:.1} and {:.1} ms",
                    percentile(50) as f64 / 1000.0,
                    percentile(95) as f64 / 1000.0
                ),
            ),
        ]
    }
}

/// One line per question with the signals of the confidence model, tab-separated, for fitting.
pub fn signals(outcomes: &[Outcome]) -> String {
    let mut text = String::from("half\tgiven\tagent\tanswerable\trank\tquoted\trefused");
    for group in ["handbook", "own"] {
        for name in Signals::NAMES {
            let _ = write!(text, "\t{group}_{name}");
        }
    }
    text.push_str("\task\n");
    for o in outcomes {
        let rank = o
            .rank
            .map_or(-1, |rank| i64::try_from(rank).unwrap_or(i64::MAX));
        let _ = write!(
            text,
            "{:?}\t{:?}\t{}\t{}\t{rank}\t{}\t{}",
            o.half, o.given, o.agent, o.answerable, o.quoted_right, o.extract.refused
        );
        for signals in o.signals {
            let values = signals.map(|signals| signals.values());
            for at in 0..Signals::NAMES.len() {
                let value = values.and_then(|values| values.get(at).copied());
                let _ = write!(
                    text,
                    "\t{}",
                    value.map_or("nan".to_owned(), |value| format!("{value:.5}"))
                );
            }
        }
        let _ = writeln!(text, "\t{}", o.ask);
    }
    text
}

/// Every question with its answer, for reading.
pub fn answers(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for o in outcomes {
        let verdict = match (o.answerable, o.extract.refused, o.quoted_right) {
            (true, false, true) => "right",
            (true, false, false) => "another sentence",
            (true, true, _) => "refused wrongly",
            (false, true, _) => "refused rightly",
            (false, false, _) => "answered wrongly",
        };
        let _ = writeln!(
            text,
            "## [{verdict}] {:?} {} – {}\n\n{}\n",
            o.half,
            o.agent,
            o.ask,
            o.extract.text()
        );
    }
    text
}
