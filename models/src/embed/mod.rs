//! Embedding models, through candle: all-MiniLM-L6-v2, which is part of this binary.

mod bert;
mod minilm;

use std::time::Instant;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{
    BUILTIN_MINILM, Done, EMBED_TEXTS_MAX, Embed, Embeddings, EngineMessage, Failure, FinishReason,
    Load, LoadKind, Loaded, codes,
};

use crate::outbox::Outbox;
use crate::queue::{JobQueue, StopFlag, Work};
use crate::worker::{self, ServeError, milliseconds, thread_count};
use minilm::{MiniLm, TOKENS_MAX};

/// Weights as 32-bit floats, and the mapped file they came from.
const MEMORY_BYTES: u64 = 110_000_000;

/// Loads the embedding model and answers requests with it until the queue is closed.
///
/// # Errors
/// When the model cannot be loaded or the node is gone.
pub(crate) fn serve(load: &Load, queue: &JobQueue, outbox: &Outbox) -> Result<(), ServeError> {
    let started = Instant::now();
    if load.model_path != BUILTIN_MINILM {
        return Err(ServeError::Load(Failure::new(
            codes::MODEL_UNSUPPORTED,
            format!("only {BUILTIN_MINILM} makes embeddings; choose it"),
        )));
    }
    let model = open(load)?;
    let loaded = describe(&model, load, started);
    tracing::info!(
        threads = loaded.threads,
        load_ms = loaded.load_ms,
        "embedding model loaded"
    );
    outbox.send(&EngineMessage::Loaded(loaded))?;
    while let Some(job) = queue.next() {
        match job.work {
            Work::Embed(request) => answer(&model, &request, &job.stop, outbox)?,
            other => {
                let failure = worker::unsuitable(&other, LoadKind::Embedding);
                worker::refuse(&other, &failure, outbox)?;
            }
        }
    }
    Ok(())
}

fn open(load: &Load) -> Result<MiniLm, Failure> {
    let threads = thread_count(load.threads);
    // Fails only when a pool is there already, from an earlier attempt to load.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads as usize)
        .build_global();
    MiniLm::load().map_err(|error| {
        Failure::new(
            codes::MODEL_LOAD_FAILED,
            format!("the embedding model cannot be loaded ({error}); install the engine again"),
        )
    })
}

fn describe(model: &MiniLm, load: &Load, started: Instant) -> Loaded {
    Loaded {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: "bert".to_owned(),
        name: Some("all-MiniLM-L6-v2".to_owned()),
        parameters: model.parameters(),
        context_length: u32::try_from(TOKENS_MAX).unwrap_or(u32::MAX),
        context_length_trained: 512,
        embedding_length: u32::try_from(model.width()).unwrap_or(u32::MAX),
        quantisation: "F16".to_owned(),
        memory_bytes: MEMORY_BYTES,
        threads: thread_count(load.threads),
        sequences: 1,
        cache_tokens: 0,
        has_tool_template: false,
        load_ms: milliseconds(started.elapsed()),
        notes: Vec::new(),
    }
}

fn answer(
    model: &MiniLm,
    request: &Embed,
    stop: &StopFlag,
    outbox: &Outbox,
) -> Result<(), FrameError> {
    let request_id = request.request_id;
    if request.texts.len() > EMBED_TEXTS_MAX {
        let message = format!(
            "{} texts in one request; send at most {EMBED_TEXTS_MAX} at once",
            request.texts.len()
        );
        return outbox.fail(request_id, Failure::new(codes::INVALID_REQUEST, message));
    }
    let started = Instant::now();
    match model.embed(&request.texts, || stop.is_raised()) {
        Ok(Some(embedded)) => outbox.send(&EngineMessage::Embeddings(Embeddings {
            request_id,
            vectors: embedded.vectors,
            truncated_texts: embedded.truncated_texts,
            compute_ms: milliseconds(started.elapsed()),
            input_tokens: 0,
        })),
        Ok(None) => outbox.send(&EngineMessage::Done(Done {
            request_id,
            finish_reason: FinishReason::Cancelled,
            input_tokens: 0,
            output_tokens: 0,
            prefill_ms: milliseconds(started.elapsed()),
            decode_ms: 0,
            cached_tokens: 0,
            wait_ms: 0,
            drafted_tokens: 0,
            accepted_tokens: 0,
        })),
        Err(error) => {
            let message = format!("embedding failed ({error}); try again or load the model anew");
            outbox.fail(request_id, Failure::new(codes::INFERENCE_FAILED, message))
        }
    }
}
