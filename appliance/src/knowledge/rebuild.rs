//! Choosing the model of a collection, and making the handbooks' vectors anew in the background.
//!
//! Questions are compared with the former model's vectors until every vector of the new one is there, so
//! that they never meet two models at once. Files are read anew for each question and change at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use guildhall_db::Reader;
use guildhall_kernel::{Ctx, OrgId, RequestId, Result};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    Knowledge, Source,
    collection::{Collection, CollectionRow, CollectionState, CollectionView, Collections},
    corpus::Vectors,
    embed::{Asker, Texts, handbook_texts},
    on_a_worker, store,
};
use crate::{
    app::App,
    audit,
    catalog::Listing,
    events::{Audience, Event},
    idempotency::once,
    identity,
    inference::{Caller, Embedder, Priority},
};

/// Texts between two looks at whether the choice still stands.
const STEP: usize = 64;

/// Vectors being made.
pub(super) struct Job {
    done: AtomicU64,
    total: AtomicU64,
    stopped: CancellationToken,
}

impl Knowledge {
    /// The model that an organisation's collection is read with right now.
    pub(super) async fn model_of(
        &self,
        organisation: OrgId,
        collection: Collection,
    ) -> Result<Embedder> {
        let rows = self
            .db
            .read(move |reader| store::list(reader, organisation))
            .await?;
        let row = rows.into_iter().find(|row| row.collection == collection);
        match row {
            Some(row) => self.inference.embedder(&row.active),
            None => self.inference.own_embedder(),
        }
    }

