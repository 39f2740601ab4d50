//! Metadata values.

/// Integer arrays up to this length are kept (per-layer settings); longer ones are only counted.
pub(super) const NUMBERS_KEPT_MAX: u64 = 1024;

/// A metadata value. Vocabularies and other long arrays are measured, not kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer type.
    Unsigned(u64),
    /// Any signed integer type.
    Signed(i64),
    /// Either float type.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text; broken UTF-8 is replaced.
    Text(String),
    /// An array.
    Array {
        /// Type of its elements.
        element: ValueType,
        /// Number of elements.
        length: u64,
        /// The elements that are not negative, when they are integers and at most 1,024.
        numbers: Vec<u64>,
    },
}

impl Value {
    /// The value as a non-negative integer, when it is one.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The value as text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Types of metadata values, numbered as in the GGUF specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// 8 bits.
    Uint8,
    /// 8 bits.
    Int8,
    /// 16 bits.
    Uint16,
    /// 16 bits.
    Int16,
    /// 32 bits.
    Uint32,
    /// 32 bits.
    Int32,
    /// IEEE 754 single precision.
    Float32,
    /// One byte.
    Bool,
    /// 64-bit length and UTF-8.
    Text,
    /// Element type, 64-bit length, elements.
    Array,
    /// 64 bits.
    Uint64,
    /// 64 bits.
    Int64,
    /// IEEE 754 double precision.
    Float64,
}

impl ValueType {
    const ALL: [Self; 13] = [
        Self::Uint8,
        Self::Int8,
        Self::Uint16,
        Self::Int16,
        Self::Uint32,
        Self::Int32,
        Self::Float32,
        Self::Bool,
        Self::Text,
        Self::Array,
        Self::Uint64,
        Self::Int64,
        Self::Float64,
    ];

    pub(super) fn from_id(id: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(id).ok()?).copied()
    }

    /// Bytes of one value; `None` for texts and arrays.
    pub(super) fn size(self) -> Option<u64> {
        match self {
            Self::Uint8 | Self::Int8 | Self::Bool => Some(1),
            Self::Uint16 | Self::Int16 => Some(2),
            Self::Uint32 | Self::Int32 | Self::Float32 => Some(4),
            Self::Uint64 | Self::Int64 | Self::Float64 => Some(8),
            Self::Text | Self::Array => None,
        }
    }

    pub(super) fn is_integer(self) -> bool {
        !matches!(
            self,
            Self::Float32 | Self::Float64 | Self::Bool | Self::Text | Self::Array
        )
    }
}
