//! The encoder of BERT (Devlin et al., 2018, arXiv:1810.04805) and of its kin RoBERTa and XLM-R
//! (which number positions from another start): token and position embeddings, then layers of
//! self-attention and a two-layer network with GELU.
//!
//! Linear weights are 32-bit floats in memory. The table of word embeddings, often half of the
//! model, stays as the file has it; only the rows of the tokens at hand are converted.

use candle_core::safetensors::SliceSafetensors;
use candle_core::{D, DType, Device, Error, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

/// Added to the attention scores of padding, so that its share becomes 0.
const MASKED_SCORE: f32 = -1e9;
const HALF_BYTES: usize = 2;
const WORDS: &str = "embeddings.word_embeddings.weight";

/// What the file of weights does not say about a network.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) heads: usize,
    /// Added to variances before division.
    pub(super) epsilon: f32,
    /// Position embedding of the first token.
    pub(super) first_position: usize,
    /// GELU by its hyperbolic-tangent approximation.
    pub(super) approximate_gelu: bool,
}

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
    shape: Shape,
    words: WordTable,
    /// Position embeddings with the embedding of the only segment added, `[positions, width]`.
    positions: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    parameters: u64,
}

impl Bert {
    /// Reads the network from a safetensors file with 16-bit floats inside this program.
    ///
    /// # Errors
    /// When the file is broken or lacks a tensor.
    pub(super) fn load_static(file: &'static [u8], shape: Shape) -> Result<Self> {
        let weights = Weights::open(file)?;
        let words = WordTable::of_static(file, &weights)?;
        Self::assemble(&weights, words, shape)
    }

    /// Reads the network from the bytes of a safetensors file, which are not needed afterwards.
    ///
    /// # Errors
    /// When the file is broken or lacks a tensor.
    pub(super) fn load(file: &[u8], shape: Shape) -> Result<Self> {
        let weights = Weights::open(file)?;
        let words = WordTable::Tensor(weights.raw(WORDS)?);
        Self::assemble(&weights, words, shape)
    }

    fn assemble(weights: &Weights<'_>, words: WordTable, shape: Shape) -> Result<Self> {
        let positions = weights.tensor("embeddings.position_embeddings.weight")?;
        let segments = "embeddings.token_type_embeddings.weight";
        let positions = if weights.has(segments) {
            positions.broadcast_add(&weights.tensor(segments)?.get(0)?)?
        } else {
            positions
        };
        let mut layers = Vec::new();
        while weights.has(&format!(
            "encoder.layer.{}.output.dense.weight",
            layers.len()
        )) {
            let name = format!("encoder.layer.{}", layers.len());
            layers.push(Layer::load(weights, &name, shape.epsilon)?);
        }
        if layers.is_empty() {
            return Err(Error::msg("it has no layers of the BERT family"));
        }
        let width = words.width()?;
        if shape.heads == 0 || !width.is_multiple_of(shape.heads) {
            return Err(Error::msg(format!(
                "{} heads do not divide {width}",
                shape.heads
            )));
        }
        Ok(Self {
            words,
            positions,
            norm: weights.norm("embeddings.LayerNorm", shape.epsilon)?,
            layers,
            parameters: weights.count(),
            shape,
        })
    }

    /// Most tokens of a text that have a position.
    ///
    /// # Errors
    /// When the position embeddings are no table.
    pub(super) fn positions(&self) -> Result<usize> {
        Ok(self
            .positions
            .dim(0)?
            .saturating_sub(self.shape.first_position))
    }

    /// Width of the network.
    pub(super) fn width(&self) -> usize {
        self.words.width().unwrap_or(0)
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
        let positions = self
            .positions
            .narrow(0, self.shape.first_position, length)?;
        let mut hidden = self.norm.apply(&words.broadcast_add(&positions)?)?;
        let padding = tokens.mask.to_dtype(DType::F32)?.affine(-1.0, 1.0)?;
        let bias = (padding * f64::from(MASKED_SCORE))?.reshape((batch, 1, 1, length))?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &bias, &self.shape)?;
        }
        Ok(hidden)
    }
}

/// The word embeddings as the file has them.
enum WordTable {
    /// `[words, width]`, 16-bit floats, little-endian, left in the file.
    Static { bytes: &'static [u8], width: usize },
    /// `[words, width]` of the file's type.
    Tensor(Tensor),
}

impl WordTable {
    fn of_static(file: &'static [u8], weights: &Weights<'_>) -> Result<Self> {
        let view = weights.file.get(WORDS)?;
        // The view borrows its reader; its place in the file outlives that.
        let start = view.data().as_ptr().addr() - file.as_ptr().addr();
        let bytes = file.get(start..start + view.data().len());
        match (bytes, view.shape()) {
            (Some(bytes), [_, width]) => Ok(Self::Static {
                bytes,
                width: *width,
            }),
            _ => Err(Error::msg("word embeddings are no table")),
        }
    }