    /// The organisation's collections.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn collections(&self, ctx: &Ctx) -> Result<Collections> {
        let organisation = ctx.organisation;
        let rows = self
            .db
            .read(move |reader| store::list(reader, organisation))
            .await?;
        let mut items = Vec::new();
        for collection in Collection::ALL {
            let row = rows.iter().find(|row| row.collection == collection);
            items.push(self.view(organisation, collection, row).await?);
        }
        Ok(Collections {
            items,
            choices: self.inference.embedding_choices(),
        })
    }

    async fn view(
        &self,
        organisation: OrgId,
        collection: Collection,
        row: Option<&CollectionRow>,
    ) -> Result<CollectionView> {
        let own = self.inference.own_embedder()?.name;
        let active = row.map_or(own.clone(), |row| row.active.clone());
        let key = self
            .inference
            .embedder(&active)
            .map(|embedder| embedder.key)
            .unwrap_or_default();
        let (vectors, dimension) = match collection {
            Collection::Handbook => {
                let counted = move |reader: &Reader<'_>| store::count_vectors(reader, &key);
                self.db.read(counted).await?
            }
            Collection::Files => (0, None),
        };
        let job = self.jobs().get(&(organisation, collection)).cloned();
        let figure = |of: fn(&Job) -> &AtomicU64| {
            job.as_ref()
                .map_or(0, |job| of(job).load(Ordering::Relaxed))
        };
        Ok(CollectionView {
            collection,
            chosen: row.map_or(own, |row| row.chosen.clone()),
            active,
            state: row.map_or(CollectionState::Ready, |row| row.state),
            error: row.and_then(|row| row.error.clone()),
            done: figure(|job| &job.done),
            total: figure(|job| &job.total),
            vectors,
            dimension,
            changed_at: row.map(|row| row.changed_at),
        })
    }

    /// Has a collection of the caller's organisation read by another model.
    ///
    /// # Errors
    /// `unknown_model`, `wrong_kind`; `egress_denied` and `residency_local_only` for a model outside the
    /// node that may not be asked.
    pub async fn choose(
        &self,
        app: &App,
        ctx: &Ctx,
        (collection, model): (Collection, String),
    ) -> Result<CollectionView> {
        let embedder = self.inference.embedder(&model)?;
        let asker = asker_of(ctx);
        self.inference.check_embedder(&asker.caller, &embedder)?;
        let own = self.inference.own_embedder()?.name;
        let (caller, events) = (ctx.clone(), app.events.clone());
        let written = self.db.write(move |tx| {
            once(tx, &caller, || {
                let rows = store::list(tx, caller.organisation)?;
                let before = rows.into_iter().find(|row| row.collection == collection);
                let former = before.map_or(own, |row| row.active);
                let is_ready = collection == Collection::Files || former == model;
                let row = CollectionRow {
                    organisation: caller.organisation,
                    collection,
                    active: if is_ready { model.clone() } else { former },
                    chosen: model.clone(),
                    state: if is_ready {
                        CollectionState::Ready
                    } else {
                        CollectionState::Rebuilding
                    },
                    error: None,
                    changed_by: caller.person,
                    changed_at: caller.now(),
                };
                store::save(tx, &row)?;
                let facts = json!({ "collection": collection, "model": model });
                audit::record_with(tx, &caller, "collection.chosen", collection.as_str(), facts)?;
                let audience = Audience::Organisation(caller.organisation);
                events.publish_after(tx, audience, Event::CollectionsChanged {});
                Ok(())
            })
        });
        written.await?;
        let organisation = ctx.organisation;
        let rows = self
            .db
            .read(move |reader| store::list(reader, organisation))
            .await?;
        let row = rows.into_iter().find(|row| row.collection == collection);
        if let Some(row) = &row
            && row.state == CollectionState::Rebuilding
        {
            self.start(app, asker, row.clone());
        } else if let Some(job) = self.jobs().remove(&(organisation, collection)) {
            job.stopped.cancel();
        }
        self.view(organisation, collection, row.as_ref()).await
    }

    fn start(&self, app: &App, asker: Asker, row: CollectionRow) {
        let job = Arc::new(Job {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            stopped: app.shutdown.child_token(),
        });
        let place = (row.organisation, row.collection);
        if let Some(former) = self.jobs().insert(place, Arc::clone(&job)) {
            former.stopped.cancel();
        }
        let (knowledge, app) = (self.clone(), app.clone());
        tokio::spawn(async move {
            let working = knowledge.rebuild(&app, &asker, (&row, &job));
            let Some(outcome) = job.stopped.run_until_cancelled(working).await else {
                return;
            };
            let error = outcome.err();
            if let Some(error) = &error {
                tracing::warn!(error = %error.chain(), "the vectors of a collection were not made");
            }
            let error = error.map(|error| error.message().to_owned());
            if let Err(error) = knowledge.finish(&app, row, error).await {
                tracing::error!(error = %error.chain(), "the end of a collection's job was not stored");
            }
            let mut jobs = knowledge.jobs();
            if jobs.get(&place).is_some_and(|now| Arc::ptr_eq(now, &job)) {
                jobs.remove(&place);
            }
        });
    }

    async fn rebuild(
        &self,
        app: &App,
        asker: &Asker,
        (row, job): (&CollectionRow, &Job),
    ) -> Result<()> {
        let embedder = self.inference.embedder(&row.chosen)?;
        let mut texts = Vec::new();
        for agent in app.catalog.known() {
            if let Some(listing) = app.catalog.listing(&app.db, agent).await? {
                let sources = handbook(&listing);
                texts.extend(on_a_worker(move || handbook_texts(sources)).await?);
            }
        }
        job.total.store(count(texts.len()), Ordering::Relaxed);
        let audience = Audience::Organisation(row.organisation);
        for part in texts.chunks(STEP) {
            let texts = Texts {
                texts: part.to_vec(),
                is_kept: true,
            };
            let of = (row.collection, &embedder);
            self.embed(asker, of, texts, &mut Vectors::default())
                .await?;
            job.done.fetch_add(count(part.len()), Ordering::Relaxed);
            app.events.publish(audience, Event::CollectionsChanged {});
        }
        Ok(())
    }

    /// Puts the new model into use, or says why the former stays.
    async fn finish(&self, app: &App, row: CollectionRow, error: Option<String>) -> Result<()> {
        let (events, inference) = (app.events.clone(), self.inference.clone());
        let organisation = row.organisation;
        let written = self.db.write(move |tx| {
            let rows = store::list(tx, organisation)?;
            let now = rows
                .into_iter()
                .find(|now| now.collection == row.collection);
            // Somebody chose another one meanwhile, whose own job says how it ends.
            let Some(now) = now.filter(|now| now.chosen == row.chosen) else {
                return Ok(());
            };
            let ended = match error {
                None => CollectionRow {
                    active: now.chosen.clone(),
                    state: CollectionState::Ready,
                    ..now
                },
                Some(error) => CollectionRow {
                    state: CollectionState::Failed,
                    error: Some(error),
                    ..now
                },
            };
            store::save(tx, &ended)?;
            let mut names = store::names_in_use(tx)?;
            names.push(inference.own_embedder()?.name);
            let keys = names
                .iter()
                .filter_map(|name| inference.embedder(name).ok());
            let keys: Vec<String> = keys.map(|embedder| embedder.key).collect();
            store::keep_models(tx, &keys)?;
            let audience = Audience::Organisation(organisation);
            events.publish_after(tx, audience, Event::CollectionsChanged {});
            Ok(())
        });
        written.await
    }
}

/// Goes on with what the last stop of the node broke off.
///
/// # Errors
/// Those of the database.
pub async fn resume(app: &App) -> Result<()> {
    for row in app.db.read(store::unfinished).await? {
        let request = RequestId::new();
        let ctx = identity::operator_context(app, row.organisation, row.changed_by, request);
        app.knowledge.start(app, asker_of(&ctx), row);
    }
    Ok(())
}

/// Whoever chose: what is sent is the product's own text.
fn asker_of(ctx: &Ctx) -> Asker {
    Asker {
        ctx: ctx.clone(),
        caller: Caller::of(ctx, Priority::Background),
    }
}

/// An agent's handbook as sources.
pub fn handbook(listing: &Listing) -> Vec<Source> {
    let passages = listing.handbook.passages.iter();
    let source = passages.map(|passage| Source {
        kind: super::SourceKind::Handbook,
        id: passage.id.clone(),
        title: passage.title.clone(),
        section: Some(passage.section.clone()),
        text: passage.text.clone(),
    });
    source.collect()
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
