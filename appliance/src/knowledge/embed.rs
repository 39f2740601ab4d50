//! Vectors of one question: from memory, from the disk, else from the model that the organisation chose for
//! the collection. One model reads a whole collection: when it cannot be asked, the node's own reads all of it.

use std::{sync::Arc, time::Instant};

use guildhall_kernel::{Ctx, Error, Principal, Result, UsageId};

use super::{
    Knowledge,
    collection::Collection,
    corpus::{Corpus, Vectors},
    intent::Intent,
    on_a_worker, retrieve, store, summary,
};
use crate::{
    billing::{Call, CallKind, Outcome},
    inference::{Billed, Caller, Embedder},
};

/// Texts that are embedded at a time.
const BATCH: usize = 64;

/// For whom something is looked up.
#[derive(Clone)]
pub struct Asker {
    pub ctx: Ctx,
    /// The same with the employee and how secret it is.
    pub caller: Caller,
}

/// Texts to be embedded, and whether their vectors may be kept on the disk: the handbooks' may, what people
/// say never.
pub(super) struct Texts {
    pub(super) texts: Vec<String>,
    pub(super) is_kept: bool,
}

impl Knowledge {
    /// The vectors that ranking a collection needs, by its model or by the node's own; in that case one
    /// sentence says why.
    pub(super) async fn fill(
        &self,
        asker: &Asker,
        (collection, embedder): (Collection, &Embedder),
        corpus: &Arc<Corpus>,
        into: &mut Vectors,
    ) -> Result<Option<String>> {
        let tried = self
            .fill_with(asker, (collection, embedder), corpus, into)
            .await;
        let own = self.inference.own_embedder()?;
        match tried {
            Ok(()) => Ok(None),
            Err(error) if *embedder != own => {
                into.clear(collection.group());
                self.fill_with(asker, (collection, &own), corpus, into)
                    .await?;
                Ok(Some(fallback_note(collection, embedder, &error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn fill_with(
        &self,
        asker: &Asker,
        of: (Collection, &Embedder),
        corpus: &Arc<Corpus>,
        into: &mut Vectors,
    ) -> Result<()> {
        let (collection, group) = (of.0, of.0.group());
        let is_kept = collection == Collection::Handbook;
        let kept = |texts| Texts { texts, is_kept };
        if corpus.query.intent == Intent::Summary && collection == Collection::Files {
            let texts = kept(summary::texts(corpus));
            self.embed(asker, of, texts, into).await?;
        }
        let question = Texts {
            texts: vec![corpus.probe_text(group).to_owned()],
            is_kept: false,
        };
        self.embed(asker, of, question, into).await?;
        let passages = kept(corpus.passage_texts_of(group));
        self.embed(asker, of, passages, into).await?;
        let units = retrieve::unit_texts_of(corpus, into, group);
        self.embed(asker, of, kept(units), into).await
    }

    /// Adds the vectors of texts to `into`, computing those that are not remembered.
    pub(super) async fn embed(
        &self,
        asker: &Asker,
        (collection, embedder): (Collection, &Embedder),
        Texts { mut texts, is_kept }: Texts,
        into: &mut Vectors,
    ) -> Result<()> {
        let group = collection.group();
        texts.sort_unstable();
        texts.dedup();
        texts.retain(|text| match self.cache().get(&embedder.key, text) {
            Some(vector) => {
                into.insert_for(group, text.clone(), vector);
                false
            }
            None => true,
        });
        if is_kept && !texts.is_empty() {
            texts = self.read_kept((collection, embedder), texts, into).await?;
        }
        for part in texts.chunks(BATCH) {
            let made = self.ask_model(asker, embedder, part).await?;
            for (text, vector) in &made {
                self.remember(embedder, text, vector);
                into.insert_for(group, text.clone(), Arc::clone(vector));
            }
            if is_kept {
                self.keep(embedder, made).await;
            }
        }
        Ok(())
    }

    fn remember(&self, embedder: &Embedder, text: &str, vector: &Arc<[f32]>) {
        let entry = (embedder.key.as_str(), text);
        self.cache().insert(entry, Arc::clone(vector));
    }

    /// Takes what the disk has; gives back what it has not.
    async fn read_kept(
        &self,
        (collection, embedder): (Collection, &Embedder),
        texts: Vec<String>,
        into: &mut Vectors,
    ) -> Result<Vec<String>> {
        let key = embedder.key.clone();
        let read = self.db.read(move |reader| {
            let found = texts.into_iter().map(|text| {
                let vector = store::vector(reader, (&key, &text))?;
                Ok((text, vector))
            });
            found.collect::<Result<Vec<_>>>()
        });
        let mut missing = Vec::new();
        for (text, vector) in read.await? {
            match vector {
                Some(vector) => {
                    self.remember(embedder, &text, &vector);
                    into.insert_for(collection.group(), text, vector);
                }
                None => missing.push(text),
            }
        }
        Ok(missing)
    }

    /// Keeps vectors on the disk. An answer does not wait for a disk that cannot take them.
    async fn keep(&self, embedder: &Embedder, made: Vec<(String, Arc<[f32]>)>) {
        let (key, now) = (embedder.key.clone(), self.clock.now());
        let written = self
            .db
            .write(move |tx| store::save_vectors(tx, &key, &made, now));
        if let Err(error) = written.await {
            tracing::warn!(error = %error.chain(), "vectors of a handbook were not kept");
        }
    }

    async fn ask_model(
        &self,
        asker: &Asker,
        embedder: &Embedder,
        texts: &[String],
    ) -> Result<Vec<(String, Arc<[f32]>)>> {
        let place = self.meter.place().await?;
        let (came, at) = (Instant::now(), asker.ctx.now());
        let embedded = self
            .inference
            .embed_as(&asker.caller, embedder, texts)
            .await?;
        if let Some(billed) = embedded.billed {
            let mut call = call_of(asker, &billed);
            call.created_at = at;
            call.latency_ms = u64::try_from(came.elapsed().as_millis()).unwrap_or(u64::MAX);
            place.note(&asker.ctx, call);
        }
        if embedded.vectors.len() != texts.len() {
            return Err(Error::internal("a model gave another number of vectors"));
        }
        let vectors = embedded.vectors.into_iter().map(Arc::from);
        Ok(texts.iter().cloned().zip(vectors).collect())
    }

    /// Computes the vectors of a handbook ahead of the first question, so that it need not wait.
    ///
    /// # Errors
    /// What the embedding model says.
    pub async fn prepare(&self, asker: &Asker, sources: Vec<super::Source>) -> Result<()> {
        let texts = on_a_worker(move || handbook_texts(sources)).await?;
        let of = self.model_of(asker.ctx.organisation, Collection::Handbook);
        let embedder = of.await?;
        let reading = self.reading_ahead(asker.ctx.organisation);
        let _one_at_a_time = reading.lock().await;
        for part in texts.chunks(super::AHEAD) {
            let texts = Texts {
                texts: part.to_vec(),
                is_kept: true,
            };
            let of = (Collection::Handbook, &embedder);
            self.embed(asker, of, texts, &mut Vectors::default())
                .await?;
        }
        Ok(())
    }
}

/// Every text of a handbook that a question may be compared with.
pub(super) fn handbook_texts(sources: Vec<super::Source>) -> Vec<String> {
    let corpus = Corpus::new(&super::Request {
        sources,
        ..super::Request::default()
    });
    let units = (0..corpus.passages.len())
        .flat_map(|passage| (0..corpus.unit_count(passage)).map(move |unit| (passage, unit)));
    let mut texts = corpus.passage_texts_of(Collection::Handbook.group());
    texts.extend(units.map(|(passage, unit)| corpus.embedded_unit(passage, unit)));
    texts
}

fn fallback_note(collection: Collection, embedder: &Embedder, error: &Error) -> String {
    format!(
        "This node's own model searched {} in place of {}: {}",
        collection.noun(),
        embedder.name,
        error.message()
    )
}

fn call_of(asker: &Asker, billed: &Billed) -> Call {
    let ctx = &asker.ctx;
    Call {
        id: UsageId::new(ctx.clock.as_ref()),
        organisation: ctx.organisation,
        person: ctx.person,
        api_key: match ctx.principal {
            Principal::ApiKey(id) => Some(id),
            _ => None,
        },
        ve: asker.caller.ve,
        message: None,
        kind: CallKind::Embedding,
        mode: "embedding",
        model: billed.model.clone(),
        provider: Some(billed.provider_name().to_owned()),
        outcome: Outcome::Complete,
        error_code: None,
        input_tokens: billed.input_tokens,
        output_tokens: 0,
        cached_tokens: 0,
        queue_ms: 0,
        first_token_ms: 0,
        decode_ms: 0,
        latency_ms: 0,
        cost: billed.cost,
        created_at: ctx.now(),
    }
}
