//! The agents that ship with the node, embedded in the binary.

use std::{borrow::Cow, sync::LazyLock};

use guildhall_kernel::AgentId;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "catalog/"]
#[include = "*/manifest.yaml"]
#[include = "*/handbook.md"]
struct Files;

/// An agent as its two files.
#[derive(Clone, Debug)]
pub struct AgentFiles {
    /// Name of its directory; the manifest says the same.
    pub slug: String,
    /// Hexadecimal SHA-256 of both files.
    pub sha256: String,
    /// Text of `manifest.yaml`.
    pub manifest_yaml: String,
    /// Text of `handbook.md`.
    pub handbook_md: String,
}

impl AgentFiles {
    /// The agent's id: the same on every node and for every version.
    pub fn id(&self) -> AgentId {
        agent_id(&self.slug)
    }
}

/// Every agent that ships with the node, by slug.
pub fn all() -> &'static [AgentFiles] {
    static ALL: LazyLock<Vec<AgentFiles>> = LazyLock::new(|| {
        let manifests =
            Files::iter().filter_map(|path| path.strip_suffix("/manifest.yaml").map(str::to_owned));
        let mut agents: Vec<AgentFiles> = manifests.filter_map(|slug| read(&slug)).collect();
        agents.sort_by(|left, right| left.slug.cmp(&right.slug));
        agents
    });
    &ALL
}

/// The id of the agent with that slug.
pub(super) fn agent_id(slug: &str) -> AgentId {
    let digest = Sha256::digest(format!("guildhall/agent/{slug}"));
    let mut head = [0_u8; 16];
    for (target, source) in head.iter_mut().zip(digest) {
        *target = source;
    }
    AgentId::from_digest(head)
}

fn read(slug: &str) -> Option<AgentFiles> {
    let manifest_yaml = text(&format!("{slug}/manifest.yaml"))?;
    let handbook_md = text(&format!("{slug}/handbook.md"))?;
    let sha256 = content_sha256(&manifest_yaml, &handbook_md);
    Some(AgentFiles {
        slug: slug.to_owned(),
        sha256,
        manifest_yaml,
        handbook_md,
    })
}

fn text(path: &str) -> Option<String> {
    let data = match Files::get(path)?.data {
        Cow::Borrowed(bytes) => bytes.to_vec(),
        Cow::Owned(bytes) => bytes,
    };
    String::from_utf8(data).ok()
}

/// Hexadecimal SHA-256 over the length of the manifest and both texts, so that no text can move from
/// one file to the other without a change.
fn content_sha256(manifest_yaml: &str, handbook_md: &str) -> String {
    let mut digest = Sha256::new();
    digest.update((manifest_yaml.len() as u64).to_be_bytes());
    digest.update(manifest_yaml);
    digest.update(handbook_md);
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        collections::{BTreeMap, BTreeSet},
        path::Path,
    };

    use serde::Deserialize;

    use super::*;
    use crate::catalog::{Category, Handbook, Manifest, manifest::yaml};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Question {
        ask: String,
        passage: Option<String>,
        quote: Option<String>,
    }

    fn parsed() -> Vec<(&'static AgentFiles, Manifest, Handbook)> {
        all()
            .iter()
            .map(|files| {
                let manifest = Manifest::parse(&files.manifest_yaml);
                let handbook = Handbook::parse(&files.handbook_md);
                let slug = &files.slug;
                (
                    files,
                    manifest.unwrap_or_else(|problems| panic!("{slug}: {problems:#?}")),
                    handbook.unwrap_or_else(|problems| panic!("{slug}: {problems:#?}")),
                )
            })
            .collect()
    }

    #[test]
    fn the_shipped_agents_are_complete_and_cover_every_category() {
        let agents = parsed();
        assert!(agents.len() >= 12, "{} agents", agents.len());
        let mut categories: BTreeMap<Category, usize> = BTreeMap::new();
        let mut personas = BTreeSet::new();
        for (files, manifest, handbook) in &agents {
            let slug = &files.slug;
            assert_eq!(*slug, manifest.slug);
            assert!(
                handbook.passages.len() >= 30,
                "{slug}: {} passages",
                handbook.passages.len()
            );
            assert!(
                (4..=6).contains(&manifest.features.len()),
                "{slug}: features"
            );
            assert!((3..=6).contains(&manifest.tags.len()), "{slug}: tags");
            assert!(
                (3..=4).contains(&manifest.sample_tasks.len()),
                "{slug}: sample tasks"
            );
            let last_section = handbook.passages.last().unwrap().section.as_str();
            assert_eq!(last_section, "Working with me", "{slug}");
            let name = manifest.persona.default_name.clone();
            assert!(
                personas.insert(name.clone()),
                "{name} is the persona of two agents"
            );
            *categories.entry(manifest.category).or_default() += 1;
        }
        assert_eq!(categories.len(), 6, "{categories:?}");
        let featured = agents
            .iter()
            .filter(|(_, manifest, _)| manifest.featured)
            .count();
        assert!((2..=4).contains(&featured), "{featured} featured agents");
    }

    #[test]
    fn the_written_questions_quote_their_handbook_word_for_word() {
        let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
        for (files, _, handbook) in parsed() {
            let slug = &files.slug;
            let text = std::fs::read_to_string(catalog.join(slug).join("questions.yaml")).unwrap();
            let value = yaml::parse(&text).unwrap().value;
            let questions: Vec<Question> = serde_json::from_value(value).unwrap();
            let (answerable, rest): (Vec<_>, Vec<_>) = questions
                .into_iter()
                .partition(|question| question.passage.is_some());
            assert!(
                answerable.len() >= 10 && rest.len() >= 4,
                "{slug}: too few questions"
            );
            for Question {
                ask,
                passage,
                quote,
            } in answerable
            {
                let passage = passage.unwrap();
                let quote = quote.unwrap_or_else(|| panic!("{slug}: `{ask}` has no quote"));
                let found = handbook.passage(&passage);
                let found = found.unwrap_or_else(|| panic!("{slug}: no passage #{passage}"));
                assert!(
                    found.text.contains(&quote),
                    "{slug}: #{passage} does not say `{quote}`"
                );
            }
            assert!(
                rest.iter().all(|question| question.quote.is_none()),
                "{slug}"
            );
        }
    }

    #[test]
    fn ids_are_the_same_on_every_node() {
        assert_eq!(agent_id("invoice-clerk"), agent_id("invoice-clerk"));
        insta::assert_snapshot!(agent_id("invoice-clerk"), @"agt_74pjpyhycsghk8bstqctb0qn0s");
    }

    #[test]
    fn only_what_the_node_needs_is_embedded() {
        assert!(
            Files::iter()
                .all(|path| path.ends_with("manifest.yaml") || path.ends_with("handbook.md"))
        );
        assert!(all().iter().all(|files| files.sha256.len() == 64));
    }
}
