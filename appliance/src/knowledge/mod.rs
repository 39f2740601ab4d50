//! Answers made of quotations: sentences of the handbook, of attached and pasted texts and of the
//! conversation, found by meaning and by words, quoted word for word.
//!
//! Invariants: every quotation is cut from its source, byte for byte; nothing about the subject is
//! said outside quotations; below a measured probability the answer is that the sources do not
//! answer; vectors of two models are never compared. Taking texts apart, ranking and quoting are pure
//! functions of texts and vectors; [`Knowledge`] finds the vectors, by the model that the organisation
//! chose for each collection. Deliberately absent: generation, keeping what people say or attach, and
//! any language but English in telling what a message wants (texts of other languages are searched
//! and quoted all the same).

pub mod answer;
mod collection;
pub mod confidence;
pub mod corpus;
mod embed;
mod group_vectors;
pub mod intent;
mod lexical;
mod lookup;
mod message;
mod model;
mod passage;
mod phrase;
mod rebuild;
pub mod retrieve;
mod routes;
mod sentence;
mod store;
pub mod summary;
mod vectors;
mod words;
mod writer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_db::Db;
use guildhall_kernel::{Clock, Error, OrgId, ResourceType, Result};

pub use embed::Asker;
pub use model::{CitationDraft, Extract, Passage, Persona, Request, Source, SourceKind};
pub use rebuild::{handbook, resume};
pub use routes::router;

/// What people call a collection; nothing for a name that is none.
pub fn collection_title(name: &str) -> Option<&'static str> {
    let mut all = Collection::ALL.into_iter();
    all.find(|collection| collection.as_str() == name)
        .map(Collection::title)
}

use self::{
    collection::Collection,
    corpus::{Corpus, Vectors},
    intent::Intent,
    rebuild::Job,
    retrieve::Group,
    vectors::VectorCache,
};
use crate::{
    billing::Meter,
    inference::{Embedder, Inference},
};

/// Texts that are read ahead at a time, so that a question need not wait long for its own.
const AHEAD: usize = 16;
/// Memory for vectors, in bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Jobs under way, by organisation and collection.
type Jobs = BTreeMap<(OrgId, Collection), Arc<Job>>;

/// Finds and quotes. A cheap clone.
#[derive(Clone)]
pub struct Knowledge {
    inference: Inference,
    db: Db,
    clock: Arc<dyn Clock>,
    meter: Meter,
    cache: Arc<Mutex<VectorCache>>,
    jobs: Arc<Mutex<Jobs>>,
    /// Each held while its organisation has something read ahead: who comes next there finds it in the cache,
    /// and organisations take turns in the model's queue.
    reading_ahead: Arc<Mutex<BTreeMap<OrgId, Arc<tokio::sync::Mutex<()>>>>>,
}

/// A request taken apart, with the vectors that answering it compares.
struct Reading {
    corpus: Arc<Corpus>,
    vectors: Arc<Vectors>,
    /// What a person should know, one sentence each.
    notes: Vec<String>,
}

impl Knowledge {
    /// Knowledge that embeds texts with `inference`, remembers the vectors and has what providers take
    /// for them metered.
    pub fn new(inference: Inference, db: &Db, clock: Arc<dyn Clock>, meter: Meter) -> Self {
        Self {
            inference,
            db: db.clone(),
            clock,
            meter,
            cache: Arc::new(Mutex::new(VectorCache::new(CACHE_BYTES))),
            jobs: Arc::default(),
            reading_ahead: Arc::default(),
        }
    }

    /// Answers with quotations.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn answer(&self, asker: &Asker, request: Request) -> Result<Extract> {
        let persona = request.persona.clone();
        let read = self.read(asker, request).await?;
        let answered =
            on_a_worker(move || answer::answer(&read.corpus, &read.vectors, &persona)).await?;
        Ok(Extract {
            notes: read.notes,
            ..answered
        })
    }

    /// The passages that fit the question best, for a model to read: at most `passages`, numbered
    /// from 1, each quoted whole; and what a person should know, one sentence each. No passages when
    /// nothing is likely to help.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn consult(
        &self,
        asker: &Asker,
        request: Request,
        passages: usize,
    ) -> Result<(Vec<CitationDraft>, Vec<String>)> {
        let read = self.read(asker, request).await?;
        let found =
            on_a_worker(move || answer::consult(&read.corpus, &read.vectors, passages)).await?;
        Ok((found, read.notes))
    }

    /// Takes a request apart and embeds what answering it compares. A greeting needs no vectors.
    async fn read(&self, asker: &Asker, request: Request) -> Result<Reading> {
        let corpus = Arc::new(on_a_worker(move || Corpus::new(&request)).await?);
        let (mut vectors, mut notes) = (Vectors::default(), Vec::new());
        let needs_none = matches!(
            corpus.query.intent,
            Intent::Greeting | Intent::Thanks | Intent::AboutYou
        );
        for collection in Collection::ALL.into_iter().filter(|_| !needs_none) {
            let ctx = &asker.ctx;
            if !ctx
                .reach
                .allows(ResourceType::Collection, collection.as_str())
            {
                notes.push(format!(
                    "A policy of your organisation keeps {} for others, so it was not searched",
                    collection.noun()
                ));
                continue;
            }
            let mut passages = 0..corpus.passages.len();
            if !passages.any(|passage| Group::of(&corpus, passage) == collection.group()) {
                continue;
            }
            let embedder = self.usable_model(asker, collection, &mut notes).await?;
            let of = (collection, &embedder);
            let note = self.fill(asker, of, &corpus, &mut vectors).await?;
            notes.extend(note);
        }
        Ok(Reading {
            corpus,
            vectors: Arc::new(vectors),
            notes,
        })
    }

    /// The collection's model, or the node's own when the chosen one is gone.
    async fn usable_model(
        &self,
        asker: &Asker,
        collection: Collection,
        notes: &mut Vec<String>,
    ) -> Result<Embedder> {
        match self.model_of(asker.ctx.organisation, collection).await {
            Err(error) if error.kind() != guildhall_kernel::ErrorKind::Internal => {
                notes.push(format!(
                    "This node's own model searched {}: {}",
                    collection.noun(),
                    error.message()
                ));
                self.inference.own_embedder()
            }
            found => found,
        }
    }

    fn reading_ahead(&self, organisation: OrgId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self
            .reading_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(organisation).or_default())
    }

    fn cache(&self) -> MutexGuard<'_, VectorCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs work that takes milliseconds off the threads that serve requests.
async fn on_a_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("searching the sources stopped").with_source(error))
}
