//! Tensor descriptions: type, shape and extent.

use std::io::Read;

use super::error::HeaderError;
use super::reader::HeaderReader;

/// Longest shape that ggml has.
const DIMENSIONS_MAX: u32 = 4;

/// How a tensor's numbers are stored: in blocks of `block_length` numbers and `block_bytes` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorType {
    /// ggml's number of the type.
    pub id: u32,
    /// ggml's name of the type, such as `Q4_K`.
    pub name: &'static str,
    block_length: u64,
    block_bytes: u64,
}

/// `ggml_type` of ggml.h with the block sizes of ggml-common.h.
const TENSOR_TYPES: [TensorType; 35] = [
    tensor_type(0, "F32", 1, 4),
    tensor_type(1, "F16", 1, 2),
    tensor_type(2, "Q4_0", 32, 18),
    tensor_type(3, "Q4_1", 32, 20),
    tensor_type(6, "Q5_0", 32, 22),
    tensor_type(7, "Q5_1", 32, 24),
    tensor_type(8, "Q8_0", 32, 34),
    tensor_type(9, "Q8_1", 32, 36),
    tensor_type(10, "Q2_K", 256, 84),
    tensor_type(11, "Q3_K", 256, 110),
    tensor_type(12, "Q4_K", 256, 144),
    tensor_type(13, "Q5_K", 256, 176),
    tensor_type(14, "Q6_K", 256, 210),
    tensor_type(15, "Q8_K", 256, 292),
    tensor_type(16, "IQ2_XXS", 256, 66),
    tensor_type(17, "IQ2_XS", 256, 74),
    tensor_type(18, "IQ3_XXS", 256, 98),
    tensor_type(19, "IQ1_S", 256, 50),
    tensor_type(20, "IQ4_NL", 32, 18),
    tensor_type(21, "IQ3_S", 256, 110),
    tensor_type(22, "IQ2_S", 256, 82),
    tensor_type(23, "IQ4_XS", 256, 136),
    tensor_type(24, "I8", 1, 1),
    tensor_type(25, "I16", 1, 2),
    tensor_type(26, "I32", 1, 4),
    tensor_type(27, "I64", 1, 8),
    tensor_type(28, "F64", 1, 8),
    tensor_type(29, "IQ1_M", 256, 56),
    tensor_type(30, "BF16", 1, 2),
    tensor_type(34, "TQ1_0", 256, 54),
    tensor_type(35, "TQ2_0", 256, 66),
    tensor_type(39, "MXFP4", 32, 17),
    tensor_type(40, "NVFP4", 64, 36),
    tensor_type(41, "Q1_0", 128, 18),
    tensor_type(42, "Q2_0", 64, 18),
];

const fn tensor_type(
    id: u32,
    name: &'static str,
    block_length: u64,
    block_bytes: u64,
) -> TensorType {
    TensorType {
        id,
        name,
        block_length,
        block_bytes,
    }
}

/// One tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Such as `blk.0.attn_q.weight`.
    pub name: String,
    /// How its numbers are stored.
    pub tensor_type: TensorType,
    /// Shape, fastest dimension first.
    pub dimensions: Vec<u64>,
    /// Start of its data, counted from the start of the data section.
    pub offset: u64,
    /// Number of its numbers.
    pub elements: u64,
    /// Bytes of its data.
    pub bytes: u64,
}

impl TensorInfo {
    pub(super) fn read(reader: &mut HeaderReader<impl Read>) -> Result<Self, HeaderError> {
        let name = reader.name()?;
        let count = reader.u32()?;
        if count > DIMENSIONS_MAX {
            return Err(HeaderError::invalid(format!(
                "tensor {name:?} has {count} dimensions"
            )));
        }
        let mut dimensions = Vec::new();
        for _ in 0..count {
            dimensions.push(reader.u64()?);
        }
        let type_id = reader.u32()?;
        let tensor_type = TENSOR_TYPES.into_iter().find(|known| known.id == type_id);
        let Some(tensor_type) = tensor_type else {
            return Err(HeaderError::invalid(format!(
                "tensor {name:?} is of type {type_id}"
            )));
        };
        let offset = reader.u64()?;
        let Some((elements, bytes)) = extent(tensor_type, &dimensions) else {
            return Err(HeaderError::invalid(format!(
                "tensor {name:?} has an impossible shape"
            )));
        };
        Ok(Self {
            name,
            tensor_type,
            dimensions,
            offset,
            elements,
            bytes,
        })
    }
}

/// Elements and bytes of a tensor; `None` when its rows are no whole blocks or a product
/// exceeds what ggml can address.
fn extent(tensor_type: TensorType, dimensions: &[u64]) -> Option<(u64, u64)> {
    let row = dimensions.first().copied().unwrap_or(1);
    if !row.is_multiple_of(tensor_type.block_length) {
        return None;
    }
    let elements = dimensions
        .iter()
        .try_fold(1_u64, |product, next| product.checked_mul(*next))?;
    let bytes = (elements / tensor_type.block_length).checked_mul(tensor_type.block_bytes)?;
    i64::try_from(elements).ok()?;
    i64::try_from(bytes).ok()?;
    Some((elements, bytes))
}
