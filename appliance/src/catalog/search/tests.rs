#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;
use crate::catalog::built_in_agents;

fn manifests() -> Vec<Manifest> {
    built_in_agents()
        .iter()
        .map(|files| Manifest::parse(&files.manifest_yaml).unwrap())
        .collect()
}

fn documents() -> Vec<SearchDocument> {
    manifests().iter().map(SearchDocument::new).collect()
}

fn built(directory: &Path) -> SearchIndex {
    SearchIndex::build(directory, "catalogue", &documents()).unwrap()
}

/// Slugs of what is found, best first.
fn found(text: &str) -> Vec<String> {
    let manifests = manifests();
    let directory = TempDir::new().unwrap();
    let positions = built(directory.path()).search(text).unwrap();
    positions
        .into_iter()
        .map(|position| manifests[position].slug.clone())
        .collect()
}

#[track_caller]
fn assert_first(text: &str, slug: &str) {
    let found = found(text);
    assert_eq!(
        found.first().map(String::as_str),
        Some(slug),
        "`{text}` finds {found:?}"
    );
}

#[test]
fn a_name_a_persona_and_a_subject_find_their_agent() {
    assert_first("invoice clerk", "invoice-clerk");
    assert_first("Beatrix", "invoice-clerk");
    assert_first("confidentiality", "contract-reviewer");
    assert_first("quotations", "procurement-buyer");
    assert_first("ferran", "recruiting-coordinator");
}

#[test]
fn typing_mistakes_are_forgiven() {
    assert_first("invioce", "invoice-clerk");
    assert_first("recruting", "recruiting-coordinator");
    assert_first("contarct reviewer", "contract-reviewer");
    assert_first("exepnse auditor", "expense-auditor");
    assert_first("helpdesck", "it-helpdesk");
}

#[test]
fn the_last_word_may_be_a_beginning() {
    assert_first("invoi", "invoice-clerk");
    assert_first("recruiting coor", "recruiting-coordinator");
    assert_first("invioc", "invoice-clerk");
    assert!(
        found("rec coordinator").is_empty()
            || found("rec coordinator")[0] == "recruiting-coordinator"
    );
}

#[test]
fn several_words_must_all_occur_where_an_agent_has_them_all() {
    let found_both = found("contract liability");
    assert_eq!(found_both, ["contract-reviewer"]);
    assert_first(
        "someone who can review a contract for me",
        "contract-reviewer",
    );
    // No agent has all three; one with two of them will do.
    assert_first("invoice clerk zeppelin", "invoice-clerk");
}

#[test]
fn what_no_agent_does_finds_nothing() {
    assert!(found("zeppelin").is_empty());
    assert!(found("qwfp xzzzy").is_empty());
    assert!(found("***").is_empty());
    assert!(found("").is_empty());
    assert!(
        found("invoi*")
            .first()
            .is_some_and(|slug| *slug == "invoice-clerk"),
        "marks are not operators"
    );
    assert!(found(&"word ".repeat(2000)).len() <= built_in_agents().len());
}

#[test]
fn an_index_is_reused_only_for_its_own_catalogue() {
    let directory = TempDir::new().unwrap();
    built(directory.path());
    assert!(SearchIndex::open(directory.path(), "catalogue").is_some());
    assert!(SearchIndex::open(directory.path(), "another").is_none());
    assert!(SearchIndex::open(&directory.path().join("missing"), "catalogue").is_none());
}

#[test]
fn damage_to_any_file_is_noticed_or_harmless_and_repaired() {
    let source = TempDir::new().unwrap();
    built(source.path());
    let names: Vec<_> = fs::read_dir(source.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(names.len() > 3);
    for name in &names {
        for damage in [Damage::Truncate, Damage::Flip, Damage::Remove] {
            let directory = TempDir::new().unwrap();
            for name in &names {
                fs::copy(source.path().join(name), directory.path().join(name)).unwrap();
            }
            damage.inflict(&directory.path().join(name));
            if let Some(index) = SearchIndex::open(directory.path(), "catalogue") {
                assert!(
                    !index.search("invoice").unwrap().is_empty(),
                    "{name:?} {damage:?}"
                );
            }
            assert!(
                !built(directory.path())
                    .search("invoice")
                    .unwrap()
                    .is_empty()
            );
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Truncate,
    Flip,
    Remove,
}

impl Damage {
    fn inflict(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        match self {
            Self::Truncate => bytes.truncate(bytes.len() / 2),
            Self::Flip => bytes.iter_mut().take(40).for_each(|byte| *byte ^= 0x55),
            Self::Remove => return fs::remove_file(path).unwrap(),
        }
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_directory_that_cannot_be_written_leaves_the_index_in_memory() {
    let directory = TempDir::new().unwrap();
    let blocked = directory.path().join("file");
    fs::write(&blocked, "not a directory").unwrap();
    let index = built(&blocked.join("catalog"));
    assert!(!index.search("invoice").unwrap().is_empty());
}
