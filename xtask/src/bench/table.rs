//! Tables of figures with their targets and limits beside them.

use std::fmt::Write;

/// One row: a figure, its range over the rounds, its target and the physical limit.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) median: String,
    pub(super) range: String,
    pub(super) target: &'static str,
    pub(super) limit: String,
}

/// The rows in Markdown.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| measured | median | range | target | limit on this machine |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let Row {
            what,
            median,
            range,
            target,
            limit,
        } = row;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {median} | {range} | {target} | {limit} |");
    }
    text
}

/// The least and the largest figure.
pub(super) fn range(figures: impl IntoIterator<Item = f64>, digits: usize) -> String {
    let figures: Vec<f64> = figures.into_iter().collect();
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.digits$} to {most:.digits$}")
}
