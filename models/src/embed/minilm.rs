//! all-MiniLM-L6-v2: tokenises, batches, computes, pools.

use std::error::Error;

use candle_core::{DType, Tensor};
use tokenizers::{Tokenizer, TruncationParams};

use super::bert::{Bert, Tokens};

/// Tokens of a text that count; the model was trained with 256 at most.
pub(super) const TOKENS_MAX: usize = 256;
/// Texts that are computed together, at most.
const BATCH_TEXTS_MAX: usize = 32;
/// Tokens (with padding) that are computed together, at most: bounds intermediate results.
const BATCH_TOKENS_MAX: usize = 2048;

static WEIGHTS: &[u8] = include_bytes!("../../minilm/minilm.bin");
static TOKENIZER: &[u8] = include_bytes!("../../minilm/tokenizer.json");

/// A failure of candle or of the tokeniser.
pub(super) type EmbedError = Box<dyn Error + Send + Sync>;

/// The loaded model.
pub(super) struct MiniLm {
    tokenizer: Tokenizer,
    network: Bert,
}

/// Vectors of texts, in the texts' order.
#[derive(Debug)]
pub(super) struct Embedded {
    /// Each as long as [`MiniLm::width`], with norm 1.
    pub(super) vectors: Vec<Vec<f32>>,
    /// Texts of which only the beginning counts.
    pub(super) truncated_texts: u32,
}

impl MiniLm {
    pub(super) fn load() -> Result<Self, EmbedError> {
        let mut tokenizer = Tokenizer::from_bytes(TOKENIZER)?;
        // The file pads and truncates everything to 128 tokens.
        tokenizer.with_padding(None);
        let truncation = TruncationParams {
            max_length: TOKENS_MAX,
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(truncation))?;
        Ok(Self {
            tokenizer,
            network: Bert::load(WEIGHTS)?,
        })
    }

    /// Length of a vector.
    pub(super) fn width(&self) -> usize {
        self.network.width()
    }

    /// Number of weights.
    pub(super) fn parameters(&self) -> u64 {
        self.network.parameters()
    }

    /// Turns texts into vectors; `None` when `stopped` became true between batches.
    ///
    /// Texts of similar length are computed together, so that little is padding.
    pub(super) fn embed(
        &self,
        texts: &[String],
        stopped: impl Fn() -> bool,
    ) -> Result<Option<Embedded>, EmbedError> {
        let mut rows = Vec::with_capacity(texts.len());
        let mut truncated_texts = 0;
        for (place, text) in texts.iter().enumerate() {
            let encoding = self.tokenizer.encode_fast(text.as_str(), true)?;
            truncated_texts += u32::from(!encoding.get_overflowing().is_empty());
            rows.push((place, encoding.get_ids().to_vec()));
        }
        rows.sort_by_key(|(_, ids)| ids.len());
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if stopped() {
                return Ok(None);
            }
            let (batch, later) = rest.split_at(batch_length(rest));
            let computed = self.compute(batch)?;
            for ((place, _), vector) in batch.iter().zip(computed) {
                if let Some(slot) = vectors.get_mut(*place) {
                    *slot = vector;
                }
            }
            rest = later;
        }
        Ok(Some(Embedded {
            vectors,
            truncated_texts,
        }))
    }

    fn compute(&self, batch: &[(usize, Vec<u32>)]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let ids: Vec<&[u32]> = batch.iter().map(|(_, ids)| ids.as_slice()).collect();
        let tokens = Tokens::pad(&ids)?;
        let hidden = self.network.forward(&tokens)?;
        Ok(normalise(&mean(&hidden, &tokens.mask)?)?.to_vec2()?)
    }
}

/// How many of `rows`, sorted by length, are computed together.
fn batch_length(rows: &[(usize, Vec<u32>)]) -> usize {
    let fits = |(index, (_, ids)): &(usize, &(usize, Vec<u32>))| {
        *index < BATCH_TEXTS_MAX && (index + 1) * ids.len() <= BATCH_TOKENS_MAX
    };
    rows.iter().enumerate().take_while(fits).count().max(1)
}

/// Mean over the tokens that are not padding: `[batch, tokens, width]` and `[batch, tokens]` to
/// `[batch, width]`.
fn mean(hidden: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
    let mask = mask.to_dtype(DType::F32)?;
    let sums = mask.unsqueeze(1)?.matmul(hidden)?.squeeze(1)?;
    sums.broadcast_div(&mask.sum_keepdim(1)?)
}

/// Scales each row of `[batch, width]` to norm 1.
fn normalise(vectors: &Tensor) -> candle_core::Result<Tensor> {
    vectors.broadcast_div(&vectors.sqr()?.sum_keepdim(1)?.sqrt()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_texts_and_tokens() {
        let rows = |count: usize, length: usize| vec![(0, vec![0; length]); count];
        assert_eq!(batch_length(&rows(100, 8)), BATCH_TEXTS_MAX);
        assert_eq!(batch_length(&rows(100, 256)), 8);
        assert_eq!(batch_length(&rows(3, 256)), 3);
        assert_eq!(batch_length(&rows(1, 10_000)), 1);
    }
}
