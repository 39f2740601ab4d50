//! What commands print.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

/// Prints for people, or in JSON for programs.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// Prints a command's result: the JSON value, or the lines made from it.
    pub(super) fn result(
        self,
        value: &Value,
        lines: impl FnOnce(&Value) -> Vec<String>,
    ) -> ExitCode {
        if self.json {
            self.text(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            for line in lines(value) {
                self.text(&line);
            }
        }
        ExitCode::SUCCESS
    }

    /// Prints a line; a closed pipe is nobody's problem.
    pub(super) fn text(self, line: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// Prints why the command failed.
    pub(super) fn fail(self, code: &str, message: &str) -> ExitCode {
        let mut errors = std::io::stderr().lock();
        let _ = if self.json {
            writeln!(
                errors,
                "{}",
                json!({ "error": { "code": code, "message": message } })
            )
        } else {
            writeln!(errors, "guildhall: {message}")
        };
        ExitCode::from(1)
    }
}

/// Tells on standard error how far something is: a line that is written over on a terminal, one line per
/// tenth elsewhere, one JSON object per tenth for programs.
pub(super) struct ProgressLine {
    json: bool,
    terminal: bool,
    /// Tenths (or, on a terminal, per cent) told already.
    told: AtomicU64,
}

impl Output {
    pub(super) fn progress(self) -> ProgressLine {
        ProgressLine {
            json: self.json,
            terminal: std::io::stderr().is_terminal(),
            told: AtomicU64::new(0),
        }
    }
}

impl ProgressLine {
    pub(super) fn show(&self, done: u64, total: u64) {
        let per_cent = done.saturating_mul(100) / total.max(1);
        let is_fine = self.terminal && !self.json;
        let step = if is_fine { per_cent } else { per_cent / 10 };
        if self.told.fetch_max(step, Ordering::Relaxed) >= step {
            return;
        }
        let mut errors = std::io::stderr().lock();
        // A closed pipe is nobody's problem.
        let _ = if self.json {
            let progress = json!({ "progress": { "done": done, "total": total } });
            writeln!(errors, "{progress}")
        } else if is_fine {
            write!(errors, "\rreading and checking: {per_cent} %").and_then(|()| errors.flush())
        } else {
            writeln!(errors, "reading and checking: {per_cent} %")
        };
    }

    pub(super) fn end(&self) {
        if self.terminal && !self.json && self.told.load(Ordering::Relaxed) > 0 {
            let _ = writeln!(std::io::stderr().lock());
        }
    }
}
