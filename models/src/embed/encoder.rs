//! Encoders of the BERT family, through candle: tokenise, batch, compute, pool. all-MiniLM-L6-v2
//! is part of this program; others are directories with `config.json`, `tokenizer.json` and
//! `model.safetensors`.
//!
//! MiniLM's weights are 16-bit floats in the file. 8-bit weights were measured and are not used:
//! cosine 0.9995, but less than half as fast here.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use candle_core::{DType, Tensor};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokenizers::Tokenizer;

use super::bert::{Bert, Shape, Tokens};
use super::{EmbedError, Embedded, Stopped};

/// Tokens of a text that count in MiniLM; it was trained with 256 at most.
const MINILM_TOKENS_MAX: usize = 256;
/// Texts that are computed together, at most.
const BATCH_TEXTS_MAX: usize = 32;
/// Tokens (with padding) that are computed together, at most: bounds intermediate results.
const BATCH_TOKENS_MAX: usize = 2048;
/// Longest description read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Longest tokeniser read, in bytes; those of many languages have 17 MB.
const TOKENIZER_BYTES_MAX: u64 = 128 * 1024 * 1024;

static WEIGHTS: &[u8] = include_bytes!("../../minilm/minilm.bin");
static TOKENIZER: &[u8] = include_bytes!("../../minilm/tokenizer.json");

/// How the vectors of tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pooling {
    Mean,
    /// The first token's.
    First,
}

/// A loaded encoder.
pub(super) struct Encoder {
    tokenizer: Tokenizer,
    network: Bert,
    pooling: Pooling,
    tokens_max: usize,
}

impl Encoder {
    /// all-MiniLM-L6-v2.
    ///
    /// # Errors
    /// When the program is damaged.
    pub(super) fn minilm() -> Result<Self, EmbedError> {
        let shape = Shape {
            heads: 12,
            epsilon: 1e-12,
            first_position: 0,
            approximate_gelu: false,
        };
        let network = Bert::load_static(WEIGHTS, shape)?;
        let tokenizer = Tokenizer::from_bytes(TOKENIZER)?;
        Self::assemble(tokenizer, network, Pooling::Mean, MINILM_TOKENS_MAX)
    }

    /// The model in a directory.
    ///
    /// # Errors
    /// When a file is missing or of another kind.
    pub(super) fn open(directory: &Path) -> Result<Self, EmbedError> {
        let config: Config = read_json(&directory.join("config.json"))?;
        let shape = config.shape()?;
        let tokenizer = read(&directory.join("tokenizer.json"), TOKENIZER_BYTES_MAX)?;
        let tokenizer = Tokenizer::from_bytes(tokenizer)?;
        let weights = fs::read(directory.join("model.safetensors"))?;
        let network = Bert::load(&weights, shape)?;
        let pooling: Option<PoolingConfig> =
            read_optional(&directory.join("1_Pooling/config.json"))?;
        let pooling = match pooling {
            Some(pooling) if pooling.pooling_mode_cls_token => Pooling::First,
            Some(pooling) if !pooling.pooling_mode_mean_tokens => {
                return Err("it pools in another way than by mean or first token".into());
            }
            _ => Pooling::Mean,
        };
        let sentence: Option<SentenceConfig> =
            read_optional(&directory.join("sentence_bert_config.json"))?;
        let positions = network.positions()?;
        let tokens_max = sentence
            .and_then(|sentence| sentence.max_seq_length)
            .map_or(positions, |length| length.min(positions));
        if tokens_max < 2 {
            return Err("it has no positions".into());
        }
        Self::assemble(tokenizer, network, pooling, tokens_max)
    }

