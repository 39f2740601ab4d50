//! The handbook of an agent: sections of short passages in Markdown, each with an id that citations
//! name. `# title`, `## section`, `### passage title {#passage-id}`, then plain paragraphs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::manifest::Problem;

/// Largest handbook file in bytes.
pub(super) const HANDBOOK_BYTES_MAX: usize = 512 * 1024;
/// Most passages of a handbook.
const PASSAGES_MAX: usize = 500;
/// Longest passage in characters: a passage is what one citation opens.
const PASSAGE_CHARACTERS_MAX: usize = 2000;
const ID_CHARACTERS_MAX: usize = 60;

/// What an agent knows, in the order of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handbook {
    /// The handbook's title.
    pub title: String,
    /// Every passage, section by section.
    pub passages: Vec<Passage>,
}

/// A few sentences on one subject; what a citation opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Passage {
    /// Name of the passage, unique in its handbook.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The section it stands in.
    pub section: String,
    /// Its sentences; paragraphs are set apart by an empty line.
    pub text: String,
}

impl Handbook {
    /// Reads a handbook.
    ///
    /// # Errors
    /// Every problem that was found, in the order of their lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > HANDBOOK_BYTES_MAX {
            let message = format!(
                "is {} bytes long; a handbook has at most {HANDBOOK_BYTES_MAX}",
                text.len()
            );
            return Err(vec![Problem::new("", None, message)]);
        }
        let mut parser = Parser::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (place, line) in text.lines().enumerate() {
            parser.line(place + 1, line.trim_end());
        }
        parser.finish()
    }

    /// The passage of that id.
    pub fn passage(&self, id: &str) -> Option<&Passage> {
        self.passages.iter().find(|passage| passage.id == id)
    }

    /// The section titles in order, each with its passages.
    pub fn sections(&self) -> Vec<(&str, Vec<&Passage>)> {
        let mut sections: Vec<(&str, Vec<&Passage>)> = Vec::new();
        for passage in &self.passages {
            match sections
                .last_mut()
                .filter(|(title, _)| *title == passage.section)
            {
                Some((_, passages)) => passages.push(passage),
                None => sections.push((&passage.section, vec![passage])),
            }
        }
        sections
    }
}

#[derive(Default)]
struct Parser {
    title: Option<String>,
    section: Option<(usize, String)>,
    open: Option<OpenPassage>,
    passages: Vec<Passage>,
    ids: BTreeSet<String>,
    section_titles: BTreeSet<String>,
    problems: Vec<Problem>,
}

struct OpenPassage {
    line: usize,
    passage: Passage,
    starts_paragraph: bool,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) {
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        if level > 0 && (heading.is_empty() || heading.starts_with(' ')) {
            return self.heading(number, level, heading.trim());
        }
        if line.is_empty() {
            if let Some(open) = &mut self.open {
                open.starts_paragraph = true;
            }
            return;
        }
        let Some(open) = &mut self.open else {
            let message = "text stands outside a passage; begin one with `### title {#id}`";
            return self.refuse("text", number, message);
        };
        let text = &mut open.passage.text;
        if !text.is_empty() {
            text.push_str(if open.starts_paragraph { "\n\n" } else { " " });
        }
        text.push_str(line.trim_start());
        open.starts_paragraph = false;
    }

    fn heading(&mut self, number: usize, level: usize, words: &str) {
        self.close_passage();
        match level {
            _ if words.is_empty() => self.refuse("heading", number, "has no words"),
            1 if self.title.is_none() => self.title = Some(words.to_owned()),
            1 => self.refuse("title", number, "is written twice; use `##` for a section"),
            2 => self.section(number, words),
            3 => self.passage(number, words),
            _ => self.refuse(
                "heading",
                number,
                "is too deep; use `##` for a section and `###` for a passage",
            ),
        }
    }

    fn section(&mut self, number: usize, words: &str) {
        self.close_section();
        if !self.section_titles.insert(words.to_owned()) {
            self.refuse(
                &section_path(words),
                number,
                "is written twice; join the two sections",
            );
        }
        self.section = Some((number, words.to_owned()));
    }

    fn passage(&mut self, number: usize, words: &str) {
        let marked = words
            .strip_suffix('}')
            .and_then(|words| words.rsplit_once("{#"))
            .map(|(title, id)| (title.trim(), id.trim()));
        let Some((title, id)) = marked else {
            let path = format!("passage `{}`", words.chars().take(60).collect::<String>());
            return self.refuse(
                &path,
                number,
                "has no id; end its heading with `{#some-id}`",
            );
        };
        let path = passage_path(id);
        if !is_id(id) {
            let message = "has an id that is not lower-case words joined by hyphens";
            self.refuse(&path, number, message);
        } else if !self.ids.insert(id.to_owned()) {
            self.refuse(
                &path,
                number,
                "is written twice; give each passage its own id",
            );
        }
        if title.is_empty() {
            self.refuse(&path, number, "has no title before its id");
        }
        if self.section.is_none() {
            self.refuse(
                &path,
                number,
                "stands before the first section; begin one with `## title`",
            );
        }
        let section = self
            .section
            .as_ref()
            .map(|(_, title)| title.clone())
            .unwrap_or_default();
        let passage = Passage {
            id: id.to_owned(),
            title: title.to_owned(),
            section,
            text: String::new(),
        };
        self.open = Some(OpenPassage {
            line: number,
            passage,
            starts_paragraph: false,
        });
    }

    fn close_passage(&mut self) {
        let Some(OpenPassage { line, passage, .. }) = self.open.take() else {
            return;
        };
        let length = passage.text.chars().count();
        let path = passage_path(&passage.id);
        if length == 0 {
            self.refuse(
                &path,
                line,
                "is empty; write its sentences below the heading",
            );
        }
        if length > PASSAGE_CHARACTERS_MAX {
            let message = format!(
                "is {length} characters long; split it, at most {PASSAGE_CHARACTERS_MAX} make one passage"
            );
            self.refuse(&path, line, &message);
        }
        self.passages.push(passage);
    }

    fn close_section(&mut self) {
        self.close_passage();
        let Some((line, title)) = self.section.take() else {
            return;
        };
        if self
            .passages
            .last()
            .is_none_or(|passage| passage.section != title)
        {
            self.refuse(&section_path(&title), line, "has no passage");
        }
    }

    fn finish(mut self) -> Result<Handbook, Vec<Problem>> {
        self.close_section();
        if self.title.is_none() {
            self.refuse("title", 1, "is missing; begin with `# title`");
        }
        if self.passages.is_empty() && self.problems.is_empty() {
            let message = "has no passage; write at least one as `### title {#id}` with sentences";
            self.refuse("", 1, message);
        }
        if self.passages.len() > PASSAGES_MAX {
            let message = format!(
                "has {} passages; at most {PASSAGES_MAX} allowed",
                self.passages.len()
            );
            self.refuse("", 1, &message);
        }
        match self.title {
            Some(title) if self.problems.is_empty() => Ok(Handbook {
                title,
                passages: self.passages,
            }),
            _ => {
                self.problems.sort();
                Err(self.problems)
            }
        }
    }

    fn refuse(&mut self, path: &str, line: usize, message: &str) {
        self.problems.push(Problem::new(path, Some(line), message));
    }
}

