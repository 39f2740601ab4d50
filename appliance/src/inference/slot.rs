//! One model and the engine process that may run it: loads on demand, restarts after a crash with
//! growing waits, unloads when nobody needs it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use guildhall_engine_protocol::{BUILTIN_MINILM, Load, LoadKind, PROTOCOL_VERSION, gguf::Header};
use guildhall_kernel::{Clock, Error, ModelId, Result};

use super::{
    adapters::Attached,
    blocking,
    engine::Engine,
    model::{ModelKind, ModelRow, ModelState},
    needs::{Needs, Plan, Wish},
    queue::Queue,
    renewal::Renewal,
    schedule::Capacity,
    status::Status,
};
use crate::events::{Audience, Event, Events};

/// How long a request waits for the restart of a crashed model before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every slot needs to start an engine.
pub(super) struct EngineSettings {
    pub(super) program: PathBuf,
    pub(super) models: PathBuf,
    /// Where engines keep computed prefixes.
    pub(super) prefixes: PathBuf,
    pub(super) threads: u32,
    pub(super) wish: Wish,
    /// Memory that models may take together, in bytes.
    pub(super) budget: u64,
    pub(super) queue_max: u32,
    /// How long a request may wait for its turn.
    pub(super) queue_wait: Duration,
    pub(super) hang_after: Duration,
    /// Time for a whole answer, waiting included, where the caller names none.
    pub(super) answer_time: Duration,
    pub(super) events: Events,
    pub(super) pack_keys: super::signature::PackKeys,
    pub(super) clock: Arc<dyn Clock>,
}

/// One model.
pub(super) struct Slot {
    pub(super) id: ModelId,
    pub(super) name: String,
    row: RwLock<ModelRow>,
    pub(super) queue: Arc<Queue>,
    settings: Arc<EngineSettings>,
    /// Held while the engine is started or ended, so that it is started once.
    engine: tokio::sync::Mutex<Option<Arc<Engine>>>,
    status: Mutex<Status>,
    needs: Mutex<Option<Needs>>,
    /// The adapters that the engine was loaded with.
    attached: Mutex<Vec<Attached>>,
    pub(super) renewal: Renewal,
}

impl Slot {
    pub(super) fn new(row: ModelRow, settings: Arc<EngineSettings>) -> Self {
        let changed = notifier(settings.events.clone(), row.id);
        let capacity = Capacity {
            // An embedding model computes one batch after the other.
            sequences: match row.kind {
                ModelKind::Embedding => 1,
                ModelKind::Generative | ModelKind::Adapter => settings.wish.sequences,
            },
            cache_tokens: u64::MAX,
        };
        let mut status = Status::new();
        status.tokens_per_second = row.probe.map(|probe| probe.decode_tokens_per_second);
        Self {
            id: row.id,
            name: row.name.clone(),
            row: RwLock::new(row),
            queue: Arc::new(Queue::new(settings.queue_max, capacity, changed)),
            settings,
            engine: tokio::sync::Mutex::default(),
            status: Mutex::new(status),
            needs: Mutex::default(),
            attached: Mutex::default(),
            renewal: Renewal::default(),
        }
    }

    /// What is stored of the model.
    pub(super) fn row(&self) -> ModelRow {
        self.row
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes over what was stored anew.
    pub(super) fn set_row(&self, row: ModelRow) {
        *self.row.write().unwrap_or_else(PoisonError::into_inner) = row;
        self.change(|_| {});
    }

    pub(super) fn kind(&self) -> ModelKind {
        self.row.read().unwrap_or_else(PoisonError::into_inner).kind
    }

    pub(super) fn status(&self) -> Status {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock());
        let event = Event::ModelChanged { model_id: self.id };
        self.settings.events.publish(Audience::Node, event);
    }

    /// How long a request may wait for its turn.
    pub(super) fn queue_wait(&self) -> Duration {
        self.settings.queue_wait
    }