    fn assemble(
        mut tokenizer: Tokenizer,
        network: Bert,
        pooling: Pooling,
        tokens_max: usize,
    ) -> Result<Self, EmbedError> {
        // Files pad and truncate as their maker liked it.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None)?;
        Ok(Self {
            tokenizer,
            network,
            pooling,
            tokens_max,
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

    /// Tokens of a text that count.
    pub(super) fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Turns texts into vectors; `None` when `stopped` became true between batches.
    ///
    /// Texts of similar length are computed together, so that little is padding.
    ///
    /// # Errors
    /// When tokenising or computing fails.
    pub(super) fn embed(
        &self,
        texts: &[String],
        stopped: Stopped<'_>,
    ) -> Result<Option<Embedded>, EmbedError> {
        let mut rows = Vec::with_capacity(texts.len());
        let mut embedded = Embedded {
            vectors: vec![Vec::new(); texts.len()],
            ..Embedded::default()
        };
        for (place, text) in texts.iter().enumerate() {
            let encoding = self.tokenizer.encode_fast(text.as_str(), true)?;
            let mut ids = encoding.get_ids().to_vec();
            if ids.len() > self.tokens_max {
                embedded.truncated_texts += 1;
                // The token that ends every text for the model stays at the end.
                let is_end = encoding.get_special_tokens_mask().last() == Some(&1);
                let end = ids.last().copied().filter(|_| is_end);
                ids.truncate(self.tokens_max);
                if let (Some(end), Some(last)) = (end, ids.last_mut()) {
                    *last = end;
                }
            }
            embedded.input_tokens += u32::try_from(ids.len()).unwrap_or(0);
            rows.push((place, ids));
        }
        rows.sort_by_key(|(_, ids)| ids.len());
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if stopped() {
                return Ok(None);
            }
            let (batch, later) = rest.split_at(batch_length(rest));
            let computed = self.compute(batch)?;
            for ((place, _), vector) in batch.iter().zip(computed) {
                if let Some(slot) = embedded.vectors.get_mut(*place) {
                    *slot = vector;
                }
            }
            rest = later;
        }
        Ok(Some(embedded))
    }

    fn compute(&self, batch: &[(usize, Vec<u32>)]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let ids: Vec<&[u32]> = batch.iter().map(|(_, ids)| ids.as_slice()).collect();
        let tokens = Tokens::pad(&ids)?;
        let hidden = self.network.forward(&tokens)?;
        let pooled = match self.pooling {
            Pooling::Mean => mean(&hidden, &tokens.mask)?,
            Pooling::First => hidden.narrow(1, 0, 1)?.squeeze(1)?,
        };
        Ok(normalise(&pooled)?.to_vec2()?)
    }
}

/// The part of `config.json` that matters.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    num_attention_heads: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f32,
    #[serde(default = "default_activation")]
    hidden_act: String,
    #[serde(default)]
    pad_token_id: usize,
    #[serde(default = "default_positions")]
    position_embedding_type: String,
}

fn default_epsilon() -> f32 {
    1e-12
}

fn default_activation() -> String {
    "gelu".to_owned()
}

fn default_positions() -> String {
    "absolute".to_owned()
}

impl Config {
    fn shape(&self) -> Result<Shape, EmbedError> {
        let first_position = match self.model_type.as_str() {
            "bert" => 0,
            // Their positions are numbered from the padding token's number on.
            "roberta" | "xlm-roberta" | "camembert" => self.pad_token_id + 1,
            other => return Err(format!("a {other:?} is not of the BERT family").into()),
        };
        if self.position_embedding_type != "absolute" {
            return Err("its position embeddings are not absolute".into());
        }
        let approximate_gelu = match self.hidden_act.as_str() {
            "gelu" => false,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => true,
            other => return Err(format!("its activation {other:?} is not GELU").into()),
        };
        Ok(Shape {
            heads: self.num_attention_heads,
            epsilon: self.layer_norm_eps,
            first_position,
            approximate_gelu,
        })
    }
}

#[derive(Debug, Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

#[derive(Debug, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, EmbedError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("{} is longer than {bytes_max} bytes", path.display()).into());
    }
    Ok(bytes)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EmbedError> {
    let bytes = read(path, CONFIG_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|error| -> Box<dyn Error + Send + Sync> {
        format!("{}: {error}", path.display()).into()
    })
}

fn read_optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EmbedError> {
    if path.is_file() {
        read_json(path).map(Some)
    } else {
        Ok(None)
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
