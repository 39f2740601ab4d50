//! Models and the engine processes that run them.
//!
//! Invariants: an engine that crashes, hangs or is killed never takes the node down; a model is loaded
//! when somebody needs it and says so meanwhile; a file appears in the registry only when it is whole and
//! hashed. Deliberately absent: prompts in logs, and anything that knows what a message is about.

mod adapters;
mod builtin;
mod caller;
mod choices;
mod deadline;
mod dropped;
mod dropped_folder;
mod dropped_store;
mod embedder;
mod engine;
mod gateway;
mod generation;
mod import;
mod inspect;
mod known;
mod lifecycle;
mod limits;
mod memory;
mod model;
mod needs;
mod pack;
mod probe;
mod process;
mod program;
mod provider;
mod publish;
mod queue;
mod quota;
mod quota_store;
mod registry;
mod renewal;
mod routes;
mod routes_dropped;
mod routes_models;
mod routes_quotas;
mod routes_uploads;
mod runtime;
mod schedule;
mod sentence_model;
mod settings;
mod signature;
mod slot;
mod status;
mod store;
mod tar;
mod upload_complete;
mod upload_file;
mod upload_model;
mod upload_store;
mod uploads;
mod users;
mod vectors;
mod verify;
mod view;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use guildhall_db::Db;
use guildhall_engine_protocol::{CacheType, Prompt};
use guildhall_kernel::{Clock, Error, ModelId, Result};

pub use caller::{Caller, Priority};
pub use deadline::{Deadline, Haste};
pub use dropped::{RefusedFile, RetriedFile};
pub use embedder::{EmbeddedTexts, Embedder, EmbeddingChoice};
pub use gateway::{Chosen, ModelCard, title_of, unknown as unknown_model};
pub use generation::{Generation, GenerationEvent};
pub use import::Progress;
pub use known::KnownModel;
pub use limits::{Limits, Quota, QuotaScope};
pub use model::{
    AUTO, Answering, EXTRACTIVE, Model, ModelChoice, ModelError, ModelKind, ModelState, Probe,
    Verdict, Verified,
};
pub use program::engine_version;
pub use provider::{
    AppliesTo, Billed, CircuitState, Credentials, DataClass, FallbackChain, Health, KeepWithin,
    NewProvider, Price, Provider, ProviderChange, ProviderKind, ProviderModel, ProviderModelView,
    ProviderSettings, Providers, ResidencyRule, TestOutcome, TestReport, TestStep, TestStepName,
    UsageSource, has_providers,
};
pub use quota::Charge;
pub use registry::ImportRequest;
pub use routes::router;
pub use runtime::{Runtime, Waiting};
pub use schedule::ByPriority;
pub use settings::{Alias, ModelChange};
pub use signature::Publisher;
pub use upload_model::{CompleteUpload, NewUpload, Upload, UploadState};
pub use users::{ModelUser, ModelUsers};
pub use vectors::Embedded;

pub use crate::catalog::AnswerMode;
use crate::{
    config::{CacheNumbers, Config},
    events::Events,
    keys::Keys,
};

use self::{
    model::ModelRow,
    needs::Wish,
    program::{default_threads, engine_program},
    quota::Quotas,
    schedule::Weight,
    signature::PackKeys,
    slot::{EngineSettings, Slot},
    uploads::Writers,
};

/// Conversations that a model computes at the same time, unless the configuration says otherwise.
const SEQUENCES: u32 = 4;

/// The models of the node. A cheap clone.
#[derive(Clone)]
pub struct Inference(Arc<Registry>);

struct Registry {
    db: Db,
    settings: Arc<EngineSettings>,
    users: ModelUsers,
    providers: Providers,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    aliases: RwLock<BTreeMap<String, ModelId>>,
    quotas: Arc<Quotas>,
    /// Held while memory is given out, so that it is given out once.
    room: tokio::sync::Mutex<()>,
    writers: Writers,
    /// Held while the models directory is looked into, so that each file is judged once.
    looking: tokio::sync::Mutex<()>,
}

