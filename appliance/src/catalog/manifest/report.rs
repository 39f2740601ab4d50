//! What is wrong with a file: every problem with its place, in words, with the nearest known name.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a manifest or a handbook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Line of the file, from 1; `None` when the problem has no place.
    pub line: Option<usize>,
    /// Path of the field, such as `price.amount_minor` or `sample_tasks[0].title`.
    pub path: String,
    /// What is wrong, as the end of a sentence about `path`.
    pub message: String,
    /// The known name closest to the one written, when one is close.
    pub suggestion: Option<String>,
}

/// The path of a problem that concerns the file as a whole.
pub(crate) const WHOLE_FILE: &str = "file";

/// How much of a path is shown; a foreign file may hold a key of many kilobytes.
const PATH_CHARACTERS_MAX: usize = 120;

impl Problem {
    pub(crate) fn new(
        path: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        let path: String = path.into();
        let path = match path.char_indices().nth(PATH_CHARACTERS_MAX) {
            _ if path.is_empty() => WHOLE_FILE.into(),
            Some((end, _)) => format!("{}…", path.get(..end).unwrap_or_default()),
            None => path,
        };
        Self {
            line,
            path,
            message: message.into(),
            suggestion: None,
        }
    }

    /// Adds the entry of `known` that is closest to `written`, when one is close.
    pub(crate) fn suggesting<'a>(
        mut self,
        written: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.suggestion = nearest(written, known);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(formatter, " (did you mean `{suggestion}`?)")?;
        }
        if let Some(line) = self.line {
            write!(formatter, " [line {line}]")?;
        }
        Ok(())
    }
}

/// The entry of `known` that begins as `written` does, or is within a third of its letters of it.
fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Names are short; a long text is no misspelt name, and comparing it would be slow.
    if written.len() > 100 {
        return None;
    }
    let written = written.to_lowercase().replace([' ', '-'], "_");
    let distance = |name: &str| {
        let is_shortened = written.len() >= 3 && name.starts_with(&written);
        if is_shortened {
            1
        } else {
            strsim::damerau_levenshtein(&written, &name.replace('-', "_"))
        }
    };
    let closest = known.into_iter().min_by_key(|name| distance(name))?;
    let tolerated = (closest.len() / 3).max(1);
    (distance(closest) <= tolerated).then(|| closest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_close_name_is_suggested() {
        let known = ["finance", "people", "legal"];
        assert_eq!(nearest("finnance", known).as_deref(), Some("finance"));
        assert_eq!(nearest("Finance", known).as_deref(), Some("finance"));
        assert_eq!(
            nearest("amount", ["amount_minor", "model"]).as_deref(),
            Some("amount_minor")
        );
        assert_eq!(nearest("weather", known), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn a_problem_reads_as_one_line() {
        let problem = Problem::new("categroy", Some(7), "unknown field")
            .suggesting("categroy", ["category", "name"]);
        assert_eq!(
            problem.to_string(),
            "categroy: unknown field (did you mean `category`?) [line 7]"
        );
        assert_eq!(
            Problem::new("", None, "is empty").to_string(),
            "file: is empty"
        );
    }
}
