//! Generative models, through llama.cpp.
//!
//! One context, one sequence: requests are answered one after the other, and what the last one
//! left in the key-value cache is used again as far as the next prompt begins the same way.

mod answer;
mod control;
mod load;
mod prompt;
mod request;
mod sequence;
mod trim;

use guildhall_engine_protocol::{EngineMessage, Load, LoadKind};
use llama_cpp_2::llama_backend::LlamaBackend;

use crate::outbox::Outbox;
use crate::queue::{JobQueue, Work};
use crate::worker::{self, ServeError};
use load::load_failed;
use prompt::PromptFormat;
use request::Answerer;
use sequence::Sequence;

/// Loads a generative model and answers requests with it until the queue is closed.
///
/// # Errors
/// When the model cannot be loaded or the node is gone.
pub(crate) fn serve(load: &Load, queue: &JobQueue, outbox: &Outbox) -> Result<(), ServeError> {
    let backend = LlamaBackend::init().map_err(load_failed)?;
    let (model, mut loaded) = load::open(&backend, load)?;
    let format = PromptFormat::of(&model)?;
    loaded.notes.extend(format.note());
    let started = std::time::Instant::now();
    let context = load::context(&backend, &model, &loaded)?;
    let sequence = Sequence::new(context);
    loaded.load_ms += worker::milliseconds(started.elapsed());
    tracing::info!(
        architecture = loaded.architecture,
        parameters = loaded.parameters,
        context_length = loaded.context_length,
        threads = loaded.threads,
        load_ms = loaded.load_ms,
        "model loaded"
    );
    let mut answerer = Answerer::new(&model, format, sequence, loaded.context_length);
    outbox.send(&EngineMessage::Loaded(loaded))?;
    while let Some(job) = queue.next() {
        match job.work {
            Work::Generate(request) => answerer.answer(&request, &job.stop, outbox)?,
            other => {
                let failure = worker::unsuitable(&other, LoadKind::Generative);
                worker::refuse(&other, &failure, outbox)?;
            }
        }
    }
    Ok(())
}
