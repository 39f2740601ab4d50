//! Models and the engine processes that run them.
//!
//! Invariants: an engine that crashes, hangs or is killed never takes the node down; a model is loaded
//! when somebody needs it and says so meanwhile; a file appears in the registry only when it is whole and
//! hashed. Deliberately absent: prompts in logs, and anything that knows what a message is about.

mod builtin;
mod choices;
mod engine;
mod generation;
mod import;
mod model;
mod program;
mod provider;
mod registry;
mod routes;
mod slot;
mod store;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use guildhall_db::{Db, Reader};
use guildhall_engine_protocol::{EMBED_TEXTS_MAX, Embed, EngineMessage, NodeMessage, Prompt};
use guildhall_kernel::{Clock, Ctx, Error, ModelId, Result};

pub use generation::{Caller, Generation, GenerationEvent, Priority};
pub use model::{
    AUTO, Answering, EXTRACTIVE, Model, ModelChoice, ModelError, ModelKind, ModelState, Verified,
};
pub use program::engine_version;
pub use provider::{
    AppliesTo, Billed, CircuitState, Credentials, DataClass, Embedded, FallbackChain, Health,
    KeepWithin, NewProvider, Price, Provider, ProviderChange, ProviderKind, ProviderModel,
    ProviderModelView, ProviderSettings, Providers, ResidencyRule, TestOutcome, TestReport,
    TestStep, TestStepName, UsageSource,
};
pub use routes::router;

pub use crate::catalog::AnswerMode;
use crate::{audit, config::Config, events::Events};

use self::{
    model::ModelRow,
    program::{default_threads, engine_program},
    slot::{EngineSettings, Slot},
};

/// How many employees have chosen a model. This feature does not know the team, so the composition root
/// hands the count in.
pub type CountUsers = fn(&Reader<'_>, &str) -> Result<u32>;

/// Texts per request to the embedding model, so that others get their turn.
const EMBED_BATCH: usize = 64;
/// How often idle models are unloaded and the models directory is looked into.
const ROUNDS: Duration = Duration::from_secs(10);

/// The models of the node. A cheap clone.
#[derive(Clone)]
pub struct Inference(Arc<Registry>);

struct Registry {
    db: Db,
    settings: Arc<EngineSettings>,
    count_users: CountUsers,
    providers: Providers,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    /// Names of dropped files that cannot be used, so that each is complained of once.
    refused: Mutex<Vec<String>>,
}

impl Inference {
    /// Reads the registry and writes what ships with the node; starts no process.
    ///
    /// # Errors
    /// Those of the database and of the disk.
    pub async fn open(
        (config, data_dir): (&Config, &Path),
        db: &Db,
        events: &Events,
        clock: Arc<dyn Clock>,
        (count_users, providers): (CountUsers, Providers),
    ) -> Result<Self> {
        let models = data_dir.join("models");
        std::fs::create_dir_all(&models)?;
        let rows = shipped(db, &models, clock.as_ref()).await?;
        let settings = Arc::new(EngineSettings {
            program: engine_program(config),
            models,
            threads: config.engine.threads.unwrap_or_else(default_threads),
            context_length_max: config.engine.context_length_max,
            events: events.clone(),
            clock,
        });
        let slot = |row: ModelRow| {
            (
                row.name.clone(),
                Arc::new(Slot::new(row, Arc::clone(&settings))),
            )
        };
        let slots = RwLock::new(rows.into_iter().map(slot).collect());
        let inference = Self(Arc::new(Registry {
            db: db.clone(),
            settings,
            count_users,
            providers,
            slots,
            refused: Mutex::default(),
        }));
        tokio::spawn(make_rounds(
            Arc::downgrade(&inference.0),
            config.engine.idle_unload_s,
        ));
        Ok(inference)
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        self.0
            .slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    fn slot(&self, name: &str) -> Option<Arc<Slot>> {
        self.0
            .slots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    fn slot_of(&self, id: ModelId) -> Result<Arc<Slot>> {
        self.slots()
            .into_iter()
            .find(|slot| slot.row.id == id)
            .ok_or_else(|| Error::not_found("model"))
    }

    /// How many models are in memory.
    pub fn ready_count(&self) -> u32 {
        let ready = self
            .slots()
            .iter()
            .filter(|slot| slot.status().state == ModelState::Ready)
            .count();
        u32::try_from(ready).unwrap_or(u32::MAX)
    }

    /// Models outside the node.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// Whether this node has a model of that name that writes.
    pub fn writes(&self, model: &str) -> bool {
        self.slot(model)
            .is_some_and(|slot| slot.row.kind == ModelKind::Generative)
    }

    /// Has a model answer: one on this node, one of a provider (`openai/…`) or a chain of them
    /// (`fallback/…`).
    ///
    /// # Errors
    /// `unknown_model`, `provider_disabled`; everything else comes as the generation's last event.
    pub async fn generate(
        &self,
        caller: Caller,
        model: &str,
        prompt: Prompt,
    ) -> Result<Generation> {
        if let Some(route) = self.0.providers.route(model)? {
            return Ok(provider::serve(self.clone(), route, caller, prompt));
        }
        self.generate_here(caller, model, prompt).await
    }

    /// Has a model on this node answer.
    async fn generate_here(
        &self,
        caller: Caller,
        model: &str,
        prompt: Prompt,
    ) -> Result<Generation> {
        let slot = self
            .slot(model)
            .filter(|slot| slot.row.kind == ModelKind::Generative);
        let slot = slot.ok_or_else(|| {
            Error::invalid("unknown_model", format!("there is no model `{model}` here"))
        })?;
        Ok(Generation::start(slot, caller, prompt))
    }

    /// Turns texts into vectors of length 1, one per text.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let slot = self
            .slot(builtin::EMBEDDING)
            .ok_or_else(|| Error::internal("the embedding model is not registered"))?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(EMBED_BATCH.min(EMBED_TEXTS_MAX)) {
            vectors.extend(embed_batch(&slot, batch).await?);
        }
        Ok(vectors)
    }

    /// Every model as shown.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Model>> {
        let mut models = Vec::new();
        for slot in self.slots() {
            models.push(self.view(&slot).await?);
        }
        Ok(models)
    }

    async fn view(&self, slot: &Slot) -> Result<Model> {
        let (name, count_users) = (slot.row.name.clone(), self.0.count_users);
        let used_by = self
            .0
            .db
            .read(move |reader| count_users(reader, &name))
            .await?;
        let (row, status) = (slot.row.clone(), slot.status());
        Ok(Model {
            id: row.id,
            name: row.name,
            title: row.title,
            kind: row.kind,
            built_in: row.built_in,
            architecture: row.architecture,
            quantisation: row.quantisation,
            parameters: row.parameters,
            context_length: row.context_length,
            size_bytes: row.size_bytes,
            sha256: row.sha256,
            licence: row.license,
            state: status.state,
            state_detail: (status.state == ModelState::Loading)
                .then(|| "Reading the file into memory".to_owned()),
            memory_bytes: status.memory_bytes,
            loaded_at: status.loaded_at,
            tokens_per_second: status.tokens_per_second,
            used_by,
            suitable_for_auto: row.suitable_for_auto,
            imported_at: row.imported_at,
            error: status.error,
        })
    }

    /// Starts loading a model in the background.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn load(&self, ctx: &Ctx, id: ModelId) -> Result<Model> {
        let slot = self.slot_of(id)?;
        self.record(ctx, "model.load", id).await?;
        let loading = Arc::clone(&slot);
        // A failure shows as the model's state.
        tokio::spawn(async move { loading.ensure().await.is_ok() });
        tokio::task::yield_now().await;
        self.view(&slot).await
    }

    /// Takes a model out of memory.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn unload(&self, ctx: &Ctx, id: ModelId) -> Result<Model> {
        let slot = self.slot_of(id)?;
        self.record(ctx, "model.unload", id).await?;
        slot.unload().await;
        self.view(&slot).await
    }

    async fn record(&self, ctx: &Ctx, action: &'static str, id: ModelId) -> Result<()> {
        let caller = ctx.clone();
        self.0
            .db
            .write(move |tx| audit::record(tx, &caller, action, id))
            .await
    }

    /// Stops every engine.
    pub async fn shutdown(&self) {
        for slot in self.slots() {
            slot.unload().await;
        }
    }
}

