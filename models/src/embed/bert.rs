//! The encoder of BERT (Devlin et al., 2018, arXiv:1810.04805) as MiniLM uses it: token and
//! position embeddings, then layers of self-attention and a two-layer network with GELU.
//!
//! Linear weights are 32-bit floats in memory. The table of word embeddings, half of the model,
//! stays in the file as 16-bit floats; only the rows of the tokens at hand are converted.

use candle_core::safetensors::SliceSafetensors;
use candle_core::{D, DType, Device, Error, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

const HEADS: usize = 12;
const EPSILON: f32 = 1e-12;
/// Added to the attention scores of padding, so that its share becomes 0.
const MASKED_SCORE: f32 = -1e9;
const HALF_BYTES: usize = 2;
const WORDS: &str = "embeddings.word_embeddings.weight";

/// A batch of token rows, padded to the longest.
pub(super) struct Tokens {
    /// `batch * length` token numbers, row by row; padding is 0.
    ids: Vec<u32>,
    /// `[batch, length]`, 1 for tokens and 0 for padding, as bytes.
    pub(super) mask: Tensor,
}

impl Tokens {
    pub(super) fn pad(rows: &[&[u32]]) -> Result<Self> {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(rows.len() * length);
        let mut mask = Vec::with_capacity(rows.len() * length);
        for row in rows {
            let padded = ids.len() + length;
            ids.extend_from_slice(row);
            mask.resize(ids.len(), 1_u8);
            ids.resize(padded, 0);
            mask.resize(padded, 0);
        }
        let mask = Tensor::from_vec(mask, (rows.len(), length), &Device::Cpu)?;
        Ok(Self { ids, mask })
    }
}

/// The network.
pub(super) struct Bert {
    words: WordTable,
    /// Position embeddings with the embedding of the only segment added, `[positions, width]`.
    positions: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    parameters: u64,
}

impl Bert {
    /// Reads the network from a safetensors file with 16-bit floats.
    ///
    /// # Errors
    /// When the file is broken or lacks a tensor.
    pub(super) fn load(file: &'static [u8]) -> Result<Self> {
        let weights = Weights(SliceSafetensors::new(file)?);
        let segment = weights
            .tensor("embeddings.token_type_embeddings.weight")?
            .get(0)?;
        let positions = weights.tensor("embeddings.position_embeddings.weight")?;
        let mut layers = Vec::new();
        while weights.has(&format!(
            "encoder.layer.{}.output.dense.weight",
            layers.len()
        )) {
            layers.push(Layer::load(
                &weights,
                &format!("encoder.layer.{}", layers.len()),
            )?);
        }
        Ok(Self {
            words: WordTable::load(file, &weights)?,
            positions: positions.broadcast_add(&segment)?,
            norm: weights.norm("embeddings.LayerNorm")?,
            layers,
            parameters: weights.count(),
        })
    }

    /// Width of the network.
    pub(super) fn width(&self) -> usize {
        self.words.width
    }

    /// Number of weights.
    pub(super) fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Computes `[batch, length, width]`.
    ///
    /// # Errors
    /// When a token is unknown or a row is longer than the position embeddings.
    pub(super) fn forward(&self, tokens: &Tokens) -> Result<Tensor> {
        let (batch, length) = tokens.mask.dims2()?;
        let words = self
            .words
            .rows(&tokens.ids)?
            .reshape((batch, length, self.width()))?;
        let positions = self.positions.narrow(0, 0, length)?;
        let mut hidden = self.norm.apply(&words.broadcast_add(&positions)?)?;
        let padding = tokens.mask.to_dtype(DType::F32)?.affine(-1.0, 1.0)?;
        let bias = (padding * f64::from(MASKED_SCORE))?.reshape((batch, 1, 1, length))?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &bias)?;
        }
        Ok(hidden)
    }
}

/// The word embeddings, left in the file.
struct WordTable {
    /// `[words, width]`, 16-bit floats, little-endian.
    bytes: &'static [u8],
    width: usize,
}

impl WordTable {
    fn load(file: &'static [u8], weights: &Weights) -> Result<Self> {
        let view = weights.0.get(WORDS)?;
        // The view borrows its reader; its place in the file outlives that.
        let start = view.data().as_ptr().addr() - file.as_ptr().addr();
        let bytes = file.get(start..start + view.data().len());
        match (bytes, view.shape()) {
            (Some(bytes), [_, width]) => Ok(Self {
                bytes,
                width: *width,
            }),
            _ => Err(Error::msg("word embeddings are no table")),
        }
    }