    /// The file the model lies in; what the engine carries lies in none.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let file = self.row().file;
        (file != BUILTIN_MINILM).then(|| self.settings.models.join(file))
    }

    /// What the model takes, read outside the threads that answer requests: a header has megabytes.
    ///
    /// # Errors
    /// As [`Slot::needs`].
    pub(super) async fn learn_needs(self: &Arc<Self>) -> Result<Needs> {
        let slot = Arc::clone(self);
        blocking(move || slot.needs()).await
    }

    /// What the model takes, from its header; read once.
    ///
    /// # Errors
    /// What the header says of a damaged file.
    pub(super) fn needs(&self) -> Result<Needs> {
        let mut known = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(needs) = *known {
            return Ok(needs);
        }
        let needs = match self.path().filter(|path| path.is_file()) {
            Some(path) => {
                let header = Header::open(&path)
                    .map_err(|error| Error::conflict(error.code(), error.to_string()))?;
                Needs::of(&header)
            }
            None => Needs::of_weights(self.row().size_bytes),
        };
        *known = Some(needs);
        Ok(needs)
    }

    /// The engine, when it runs.
    pub(super) async fn running(&self) -> Option<Arc<Engine>> {
        let held = self.engine.lock().await;
        let engine = held.as_ref().filter(|engine| engine.is_alive()).cloned();
        if engine.is_some() {
            self.lock().used_at = Instant::now();
        }
        engine
    }

    /// The engine, when it runs and is neither being started nor ended.
    pub(super) fn running_now(&self) -> Option<Arc<Engine>> {
        let held = self.engine.try_lock().ok()?;
        held.as_ref().filter(|engine| engine.is_alive()).cloned()
    }

    /// Whether the engine runs and was loaded without this adapter.
    pub(super) async fn lacks(&self, adapter: &Attached) -> bool {
        self.running().await.is_some() && !self.attached().contains(adapter)
    }

    fn attached(&self) -> MutexGuard<'_, Vec<Attached>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the engine as planned, unless it runs.
    ///
    /// # Errors
    /// What the engine says of the model.
    pub(super) async fn start(
        self: Arc<Self>,
        plan: Plan,
        adapters: Vec<Attached>,
    ) -> Result<Arc<Engine>> {
        let mut held = self.engine.lock().await;
        self.lock().used_at = Instant::now();
        if let Some(engine) = held.as_ref().filter(|engine| engine.is_alive()) {
            return Ok(Arc::clone(engine));
        }
        *held = None;
        self.change(|status| status.begin_loading(plan.bytes));
        let settings = &self.settings;
        let load = self.load(&plan, &adapters);
        *self.attached() = adapters;
        match Engine::start(&settings.program, load, settings.hang_after).await {
            Ok(engine) => {
                let engine = Arc::new(engine);
                self.note_loaded(&engine);
                tokio::spawn(watch(Arc::downgrade(&self), Arc::downgrade(&engine)));
                *held = Some(Arc::clone(&engine));
                Ok(engine)
            }
            Err(error) => {
                self.note_failed(&error);
                Err(error)
            }
        }
    }

    /// Waits out the pause after a crash, or refuses a start that is too soon.
    ///
    /// # Errors
    /// `model_restarting` with the seconds that are left.
    pub(super) async fn wait_after_failure(&self) -> Result<()> {
        let (left, reason) = {
            let status = self.lock();
            let reason = status.error.as_ref().map(|error| error.message.clone());
            (status.wait_left(), reason)
        };
        if left <= PATIENCE {
            tokio::time::sleep(left).await;
            return Ok(());
        }
        let seconds = u32::try_from(left.as_secs() + 1).unwrap_or(1);
        let reason = reason.unwrap_or_else(|| "it stopped".to_owned());
        let message = format!(
            "{} failed ({reason}); it is tried again in {seconds} s",
            self.row().title
        );
        Err(Error::unavailable("model_restarting", message, seconds))
    }

    fn load(&self, plan: &Plan, adapters: &[Attached]) -> Load {
        let row = self.row();
        let kind = match row.kind {
            ModelKind::Embedding => LoadKind::Embedding,
            ModelKind::Generative | ModelKind::Adapter => LoadKind::Generative,
        };
        let mut serving = plan.serving.clone();
        let prefixes = self
            .settings
            .prefixes
            .join(row.sha256.get(..16).unwrap_or("unknown"));
        // Without the directory prefixes are computed anew after each start; nothing else changes.
        if kind == LoadKind::Generative && std::fs::create_dir_all(&prefixes).is_ok() {
            serving.prefix_dir = Some(prefixes.to_string_lossy().into_owned());
        }
        let path = self.path();
        Load {
            protocol_version: PROTOCOL_VERSION,
            model_path: path.map_or(row.file, |path| path.to_string_lossy().into_owned()),
            kind,
            context_length: plan.context_length.max(1),
            threads: self.settings.threads,
            serving,
            adapters: adapters.iter().map(Attached::loading).collect(),
        }
    }

    fn note_loaded(&self, engine: &Engine) {
        let loaded = engine.loaded();
        tracing::info!(
            model.name = self.name,
            load_ms = loaded.load_ms,
            memory_bytes = loaded.memory_bytes,
            "model loaded"
        );
        self.queue.set_capacity(Capacity {
            sequences: loaded.sequences.max(1),
            cache_tokens: u64::from(loaded.cache_tokens.max(loaded.context_length)),
        });
        let now = self.settings.clock.now();
        self.change(|status| {
            status.state = ModelState::Ready;
            status.detail = None;
            status.memory_bytes = Some(loaded.memory_bytes);
            status.context_length = Some(loaded.context_length);
            status.loaded_at = Some(now);
            status.has_tool_template = Some(loaded.has_tool_template);
            status.notes.clone_from(&loaded.notes);
            status.error = None;
        });
    }

    pub(super) fn note_failed(&self, error: &Error) {
        tracing::warn!(model.name = self.name, error = %error.chain(), "model failed");
        self.change(|status| status.fail(error));
    }

    /// Notes a good answer: the model is sound again, and this fast.
    pub(super) fn note_answer(&self, tokens: u32, decode_ms: u64) {
        let mut status = self.lock();
        status.forgive();
        status.used_at = Instant::now();
        if decode_ms > 0 && tokens > 1 {
            let seconds = Duration::from_millis(decode_ms).as_secs_f64();
            status.tokens_per_second = Some(f64::from(tokens) / seconds);
        }
    }

    /// Takes the model out of memory; requests under way end with an error.
    pub(super) async fn unload(&self) {
        // Held to the end, so that the memory is free when somebody else may start.
        let mut held = self.engine.lock().await;
        if let Some(engine) = held.take() {
            let detail = "Being taken out of memory".to_owned();
            self.change(|status| status.detail = Some(detail));
            engine.shut_down("it was unloaded").await;
        }
        if self.status().state != ModelState::Unloaded {
            self.change(Status::unload);
        }
    }

    /// Whether it is in memory and nobody uses it or waits for it.
    pub(super) fn is_idle(&self) -> bool {
        let is_quiet = self.running_now().is_some_and(|engine| engine.is_idle());
        is_quiet && self.queue.is_idle()
    }

    /// Takes the model out of memory when it was not used for that long.
    pub(super) async fn unload_if_idle(&self, idle: Duration) {
        let is_old = self.lock().used_at.elapsed() >= idle;
        if is_old && !self.row().pinned && self.is_idle() {
            tracing::info!(model.name = self.name, "idle model unloaded");
            self.unload().await;
        }
    }
}

