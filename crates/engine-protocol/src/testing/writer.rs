//! A writer of GGUF version 3 files with 32-bit float tensors.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

const ALIGNMENT: usize = 32;

/// Collects metadata and tensors and lays them out as a GGUF file.
#[derive(Debug, Default, Clone)]
pub struct GgufWriter {
    metadata: Vec<u8>,
    metadata_count: u64,
    tensors: Vec<Tensor>,
}

#[derive(Debug, Clone)]
struct Tensor {
    name: String,
    dimensions: Vec<u64>,
    numbers: Vec<f32>,
}

impl GgufWriter {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, &text_bytes(value))
    }

    /// Adds an unsigned 32-bit integer.
    #[must_use]
    pub fn u32(self, key: &str, value: u32) -> Self {
        self.entry(key, 4, &value.to_le_bytes())
    }

    /// Adds a 32-bit float.
    #[must_use]
    pub fn f32(self, key: &str, value: f32) -> Self {
        self.entry(key, 6, &value.to_le_bytes())
    }

    /// Adds a truth value.
    #[must_use]
    pub fn bool(self, key: &str, value: bool) -> Self {
        self.entry(key, 7, &[u8::from(value)])
    }

    /// Adds an array of texts.
    #[must_use]
    pub fn texts(self, key: &str, values: &[String]) -> Self {
        let elements = values.iter().flat_map(|value| text_bytes(value)).collect();
        self.array(key, 8, values.len(), elements)
    }

    /// Adds an array of 32-bit floats.
    #[must_use]
    pub fn floats(self, key: &str, values: &[f32]) -> Self {
        let elements = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.array(key, 6, values.len(), elements)
    }

    /// Adds an array of signed 32-bit integers.
    #[must_use]
    pub fn integers(self, key: &str, values: &[i32]) -> Self {
        let elements = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.array(key, 5, values.len(), elements)
    }

    /// Adds a tensor of 32-bit floats; `dimensions` fastest first. The shape may promise more
    /// numbers than are given: the file is then truncated, which tests of readers want.
    #[must_use]
    pub fn tensor(mut self, name: &str, dimensions: &[u64], numbers: Vec<f32>) -> Self {
        self.tensors.push(Tensor {
            name: name.to_owned(),
            dimensions: dimensions.to_vec(),
            numbers,
        });
        self
    }

    /// The whole file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend(self.metadata_count.to_le_bytes());
        file.extend(&self.metadata);
        let mut data = Vec::new();
        for tensor in &self.tensors {
            file.extend(text_bytes(&tensor.name));
            file.extend(
                u32::try_from(tensor.dimensions.len())
                    .unwrap_or(u32::MAX)
                    .to_le_bytes(),
            );
            file.extend(
                tensor
                    .dimensions
                    .iter()
                    .flat_map(|dimension| dimension.to_le_bytes()),
            );
            file.extend(0_u32.to_le_bytes());
            file.extend((data.len() as u64).to_le_bytes());
            data.extend(
                tensor
                    .numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes()),
            );
            data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
        }
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(data);
        file
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&self.to_bytes())?;
        file.flush()
    }

    fn array(self, key: &str, element_type: u32, length: usize, elements: Vec<u8>) -> Self {
        let mut value = element_type.to_le_bytes().to_vec();
        value.extend((length as u64).to_le_bytes());
        value.extend(elements);
        self.entry(key, 9, &value)
    }

    fn entry(mut self, key: &str, value_type: u32, value: &[u8]) -> Self {
        self.metadata.extend(text_bytes(key));
        self.metadata.extend(value_type.to_le_bytes());
        self.metadata.extend(value);
        self.metadata_count += 1;
        self
    }
}

fn text_bytes(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}