fn passage_path(id: &str) -> String {
    format!("passage #{id}")
}

fn section_path(title: &str) -> String {
    format!("section `{title}`")
}

fn is_id(id: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    id.len() <= ID_CHARACTERS_MAX && id.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "# Handbook\n\n## First\n\n### One {#one}\nA sentence.\nAnother.\n\nA paragraph.\n\n## Second\n### Two {#two}\nText.\n";

    #[test]
    fn sections_and_passages_are_read_in_order() {
        let handbook = Handbook::parse(GOOD).unwrap();
        assert_eq!(handbook.title, "Handbook");
        assert_eq!(
            handbook.passage("one").unwrap().text,
            "A sentence. Another.\n\nA paragraph."
        );
        let sections: Vec<_> = handbook
            .sections()
            .into_iter()
            .map(|(title, passages)| (title.to_owned(), passages.len()))
            .collect();
        assert_eq!(
            sections,
            [("First".to_owned(), 1), ("Second".to_owned(), 1)]
        );
        assert_eq!(
            Handbook::parse(&GOOD.replace('\n', "\r\n")).unwrap(),
            handbook
        );
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let text = "Lost text.\n## A\n### No id\n### Empty {#empty}\n### Twice {#twice}\nText.\n### Twice {#twice}\nText.\n#### Deep\n### Odd {#Odd Id}\nText.\n## B\n";
        let problems: Vec<String> = Handbook::parse(text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(problems.join("\n"), @"
        text: text stands outside a passage; begin one with `### title {#id}` [line 1]
        title: is missing; begin with `# title` [line 1]
        passage `No id`: has no id; end its heading with `{#some-id}` [line 3]
        passage #empty: is empty; write its sentences below the heading [line 4]
        passage #twice: is written twice; give each passage its own id [line 7]
        heading: is too deep; use `##` for a section and `###` for a passage [line 9]
        passage #Odd Id: has an id that is not lower-case words joined by hyphens [line 10]
        section `B`: has no passage [line 12]
        ");
    }

    #[test]
    fn a_handbook_without_passages_is_refused() {
        let problems = Handbook::parse("# Only a title\n").unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.starts_with("has no passage"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(#{0,4} ?[a-z{}#\\-]{0,8}\n?){0,30}|\\PC{0,200}") {
            if let Ok(handbook) = Handbook::parse(&text) {
                prop_assert!(!handbook.passages.is_empty());
                prop_assert!(handbook.passages.iter().all(|passage| !passage.text.is_empty()));
            }
        }
    }
}
