//! Opens a GGUF file: our own checks first, because their refusals are sentences, then llama.cpp.

use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use guildhall_engine_protocol::gguf::{Header, Value, bytes_text};
use guildhall_engine_protocol::{CacheType, Failure, Load, Loaded, SEQUENCES_MAX, codes};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{KvCacheType, LlamaContextParams};
use llama_cpp_2::llama_backend::{LlamaBackend, NumaStrategy};
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};

use super::plan::STEP_TOKENS_MAX;
use crate::logging;
use crate::memory;
use crate::worker::{milliseconds, thread_count};

/// How many tokens llama.cpp computes at once; bounds its intermediate results.
const COMPUTE_TOKENS_MAX: u32 = 256;
/// Below this no conversation fits.
const CONTEXT_LENGTH_MIN: u32 = 64;
/// What llama.cpp takes for intermediate results, next to weights and cache.
const COMPUTE_BYTES: u64 = 64 * 1024 * 1024;
/// Sequences beyond those computed together, which keep what was computed for later prompts.
const KEPT_SEQUENCES: u32 = 16;
/// Numbers in a block of an 8-bit cache.
const BLOCK_LENGTH: u64 = 32;
const ADAPTERS_MAX: usize = 64;

/// A model file that passed our own checks.
pub(crate) struct Inspected {
    loaded: Loaded,
    cache_type: CacheType,
    /// Whether threads run on several memory nodes.
    spreads: bool,
}

/// Checks a model file without llama.cpp.
///
/// # Errors
/// When it cannot be loaded.
pub(crate) fn inspect(load: &Load) -> Result<Inspected, Failure> {
    let started = Instant::now();
    let header = Header::open(Path::new(&load.model_path))?;
    check_kind(&header)?;
    check_serving(load)?;
    let context_length = context_length(&header, load)?;
    let cache_tokens = load.serving.cache_tokens.max(context_length);
    let suits = suits_blocks(&header);
    let mut notes = Vec::new();
    let cache_type = match load.serving.cache_type {
        CacheType::Q8 if !suits => {
            notes.push(
                "this model's heads do not suit an 8-bit cache; a 16-bit one is used".to_owned(),
            );
            CacheType::F16
        }
        wanted => wanted,
    };
    let cache = Cache {
        tokens: cache_tokens,
        cache_type,
    };
    let memory_bytes = check_memory(&header, &cache, memory::available_bytes())?;
    let threads = thread_count(load.threads);
    let loaded = Loaded {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: header.architecture().to_owned(),
        name: header.name().map(str::to_owned),
        parameters: header.parameters(),
        context_length,
        context_length_trained: u32::try_from(header.context_length().unwrap_or(0)).unwrap_or(0),
        embedding_length: u32::try_from(header.embedding_length().unwrap_or(0)).unwrap_or(0),
        quantisation: header.quantisation(),
        memory_bytes,
        threads,
        sequences: load.serving.sequences,
        cache_tokens,
        has_tool_template: false,
        load_ms: milliseconds(started.elapsed()),
        notes,
    };
    Ok(Inspected {
        loaded,
        cache_type,
        spreads: memory::node_count() > 1 && threads > 1,
    })
}

/// A loaded model, the adapters that suit it by name, and what to say about it. `Loaded`
/// is complete but for the context's share of `load_ms` and what its template knows.
pub(super) struct Opened {
    pub(super) backend: LlamaBackend,
    pub(super) model: LlamaModel,
    pub(super) adapters: Vec<(String, LlamaLoraAdapter)>,
    pub(super) loaded: Loaded,
    pub(super) cache_type: CacheType,
}

/// Loads the model file and its adapters.
pub(super) fn open(load: &Load, inspected: Inspected) -> Result<Opened, Failure> {
    let started = Instant::now();
    let Inspected {
        mut loaded,
        cache_type,
        spreads,
    } = inspected;
    let backend = if spreads {
        LlamaBackend::init_numa(NumaStrategy::DISTRIBUTE)
    } else {
        LlamaBackend::init()
    };
    let backend = backend.map_err(load_failed)?;
    let _ = logging::take_first_error();
    let parameters = LlamaModelParams::default().with_n_gpu_layers(load.serving.gpu_layers);
    let mut model =
        LlamaModel::load_from_file(&backend, &load.model_path, &parameters).map_err(load_failed)?;
    if load.serving.gpu_layers > 0 && !backend.supports_gpu_offload() {
        loaded.notes.push(
            "this engine is built without a GPU back-end; everything is computed on the processor"
                .to_owned(),
        );
    }
    let mut adapters = Vec::new();
    for adapter in &load.adapters {
        match model.lora_adapter_init(&adapter.path) {
            Ok(ready) => adapters.push((adapter.name.clone(), ready)),
            // The model itself is sound, and others wait for it: whoever names the adapter is refused.
            Err(error) => {
                let reason = logging::take_first_error().unwrap_or_else(|| error.to_string());
                loaded.notes.push(format!(
                    "adapter {} does not suit this model ({reason}), so it cannot be named; choose another",
                    adapter.name
                ));
            }
        }
    }
    loaded.context_length_trained = model.n_ctx_train();
    loaded.load_ms += milliseconds(started.elapsed());
    Ok(Opened {
        backend,
        model,
        adapters,
        loaded,
        cache_type,
    })
}

