//! Bounded reading of GGUF primitives: no length from the file is trusted before it is checked.

use std::io::{self, Read};

use super::error::HeaderError;
use super::value::{NUMBERS_KEPT_MAX, Value, ValueType};

/// Longest header that is read. Vocabularies of a quarter million tokens take about 10 MB.
pub(super) const HEADER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest metadata key and tensor name, as the specification has it.
const NAME_BYTES_MAX: u64 = 65_535;
/// Longest metadata text that is kept; chat templates are the longest in practice.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest text inside an array (a token of a vocabulary, a merge).
const ARRAY_TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Most elements of one array.
const ARRAY_LENGTH_MAX: u64 = 64 * 1024 * 1024;
/// How deep arrays of arrays may go.
const ARRAY_DEPTH_MAX: u32 = 4;

/// A reader that counts what it consumed and refuses to go past [`HEADER_BYTES_MAX`].
pub(super) struct HeaderReader<R> {
    inner: R,
    position: u64,
}

impl<R: Read> HeaderReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, position: 0 }
    }

    /// Bytes consumed so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        self.advance(N as u64)?;
        let mut buffer = [0; N];
        self.inner
            .read_exact(&mut buffer)
            .map_err(|error| self.ended(error))?;
        Ok(buffer)
    }

    pub(super) fn u32(&mut self) -> Result<u32, HeaderError> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, HeaderError> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A metadata key or tensor name.
    pub(super) fn name(&mut self) -> Result<String, HeaderError> {
        self.text(NAME_BYTES_MAX, "a name")
    }

    /// A metadata value, its type included.
    pub(super) fn value(&mut self) -> Result<Value, HeaderError> {
        let value_type = self.value_type()?;
        self.value_of(value_type)
    }

    fn value_type(&mut self) -> Result<ValueType, HeaderError> {
        let id = self.u32()?;
        ValueType::from_id(id)
            .ok_or_else(|| HeaderError::invalid(format!("metadata has a value of type {id}")))
    }

    fn value_of(&mut self, value_type: ValueType) -> Result<Value, HeaderError> {
        Ok(match value_type {
            ValueType::Uint8 => Value::Unsigned(u64::from(u8::from_le_bytes(self.bytes()?))),
            ValueType::Int8 => Value::Signed(i64::from(i8::from_le_bytes(self.bytes()?))),
            ValueType::Uint16 => Value::Unsigned(u64::from(u16::from_le_bytes(self.bytes()?))),
            ValueType::Int16 => Value::Signed(i64::from(i16::from_le_bytes(self.bytes()?))),
            ValueType::Uint32 => Value::Unsigned(u64::from(self.u32()?)),
            ValueType::Int32 => Value::Signed(i64::from(i32::from_le_bytes(self.bytes()?))),
            ValueType::Uint64 => Value::Unsigned(self.u64()?),
            ValueType::Int64 => Value::Signed(i64::from_le_bytes(self.bytes()?)),
            ValueType::Float32 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            ValueType::Float64 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            ValueType::Bool => Value::Bool(self.bytes::<1>()? != [0]),
            ValueType::Text => Value::Text(self.text(TEXT_BYTES_MAX, "a text")?),
            ValueType::Array => self.array()?,
        })
    }

    fn array(&mut self) -> Result<Value, HeaderError> {
        let (element, length) = self.array_head()?;
        if length <= NUMBERS_KEPT_MAX && element.is_integer() {
            let mut numbers = Vec::new();
            for _ in 0..length {
                numbers.extend(self.value_of(element)?.as_u64());
            }
            return Ok(Value::Array {
                element,
                length,
                numbers,
            });
        }
        self.skip_elements(element, length, 1)?;
        Ok(Value::Array {
            element,
            length,
            numbers: Vec::new(),
        })
    }

    fn array_head(&mut self) -> Result<(ValueType, u64), HeaderError> {
        let element = self.value_type()?;
        let length = self.u64()?;
        if length > ARRAY_LENGTH_MAX {
            return Err(HeaderError::invalid(format!(
                "an array claims {length} elements"
            )));
        }
        Ok((element, length))
    }

    fn skip_elements(
        &mut self,
        element: ValueType,
        length: u64,
        depth: u32,
    ) -> Result<(), HeaderError> {
        if let Some(size) = element.size() {
            return self.skip(length * size);
        }
        for _ in 0..length {
            if element == ValueType::Text {
                let bytes = self.text_length(ARRAY_TEXT_BYTES_MAX, "a text in an array")?;
                self.skip(bytes)?;
            } else if depth >= ARRAY_DEPTH_MAX {
                return Err(HeaderError::invalid("arrays are nested too deeply"));
            } else {
                let (element, length) = self.array_head()?;
                self.skip_elements(element, length, depth + 1)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, max: u64, what: &str) -> Result<String, HeaderError> {
        let bytes = self.text_length(max, what)?;
        self.advance(bytes)?;
        let mut buffer = Vec::new();
        self.inner
            .by_ref()
            .take(bytes)
            .read_to_end(&mut buffer)
            .map_err(HeaderError::Io)?;
        if (buffer.len() as u64) < bytes {
            return Err(self.ended(io::ErrorKind::UnexpectedEof.into()));
        }
        // Some real models carry broken UTF-8 in descriptive fields; that is no reason to refuse.
        Ok(String::from_utf8(buffer)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn text_length(&mut self, max: u64, what: &str) -> Result<u64, HeaderError> {
        let bytes = self.u64()?;
        if bytes > max {
            return Err(HeaderError::invalid(format!("{what} claims {bytes} bytes")));
        }
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), HeaderError> {
        self.advance(bytes)?;
        let skipped = io::copy(&mut self.inner.by_ref().take(bytes), &mut io::sink())
            .map_err(HeaderError::Io)?;
        if skipped < bytes {
            return Err(self.ended(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    fn advance(&mut self, bytes: u64) -> Result<(), HeaderError> {
        self.position = self.position.saturating_add(bytes);
        if self.position > HEADER_BYTES_MAX {
            return Err(HeaderError::invalid(format!(
                "its header is longer than {HEADER_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }

    /// An early end is a truncated file; the caller fills in how much was present.
    fn ended(&self, error: io::Error) -> HeaderError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            HeaderError::HeaderCut {
                present: self.position,
            }
        } else {
            HeaderError::Io(error)
        }
    }
}
