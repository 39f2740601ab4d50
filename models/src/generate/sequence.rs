//! The one sequence of tokens that a context holds, and what of it can be used again.

use std::time::{Duration, Instant};

use guildhall_engine_protocol::{Failure, codes};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use crate::logging;
use crate::queue::StopFlag;

/// Most prompt tokens that are computed in one step.
pub(super) const BATCH_TOKENS_MAX: u32 = 512;
/// How many of them llama.cpp computes at once; bounds its intermediate results.
pub(super) const COMPUTE_TOKENS_MAX: u32 = 256;
/// Prompt tokens of the first step, before the machine's speed is known.
const STEP_TOKENS_FIRST: usize = 32;
/// How long one step over prompt tokens should take, so that cancelling is quick.
const STEP_TARGET: Duration = Duration::from_millis(250);
const SEQUENCE: i32 = 0;

/// Whether a computation went to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Finished,
    Stopped,
}

/// A context with the tokens that its cache holds.
pub(super) struct Sequence<'model> {
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    cached: Vec<LlamaToken>,
}

impl<'model> Sequence<'model> {
    pub(super) fn new(context: LlamaContext<'model>) -> Self {
        Self {
            context,
            batch: LlamaBatch::new(BATCH_TOKENS_MAX as usize, 1),
            cached: Vec::new(),
        }
    }

    /// Number of tokens in the cache.
    pub(super) fn len(&self) -> usize {
        self.cached.len()
    }

    /// Keeps of the cache what `prompt` begins with, all but its last token at most (its logits
    /// are needed), and returns how many tokens that is.
    pub(super) fn keep_prefix_of(&mut self, prompt: &[LlamaToken]) -> usize {
        let pairs = self.cached.iter().zip(prompt);
        let common = pairs
            .take_while(|(cached, wanted)| cached == wanted)
            .count();
        let common = common.min(prompt.len().saturating_sub(1));
        let removed = u32::try_from(common).is_ok_and(|start| {
            // Recurrent models cannot forget a part.
            matches!(
                self.context.clear_kv_cache_seq(Some(0), Some(start), None),
                Ok(true)
            )
        });
        if common == 0 || !removed {
            self.clear();
            return 0;
        }
        self.cached.truncate(common);
        common
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.context.clear_kv_cache();
        self.cached.clear();
    }

    /// Computes what of `prompt` is not in the cache, in steps. `same_steps` fixes the steps'
    /// lengths, so that rounding, and with it a seeded answer, is the same every time.
    ///
    /// # Errors
    /// When llama.cpp fails; the cache is empty then.
    pub(super) fn prefill(
        &mut self,
        prompt: &[LlamaToken],
        same_steps: bool,
        stop: &StopFlag,
    ) -> Result<Progress, Failure> {
        let mut step_tokens = STEP_TOKENS_FIRST;
        while let Some(rest) = prompt
            .get(self.cached.len()..)
            .filter(|rest| !rest.is_empty())
        {
            if stop.is_raised() {
                return Ok(Progress::Stopped);
            }
            let started = Instant::now();
            let step = rest.get(..step_tokens).unwrap_or(rest);
            self.compute(step, step.len() == rest.len())?;
            if !same_steps {
                step_tokens = next_step_tokens(step.len(), started.elapsed());
            }
        }
        Ok(Progress::Finished)
    }

    /// Computes one more token.
    ///
    /// # Errors
    /// As [`Sequence::prefill`].
    pub(super) fn append(&mut self, token: LlamaToken) -> Result<(), Failure> {
        self.compute(&[token], true)
    }

    /// Picks the token that follows.
    pub(super) fn sample(&self, sampler: &mut LlamaSampler) -> LlamaToken {
        sampler.sample(&self.context, -1)
    }

    fn compute(&mut self, tokens: &[LlamaToken], wants_logits: bool) -> Result<(), Failure> {
        self.batch.clear();
        let last = tokens.len().saturating_sub(1);
        for (index, token) in tokens.iter().enumerate() {
            let position = i32::try_from(self.cached.len() + index).unwrap_or(i32::MAX);
            let added =
                self.batch
                    .add(*token, position, &[SEQUENCE], wants_logits && index == last);
            added.map_err(inference_failed)?;
        }
        let _ = logging::take_first_error();
        if let Err(error) = self.context.decode(&mut self.batch) {
            self.clear();
            return Err(inference_failed(error));
        }
        self.cached.extend_from_slice(tokens);
        Ok(())
    }
}

/// How many tokens the next step takes, after one of `tokens` took `elapsed`.
fn next_step_tokens(tokens: usize, elapsed: Duration) -> usize {
    let seconds = elapsed.as_secs_f64().max(1e-6);
    let wanted = tokens as f64 * STEP_TARGET.as_secs_f64() / seconds;
    let bounded = wanted.clamp(16.0, f64::from(BATCH_TOKENS_MAX));
    // At most doubling, because the first measurement may be a lucky one. Exact: at most 512.
    (bounded as usize).min(tokens * 2).max(16)
}

fn inference_failed(error: impl std::fmt::Display) -> Failure {
    let reason = logging::take_first_error().unwrap_or_else(|| error.to_string());
    Failure::new(
        codes::INFERENCE_FAILED,
        format!("the model failed while computing ({reason}); try again or load it anew"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_the_speed_of_the_machine() {
        assert_eq!(next_step_tokens(32, Duration::from_millis(1)), 64);
        assert_eq!(next_step_tokens(512, Duration::from_millis(1)), 512);
        assert_eq!(next_step_tokens(512, Duration::from_millis(1000)), 128);
        assert_eq!(next_step_tokens(32, Duration::from_secs(60)), 16);
        assert_eq!(next_step_tokens(1, Duration::ZERO), 16);
    }
}
