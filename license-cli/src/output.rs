//! What commands print.

use std::{io::Write, process::ExitCode};

use guildhall_license::Refusal;
use serde_json::{Value, json};

/// Prints for people, or in JSON for programs.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

/// What a command has to say: the same facts twice.
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) lines: Vec<String>,
}

impl Answer {
    pub(crate) fn new(value: Value, lines: impl IntoIterator<Item = String>) -> Self {
        Self {
            value,
            lines: lines.into_iter().collect(),
        }
    }

    /// For commands whose standard output is the artefact itself.
    pub(crate) const fn silent() -> Self {
        Self {
            value: Value::Null,
            lines: Vec::new(),
        }
    }
}

impl Output {
    /// Prints a command's answer.
    pub(crate) fn answer(self, answer: &Answer) -> ExitCode {
        if !self.json {
            for line in &answer.lines {
                self.text(line);
            }
        } else if !answer.value.is_null() {
            self.text(&serde_json::to_string_pretty(&answer.value).unwrap_or_default());
        }
        ExitCode::SUCCESS
    }

    /// Prints a line; a closed pipe is nobody's problem.
    pub(crate) fn text(self, line: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// Prints why the command failed.
    pub(crate) fn fail(self, refusal: &Refusal) -> ExitCode {
        let mut errors = std::io::stderr().lock();
        let _ = if self.json {
            let error = json!({ "error": { "code": refusal.code, "message": refusal.message } });
            writeln!(errors, "{error}")
        } else {
            writeln!(errors, "guildhall-license: {}", refusal.message)
        };
        ExitCode::from(1)
    }
}
