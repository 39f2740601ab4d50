//! Embedding models in GGUF files, through llama.cpp: encoders such as BERT, and language models
//! whose last layer is pooled.

use std::num::NonZeroU32;
use std::path::Path;

use guildhall_engine_protocol::gguf::{Header, bytes_text};
use guildhall_engine_protocol::{Failure, Load, codes};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{LlamaContextParams, LlamaPoolingType};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;

use super::{EmbedError, Embedded, Stopped};
use crate::cores::Cores;
use crate::generate::load_failed;
use crate::worker::thread_count;
use crate::{generate, logging, memory};

/// Tokens of a text that count at most; and tokens that are computed together.
const TOKENS_MAX: u32 = 2048;
/// Texts that are computed together.
const TEXTS_MAX: u32 = 32;
/// What llama.cpp takes for intermediate results.
const COMPUTE_BYTES: u64 = 256 * 1024 * 1024;
/// `llama_pooling_type` of llama.h for models that do not pool.
const POOLING_NONE: u64 = 0;

/// Checks a model file without llama.cpp.
///
/// # Errors
/// When it cannot be loaded.
pub(super) fn inspect(load: &Load) -> Result<Header, Failure> {
    let header = Header::open(Path::new(&load.model_path))?;
    generate::check_whole(&header)?;
    let needed = header.tensor_bytes().saturating_add(COMPUTE_BYTES);
    match memory::available_bytes() {
        Some(available) if needed > available => Err(Failure::new(
            codes::MODEL_TOO_LARGE,
            format!(
                "model needs {} of memory but {} is free; pick a smaller quantisation",
                bytes_text(needed),
                bytes_text(available)
            ),
        )),
        _ => Ok(header),
    }
}

/// A loaded model.
pub(super) struct GgufEncoder<'model> {
    model: &'model LlamaModel,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    tokens_max: usize,
    cores: Cores,
}

/// Loads the weights.
///
/// # Errors
/// When llama.cpp refuses them.
pub(super) fn open(load: &Load) -> Result<(LlamaBackend, LlamaModel), Failure> {
    let backend = LlamaBackend::init().map_err(load_failed)?;
    let _ = logging::take_first_error();
    let parameters = LlamaModelParams::default().with_n_gpu_layers(load.serving.gpu_layers);
    let model =
        LlamaModel::load_from_file(&backend, &load.model_path, &parameters).map_err(load_failed)?;
    Ok((backend, model))
}

impl<'model> GgufEncoder<'model> {
    /// Makes the context that the model computes in.
    ///
    /// # Errors
    /// When llama.cpp refuses it.
    pub(super) fn new(
        backend: &LlamaBackend,
        model: &'model LlamaModel,
        header: &Header,
        load: &Load,
    ) -> Result<Self, Failure> {
        let threads = i32::try_from(thread_count(load.threads)).unwrap_or(1);
        let trained = model.n_ctx_train().max(1);
        let tokens_max = TOKENS_MAX.min(trained).min(load.context_length.max(1));
        let mut parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(TOKENS_MAX))
            .with_n_batch(TOKENS_MAX)
            // Encoders look at all tokens of a text at once.
            .with_n_ubatch(TOKENS_MAX)
            .with_n_seq_max(TEXTS_MAX)
            .with_kv_unified(true)
            .with_embeddings(true)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_no_perf(true);
        let pooling = format!("{}.pooling_type", header.architecture());
        let pooling = header
            .metadata
            .get(&pooling)
            .and_then(|value| value.as_u64());
        if pooling.is_none_or(|pooling| pooling == POOLING_NONE) {
            parameters = parameters.with_pooling_type(if header.is_generative() {
                LlamaPoolingType::Last
            } else {
                LlamaPoolingType::Mean
            });
        }
        Ok(Self {
            model,
            context: model
                .new_context(backend, parameters)
                .map_err(load_failed)?,
            batch: LlamaBatch::new(TOKENS_MAX as usize, 1),
            tokens_max: tokens_max as usize,
            cores: Cores::new(thread_count(load.threads)),
        })
    }

    /// Tokens of a text that count.
    pub(super) fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Turns texts into vectors; `None` when `stopped` became true between batches.
    ///
    /// # Errors
    /// When computing fails.
    pub(super) fn embed(
        &mut self,
        texts: &[String],
        stopped: Stopped<'_>,
    ) -> Result<Option<Embedded>, EmbedError> {
        let mut embedded = Embedded {
            vectors: vec![Vec::new(); texts.len()],
            ..Embedded::default()
        };
        let mut rows: Vec<(usize, Vec<LlamaToken>)> = Vec::with_capacity(texts.len());
        for (place, text) in texts.iter().enumerate() {
            let tokens = self.tokenise(text, &mut embedded);
            rows.push((place, tokens));
        }
        rows.sort_by_key(|(_, tokens)| tokens.len());
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if stopped() {
                return Ok(None);
            }
            let (batch, later) = rest.split_at(self.batch_length(rest));
            self.cores.settle(false);
            self.compute(batch, &mut embedded.vectors)?;
            rest = later;
        }
        Ok(Some(embedded))
    }

    fn tokenise(&self, text: &str, embedded: &mut Embedded) -> Vec<LlamaToken> {
        // Control tokens in a text are text, as everywhere.
        let mut tokens = self.model.vocab().tokenize(text.as_bytes(), true, false);
        if tokens.is_empty() {
            tokens.push(self.model.vocab().bos());
        }
        if tokens.len() > self.tokens_max {
            embedded.truncated_texts += 1;
            // What ends a text for the model stays at its end.
            let last = tokens.last().copied();
            tokens.truncate(self.tokens_max);
            if let (Some(last), Some(end)) = (last, tokens.last_mut())
                && self.model.vocab().is_control(last)
            {
                *end = last;
            }
        }
        embedded.input_tokens += u32::try_from(tokens.len()).unwrap_or(0);
        tokens
    }

    fn batch_length(&self, rows: &[(usize, Vec<LlamaToken>)]) -> usize {
        let mut tokens = 0;
        let fits = rows.iter().take(TEXTS_MAX as usize).take_while(|(_, row)| {
            tokens += row.len();
            tokens <= TOKENS_MAX as usize
        });
        fits.count().max(1)
    }

    fn compute(
        &mut self,
        rows: &[(usize, Vec<LlamaToken>)],
        vectors: &mut [Vec<f32>],
    ) -> Result<(), EmbedError> {
        self.context.clear_kv_cache();
        self.batch.clear();
        for (sequence, (_, tokens)) in (0_i32..).zip(rows) {
            for (position, token) in (0_i32..).zip(tokens) {
                self.batch.add(*token, position, &[sequence], true)?;
            }
        }
        let _ = logging::take_first_error();
        self.context
            .decode(&mut self.batch)
            .map_err(|error| logging::take_first_error().unwrap_or_else(|| error.to_string()))?;
        for (sequence, (place, _)) in (0_i32..).zip(rows) {
            let vector = self.context.embeddings_seq_ith(sequence)?;
            let norm = vector
                .iter()
                .map(|number| number * number)
                .sum::<f32>()
                .sqrt();
            let norm = if norm.is_normal() { norm } else { 1.0 };
            if let Some(slot) = vectors.get_mut(*place) {
                *slot = vector.iter().map(|number| number / norm).collect();
            }
        }
        Ok(())
    }
}
