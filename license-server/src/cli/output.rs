//! What commands print.

use std::{io::Write, process::ExitCode};

use serde_json::{Value, json};

/// Prints for people, or in JSON for programs.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// Prints a command's result: the JSON value, or the lines.
    pub(super) fn result(self, value: &Value, lines: &[String]) -> ExitCode {
        if self.json {
            self.text(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            for line in lines {
                self.text(line);
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
            let error = json!({ "error": { "code": code, "message": message } });
            writeln!(errors, "{error}")
        } else {
            writeln!(errors, "guildhall-license-server: {message}")
        };
        ExitCode::from(1)
    }
}
