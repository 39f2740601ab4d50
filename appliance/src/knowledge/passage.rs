//! Splits a source into passages: paragraphs of running text, lists and `Key: value` lines that
//! stay whole, and tables whose rows remember their column names.

use std::ops::Range;

use super::{
    model::{Layout, MAX_SOURCE_BYTES, Passage},
    sentence::{push_trimmed, sentences},
};

/// A passage is closed when the next unit would make it longer than this, in bytes.
const PASSAGE_BYTES: usize = 900;

/// A unit longer than this is cut at white space, in bytes.
const UNIT_BYTES: usize = 700;

/// What list items begin with, apart from numbers.
const BULLETS: [&str; 4] = ["- ", "* ", "• ", "– "];

/// A passage that is one whole source, as the passages of a handbook are.
pub(super) fn whole(text: &str) -> Passage {
    let units = sentences(text);
    Passage {
        heading: None,
        range: 0..text.len(),
        units,
        layout: Layout::Prose,
    }
}

/// The passages of `text` in order; at most `limit`, and only its first [`MAX_SOURCE_BYTES`].
pub(super) fn split(text: &str, limit: usize) -> Vec<Passage> {
    let text = text
        .get(..text.floor_char_boundary(MAX_SOURCE_BYTES))
        .unwrap_or(text);
    let mut passages = Vec::new();
    let mut heading = None;
    let blocks = blocks(text);
    for (index, lines) in blocks.iter().enumerate() {
        let mut lines = lines.as_slice();
        if let Some((first, rest)) = lines.split_first()
            && let Some(title) = heading_of(text, first, rest.is_empty(), index + 1 < blocks.len())
        {
            heading = Some(title);
            lines = rest;
        }
        if !lines.is_empty() {
            push_block(&mut passages, text, lines, heading.as_ref());
        }
        if passages.len() >= limit {
            passages.truncate(limit);
            break;
        }
    }
    passages
}