/// How many sequences a model's context has. A recurrent model pays for each with memory.
pub(super) fn sequence_count(model: &LlamaModel, loaded: &Loaded) -> u32 {
    if can_cut(model) {
        loaded.sequences + KEPT_SEQUENCES
    } else {
        loaded.sequences + 1
    }
}

/// Whether the model can forget the end of a sequence.
pub(super) fn can_cut(model: &LlamaModel) -> bool {
    !model.is_recurrent() && !model.is_hybrid()
}

/// Makes the context that the model computes in.
pub(super) fn context<'model>(
    opened: &Opened,
    model: &'model LlamaModel,
) -> Result<LlamaContext<'model>, Failure> {
    let loaded = &opened.loaded;
    let threads = i32::try_from(loaded.threads).unwrap_or(1);
    let cache_type = match opened.cache_type {
        CacheType::F16 => KvCacheType::F16,
        CacheType::Q8 => KvCacheType::Q8_0,
    };
    // Both thread counts: the default of the other one may exceed the cores, and then ggml's
    // barriers wait for each other for seconds.
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(loaded.cache_tokens))
        .with_n_batch(STEP_TOKENS_MAX as u32)
        .with_n_ubatch(COMPUTE_TOKENS_MAX)
        .with_n_seq_max(sequence_count(model, loaded))
        .with_kv_unified(true)
        .with_swa_full(true)
        .with_type_k(cache_type)
        .with_type_v(cache_type)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    model
        .new_context(&opened.backend, parameters)
        .map_err(load_failed)
}

/// llama.cpp's refusal, with the reason it logged.
pub(crate) fn load_failed(error: impl fmt::Display) -> Failure {
    let reason = logging::take_first_error().unwrap_or_else(|| error.to_string());
    Failure::new(
        codes::MODEL_LOAD_FAILED,
        format!("llama.cpp cannot load this model ({reason}); choose another file"),
    )
}

fn check_kind(header: &Header) -> Result<(), Failure> {
    let unsupported = |message: String| Err(Failure::new(codes::MODEL_UNSUPPORTED, message));
    check_whole(header)?;
    if !header.is_generative() {
        return unsupported(format!(
            "a model of architecture {} does not write text; choose a chat model",
            header.architecture()
        ));
    }
    Ok(())
}

/// Refuses parts of models and files that hold none.
pub(crate) fn check_whole(header: &Header) -> Result<(), Failure> {
    let problem = if header.split_count() > 1 {
        format!(
            "this file is one of {} parts; join them with `llama-gguf-split --merge` first",
            header.split_count()
        )
    } else if header.architecture().is_empty() || header.tensors.is_empty() {
        "this file holds no model; choose a model's .gguf file".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::new(codes::MODEL_UNSUPPORTED, problem))
}

fn check_serving(load: &Load) -> Result<(), Failure> {
    let problem = if !(1..=SEQUENCES_MAX).contains(&load.serving.sequences) {
        format!("sequences is not between 1 and {SEQUENCES_MAX}")
    } else if load.adapters.len() > ADAPTERS_MAX {
        format!("adapters are more than {ADAPTERS_MAX}; load fewer")
    } else {
        return check_adapters(load);
    };
    Err(Failure::new(codes::INVALID_REQUEST, problem))
}

fn check_adapters(load: &Load) -> Result<(), Failure> {
    for adapter in &load.adapters {
        Header::open(Path::new(&adapter.path)).map_err(|error| {
            Failure::new(error.code(), format!("adapter {:?}: {error}", adapter.name))
        })?;
    }
    Ok(())
}

/// Whether the numbers of a head fill whole blocks of an 8-bit cache.
fn suits_blocks(header: &Header) -> bool {
    let number = |name: &str| {
        let key = format!("{}.{name}", header.architecture());
        header.metadata.get(&key).and_then(Value::as_u64)
    };
    let heads = number("attention.head_count").unwrap_or(1).max(1);
    let head_length = header.embedding_length().unwrap_or(0) / heads;
    let length = |name: &str| number(name).unwrap_or(head_length);
    length("attention.key_length").is_multiple_of(BLOCK_LENGTH)
        && length("attention.value_length").is_multiple_of(BLOCK_LENGTH)
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

struct Cache {
    tokens: u32,
    cache_type: CacheType,
}

impl Cache {
    fn bytes(&self, header: &Header) -> u64 {
        let halves = header.kv_cache_bytes(u64::from(self.tokens));
        match self.cache_type {
            CacheType::F16 => halves,
            // 32 numbers take 34 bytes instead of 64.
            CacheType::Q8 => halves / 32 * 17,
        }
    }
}

/// Returns the estimate of what the model needs, in bytes.
fn check_memory(header: &Header, cache: &Cache, available: Option<u64>) -> Result<u64, Failure> {
    let weights = header.tensor_bytes();
    let cache_bytes = cache.bytes(header);
    let needed = weights
        .saturating_add(cache_bytes)
        .saturating_add(COMPUTE_BYTES);
    match available {
        Some(available) if needed > available => Err(Failure::new(
            codes::MODEL_TOO_LARGE,
            format!(
                "model needs {} of memory ({} of weights, {} for {} tokens of context) but {} is \
                 free; pick a smaller quantisation or a shorter context",
                bytes_text(needed),
                bytes_text(weights),
                bytes_text(cache_bytes),
                cache.tokens,
                bytes_text(available)
            ),
        )),
        _ => Ok(needed),
    }
}
