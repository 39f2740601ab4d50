//! Answers made of quotations: sentences of the handbook, of attached and pasted texts and of the
//! conversation, found by meaning and by words, quoted word for word.
//!
//! Invariants: every quotation is cut from its source, byte for byte; nothing about the subject is
//! said outside quotations; below a measured probability the answer is that the sources do not
//! answer. Everything but [`Knowledge`] is a pure function of texts and vectors. Deliberately
//! absent: generation, storage, and any language but English in telling what a message wants
//! (texts of other languages are searched and quoted all the same).

pub mod answer;
pub mod confidence;
pub mod corpus;
pub mod intent;
mod lexical;
mod lookup;
mod message;
mod model;
mod passage;
mod phrase;
pub mod retrieve;
mod sentence;
pub mod summary;
mod vectors;
mod words;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use guildhall_kernel::{Error, Result};

pub use model::{CitationDraft, Extract, Passage, Persona, Request, Source, SourceKind};

use self::{
    corpus::{Corpus, Vectors},
    intent::Intent,
    vectors::VectorCache,
};
use crate::inference::Inference;

/// Texts that are read ahead at a time, so that a question need not wait long for its own.
const AHEAD: usize = 16;
/// Memory for vectors, in bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Finds and quotes. A cheap clone.
#[derive(Clone)]
pub struct Knowledge {
    inference: Inference,
    cache: Arc<Mutex<VectorCache>>,
    /// Held while something is read ahead: whoever comes next finds it in the cache.
    reading_ahead: Arc<tokio::sync::Mutex<()>>,
}

impl Knowledge {
    /// Knowledge that embeds texts with `inference` and remembers the vectors.
    pub fn new(inference: Inference) -> Self {
        Self {
            inference,
            cache: Arc::new(Mutex::new(VectorCache::new(CACHE_BYTES))),
            reading_ahead: Arc::default(),
        }
    }

    /// Answers with quotations.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn answer(&self, request: Request) -> Result<Extract> {
        let persona = request.persona.clone();
        let (corpus, vectors) = self.read(request).await?;
        on_a_worker(move || answer::answer(&corpus, &vectors, &persona)).await
    }

    /// The passages that fit the question best, for a model to read: at most `passages`, numbered
    /// from 1, each quoted whole. Empty when nothing is likely to help.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn consult(&self, request: Request, passages: usize) -> Result<Vec<CitationDraft>> {
        let (corpus, vectors) = self.read(request).await?;
        on_a_worker(move || answer::consult(&corpus, &vectors, passages)).await
    }

    /// Computes the vectors of `sources` ahead of the first question, so that it need not wait.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn prepare(&self, sources: Vec<Source>) -> Result<()> {
        let texts = on_a_worker(move || {
            let corpus = Corpus::new(&Request {
                sources,
                ..Request::default()
            });
            let units = (0..corpus.passages.len()).flat_map(|passage| {
                (0..corpus.unit_count(passage)).map(move |unit| (passage, unit))
            });
            let mut texts = corpus.passage_texts();
            texts.extend(units.map(|(passage, unit)| corpus.embedded_unit(passage, unit)));
            texts
        })
        .await?;
        let _reading = self.reading_ahead.lock().await;
        for part in texts.chunks(AHEAD) {
            self.embed(part.to_vec(), &mut Vectors::default()).await?;
        }
        Ok(())
    }

    /// Takes a request apart and embeds what answering it compares. A greeting needs no vectors.
    async fn read(&self, request: Request) -> Result<(Arc<Corpus>, Arc<Vectors>)> {
        let corpus = Arc::new(on_a_worker(move || Corpus::new(&request)).await?);
        let mut vectors = Vectors::default();
        if corpus.query.intent == Intent::Summary {
            self.embed(summary::texts(&corpus), &mut vectors).await?;
        }
        if !matches!(
            corpus.query.intent,
            Intent::Greeting | Intent::Thanks | Intent::AboutYou
        ) {
            self.embed(corpus.passage_texts(), &mut vectors).await?;
            self.embed(retrieve::unit_texts(&corpus, &vectors), &mut vectors)
                .await?;
        }
        Ok((corpus, Arc::new(vectors)))
    }

    /// Adds the vectors of `texts` to `into`, computing those that are not remembered.
    async fn embed(&self, mut texts: Vec<String>, into: &mut Vectors) -> Result<()> {
        texts.sort_unstable();
        texts.dedup();
        texts.retain(|text| match self.cache().get(text) {
            Some(vector) => {
                into.insert(text.clone(), vector);
                false
            }
            None => true,
        });
        if texts.is_empty() {
            return Ok(());
        }
        let vectors = self.inference.embed(texts.clone()).await?;
        for (text, vector) in texts.into_iter().zip(vectors) {
            let vector: Arc<[f32]> = vector.into();
            self.cache().insert(&text, Arc::clone(&vector));
            into.insert(text, vector);
        }
        Ok(())
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, VectorCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs work that takes milliseconds off the threads that serve requests.
async fn on_a_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("searching the sources stopped").with_source(error))
}
