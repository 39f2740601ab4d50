//! Embedding models: the encoders of the BERT family through candle ([`encoder`]), GGUF files
//! through llama.cpp ([`gguf`]).

mod bert;
mod encoder;
mod gguf;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use guildhall_engine_protocol::gguf::Header;
use guildhall_engine_protocol::{
    BUILTIN_MINILM, Done, EMBED_TEXTS_MAX, Embed, Embeddings, EngineMessage, Failure, Load,
    LoadKind, Loaded, codes,
};

use crate::outbox::Outbox;
use crate::queue::{JobQueue, Next, StopFlag, Work};
use crate::sandbox;
use crate::serve::cancelled_early;
use crate::worker::{self, ServeError, milliseconds, thread_count};
use encoder::Encoder;
use gguf::GgufEncoder;

/// MiniLM's weights as 32-bit floats, and the mapped file they came from.
const MINILM_BYTES: u64 = 110_000_000;

/// A failure of candle, of llama.cpp or of a tokeniser.
type EmbedError = Box<dyn Error + Send + Sync>;

/// Asked between batches: whether to stop.
type Stopped<'a> = &'a mut dyn FnMut() -> bool;

/// Vectors of texts, in the texts' order.
#[derive(Debug, Default)]
struct Embedded {
    /// All of the same length, with norm 1.
    vectors: Vec<Vec<f32>>,
    /// Texts of which only the beginning counts.
    truncated_texts: u32,
    /// Tokens of all texts together.
    input_tokens: u32,
}

/// An embedding model that passed our own checks.
pub(crate) enum Inspected {
    /// all-MiniLM-L6-v2, part of this program.
    MiniLm,
    /// A directory with a model of the BERT family.
    Directory(PathBuf),
    /// A GGUF file.
    Gguf(PathBuf, Box<Header>),
}

impl Inspected {
    /// What the engine needs to open.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::MiniLm => None,
            Self::Directory(path) | Self::Gguf(path, _) => Some(path.clone()),
        }
    }
}

/// Checks an embedding model as far as that is possible without interpreting it.
///
/// # Errors
/// When it cannot be loaded.
pub(crate) fn inspect(load: &Load) -> Result<Inspected, Failure> {
    if load.model_path == BUILTIN_MINILM {
        return Ok(Inspected::MiniLm);
    }
    let path = Path::new(&load.model_path);
    if !path.is_dir() {
        let header = gguf::inspect(load)?;
        return Ok(Inspected::Gguf(path.to_owned(), Box::new(header)));
    }
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        if !path.join(name).is_file() {
            return Err(Failure::new(
                codes::MODEL_UNSUPPORTED,
                format!(
                    "{} holds no {name}; choose a model's directory",
                    path.display()
                ),
            ));
        }
    }
    Ok(Inspected::Directory(path.to_owned()))
}

/// Loads the embedding model and answers requests with it until the queue is closed.
///
/// # Errors
/// When the model cannot be loaded or the node is gone.
pub(crate) fn serve(
    load: &Load,
    inspected: Inspected,
    notes: Vec<String>,
    queue: &JobQueue,
    outbox: &Outbox,
) -> Result<(), ServeError> {
    let started = Instant::now();
    // Fails only when a pool is there already, and then it has threads.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(thread_count(load.threads) as usize)
        .build_global();
    let blank = blank(load, notes);
    match inspected {
        Inspected::MiniLm => {
            let encoder = Encoder::minilm().map_err(|error| load_failed(&error))?;
            let loaded = Loaded {
                name: Some("all-MiniLM-L6-v2".to_owned()),
                context_length_trained: 512,
                quantisation: "F16".to_owned(),
                memory_bytes: MINILM_BYTES,
                ..describe(&encoder, blank)
            };
            let embed = |texts: &[String], stopped: Stopped<'_>| encoder.embed(texts, stopped);
            answer_all(loaded, started, embed, queue, outbox)
        }
        Inspected::Directory(path) => {
            let encoder = Encoder::open(&path).map_err(|error| load_failed(&error))?;
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let loaded = Loaded {
                name,
                memory_bytes: encoder.parameters() * 4,
                ..describe(&encoder, blank)
            };
            let embed = |texts: &[String], stopped: Stopped<'_>| encoder.embed(texts, stopped);
            answer_all(loaded, started, embed, queue, outbox)
        }
        Inspected::Gguf(_, header) => {
            let (backend, model) = gguf::open(load)?;
            let mut encoder = GgufEncoder::new(&backend, &model, &header, load)?;
            let loaded = Loaded {
                architecture: header.architecture().to_owned(),
                name: header.name().map(str::to_owned),
                parameters: header.parameters(),
                context_length: count(encoder.tokens_max()),
                context_length_trained: model.n_ctx_train(),
                embedding_length: model.n_embd_out().unsigned_abs(),
                quantisation: header.quantisation(),
                memory_bytes: header.tensor_bytes(),
                ..blank
            };
            let embed = |texts: &[String], stopped: Stopped<'_>| encoder.embed(texts, stopped);
            answer_all(loaded, started, embed, queue, outbox)
        }
    }
}