    fn width(&self) -> Result<usize> {
        match self {
            Self::Static { width, .. } => Ok(*width),
            Self::Tensor(table) => Ok(table.dims2()?.1),
        }
    }

    /// `[ids, width]` as 32-bit floats.
    fn rows(&self, ids: &[u32]) -> Result<Tensor> {
        let (bytes, width) = match self {
            Self::Static { bytes, width } => (bytes, *width),
            Self::Tensor(table) => {
                let ids = Tensor::new(ids, &Device::Cpu)?;
                return table.index_select(&ids, 0)?.to_dtype(DType::F32);
            }
        };
        let row_bytes = width * HALF_BYTES;
        let mut rows = Vec::with_capacity(ids.len() * row_bytes);
        for id in ids {
            let start = *id as usize * row_bytes;
            let row = bytes.get(start..start + row_bytes);
            rows.extend_from_slice(row.ok_or_else(|| Error::msg(format!("no token {id}")))?);
        }
        let shape = [ids.len(), width];
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
    fn load(weights: &Weights<'_>, name: &str, epsilon: f32) -> Result<Self> {
        let names = ["query", "key", "value"].map(|part| format!("{name}.attention.self.{part}"));
        Ok(Self {
            query_key_value: weights.linear(&names)?,
            attended: weights.linear(&[format!("{name}.attention.output.dense")])?,
            attended_norm: weights.norm(&format!("{name}.attention.output.LayerNorm"), epsilon)?,
            inner: weights.linear(&[format!("{name}.intermediate.dense")])?,
            output: weights.linear(&[format!("{name}.output.dense")])?,
            output_norm: weights.norm(&format!("{name}.output.LayerNorm"), epsilon)?,
        })
    }

    /// `[batch, length, width]` to the same; `bias` is added to the attention scores.
    fn forward(&self, hidden: &Tensor, bias: &Tensor, shape: &Shape) -> Result<Tensor> {
        let attended = self.attend(hidden, bias, shape.heads)?;
        let attended = self.attended.apply(&attended)?;
        let hidden = self.attended_norm.apply(&(hidden + attended)?)?;
        let inner = self.inner.apply(&hidden)?;
        let inner = if shape.approximate_gelu {
            inner.gelu()?
        } else {
            inner.gelu_erf()?
        };
        self.output_norm
            .apply(&(&hidden + self.output.apply(&inner)?)?)
    }

    fn attend(&self, hidden: &Tensor, bias: &Tensor, heads_count: usize) -> Result<Tensor> {
        let (batch, length, width) = hidden.dims3()?;
        let all = self.query_key_value.apply(hidden)?;
        let heads = |index: usize| {
            all.narrow(D::Minus1, index * width, width)?
                .reshape((batch, length, heads_count, width / heads_count))?
                .transpose(1, 2)?
                .contiguous()
        };
        let (query, key, value) = (heads(0)?, heads(1)?, heads(2)?);
        let scale = 1.0 / ((width / heads_count) as f64).sqrt();
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
    epsilon: f32,
}

impl Norm {
    fn apply(&self, hidden: &Tensor) -> Result<Tensor> {
        layer_norm(hidden, &self.weight, &self.bias, self.epsilon)
    }
}

/// Named tensors of a file, converted to 32-bit floats.
struct Weights<'file> {
    file: SliceSafetensors<'file>,
    /// What some exporters put before every name.
    prefix: &'static str,
}

impl<'file> Weights<'file> {
    fn open(bytes: &'file [u8]) -> Result<Self> {
        let file = SliceSafetensors::new(bytes)?;
        let prefix = ["", "bert.", "roberta.", "0.auto_model."]
            .into_iter()
            .find(|prefix| file.get(&format!("{prefix}{WORDS}")).is_ok())
            .ok_or_else(|| Error::msg("it is no model of the BERT family"))?;
        Ok(Self { file, prefix })
    }

    fn raw(&self, name: &str) -> Result<Tensor> {
        self.file
            .load(&format!("{}{name}", self.prefix), &Device::Cpu)
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        self.raw(name)?.to_dtype(DType::F32)
    }

    fn has(&self, name: &str) -> bool {
        self.file.get(&format!("{}{name}", self.prefix)).is_ok()
    }

    /// Number of weights in the file.
    fn count(&self) -> u64 {
        let elements = |shape: &[usize]| shape.iter().map(|length| *length as u64).product::<u64>();
        self.file
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

    fn norm(&self, name: &str, epsilon: f32) -> Result<Norm> {
        Ok(Norm {
            epsilon,
            weight: self.tensor(&format!("{name}.weight"))?,
            bias: self.tensor(&format!("{name}.bias"))?,
        })
    }
}