    /// `[ids, width]` as 32-bit floats.
    fn rows(&self, ids: &[u32]) -> Result<Tensor> {
        let row_bytes = self.width * HALF_BYTES;
        let mut rows = Vec::with_capacity(ids.len() * row_bytes);
        for id in ids {
            let start = *id as usize * row_bytes;
            let row = self.bytes.get(start..start + row_bytes);
            rows.extend_from_slice(row.ok_or_else(|| Error::msg(format!("no token {id}")))?);
        }
        let shape = [ids.len(), self.width];
        Tensor::from_raw_buffer(&rows, DType::F16, &shape, &Device::Cpu)?.to_dtype(DType::F32)
    }
}

struct Layer {
    /// Queries, keys and values in one product.
    query_key_value: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    output: Linear,
    output_norm: Norm,
}

impl Layer {
    fn load(weights: &Weights, name: &str) -> Result<Self> {
        let names = ["query", "key", "value"].map(|part| format!("{name}.attention.self.{part}"));
        Ok(Self {
            query_key_value: weights.linear(&names)?,
            attended: weights.linear(&[format!("{name}.attention.output.dense")])?,
            attended_norm: weights.norm(&format!("{name}.attention.output.LayerNorm"))?,
            inner: weights.linear(&[format!("{name}.intermediate.dense")])?,
            output: weights.linear(&[format!("{name}.output.dense")])?,
            output_norm: weights.norm(&format!("{name}.output.LayerNorm"))?,
        })
    }

    /// `[batch, length, width]` to the same; `bias` is added to the attention scores.
    fn forward(&self, hidden: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let attended = self.attended.apply(&self.attend(hidden, bias)?)?;
        let hidden = self.attended_norm.apply(&(hidden + attended)?)?;
        let inner = self.inner.apply(&hidden)?.gelu_erf()?;
        self.output_norm
            .apply(&(&hidden + self.output.apply(&inner)?)?)
    }

    fn attend(&self, hidden: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let (batch, length, width) = hidden.dims3()?;
        let all = self.query_key_value.apply(hidden)?;
        let heads = |index: usize| {
            all.narrow(D::Minus1, index * width, width)?
                .reshape((batch, length, HEADS, width / HEADS))?
                .transpose(1, 2)?
                .contiguous()
        };
        let (query, key, value) = (heads(0)?, heads(1)?, heads(2)?);
        let scale = 1.0 / ((width / HEADS) as f64).sqrt();
        let scores = (query.matmul(&key.t()?)? * scale)?.broadcast_add(bias)?;
        let attended = softmax_last_dim(&scores)?.matmul(&value)?;
        attended.transpose(1, 2)?.reshape((batch, length, width))
    }
}

/// `x · weight + bias`, with the weight stored `[inputs, outputs]`.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn apply(&self, hidden: &Tensor) -> Result<Tensor> {
        let (batch, length, width) = hidden.dims3()?;
        let rows = hidden
            .reshape((batch * length, width))?
            .matmul(&self.weight)?;
        rows.broadcast_add(&self.bias)?.reshape((batch, length, ()))
    }
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn apply(&self, hidden: &Tensor) -> Result<Tensor> {
        layer_norm(hidden, &self.weight, &self.bias, EPSILON)
    }
}

/// Named tensors of the file, converted to 32-bit floats.
struct Weights(SliceSafetensors<'static>);

impl Weights {
    fn tensor(&self, name: &str) -> Result<Tensor> {
        self.0.load(name, &Device::Cpu)?.to_dtype(DType::F32)
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_ok()
    }

    /// Number of weights in the file.
    fn count(&self) -> u64 {
        let elements = |shape: &[usize]| shape.iter().map(|length| *length as u64).product::<u64>();
        self.0
            .tensors()
            .iter()
            .map(|(_, view)| elements(view.shape()))
            .sum()
    }

    /// One product out of several with the same input.
    fn linear(&self, names: &[String]) -> Result<Linear> {
        let all = |part: &str| -> Result<Tensor> {
            let tensors: Result<Vec<_>> = names
                .iter()
                .map(|name| self.tensor(&format!("{name}.{part}")))
                .collect();
            Tensor::cat(&tensors?, 0)
        };
        Ok(Linear {
            weight: all("weight")?.t()?.contiguous()?,
            bias: all("bias")?,
        })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.weight"))?,
            bias: self.tensor(&format!("{name}.bias"))?,
        })
    }
}
