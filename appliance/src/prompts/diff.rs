//! What changed between two versions, line by line.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::{StoredVersion, TemplateValue, Variable, VariableType};

/// Lines on either side up to which the longest common subsequence is looked for: 16 MB of table at most.
/// Beyond, what differs in the middle shows as replaced as a whole.
const LINES_MAX: usize = 2_000;

/// What changed from one version to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PromptDiff)]
pub(super) struct VersionDiff {
    from: u32,
    to: u32,
    body: Vec<DiffLine>,
    /// One line per variable, in words.
    variables: Vec<DiffLine>,
}

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct DiffLine {
    kind: DiffKind,
    text: String,
    /// Its number in the older text, from 1; `null` when it was added.
    #[schema(required)]
    from_line: Option<u32>,
    /// Its number in the newer text, from 1; `null` when it was removed.
    #[schema(required)]
    to_line: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DiffKind {
    Same,
    Added,
    Removed,
}

pub(super) fn versions(from: &StoredVersion, to: &StoredVersion) -> VersionDiff {
    let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let declared =
        |version: &StoredVersion| version.variables.iter().map(in_words).collect::<Vec<_>>();
    VersionDiff {
        from: from.number,
        to: to.number,
        body: compare(&lines(&from.body), &lines(&to.body)),
        variables: compare(&declared(from), &declared(to)),
    }
}

/// A declaration as a line for people.
fn in_words(variable: &Variable) -> String {
    let mut words = vec![match variable.kind {
        VariableType::Text => "text".to_owned(),
        VariableType::LongText => "long text".to_owned(),
        VariableType::Number if variable.whole => "whole number".to_owned(),
        VariableType::Number => "number".to_owned(),
        VariableType::Choice => format!("one of {}", variable.options.join(" / ")),
        VariableType::Boolean => "yes or no".to_owned(),
        VariableType::Date => "date".to_owned(),
    }];
    let bounds = [
        bound(variable.characters_min, "at least", " characters"),
        bound(variable.characters_max, "at most", " characters"),
        bound(variable.number_min, "from", ""),
        bound(variable.number_max, "up to", ""),
        bound(variable.date_min.as_deref(), "from", ""),
        bound(variable.date_max.as_deref(), "until", ""),
    ];
    words.extend(bounds.into_iter().flatten());
    words.push(
        if variable.required {
            "required"
        } else {
            "may be left out"
        }
        .to_owned(),
    );
    if let Some(default) = &variable.default {
        words.push(match default {
            TemplateValue::Boolean(true) => "default yes".to_owned(),
            TemplateValue::Boolean(false) => "default no".to_owned(),
            TemplateValue::Number(number) => format!("default {number}"),
            TemplateValue::Text(text) => format!("default “{}”", text.replace('\n', " ⏎ ")),
        });
    }
    let mut line = format!("{}: {}", variable.name, words.join(", "));
    if !variable.label.is_empty() {
        line.push_str(&format!(" — {}", variable.label));
    }
    if !variable.help.is_empty() {
        line.push_str(&format!(" ({})", variable.help));
    }
    line
}

fn bound(value: Option<impl std::fmt::Display>, before: &str, after: &str) -> Option<String> {
    value.map(|value| format!("{before} {value}{after}"))
}

/// Compares two texts by their lines: what is common stays, removed lines stand before added ones.
fn compare(from: &[String], to: &[String]) -> Vec<DiffLine> {
    let start = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let (from_rest, to_rest) = (rest(from, start), rest(to, start));
    let end = from_rest
        .iter()
        .rev()
        .zip(to_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let from_middle = from_rest.get(..from_rest.len() - end).unwrap_or_default();
    let to_middle = to_rest.get(..to_rest.len() - end).unwrap_or_default();
    let mut lines = Lines::default();
    from.iter()
        .take(start)
        .for_each(|text| lines.push(DiffKind::Same, text));
    if from_middle.len() > LINES_MAX || to_middle.len() > LINES_MAX {
        from_middle
            .iter()
            .for_each(|text| lines.push(DiffKind::Removed, text));
        to_middle
            .iter()
            .for_each(|text| lines.push(DiffKind::Added, text));
    } else {
        walk(from_middle, to_middle, &mut lines);
    }
    rest(from, from.len() - end)
        .iter()
        .for_each(|text| lines.push(DiffKind::Same, text));
    lines.lines
}

fn rest(lines: &[String], start: usize) -> &[String] {
    lines.get(start..).unwrap_or_default()
}

/// The numbering of the lines as they come.
#[derive(Default)]
struct Lines {
    lines: Vec<DiffLine>,
    from: u32,
    to: u32,
}

impl Lines {
    fn push(&mut self, kind: DiffKind, text: &str) {
        self.from += u32::from(kind != DiffKind::Added);
        self.to += u32::from(kind != DiffKind::Removed);
        self.lines.push(DiffLine {
            kind,
            text: text.to_owned(),
            from_line: (kind != DiffKind::Added).then_some(self.from),
            to_line: (kind != DiffKind::Removed).then_some(self.to),
        });
    }
}

/// Longest common subsequence by the table of suffix lengths.
fn walk(from: &[String], to: &[String], lines: &mut Lines) {
    let width = to.len() + 1;
    let mut table = vec![0_u32; (from.len() + 1) * width];
    let at = |table: &[u32], row: usize, column: usize| {
        table.get(row * width + column).copied().unwrap_or(0)
    };
    for (row, left) in from.iter().enumerate().rev() {
        for (column, right) in to.iter().enumerate().rev() {
            let length = if left == right {
                at(&table, row + 1, column + 1) + 1
            } else {
                at(&table, row + 1, column).max(at(&table, row, column + 1))
            };
            if let Some(cell) = table.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    loop {
        match (from.get(row), to.get(column)) {
            (Some(left), Some(right)) if left == right => {
                lines.push(DiffKind::Same, left);
                row += 1;
                column += 1;
            }
            (Some(left), right)
                if right.is_none()
                    || at(&table, row + 1, column) >= at(&table, row, column + 1) =>
            {
                lines.push(DiffKind::Removed, left);
                row += 1;
            }
            (_, Some(right)) => {
                lines.push(DiffKind::Added, right);
                column += 1;
            }
            (_, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn shown(from: &str, to: &str) -> String {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let sign = |line: &DiffLine| match line.kind {
            DiffKind::Same => format!(" {}", line.text),
            DiffKind::Added => format!("+{}", line.text),
            DiffKind::Removed => format!("-{}", line.text),
        };
        let found = compare(&lines(from), &lines(to));
        found.iter().map(sign).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_is_common_stays() {
        assert_eq!(shown("a b c d", "a x c d e"), " a,-b,+x, c, d,+e");
        assert_eq!(shown("a b", "a b"), " a, b");
        assert_eq!(shown("a", "b"), "-a,+b");
        assert_eq!(shown("a b a b", "b a b a"), "-a, b, a, b,+a");
    }

    #[test]
    fn lines_carry_their_numbers_on_both_sides() {
        let line = |text: &str| text.to_owned();
        let found = compare(&[line("a"), line("b")], &[line("b"), line("c")]);
        let numbers: Vec<_> = found
            .iter()
            .map(|line| (line.from_line, line.to_line))
            .collect();
        assert_eq!(
            numbers,
            [(Some(1), None), (Some(2), Some(1)), (None, Some(2))]
        );
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_back(from in prop::collection::vec("[ab]", 0..12), to in prop::collection::vec("[ab]", 0..12)) {
            let found = compare(&from, &to);
            let side = |without: DiffKind| -> Vec<String> {
                found.iter().filter(|line| line.kind != without).map(|line| line.text.clone()).collect()
            };
            prop_assert_eq!(side(DiffKind::Added), from);
            prop_assert_eq!(side(DiffKind::Removed), to);
        }
    }
}
