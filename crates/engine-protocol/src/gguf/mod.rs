//! A bounded reader of GGUF headers: what a model is, and whether its file is whole, learnt
//! without llama.cpp and without trusting a single length in the file.
//!
//! Format: the GGUF specification in ggml's `docs/gguf.md`, versions 2 and 3, little-endian.
//!
//! Invariants: memory stays proportional to the bytes actually present in the file; counts,
//! lengths, nesting and products are checked before use; long arrays are skipped, not kept.

mod error;
mod reader;
mod tensor;
mod value;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

pub use error::{HeaderError, bytes_text};
use reader::HeaderReader;
pub use tensor::{TensorInfo, TensorType};
pub use value::{Value, ValueType};

const METADATA_COUNT_MAX: u64 = 65_536;
const TENSOR_COUNT_MAX: u64 = 65_536;
const ALIGNMENT_DEFAULT: u64 = 32;
/// Largest alignment accepted; real files use 32 or 64.
const ALIGNMENT_MAX: u64 = 1 << 20;

/// Architectures that llama.cpp loads but that do not write text.
const NOT_GENERATIVE: [&str; 17] = [
    "bert",
    "clip",
    "dflash",
    "eagle3",
    "eurobert",
    "gemma-embedding",
    "gemma4-assistant",
    "jina-bert-v2",
    "jina-bert-v3",
    "llama-embed",
    "modern-bert",
    "neo-bert",
    "nomic-bert",
    "nomic-bert-moe",
    "t5",
    "t5encoder",
    "wavtokenizer-dec",
];

/// The header of a GGUF file.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// All key-value pairs.
    pub metadata: BTreeMap<String, Value>,
    /// All tensors, in file order.
    pub tensors: Vec<TensorInfo>,
    /// Where the data section starts, in bytes from the start of the file.
    pub data_offset: u64,
    /// Length the file must have to hold every tensor, in bytes.
    pub expected_bytes: u64,
}

impl Header {
    /// Reads and checks the header of the file at `path`, its length included.
    ///
    /// # Errors
    /// When the file cannot be read, is no GGUF file, breaks the format, or is truncated.
    pub fn open(path: &Path) -> Result<Self, HeaderError> {
        let file = File::open(path).map_err(HeaderError::Io)?;
        let metadata = file.metadata().map_err(HeaderError::Io)?;
        if !metadata.is_file() {
            return Err(HeaderError::NotGguf);
        }
        Self::read(BufReader::with_capacity(64 * 1024, file), metadata.len())
    }

    /// Reads and checks a header from the start of a file that is `file_bytes` long.
    ///
    /// # Errors
    /// As [`Header::open`].
    pub fn read(source: impl Read, file_bytes: u64) -> Result<Self, HeaderError> {
        let header = Self::read_unmeasured(source).map_err(|error| match error {
            HeaderError::HeaderCut { .. } if file_bytes < 4 => HeaderError::NotGguf,
            HeaderError::HeaderCut { .. } => HeaderError::HeaderCut {
                present: file_bytes,
            },
            other => other,
        })?;
        if header.expected_bytes > file_bytes {
            return Err(HeaderError::Truncated {
                expected: header.expected_bytes,
                present: file_bytes,
            });
        }
        Ok(header)
    }