impl Inference {
    /// Reads the registry and writes what ships with the node; starts no process.
    ///
    /// # Errors
    /// Those of the database and of the disk.
    pub async fn open(
        (config, data_dir, keys): (&Config, &Path, &Keys),
        db: &Db,
        events: &Events,
        clock: Arc<dyn Clock>,
        (users, providers): (ModelUsers, Providers),
    ) -> Result<Self> {
        let settings = Arc::new(settings_of(
            (config, data_dir, keys),
            events,
            Arc::clone(&clock),
        ));
        std::fs::create_dir_all(&settings.models)?;
        let rows = shipped(db, &settings.models, clock.as_ref()).await?;
        let slot = |row: ModelRow| {
            (
                row.name.clone(),
                Arc::new(Slot::new(row, Arc::clone(&settings))),
            )
        };
        let slots = RwLock::new(rows.into_iter().map(slot).collect());
        let inference = Self(Arc::new(Registry {
            db: db.clone(),
            quotas: Quotas::open(db, clock).await?,
            settings,
            users,
            providers,
            slots,
            aliases: RwLock::default(),
            room: tokio::sync::Mutex::default(),
            writers: Writers::default(),
            looking: tokio::sync::Mutex::default(),
        }));
        inference.reload_aliases().await?;
        tokio::spawn(lifecycle::make_rounds(
            Arc::downgrade(&inference.0),
            config.engine.idle_unload_s,
        ));
        tokio::spawn(dropped::watch(Arc::downgrade(&inference.0)));
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

    /// The model of that name, or the one that an alias of that name leads to.
    fn slot(&self, name: &str) -> Option<Arc<Slot>> {
        self.model_named(name).or_else(|| self.alias(name))
    }

    fn model_named(&self, name: &str) -> Option<Arc<Slot>> {
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
            .find(|slot| slot.id == id)
            .ok_or_else(|| Error::not_found("model"))
    }

    /// Models outside the node.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// When an answer that is asked for now must be there, where its caller names no deadline.
    pub fn deadline(&self) -> Deadline {
        Deadline::after(self.0.settings.answer_time)
    }

    /// Whether this node has a model of that name that writes.
    pub fn writes(&self, model: &str) -> bool {
        self.slot(model)
            .is_some_and(|slot| slot.kind() == ModelKind::Generative)
    }

    /// Has a model answer: one on this node, one of a provider (`openai/…`) or a chain of them
    /// (`fallback/…`). A call of its own as far as limits are concerned.
    ///
    /// # Errors
    /// `unknown_model`, `wrong_kind`, `provider_disabled`, `queue_full`, `quota_exceeded`; everything else comes
    /// as the generation's last event.
    pub async fn generate(
        &self,
        caller: Caller,
        model: &str,
        prompt: Prompt,
    ) -> Result<Generation> {
        let charge = self.admit(&caller)?;
        let mut generation = self.generate_within(&charge, caller, model, prompt)?;
        generation.charge = Some(charge);
        Ok(generation)
    }

    /// As [`Inference::generate`], for a call that was let in: whoever holds its charge settles it.
    ///
    /// # Errors
    /// The same but `quota_exceeded`.
    pub fn generate_within(
        &self,
        charge: &Charge,
        caller: Caller,
        model: &str,
        prompt: Prompt,
    ) -> Result<Generation> {
        let weights = charge.weights();
        if let Some(route) = self.0.providers.route(model)? {
            return Ok(provider::serve(
                self.clone(),
                route,
                (caller, weights),
                prompt,
            ));
        }
        self.generate_here((&caller, weights), model, prompt)
    }

    /// Has a model on this node answer.
    fn generate_here(
        &self,
        of: (&Caller, (Weight, Weight)),
        model: &str,
        mut prompt: Prompt,
    ) -> Result<Generation> {
        let writer = self.writer(model)?;
        if writer.adapter.is_some() {
            prompt.adapter = writer.adapter;
        }
        Generation::start(self, writer.slot, of, prompt)
    }
}

fn settings_of(
    (config, data_dir, keys): (&Config, &Path, &Keys),
    events: &Events,
    clock: Arc<dyn Clock>,
) -> EngineSettings {
    let engine = &config.engine;
    let budget = engine.memory_budget_mb.map(|megabytes| megabytes << 20);
    EngineSettings {
        program: engine_program(config),
        models: data_dir.join("models"),
        prefixes: data_dir.join("prefixes"),
        threads: engine.threads.unwrap_or_else(default_threads),
        wish: Wish {
            sequences: engine.sequences.unwrap_or(SEQUENCES),
            context_length_max: engine.context_length_max,
            cache_tokens: engine.cache_tokens,
            cache_type: match engine.cache_numbers {
                CacheNumbers::F16 => CacheType::F16,
                CacheNumbers::Q8 => CacheType::Q8,
            },
            gpu_layers: engine.gpu_layers,
        },
        budget: budget.unwrap_or_else(|| memory::default_budget(memory::measure().total)),
        queue_max: engine.queue_max,
        queue_wait: Duration::from_secs(u64::from(engine.queue_wait_s)),
        hang_after: Duration::from_secs(u64::from(engine.hang_after_s)),
        answer_time: Duration::from_secs(u64::from(engine.answer_time_s)),
        events: events.clone(),
        pack_keys: PackKeys::new(keys.install(), &data_dir.join("keys")),
        clock,
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

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal("work on a model file stopped").with_source(error))?
}
