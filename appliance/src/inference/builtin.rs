//! What ships with the node: the starter model and the embedding model inside the engine.

use std::{fs, io::Write, path::Path};

use guildhall_engine_protocol::{BUILTIN_MINILM, gguf::Header};
use guildhall_kernel::{Clock, Error, ModelId, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::model::{ModelKind, ModelRow};

/// The starter model's name.
pub(super) const STARTER: &str = "starter";
const STARTER_FILE: &str = "starter.gguf";
const STARTER_BYTES: &[u8] = include_bytes!("../../../models/starter/starter.gguf");
const STARTER_MANIFEST: &str = include_str!("../../../models/starter/starter.json");
/// The embedding model's name.
pub(super) const EMBEDDING: &str = "minilm";

#[derive(Deserialize)]
struct StarterManifest {
    sha256: String,
    #[serde(alias = "licence")]
    license: String,
    usable_as_default: bool,
}

fn id_of(name: &str) -> ModelId {
    let digest: [u8; 32] = Sha256::digest(format!("guildhall/model/{name}")).into();
    let mut first = [0_u8; 16];
    first
        .iter_mut()
        .zip(digest)
        .for_each(|(byte, source)| *byte = source);
    ModelId::from_digest(first)
}

/// Writes the starter model below `models` unless it is there, and describes it.
///
/// # Errors
/// When the file cannot be written; internal when the build carries a wrong one.
pub(super) fn starter(
    models: &Path,
    known: Option<&ModelRow>,
    clock: &dyn Clock,
) -> Result<ModelRow> {
    let manifest: StarterManifest = serde_json::from_str(STARTER_MANIFEST)?;
    let path = models.join(STARTER_FILE);
    let size_bytes = u64::try_from(STARTER_BYTES.len()).unwrap_or(u64::MAX);
    let is_there = fs::metadata(&path).is_ok_and(|file| file.len() == size_bytes);
    if let Some(known) = known.filter(|known| is_there && known.sha256 == manifest.sha256) {
        return Ok(known.clone());
    }
    if data_encoding::HEXLOWER.encode(&Sha256::digest(STARTER_BYTES)) != manifest.sha256 {
        return Err(Error::internal(
            "the starter model in this build is not the one its manifest names",
        ));
    }
    let partial = models.join("starter.gguf.partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(STARTER_BYTES)?;
    file.sync_all()?;
    fs::rename(&partial, &path)?;
    let header = Header::read(STARTER_BYTES, size_bytes).map_err(|error| {
        Error::internal("the starter model in this build is damaged").with_source(error)
    })?;
    Ok(ModelRow {
        id: id_of(STARTER),
        name: STARTER.to_owned(),
        title: "Guildhall starter".to_owned(),
        kind: ModelKind::Generative,
        built_in: true,
        file: STARTER_FILE.to_owned(),
        sha256: manifest.sha256,
        size_bytes,
        architecture: header.architecture().to_owned(),
        quantisation: header.quantisation(),
        parameters: header.parameters(),
        context_length: u32::try_from(header.context_length().unwrap_or(0)).unwrap_or(u32::MAX),
        license: Some(manifest.license),
        suitable_for_auto: manifest.usable_as_default,
        imported_at: clock.now(),
        pinned: false,
        has_chat_template: header.chat_template().is_some(),
        has_tool_template: header
            .chat_template()
            .is_some_and(|template| template.contains("tools")),
        acceptance: None,
        probe: None,
        base_model: None,
    })
}

/// Describes the embedding model that the engine carries. Facts of all-MiniLM-L6-v2 as published; its
/// hash is that of the published weights (`model.safetensors`).
pub(super) fn embedding(known: Option<&ModelRow>, clock: &dyn Clock) -> ModelRow {
    if let Some(known) = known {
        return known.clone();
    }
    ModelRow {
        id: id_of(EMBEDDING),
        name: EMBEDDING.to_owned(),
        title: "all-MiniLM-L6-v2".to_owned(),
        kind: ModelKind::Embedding,
        built_in: true,
        file: BUILTIN_MINILM.to_owned(),
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db".to_owned(),
        size_bytes: 90_868_376,
        architecture: "bert".to_owned(),
        quantisation: "F32".to_owned(),
        parameters: 22_713_216,
        context_length: 256,
        license: Some("Apache-2.0".to_owned()),
        suitable_for_auto: false,
        imported_at: clock.now(),
        pinned: false,
        has_chat_template: false,
        has_tool_template: false,
        acceptance: None,
        probe: None,
        base_model: None,
    }
}