    fn read_unmeasured(source: impl Read) -> Result<Self, HeaderError> {
        let mut reader = HeaderReader::new(source);
        if reader.bytes()? != *b"GGUF" {
            return Err(HeaderError::NotGguf);
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(HeaderError::Version(version));
        }
        let tensor_count = checked_count(reader.u64()?, TENSOR_COUNT_MAX, "tensors")?;
        let metadata_count = checked_count(reader.u64()?, METADATA_COUNT_MAX, "metadata entries")?;
        let mut metadata = BTreeMap::new();
        for _ in 0..metadata_count {
            let key = reader.name()?;
            let value = reader.value()?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(HeaderError::invalid(format!(
                    "metadata {key:?} is there twice"
                )));
            }
        }
        let mut tensors = Vec::new();
        for _ in 0..tensor_count {
            tensors.push(TensorInfo::read(&mut reader)?);
        }
        let alignment = alignment(&metadata)?;
        let data_offset = reader.position().next_multiple_of(alignment);
        let expected_bytes = last_byte(&tensors, alignment, data_offset)?;
        Ok(Self {
            version,
            metadata,
            tensors,
            data_offset,
            expected_bytes,
        })
    }

    /// The architecture, such as `llama`; empty when the file names none.
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    /// Whether the model writes text (other models turn text into vectors, or are parts).
    #[must_use]
    pub fn is_generative(&self) -> bool {
        !self.architecture().is_empty() && !NOT_GENERATIVE.contains(&self.architecture())
    }

    /// The model's own name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text("general.name").filter(|name| !name.is_empty())
    }

    /// The licence the file names, usually an SPDX identifier.
    #[must_use]
    pub fn license(&self) -> Option<&str> {
        self.text("general.license")
            .filter(|license| !license.is_empty())
    }

    /// The Jinja source of the chat template.
    #[must_use]
    pub fn chat_template(&self) -> Option<&str> {
        self.text("tokenizer.chat_template")
            .filter(|template| !template.is_empty())
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors
            .iter()
            .fold(0, |sum, tensor| sum.saturating_add(tensor.elements))
    }

    /// Bytes of all tensors.
    #[must_use]
    pub fn tensor_bytes(&self) -> u64 {
        self.tensors
            .iter()
            .fold(0, |sum, tensor| sum.saturating_add(tensor.bytes))
    }

    /// Tokens the model was trained to read at once.
    #[must_use]
    pub fn context_length(&self) -> Option<u64> {
        self.setting("context_length").and_then(Value::as_u64)
    }

    /// Width of the network, which is the length of an embedding vector.
    #[must_use]
    pub fn embedding_length(&self) -> Option<u64> {
        self.setting("embedding_length").and_then(Value::as_u64)
    }

    /// How many files the model is split into; 1 for a whole model.
    #[must_use]
    pub fn split_count(&self) -> u64 {
        self.metadata
            .get("split.count")
            .and_then(Value::as_u64)
            .unwrap_or(1)
            .max(1)
    }

    /// The quantisation: as the file says, otherwise the type that most bytes are stored in.
    #[must_use]
    pub fn quantisation(&self) -> String {
        let file_type = self
            .metadata
            .get("general.file_type")
            .and_then(Value::as_u64);
        if let Some(name) = file_type.and_then(file_type_name) {
            return name.to_owned();
        }
        let mut bytes_by_type = BTreeMap::<&str, u64>::new();
        for tensor in &self.tensors {
            let sum = bytes_by_type.entry(tensor.tensor_type.name).or_default();
            *sum = sum.saturating_add(tensor.bytes);
        }
        let most = bytes_by_type.into_iter().max_by_key(|(_, bytes)| *bytes);
        most.map_or_else(|| "unknown".to_owned(), |(name, _)| name.to_owned())
    }

    /// Bytes that the keys and values of `context_length` tokens take, as 16-bit floats.
    ///
    /// An upper bound for models with sliding windows or recurrent layers.
    #[must_use]
    pub fn kv_cache_bytes(&self, context_length: u64) -> u64 {
        let number = |name: &str| self.setting(name).and_then(Value::as_u64);
        let layers = number("block_count").unwrap_or(0);
        let heads = number("attention.head_count").unwrap_or(1).max(1);
        let head_length = number("embedding_length").unwrap_or(0) / heads;
        let key_length = number("attention.key_length").unwrap_or(head_length);
        let value_length = number("attention.value_length").unwrap_or(head_length);
        let heads_of_all_layers = match self.setting("attention.head_count_kv") {
            Some(Value::Array { numbers, .. }) => numbers
                .iter()
                .fold(0, |sum: u64, next| sum.saturating_add(*next)),
            value => layers.saturating_mul(value.and_then(Value::as_u64).unwrap_or(heads)),
        };
        heads_of_all_layers
            .saturating_mul(key_length.saturating_add(value_length))
            .saturating_mul(context_length)
            .saturating_mul(2)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).and_then(Value::as_text)
    }

    /// A setting of the architecture: `llama.context_length` for `context_length`.
    fn setting(&self, name: &str) -> Option<&Value> {
        self.metadata
            .get(&format!("{}.{name}", self.architecture()))
    }
}

fn checked_count(count: u64, max: u64, what: &str) -> Result<u64, HeaderError> {
    if count > max {
        return Err(HeaderError::invalid(format!("it claims {count} {what}")));
    }
    Ok(count)
}

fn alignment(metadata: &BTreeMap<String, Value>) -> Result<u64, HeaderError> {
    let alignment = match metadata.get("general.alignment") {
        None => ALIGNMENT_DEFAULT,
        Some(value) => value.as_u64().unwrap_or(0),
    };
    if !alignment.is_power_of_two() || alignment > ALIGNMENT_MAX {
        return Err(HeaderError::invalid(format!(
            "its alignment is {alignment}"
        )));
    }
    Ok(alignment)
}

/// Length of a file whose tensors all fit.
fn last_byte(tensors: &[TensorInfo], alignment: u64, data_offset: u64) -> Result<u64, HeaderError> {
    let mut last = data_offset;
    for tensor in tensors {
        let end = data_offset
            .checked_add(tensor.offset)
            .and_then(|start| start.checked_add(tensor.bytes))
            .filter(|_| tensor.offset.is_multiple_of(alignment));
        let Some(end) = end else {
            return Err(HeaderError::invalid(format!(
                "tensor {:?} is at an impossible place",
                tensor.name
            )));
        };
        last = last.max(end);
    }
    Ok(last)
}

/// `llama_ftype` of llama.h.
fn file_type_name(file_type: u64) -> Option<&'static str> {
    Some(match file_type {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        39 => "NVFP4",
        40 => "Q1_0",
        41 => "Q2_0",
        _ => return None,
    })
}