fn load_failed(error: &EmbedError) -> Failure {
    Failure::new(
        codes::MODEL_LOAD_FAILED,
        format!("the embedding model cannot be loaded ({error}); choose another"),
    )
}

fn blank(load: &Load, notes: Vec<String>) -> Loaded {
    Loaded {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: "bert".to_owned(),
        name: None,
        parameters: 0,
        context_length: 0,
        context_length_trained: 0,
        embedding_length: 0,
        quantisation: "F32".to_owned(),
        memory_bytes: 0,
        threads: thread_count(load.threads),
        sequences: 1,
        cache_tokens: 0,
        has_tool_template: false,
        load_ms: 0,
        notes,
    }
}

fn describe(encoder: &Encoder, blank: Loaded) -> Loaded {
    Loaded {
        parameters: encoder.parameters(),
        context_length: count(encoder.tokens_max()),
        context_length_trained: count(encoder.tokens_max()),
        embedding_length: count(encoder.width()),
        ..blank
    }
}

/// Says that the model is loaded and answers requests until the queue is closed.
fn answer_all(
    mut loaded: Loaded,
    started: Instant,
    mut embed: impl FnMut(&[String], Stopped<'_>) -> Result<Option<Embedded>, EmbedError>,
    queue: &JobQueue,
    outbox: &Outbox,
) -> Result<(), ServeError> {
    loaded.notes.extend(sandbox::tighten());
    loaded.load_ms = milliseconds(started.elapsed());
    tracing::info!(
        architecture = loaded.architecture,
        threads = loaded.threads,
        load_ms = loaded.load_ms,
        "embedding model loaded"
    );
    outbox.send(&EngineMessage::Loaded(loaded))?;
    while let Some(next) = queue.next() {
        let job = match next {
            Next::Pings(ids) => {
                worker::answer_pings(ids, outbox)?;
                continue;
            }
            Next::Job(job) => job,
        };
        match job.work {
            Work::Embed(request) => {
                let answered = answer(&request, |texts| {
                    embed(texts, &mut || between_batches(&job.stop, queue, outbox))
                });
                queue.end(request.request_id);
                outbox.send(&answered)?;
            }
            other => {
                let failure = worker::unsuitable(&other, LoadKind::Embedding);
                if let Some(request_id) = other.request_id() {
                    queue.end(request_id);
                }
                worker::refuse(&other, &failure, outbox)?;
            }
        }
    }
    Ok(())
}

/// Answers pings, and says whether the request should stop.
fn between_batches(stop: &StopFlag, queue: &JobQueue, outbox: &Outbox) -> bool {
    let pings = queue.take_pings().unwrap_or_default();
    stop.is_raised() || worker::answer_pings(pings, outbox).is_err()
}

fn answer(
    request: &Embed,
    embed: impl FnOnce(&[String]) -> Result<Option<Embedded>, EmbedError>,
) -> EngineMessage {
    let request_id = request.request_id;
    let failed = |code: &str, message: String| EngineMessage::RequestFailed {
        request_id,
        failure: Failure::new(code, message),
    };
    if request.texts.len() > EMBED_TEXTS_MAX {
        let message = format!(
            "{} texts in one request; send at most {EMBED_TEXTS_MAX} at once",
            request.texts.len()
        );
        return failed(codes::INVALID_REQUEST, message);
    }
    let started = Instant::now();
    match embed(&request.texts) {
        Ok(Some(embedded)) => EngineMessage::Embeddings(Embeddings {
            request_id,
            vectors: embedded.vectors,
            truncated_texts: embedded.truncated_texts,
            compute_ms: milliseconds(started.elapsed()),
            input_tokens: embedded.input_tokens,
        }),
        Ok(None) => EngineMessage::Done(Done {
            prefill_ms: milliseconds(started.elapsed()),
            ..cancelled_early(request_id)
        }),
        Err(error) => failed(
            codes::INFERENCE_FAILED,
            format!("embedding failed ({error}); try again or load the model anew"),
        ),
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