/// Groups of lines without a blank line between them.
fn blocks(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut blocks = vec![Vec::new()];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        start += line.len();
        if line.trim().is_empty() {
            blocks.push(Vec::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push(range);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// The heading that the first line of a block is, if it is one: marked with `#`, or a short line
/// of its own with text to follow.
fn heading_of(text: &str, line: &Range<usize>, alone: bool, more_follows: bool) -> Option<String> {
    let line = text.get(line.clone())?.trim();
    if let Some(title) = line.strip_prefix('#') {
        return Some(title.trim_matches(['#', ' ']).to_owned());
    }
    let ends_open = !line.ends_with(['.', '!', '?', ';', ',']);
    let is_title = alone && more_follows && line.len() <= 80 && ends_open;
    (is_title && key_value(line).is_none() && !is_list_item(line))
        .then(|| line.trim_end_matches(':').to_owned())
}

fn push_block(
    passages: &mut Vec<Passage>,
    text: &str,
    lines: &[Range<usize>],
    heading: Option<&String>,
) {
    let (layout, units) = match table_of(text, lines) {
        Some((layout, rows)) => (layout, rows),
        None if stands_in_lines(text, lines) => (Layout::Lines, joined_lines(text, lines)),
        None => (Layout::Prose, prose_units(text, lines)),
    };
    let units: Vec<_> = units
        .into_iter()
        .flat_map(|unit| cut_long(text, unit))
        .collect();
    let mut current: Vec<Range<usize>> = Vec::new();
    for unit in units {
        let start = current.first().map_or(unit.start, |first| first.start);
        if unit.end - start > PASSAGE_BYTES && !current.is_empty() {
            push_passage(passages, std::mem::take(&mut current), &layout, heading);
        }
        current.push(unit);
    }
    push_passage(passages, current, &layout, heading);
}

fn push_passage(
    passages: &mut Vec<Passage>,
    units: Vec<Range<usize>>,
    layout: &Layout,
    heading: Option<&String>,
) {
    let (Some(first), Some(last)) = (units.first(), units.last()) else {
        return;
    };
    let range = first.start..last.end;
    passages.push(Passage {
        heading: heading.cloned(),
        range,
        units,
        layout: layout.clone(),
    });
}

fn prose_units(text: &str, lines: &[Range<usize>]) -> Vec<Range<usize>> {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return Vec::new();
    };
    let Some(block) = text.get(first.start..last.end) else {
        return Vec::new();
    };
    sentences(block)
        .into_iter()
        .map(|unit| unit.start + first.start..unit.end + first.start)
        .collect()
}

/// Whether most lines of a block stand for themselves rather than being one wrapped paragraph.
fn stands_in_lines(text: &str, lines: &[Range<usize>]) -> bool {
    let of_their_own = lines
        .iter()
        .filter_map(|line| text.get(line.clone()))
        .filter(|line| is_list_item(line) || line.len() <= 160 && key_value(line).is_some())
        .count();
    let short = lines.iter().filter(|line| line.len() <= 45).count();
    of_their_own * 2 > lines.len() || lines.len() >= 2 && short * 4 >= lines.len() * 3
}

/// Lines as units; an indented line goes on with the unit before it.
fn joined_lines(text: &str, lines: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = Vec::new();
    for line in lines {
        let Some(raw) = text.get(line.clone()) else {
            continue;
        };
        let goes_on =
            raw.starts_with([' ', '\t']) && !is_list_item(raw) && key_value(raw).is_none();
        match units.last_mut() {
            Some(unit) if goes_on => unit.end = line.end,
            _ => push_trimmed(&mut units, text, line.start + bullet_bytes(raw)..line.end),
        }
    }
    units
}

/// Length of the bullet in front of a list item, which is not part of what is quoted.
fn bullet_bytes(line: &str) -> usize {
    let rest = line.trim_start();
    let bullet = BULLETS.iter().find(|bullet| rest.starts_with(**bullet));
    bullet.map_or(0, |bullet| line.len() - rest.len() + bullet.len())
}

/// The key and the value of a line `Key: value`. The key is at most six words without a full stop.
pub(super) fn key_value(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(['-', '*', '•', ' ', '\t', '>']);
    let at = line.find(':')?;
    let (key, value) = (
        line.get(..at)?.trim().trim_end_matches('.'),
        line.get(at + 1..)?,
    );
    let is_key = key.chars().next().is_some_and(char::is_alphabetic)
        && key.split_whitespace().count() <= 6
        && key.len() <= 60
        && !key.contains(['.', '?', '!', '"', '“', ',']);
    let starts_value = value.starts_with([' ', '\t']);
    (is_key && starts_value && !value.trim().is_empty())
        .then(|| (key.trim_matches('*'), value.trim()))
}

fn is_list_item(line: &str) -> bool {
    let line = line.trim_start();
    if BULLETS.iter().any(|bullet| line.starts_with(bullet)) {
        return true;
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (1..=3).contains(&digits)
        && line
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") "))
}

/// The table a block is, if each of its lines has the same number of cells.
fn table_of(text: &str, lines: &[Range<usize>]) -> Option<(Layout, Vec<Range<usize>>)> {
    let (header, rows) = lines.split_first()?;
    let line = text.get(header.clone())?;
    let delimiter = ['|', '\t', ';', ','].into_iter().find(|d| {
        let columns = line.matches(*d).count();
        let least = if matches!(d, ',' | ';') { 2 } else { 1 };
        columns >= least
            && !rows.is_empty()
            && !line.ends_with('.')
            && rows.iter().all(|row| {
                text.get(row.clone())
                    .is_some_and(|row| row.matches(*d).count() == columns)
            })
    })?;
    let mut units = Vec::new();
    for row in rows {
        let is_rule = text
            .get(row.clone())?
            .chars()
            .all(|c| matches!(c, '|' | '-' | ':' | ' ' | '+' | '='));
        if !is_rule {
            push_trimmed(&mut units, text, row.clone());
        }
    }
    (!units.is_empty()).then(|| {
        (
            Layout::Table {
                header: header.clone(),
                delimiter,
            },
            units,
        )
    })
}

/// A row of a table as `column: cell` pairs, which is what is matched against a question.
pub(super) fn labelled_row(header: &str, row: &str, delimiter: char) -> String {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_matches('|');
        line.split(delimiter)
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    cells(header)
        .iter()
        .zip(cells(row))
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| format!("{name}: {cell}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A unit in pieces of at most [`UNIT_BYTES`], cut at white space where there is any.
fn cut_long(text: &str, unit: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = unit.start;
    while unit.end - start > UNIT_BYTES {
        let limit = text.floor_char_boundary(start + UNIT_BYTES);
        let piece = text.get(start..limit).unwrap_or_default();
        let cut = piece
            .rfind(char::is_whitespace)
            .filter(|at| *at > 0)
            .map_or(limit, |at| start + at);
        push_trimmed(&mut pieces, text, start..cut);
        start = cut;
    }
    push_trimmed(&mut pieces, text, start..unit.end);
    pieces
}
