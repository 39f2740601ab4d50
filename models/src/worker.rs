//! The inference thread: loads one model and answers requests with it.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{EngineMessage, Failure, Load, LoadKind, PROTOCOL_VERSION, codes};

use crate::outbox::Outbox;
use crate::queue::{JobQueue, Next, Work};
use crate::sandbox::Files;
use crate::{embed, generate};

/// Why a model stopped serving, or never began.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// The model could not be loaded.
    Load(Failure),
    /// The node is gone.
    Connection(FrameError),
}

impl From<Failure> for ServeError {
    fn from(failure: Failure) -> Self {
        Self::Load(failure)
    }
}

impl From<FrameError> for ServeError {
    fn from(error: FrameError) -> Self {
        Self::Connection(error)
    }
}

/// A model that passed our own checks, which read nothing that llama.cpp or candle interpret.
pub(crate) struct Inspected {
    pub(crate) load: Load,
    pub(crate) model: Model,
    /// What the engine needs to open.
    pub(crate) files: Files,
    /// What a person should know. One sentence each.
    pub(crate) notes: Vec<String>,
    /// Why it cannot be loaded after all.
    pub(crate) refused: Option<Failure>,
}

/// What was found out about a model.
pub(crate) enum Model {
    Generative(generate::Inspected),
    Embedding(embed::Inspected),
}

/// Checks a model as far as that is possible without llama.cpp and candle.
///
/// # Errors
/// When the model cannot be loaded; another may be tried.
pub(crate) fn inspect(load: Load) -> Result<Inspected, Failure> {
    check_protocol(&load)?;
    let mut files = Files {
        read: Vec::new(),
        // Loading says so when it is not there.
        write: load
            .serving
            .prefix_dir
            .as_ref()
            .map(PathBuf::from)
            .filter(|directory| directory.is_dir()),
    };
    let model = match load.kind {
        LoadKind::Generative => {
            let model = generate::inspect(&load)?;
            files.read.push(PathBuf::from(&load.model_path));
            let adapters = load.adapters.iter();
            files
                .read
                .extend(adapters.map(|adapter| PathBuf::from(&adapter.path)));
            Model::Generative(model)
        }
        LoadKind::Embedding => {
            let model = embed::inspect(&load)?;
            files.read.extend(model.path());
            files.write = None;
            Model::Embedding(model)
        }
    };
    Ok(Inspected {
        load,
        model,
        files,
        notes: Vec::new(),
        refused: None,
    })
}

/// Loads the model and works until the queue is closed or the node is gone.
pub(crate) fn run(inspected: Inspected, queue: &JobQueue, outbox: &Outbox) {
    if let Err(error) = work(inspected, queue, outbox) {
        tracing::warn!("{error}");
    }
}

fn work(mut inspected: Inspected, queue: &JobQueue, outbox: &Outbox) -> Result<(), FrameError> {
    let served = match (inspected.refused.take(), inspected.model) {
        (Some(failure), _) => Err(ServeError::Load(failure)),
        (None, Model::Generative(model)) => {
            generate::serve(&inspected.load, model, inspected.notes, queue, outbox)
        }
        (None, Model::Embedding(model)) => {
            embed::serve(&inspected.load, model, inspected.notes, queue, outbox)
        }
    };
    match served {
        Ok(()) => Ok(()),
        Err(ServeError::Connection(error)) => Err(error),
        Err(ServeError::Load(failure)) => {
            refuse_load(failure, outbox)?;
            refuse_everything(queue, outbox)
        }
    }
}

/// The process is confined to a model that does not load: all it can do is say so.
fn refuse_everything(queue: &JobQueue, outbox: &Outbox) -> Result<(), FrameError> {
    while let Some(next) = queue.next() {
        match next {
            Next::Job(job) => {
                let failure = match &job.work {
                    Work::Load => Failure::new(
                        codes::MODEL_UNREADABLE,
                        "this engine is confined to a model that could not be loaded; \
                         start another engine",
                    ),
                    _ => no_model(),
                };
                refuse(&job.work, &failure, outbox)?;
            }
            Next::Pings(ids) => answer_pings(ids, outbox)?,
        }
    }
    Ok(())
}

/// Answers pings of an engine that computes nothing.
pub(crate) fn answer_pings(ids: Vec<u64>, outbox: &Outbox) -> Result<(), FrameError> {
    for ping_id in ids {
        let status = guildhall_engine_protocol::EngineStatus::default();
        outbox.send(&EngineMessage::Pong { ping_id, status })?;
    }
    Ok(())
}

/// Says that a model was not loaded.
pub(crate) fn refuse_load(failure: Failure, outbox: &Outbox) -> Result<(), FrameError> {
    tracing::warn!(code = failure.code, "model not loaded: {}", failure.message);
    outbox.send(&EngineMessage::LoadFailed(failure))
}

fn check_protocol(load: &Load) -> Result<(), Failure> {
    if load.protocol_version == PROTOCOL_VERSION {
        return Ok(());
    }
    Err(Failure::new(
        codes::PROTOCOL_MISMATCH,
        format!(
            "guildhall-engine {} speaks protocol {PROTOCOL_VERSION}, the node speaks {}; \
             install node and engine from the same release",
            env!("CARGO_PKG_VERSION"),
            load.protocol_version
        ),
    ))
}

/// Answers work that the loaded model (or its absence) cannot do.
pub(crate) fn refuse(work: &Work, failure: &Failure, outbox: &Outbox) -> Result<(), FrameError> {
    match work.request_id() {
        Some(request_id) => outbox.fail(request_id, failure.clone()),
        None => outbox.send(&EngineMessage::LoadFailed(failure.clone())),
    }
}

/// The refusal of work that does not suit a model of `kind`.
pub(crate) fn unsuitable(work: &Work, kind: LoadKind) -> Failure {
    if matches!(work, Work::Load) {
        return Failure::new(
            codes::ALREADY_LOADED,
            "this engine has a model already; start another engine for another model",
        );
    }
    let (is, needed) = match kind {
        LoadKind::Generative => ("writes text", "turns text into vectors"),
        LoadKind::Embedding => ("turns text into vectors", "writes text"),
    };
    Failure::new(
        codes::WRONG_KIND,
        format!("the loaded model {is}; load one that {needed} for this request"),
    )
}

/// The refusal of requests that come before a model.
pub(crate) fn no_model() -> Failure {
    Failure::new(
        codes::NO_MODEL,
        "no model is loaded; send a load message first",
    )
}

/// As many threads as asked for, at least one, and no more than the machine has cores: more
/// would wait for each other.
pub(crate) fn thread_count(asked: u32) -> u32 {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    asked.clamp(1, u32::try_from(cores).unwrap_or(1))
}

/// Whole milliseconds of a duration.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
