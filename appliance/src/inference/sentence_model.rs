//! Models of the BERT family as their makers publish them: a directory with `config.json`,
//! `tokenizer.json` and `model.safetensors`, read here only as far as a header goes.
//!
//! Format of the weights: eight bytes of length, little-endian, then so much JSON (the safetensors format of
//! Hugging Face).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, Result};
use serde::Deserialize;

use super::{
    import::{Candidate, Source, checked_name},
    inspect::Inspection,
    model::ModelKind,
};

/// The file that holds the weights; its hash is the model's.
pub(super) const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
/// What goes with the weights, and whether it must be there.
const COMPANIONS: [(&str, bool); 4] = [
    (CONFIG, true),
    ("tokenizer.json", true),
    ("1_Pooling/config.json", false),
    ("sentence_bert_config.json", false),
];
const COMPANION_BYTES_MAX: u64 = 128 << 20;
const CONFIG_BYTES_MAX: u64 = 1 << 20;
const HEADER_BYTES_MAX: u64 = 16 << 20;
/// Networks that the engine computes.
const MODEL_TYPES: [&str; 4] = ["bert", "camembert", "roberta", "xlm-roberta"];

#[derive(Deserialize)]
struct Config {
    model_type: String,
    #[serde(default)]
    max_position_embeddings: u32,
}

#[derive(Deserialize)]
struct TensorFacts {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Whether a directory looks like such a model.
pub(super) fn is_one(path: &Path) -> bool {
    path.join(CONFIG).is_file() && path.join(WEIGHTS).is_file()
}

/// Judges the model in a directory.
///
/// # Errors
/// `model_unsupported`, `model_corrupt`, `model_truncated`, naming the directory.
pub(super) fn candidate(path: &Path, name: Option<&str>) -> Result<Candidate> {
    let shown = path.display();
    let refuse = |code, reason: String| Error::invalid(code, format!("{shown} {reason}"));
    let mut companions = Vec::new();
    for (file, is_needed) in COMPANIONS {
        match fs::metadata(path.join(file)) {
            Ok(found) if found.is_file() && found.len() <= COMPANION_BYTES_MAX => {
                companions.push(PathBuf::from(file));
            }
            Ok(_) => {
                return Err(refuse(
                    "model_unsupported",
                    format!("has an unusable {file}"),
                ));
            }
            Err(_) if !is_needed => {}
            Err(_) => return Err(refuse("model_unsupported", format!("holds no {file}"))),
        }
    }
    let config = read_bounded(&path.join(CONFIG), CONFIG_BYTES_MAX)?;
    let config: Config = serde_json::from_slice(&config).map_err(|error| {
        refuse(
            "model_corrupt",
            format!("has a {CONFIG} that does not read: {error}"),
        )
    })?;
    if !MODEL_TYPES.contains(&config.model_type.as_str()) {
        let reason = format!(
            "is a `{}` model; those that turn text into vectors here are {}",
            config.model_type.chars().take(40).collect::<String>(),
            MODEL_TYPES.join(", ")
        );
        return Err(refuse("model_unsupported", reason));
    }
    let source = Source::file(&path.join(WEIGHTS))?;
    let tensors = header(&source).map_err(|reason| refuse("model_corrupt", reason))?;
    let end = tensors.values().map(|tensor| tensor.data_offsets.1).max();
    if end.unwrap_or(0) > source.length {
        let reason = "is truncated: its weights end too early; copy it again";
        return Err(refuse("model_truncated", reason.to_owned()));
    }
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Candidate {
        name: checked_name(name.unwrap_or(&stem))?,
        inspection: inspection(&stem, &config, &tensors),
        source,
        companions,
    })
}

