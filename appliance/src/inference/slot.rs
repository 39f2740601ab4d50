//! One model and the engine process that may run it: loads on demand, restarts after a crash with
//! growing waits, unloads when nobody needs it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use guildhall_engine_protocol::{BUILTIN_MINILM, Load, LoadKind, PROTOCOL_VERSION, Serving};
use guildhall_kernel::{Clock, Error, Result, Timestamp};

use super::{
    engine::Engine,
    model::{ModelError, ModelKind, ModelRow, ModelState},
};
use crate::events::{Audience, Event, Events};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What every slot needs to start an engine.
pub(super) struct EngineSettings {
    pub(super) program: PathBuf,
    pub(super) models: PathBuf,
    pub(super) threads: u32,
    pub(super) context_length_max: u32,
    pub(super) events: Events,
    pub(super) clock: Arc<dyn Clock>,
}

/// One model.
pub(super) struct Slot {
    pub(super) row: ModelRow,
    settings: Arc<EngineSettings>,
    /// Held while the engine is started, so that it is started once.
    engine: tokio::sync::Mutex<Option<Arc<Engine>>>,
    status: Mutex<Status>,
}

/// What a slot shows of itself.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) state: ModelState,
    pub(super) memory_bytes: Option<u64>,
    pub(super) context_length: Option<u32>,
    pub(super) loaded_at: Option<Timestamp>,
    pub(super) tokens_per_second: Option<f64>,
    pub(super) error: Option<ModelError>,
    failures: u32,
    failed_at: Option<Instant>,
    used_at: Instant,
}

impl Slot {
    pub(super) fn new(row: ModelRow, settings: Arc<EngineSettings>) -> Self {
        let status = Status {
            state: ModelState::Unloaded,
            memory_bytes: None,
            context_length: None,
            loaded_at: None,
            tokens_per_second: None,
            error: None,
            failures: 0,
            failed_at: None,
            used_at: Instant::now(),
        };
        Self {
            row,
            settings,
            engine: tokio::sync::Mutex::default(),
            status: Mutex::new(status),
        }
    }

