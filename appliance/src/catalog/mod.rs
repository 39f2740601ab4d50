//! The catalogue: the agents an organisation can hire, what they are and what they know.
//!
//! Invariants: every agent in the database was read and checked before; a version's texts never
//! change; an agent that is taken off the offer stays known, because somebody may have hired it; the
//! search index is a cache that can be thrown away. Deliberately absent: who hired what (team).

mod builtin;
mod handbook;
mod listing;
mod manifest;
mod model;
mod routes;
mod search;
mod store;
mod validate;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use guildhall_db::{Db, Tx};
use guildhall_kernel::{AgentId, Error, Result, Timestamp};
use sha2::{Digest, Sha256};

pub use builtin::{AgentFiles, all as built_in_agents};
pub use handbook::{Handbook, Passage};
pub use manifest::{
    AgentPermission, AnswerMode, Category, Hue, MANIFEST_BYTES_MAX, Manifest, ModelNeeds,
    PermissionId, Persona, Price, PriceModel, PriceUnit, Problem, SampleTask, Stability,
};
pub use model::{
    Agent, AgentList, AgentSummary, FacetCount, Facets, HandbookSection, ListQuery, Listing,
    PassageTitle,
};
pub use routes::{HiredCounts, router};
pub use validate::{Report, validate_file};

use search::{SearchDocument, SearchIndex};
use store::AgentRow;

/// Where the search index lies in the data directory.
const INDEX_DIRECTORY: &str = "index/catalog";
/// Longest search text in characters.
const QUERY_CHARACTERS_MAX: usize = 200;
/// Most listings that are kept read and checked (each some 50 KB).
const LISTINGS_KEPT: usize = 256;

/// The catalogue in memory. A cheap clone of one shared value.
#[derive(Clone)]
pub struct Catalog(Arc<Shelf>);

struct Shelf {
    /// What is on offer, featured ones first, then by name; the search index counts along it.
    offered: Vec<AgentSummary>,
    /// Every known agent, on offer or not.
    known: HashMap<AgentId, Known>,
    by_slug: HashMap<String, AgentId>,
    index: SearchIndex,
    listings: Mutex<HashMap<AgentId, Arc<Listing>>>,
}

struct Known {
    sha256: String,
    is_published: bool,
}

impl Catalog {
    /// Brings the built-in agents of this release into the database, then opens the catalogue and its
    /// search index. Cheap when nothing changed: two queries and an index that is already there.
    ///
    /// # Errors
    /// Those of the database; internal when a built-in agent is not valid.
    pub async fn open(data_dir: &Path, db: &Db, now: Timestamp) -> Result<Self> {
        let stored = db.read(store::built_in_digests).await?;
        let shipped = builtin::all()
            .iter()
            .map(|files| (&files.slug, &files.sha256));
        if !stored
            .iter()
            .map(|(slug, sha256)| (slug, sha256))
            .eq(shipped)
        {
            db.write(move |tx| sync_builtin(tx, now)).await?;
        }
        let rows = db.read(store::agents).await?;
        let offered = offered(db, &rows).await?;
        let index = open_index(data_dir, db, &rows, &offered).await?;
        let by_slug = rows.iter().map(|row| (row.slug.clone(), row.id)).collect();
        let known = rows.into_iter().map(|row| {
            (
                row.id,
                Known {
                    sha256: row.sha256,
                    is_published: row.is_published,
                },
            )
        });
        Ok(Self(Arc::new(Shelf {
            offered,
            known: known.collect(),
            by_slug,
            index,
            listings: Mutex::default(),
        })))
    }

    /// The agent with that id or slug, also when it is no longer on offer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find(&self, db: &Db, id_or_slug: &str) -> Result<Option<Arc<Listing>>> {
        let id = self
            .0
            .by_slug
            .get(id_or_slug)
            .copied()
            .or_else(|| id_or_slug.parse().ok());
        match id {
            Some(id) => self.listing(db, id).await,
            None => Ok(None),
        }
    }

    /// The agent with that id or slug when it is on offer: the one to ask before a hire.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn published(&self, db: &Db, id_or_slug: &str) -> Result<Option<Arc<Listing>>> {
        let listing = self.find(db, id_or_slug).await?;
        let is_published =
            |id: &AgentId| self.0.known.get(id).is_some_and(|known| known.is_published);
        Ok(listing.filter(|listing| is_published(&listing.id)))
    }

    /// The agent with that id, also when it is no longer on offer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn listing(&self, db: &Db, id: AgentId) -> Result<Option<Arc<Listing>>> {
        if let Some(listing) = self.kept().get(&id) {
            return Ok(Some(Arc::clone(listing)));
        }
        let Some(known) = self.0.known.get(&id) else {
            return Ok(None);
        };
        let sha256 = known.sha256.clone();
        let listing = Arc::new(
            db.read(move |reader| read_listing(reader, id, sha256))
                .await?,
        );
        let mut kept = self.kept();
        if kept.len() >= LISTINGS_KEPT {
            kept.clear();
        }
        kept.insert(id, Arc::clone(&listing));
        Ok(Some(listing))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Arc<Listing>>> {
        self.0
            .listings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Every agent that is known here, on offer or not.
    pub fn known(&self) -> Vec<AgentId> {
        self.0.known.keys().copied().collect()
    }

    /// One page of the agents on offer. `hired` is 0 in every entry: team knows.
    ///
    /// # Errors
    /// `query_too_long`, `invalid_cursor`.
    pub fn list(&self, query: &ListQuery) -> Result<AgentList> {
        let text = query.q.as_deref().map(str::trim).unwrap_or_default();
        let length = text.chars().count();
        if length > QUERY_CHARACTERS_MAX {
            let message = format!(
                "the search text has {length} characters; use at most {QUERY_CHARACTERS_MAX}"
            );
            return Err(Error::invalid_field("q", "query_too_long", message));
        }
        let offered = &self.0.offered;
        if text.is_empty() {
            return listing::page(offered.iter(), query);
        }
        let found = self.0.index.search(text)?;
        listing::page(
            found
                .into_iter()
                .filter_map(|position| offered.get(position)),
            query,
        )
    }
}

