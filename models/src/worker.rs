//! The inference thread: loads one model and answers requests with it, one after the other.

use std::thread;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{EngineMessage, Failure, Load, LoadKind, PROTOCOL_VERSION, codes};

use crate::outbox::Outbox;
use crate::queue::{JobQueue, Work};
use crate::{embed, generate};

/// Why a model stopped serving, or never began.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// The model could not be loaded; another may be tried.
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

/// Works until the queue is closed or the node is gone.
pub(crate) fn run(queue: &JobQueue, outbox: &Outbox) {
    if let Err(error) = work(queue, outbox) {
        tracing::warn!("{error}");
    }
}

fn work(queue: &JobQueue, outbox: &Outbox) -> Result<(), FrameError> {
    while let Some(job) = queue.next() {
        match job.work {
            Work::Load(load) => match load_and_serve(&load, queue, outbox) {
                Ok(()) => {}
                Err(ServeError::Load(failure)) => {
                    tracing::warn!(code = failure.code, "model not loaded: {}", failure.message);
                    outbox.send(&EngineMessage::LoadFailed(failure))?;
                }
                Err(ServeError::Connection(error)) => return Err(error),
            },
            other => refuse(&other, &no_model(), outbox)?,
        }
    }
    Ok(())
}

fn load_and_serve(load: &Load, queue: &JobQueue, outbox: &Outbox) -> Result<(), ServeError> {
    check(load)?;
    match load.kind {
        LoadKind::Generative => generate::serve(load, queue, outbox),
        LoadKind::Embedding => embed::serve(load, queue, outbox),
    }
}

fn check(load: &Load) -> Result<(), Failure> {
    if load.protocol_version != PROTOCOL_VERSION {
        return Err(Failure::new(
            codes::PROTOCOL_MISMATCH,
            format!(
                "guildhall-engine {} speaks protocol {PROTOCOL_VERSION}, the node speaks {}; \
                 install node and engine from the same release",
                env!("CARGO_PKG_VERSION"),
                load.protocol_version
            ),
        ));
    }
    Ok(())
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
    if matches!(work, Work::Load(_)) {
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

fn no_model() -> Failure {
    Failure::new(
        codes::NO_MODEL,
        "no model is loaded; send a load message first",
    )
}

/// As many threads as asked for, at least one, and no more than the machine has cores: more
/// would spin against each other.
pub(crate) fn thread_count(asked: u32) -> u32 {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    asked.clamp(1, u32::try_from(cores).unwrap_or(1))
}

/// Whole milliseconds of a duration.
pub(crate) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