    pub(super) fn status(&self) -> Status {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock());
        self.settings.events.publish(
            Audience::Node,
            Event::ModelChanged {
                model_id: self.row.id,
            },
        );
    }

    /// The running engine, started and loaded if need be.
    ///
    /// # Errors
    /// What the engine says of the model; `model_restarting` while a crashed one waits.
    pub(super) async fn ensure(self: &Arc<Self>) -> Result<Arc<Engine>> {
        let mut held = self.engine.lock().await;
        self.lock().used_at = Instant::now();
        if let Some(engine) = held.as_ref().filter(|engine| engine.is_alive()) {
            return Ok(Arc::clone(engine));
        }
        *held = None;
        self.wait_after_failure()?;
        self.change(|status| {
            status.state = ModelState::Loading;
            status.error = None;
        });
        match Engine::start(&self.settings.program, self.load()).await {
            Ok(engine) => {
                let engine = Arc::new(engine);
                self.note_loaded(&engine);
                tokio::spawn(watch(Arc::clone(self), Arc::clone(&engine)));
                *held = Some(Arc::clone(&engine));
                Ok(engine)
            }
            Err(error) => {
                self.note_failed(&error);
                Err(error)
            }
        }
    }

    /// Refuses a start too soon after a crash.
    fn wait_after_failure(&self) -> Result<()> {
        let status = self.lock();
        let Some(failed_at) = status.failed_at else {
            return Ok(());
        };
        let doublings = status.failures.saturating_sub(1).min(10);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let Some(left) = wait
            .checked_sub(failed_at.elapsed())
            .filter(|left| !left.is_zero())
        else {
            return Ok(());
        };
        let seconds = u32::try_from(left.as_secs() + 1).unwrap_or(1);
        let reason = status
            .error
            .as_ref()
            .map_or("it stopped", |error| error.message.as_str());
        let message = format!(
            "{} failed ({reason}); it is tried again in {seconds} s",
            self.row.title
        );
        Err(Error::unavailable("model_restarting", message, seconds))
    }

    fn load(&self) -> Load {
        let kind = match self.row.kind {
            ModelKind::Generative => LoadKind::Generative,
            ModelKind::Embedding => LoadKind::Embedding,
        };
        let path = if self.row.file == BUILTIN_MINILM {
            self.row.file.clone()
        } else {
            self.settings
                .models
                .join(&self.row.file)
                .to_string_lossy()
                .into_owned()
        };
        Load {
            protocol_version: PROTOCOL_VERSION,
            model_path: path,
            kind,
            context_length: self.settings.context_length_max,
            threads: self.settings.threads,
            serving: Serving::default(),
            adapters: Vec::new(),
        }
    }

    fn note_loaded(&self, engine: &Engine) {
        let loaded = engine.loaded();
        tracing::info!(
            model.name = self.row.name,
            load_ms = loaded.load_ms,
            memory_bytes = loaded.memory_bytes,
            "model loaded"
        );
        let now = self.settings.clock.now();
        self.change(|status| {
            status.state = ModelState::Ready;
            status.memory_bytes = Some(loaded.memory_bytes);
            status.context_length = Some(loaded.context_length);
            status.loaded_at = Some(now);
            status.error = None;
        });
    }

    fn note_failed(&self, error: &Error) {
        tracing::warn!(model.name = self.row.name, error = %error.chain(), "model failed");
        let shown = error.body("").error;
        self.change(|status| {
            status.state = ModelState::Failed;
            status.memory_bytes = None;
            status.loaded_at = None;
            status.error = Some(ModelError {
                code: shown.code,
                message: shown.message,
            });
            status.failures = status.failures.saturating_add(1);
            status.failed_at = Some(Instant::now());
        });
    }

    /// Notes a good answer: the model is sound again, and this fast.
    pub(super) fn note_answer(&self, tokens: u32, decode_ms: u64) {
        let mut status = self.lock();
        (status.failures, status.failed_at) = (0, None);
        status.used_at = Instant::now();
        if decode_ms > 0 && tokens > 1 {
            let seconds = Duration::from_millis(decode_ms).as_secs_f64();
            status.tokens_per_second = Some(f64::from(tokens) / seconds);
        }
    }

    /// Takes the model out of memory; requests under way end with an error.
    pub(super) async fn unload(&self) {
        let engine = self.engine.lock().await.take();
        if engine.is_some() || self.status().state != ModelState::Unloaded {
            self.change(|status| {
                status.state = ModelState::Unloaded;
                status.memory_bytes = None;
                status.loaded_at = None;
                status.error = None;
                (status.failures, status.failed_at) = (0, None);
            });
        }
    }

    /// Takes the model out of memory when it was not used for that long.
    pub(super) async fn unload_if_idle(&self, idle: Duration) {
        let is_old = self.lock().used_at.elapsed() >= idle;
        let is_idle = self
            .engine
            .lock()
            .await
            .as_ref()
            .is_some_and(|engine| engine.is_idle());
        if is_old && is_idle {
            tracing::info!(model.name = self.row.name, "idle model unloaded");
            self.unload().await;
        }
    }
}

/// Notes when a process dies that nobody unloaded. Holds the slot, not the engine: an unloaded engine
/// must be dropped.
async fn watch(slot: Arc<Slot>, engine: Arc<Engine>) {
    let gone = engine.gone();
    let engine = {
        let weak = Arc::downgrade(&engine);
        drop(engine);
        weak
    };
    gone.cancelled().await;
    let Some(engine) = engine.upgrade() else {
        return;
    };
    let is_current = slot
        .engine
        .lock()
        .await
        .as_ref()
        .is_some_and(|current| Arc::ptr_eq(current, &engine));
    if is_current {
        slot.note_failed(&engine.died());
    }
}