/// Brings the built-in agents of this release into the database: new ones and new versions are
/// written, those that no longer ship are taken off the offer.
///
/// # Errors
/// Those of the database; internal when a built-in agent is not valid.
pub fn sync_builtin(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    let stored = store::built_in_digests(tx)?;
    for files in builtin::all() {
        let is_stored =
            |(slug, sha256): &(String, String)| *slug == files.slug && *sha256 == files.sha256;
        if stored.iter().any(is_stored) {
            continue;
        }
        let manifest = read_manifest(&files.slug, &files.manifest_yaml)?;
        read_handbook(&files.slug, &files.handbook_md)?;
        store::save_built_in(tx, files, &AgentSummary::new(files.id(), &manifest), now)?;
    }
    for (slug, _) in &stored {
        if !builtin::all().iter().any(|files| files.slug == *slug) {
            store::withdraw_built_in(tx, slug, now)?;
        }
    }
    Ok(())
}

/// What is on offer in the order of the list.
async fn offered(db: &Db, rows: &[AgentRow]) -> Result<Vec<AgentSummary>> {
    let mut offered = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| row.is_published) {
        offered.push(match serde_json::from_str(&row.summary) {
            Ok(summary) => summary,
            // Another release wrote it in another form; the manifest is the truth.
            Err(_) => {
                let (id, sha256) = (row.id, row.sha256.clone());
                db.read(move |reader| read_listing(reader, id, sha256))
                    .await?
                    .summary()
            }
        });
    }
    offered.sort_by(|left, right| {
        right
            .featured
            .cmp(&left.featured)
            .then_with(|| left.name.cmp(&right.name))
            .then(left.id.cmp(&right.id))
    });
    Ok(offered)
}

async fn open_index(
    data_dir: &Path,
    db: &Db,
    rows: &[AgentRow],
    offered: &[AgentSummary],
) -> Result<SearchIndex> {
    let digests: HashMap<AgentId, &str> = rows
        .iter()
        .map(|row| (row.id, row.sha256.as_str()))
        .collect();
    let versions = offered.iter().map(|agent| {
        (
            agent.id,
            digests.get(&agent.id).copied().unwrap_or_default(),
        )
    });
    let versions: Vec<(AgentId, String)> = versions
        .map(|(id, sha256)| (id, sha256.to_owned()))
        .collect();
    let fingerprint = fingerprint(&versions);
    let directory = data_dir.join(INDEX_DIRECTORY);
    let opened = {
        let (directory, fingerprint) = (directory.clone(), fingerprint.clone());
        blocking(move || Ok(SearchIndex::open(&directory, &fingerprint))).await?
    };
    if let Some(index) = opened {
        return Ok(index);
    }
    let documents = db.read(move |reader| documents(reader, &versions)).await?;
    blocking(move || SearchIndex::build(&directory, &fingerprint, &documents)).await
}

fn documents(
    reader: &guildhall_db::Reader<'_>,
    versions: &[(AgentId, String)],
) -> Result<Vec<SearchDocument>> {
    let document = |(id, sha256): &(AgentId, String)| {
        let texts = store::texts(reader, *id, sha256)?;
        let manifest = read_manifest(&id.to_string(), &texts.manifest_yaml)?;
        Ok(SearchDocument::new(&manifest))
    };
    versions.iter().map(document).collect()
}

/// Tells one catalogue, and the order of its list, from another.
fn fingerprint(versions: &[(AgentId, String)]) -> String {
    let mut digest = Sha256::new();
    for (id, sha256) in versions {
        digest.update(format!("{id} {sha256}\n"));
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

fn read_listing(reader: &guildhall_db::Reader<'_>, id: AgentId, sha256: String) -> Result<Listing> {
    let texts = store::texts(reader, id, &sha256)?;
    let name = id.to_string();
    Ok(Listing {
        id,
        sha256,
        manifest: read_manifest(&name, &texts.manifest_yaml)?,
        handbook: read_handbook(&name, &texts.handbook_md)?,
        manifest_yaml: texts.manifest_yaml,
    })
}

fn read_manifest(name: &str, text: &str) -> Result<Manifest> {
    Manifest::parse(text).map_err(|problems| invalid("manifest", name, &problems))
}

fn read_handbook(name: &str, text: &str) -> Result<Handbook> {
    Handbook::parse(text).map_err(|problems| invalid("handbook", name, &problems))
}

/// A stored or built-in file was checked before; that it is not valid now is a fault of the node.
fn invalid(what: &str, name: &str, problems: &[Problem]) -> Error {
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Error::internal(format!(
        "the {what} of {name} is not valid: {}",
        problems.join("; ")
    ))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome
        .map_err(|error| Error::internal("work on the search index stopped").with_source(error))?
}