fn inspection(title: &str, config: &Config, tensors: &BTreeMap<String, TensorFacts>) -> Inspection {
    let elements = |tensor: &TensorFacts| {
        tensor
            .shape
            .iter()
            .fold(1, |product: u64, next| product.saturating_mul(*next))
    };
    let bytes = |tensor: &TensorFacts| tensor.data_offsets.1.saturating_sub(tensor.data_offsets.0);
    let largest = tensors.values().max_by_key(|tensor| bytes(tensor));
    Inspection {
        kind: ModelKind::Embedding,
        title: title.to_owned(),
        architecture: config.model_type.clone(),
        quantisation: largest.map_or_else(String::new, |tensor| {
            tensor.dtype.chars().take(16).collect()
        }),
        parameters: tensors
            .values()
            .fold(0, |sum: u64, tensor| sum.saturating_add(elements(tensor))),
        context_length: config.max_position_embeddings,
        licence: None,
        licence_is_permissive: false,
        has_chat_template: false,
        has_tool_template: false,
        weight_bytes: tensors
            .values()
            .fold(0, |sum: u64, tensor| sum.saturating_add(bytes(tensor))),
        cache_bytes_per_token: 0,
        pack: None,
    }
}

fn header(source: &Source) -> std::result::Result<BTreeMap<String, TensorFacts>, String> {
    let reading = || -> std::io::Result<Option<Vec<u8>>> {
        let mut file = File::open(&source.path)?;
        let mut length = [0_u8; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > HEADER_BYTES_MAX.min(source.length) {
            return Ok(None);
        }
        let mut text = Vec::new();
        file.take(length).read_to_end(&mut text)?;
        Ok(Some(text))
    };
    let corrupt = || format!("has a {WEIGHTS} that is damaged; copy it again");
    let text = reading().ok().flatten().ok_or_else(corrupt)?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|_| corrupt())?;
    entries.remove("__metadata__");
    let tensors = entries
        .into_iter()
        .map(|(name, facts)| Ok((name, serde_json::from_value(facts).map_err(|_| corrupt())?)));
    tensors.collect()
}

fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn directory(config: &str, header: &str, data: usize) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
        put(CONFIG, config.as_bytes());
        put("tokenizer.json", b"{}");
        let mut weights = (header.len() as u64).to_le_bytes().to_vec();
        weights.extend(header.as_bytes());
        weights.resize(weights.len() + data, 0);
        put(WEIGHTS, &weights);
        directory
    }

    const BERT: &str = r#"{"model_type":"bert","max_position_embeddings":512}"#;
    const HEADER: &str = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[4,8],"data_offsets":[0,128]}}"#;

    #[test]
    fn a_directory_is_described_from_its_headers() {
        let directory = directory(BERT, HEADER, 128);
        assert!(is_one(directory.path()));
        let found = candidate(directory.path(), Some("Mine")).unwrap();
        assert_eq!(
            (found.name.as_str(), found.inspection.parameters),
            ("mine", 32)
        );
        assert_eq!(found.inspection.kind, ModelKind::Embedding);
        assert_eq!(found.inspection.quantisation, "F32");
        assert_eq!(found.companions.len(), 2);
    }

    #[test]
    fn other_networks_and_damaged_files_are_refused() {
        let code = |directory: &tempfile::TempDir| {
            candidate(directory.path(), Some("x")).unwrap_err().code()
        };
        let other = r#"{"model_type":"gpt2"}"#;
        assert_eq!(code(&directory(other, HEADER, 128)), "model_unsupported");
        assert_eq!(code(&directory(BERT, HEADER, 0)), "model_truncated");
        assert_eq!(code(&directory(BERT, "not json", 128)), "model_corrupt");
        assert_eq!(code(&directory("{", HEADER, 128)), "model_corrupt");
        let cut = directory(BERT, HEADER, 128);
        fs::write(cut.path().join(WEIGHTS), u64::MAX.to_le_bytes()).unwrap();
        assert_eq!(code(&cut), "model_corrupt");
        fs::remove_file(cut.path().join("tokenizer.json")).unwrap();
        assert_eq!(code(&cut), "model_unsupported");
    }
}