/// Notes when a process dies that nobody unloaded. Holds neither slot nor engine: an unloaded engine must
/// be dropped.
async fn watch(slot: std::sync::Weak<Slot>, engine: std::sync::Weak<Engine>) {
    let Some(process) = engine.upgrade().map(|engine| engine.process()) else {
        return;
    };
    process.ended().await;
    let (Some(slot), Some(engine)) = (slot.upgrade(), engine.upgrade()) else {
        return;
    };
    let held = slot.engine.lock().await;
    let is_current = held
        .as_ref()
        .is_some_and(|current| Arc::ptr_eq(current, &engine));
    if is_current {
        slot.note_failed(&engine.died());
    }
}

/// Tells open tabs that a queue changed, at most once a second.
fn notifier(events: Events, model_id: ModelId) -> impl Fn() + Send + Sync {
    let is_due = Arc::new(std::sync::atomic::AtomicBool::new(false));
    move || {
        use std::sync::atomic::Ordering;
        if is_due.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nobody runs: a ticket dropped while the node ends.
            return;
        };
        let (events, is_due) = (events.clone(), Arc::clone(&is_due));
        runtime.spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            is_due.store(false, Ordering::Relaxed);
            events.publish(Audience::Node, Event::QueueChanged { model_id });
        });
    }
}