async fn shipped(db: &Db, models: &Path, clock: &dyn Clock) -> Result<Vec<ModelRow>> {
    let mut rows = db.read(store::list).await?;
    let known = |name: &str| rows.iter().find(|row| row.name == name).cloned();
    let shipped = [
        builtin::starter(models, known(builtin::STARTER).as_ref(), clock)?,
        builtin::embedding(known(builtin::EMBEDDING).as_ref(), clock),
    ];
    let changed: Vec<ModelRow> = shipped
        .into_iter()
        .filter(|row| !rows.contains(row))
        .collect();
    for row in changed {
        let stored = row.clone();
        db.write(move |tx| store::save(tx, &stored)).await?;
        rows.retain(|old| old.id != row.id);
        rows.push(row);
    }
    Ok(rows)
}

async fn embed_batch(slot: &Arc<Slot>, batch: &[String]) -> Result<Vec<Vec<f32>>> {
    let engine = slot.ensure().await?;
    let mut replies = engine
        .request(|request_id| {
            NodeMessage::Embed(Embed {
                request_id,
                texts: batch.to_vec(),
            })
        })
        .await?;
    match replies.next().await {
        Some(EngineMessage::Embeddings(embeddings)) => {
            slot.note_answer(0, 0);
            Ok(embeddings.vectors)
        }
        Some(EngineMessage::RequestFailed { failure, .. }) => Err(engine::refused(&failure)),
        _ => Err(engine.died()),
    }
}

/// What is done every now and then, for as long as the node runs.
async fn make_rounds(registry: std::sync::Weak<Registry>, idle_unload_s: u32) {
    let idle = Duration::from_secs(u64::from(idle_unload_s));
    loop {
        tokio::time::sleep(ROUNDS).await;
        let Some(registry) = registry.upgrade() else {
            return;
        };
        let inference = Inference(registry);
        for slot in inference.slots() {
            slot.unload_if_idle(idle).await;
        }
        if let Err(error) = inference.adopt_dropped().await {
            tracing::warn!(error = %error.chain(), "the models directory was not looked into");
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal("work on a model file stopped").with_source(error))?
}
