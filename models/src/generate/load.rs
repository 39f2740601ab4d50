//! Opens a GGUF file: our own checks first, because their refusals are sentences, then llama.cpp.

use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use guildhall_engine_protocol::gguf::{Header, bytes_text};
use guildhall_engine_protocol::{Failure, Load, Loaded, codes};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use super::sequence::{BATCH_TOKENS_MAX, COMPUTE_TOKENS_MAX};
use crate::logging;
use crate::memory;
use crate::worker::{milliseconds, thread_count};

/// Below this no conversation fits.
const CONTEXT_LENGTH_MIN: u32 = 64;
/// What llama.cpp takes for intermediate results, next to weights and cache.
const COMPUTE_BYTES: u64 = 64 * 1024 * 1024;

/// Checks and loads the model file. `Loaded` is complete but for the context's share of
/// `load_ms` and notes on the chat template.
pub(super) fn open(backend: &LlamaBackend, load: &Load) -> Result<(LlamaModel, Loaded), Failure> {
    let started = Instant::now();
    let path = Path::new(&load.model_path);
    let header = Header::open(path)?;
    check_kind(&header)?;
    let context_length = context_length(&header, load)?;
    let memory_bytes = check_memory(&header, context_length, memory::available_bytes())?;
    let _ = logging::take_first_error();
    let parameters = LlamaModelParams::default().with_n_gpu_layers(0);
    let model = LlamaModel::load_from_file(backend, path, &parameters).map_err(load_failed)?;
    let loaded = Loaded {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: header.architecture().to_owned(),
        name: header.name().map(str::to_owned),
        parameters: header.parameters(),
        context_length,
        context_length_trained: model.n_ctx_train(),
        embedding_length: u32::try_from(header.embedding_length().unwrap_or(0)).unwrap_or(0),
        quantisation: header.quantisation(),
        memory_bytes,
        threads: thread_count(load.threads),
        sequences: 1,
        cache_tokens: context_length,
        has_tool_template: false,
        load_ms: milliseconds(started.elapsed()),
        notes: Vec::new(),
    };
    Ok((model, loaded))
}

/// Makes the context that the model computes in.
pub(super) fn context<'model>(
    backend: &LlamaBackend,
    model: &'model LlamaModel,
    loaded: &Loaded,
) -> Result<LlamaContext<'model>, Failure> {
    let threads = i32::try_from(loaded.threads).unwrap_or(1);
    // Both thread counts: the default of the other one may exceed the cores, and then ggml's
    // barriers spin against each other for seconds.
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(loaded.context_length))
        .with_n_batch(BATCH_TOKENS_MAX)
        .with_n_ubatch(COMPUTE_TOKENS_MAX)
        .with_n_seq_max(1)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    model.new_context(backend, parameters).map_err(load_failed)
}

/// llama.cpp's refusal, with the reason it logged.
pub(super) fn load_failed(error: impl fmt::Display) -> Failure {
    let reason = logging::take_first_error().unwrap_or_else(|| error.to_string());
    Failure::new(
        codes::MODEL_LOAD_FAILED,
        format!("llama.cpp cannot load this model ({reason}); choose another file"),
    )
}

fn check_kind(header: &Header) -> Result<(), Failure> {
    let unsupported = |message: String| Err(Failure::new(codes::MODEL_UNSUPPORTED, message));
    if header.split_count() > 1 {
        return unsupported(format!(
            "this file is one of {} parts; join them with `llama-gguf-split --merge` first",
            header.split_count()
        ));
    }
    if header.architecture().is_empty() || header.tensors.is_empty() {
        return unsupported("this file holds no model; choose a model's .gguf file".to_owned());
    }
    if !header.is_generative() {
        return unsupported(format!(
            "a model of architecture {} does not write text; choose a chat model",
            header.architecture()
        ));
    }
    Ok(())
}

fn context_length(header: &Header, load: &Load) -> Result<u32, Failure> {
    let trained = header
        .context_length()
        .unwrap_or(u64::from(load.context_length));
    let length = u32::try_from(trained)
        .unwrap_or(u32::MAX)
        .min(load.context_length);
    if length < CONTEXT_LENGTH_MIN {
        return Err(Failure::new(
            codes::INVALID_REQUEST,
            format!(
                "a context of {length} tokens holds no conversation; \
                 allow at least {CONTEXT_LENGTH_MIN}"
            ),
        ));
    }
    Ok(length)
}

/// Returns the estimate of what the model needs, in bytes.
fn check_memory(
    header: &Header,
    context_length: u32,
    available: Option<u64>,
) -> Result<u64, Failure> {
    let weights = header.tensor_bytes();
    let cache = header.kv_cache_bytes(u64::from(context_length));
    let needed = weights.saturating_add(cache).saturating_add(COMPUTE_BYTES);
    match available {
        Some(available) if needed > available => Err(Failure::new(
            codes::MODEL_TOO_LARGE,
            format!(
                "model needs {} of memory ({} of weights, {} for {context_length} tokens of \
                 context) but {} is free; pick a smaller quantisation or a shorter context",
                bytes_text(needed),
                bytes_text(weights),
                bytes_text(cache),
                bytes_text(available)
            ),
        )),
        _ => Ok(needed),
    }
}
