//! Model packs: a model with its manifest and hashes, as a directory or as one uncompressed tar file that
//! travels on a stick.
//!
//! ```toml
//! format = 1
//! name = "qwen3-8b"
//! title = "Qwen3 8B"
//! license = "apache-2.0"
//! [[files]]
//! path = "model.gguf"
//! role = "model"        # one of these; `text` for licences and notes
//! size_bytes = 5027783488
//! sha256 = "…"
//! ```
//!
//! `manifest.sig` beside the manifest says who vouches for it; see `signature`. Nothing is unpacked: the model is
//! read where it lies. Names are plain file names, so that no entry can
//! point outside; what is not listed, or is listed and not there, is refused.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    import::{Candidate, Source},
    inspect::{self, Inspection, PackFacts},
    signature::{PackKeys, Signed},
    tar::{self, Entry},
};

const MANIFEST: &str = "manifest.toml";
const SIGNATURE: &str = "manifest.sig";
const SIGNATURE_BYTES_MAX: u64 = 4096;
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
const TEXT_BYTES_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 32;
const FORMAT: u32 = 1;

/// What a pack says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) name: String,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) license: Option<String>,
    pub(super) files: Vec<ListedFile>,
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedFile {
    pub(super) path: String,
    pub(super) role: FileRole,
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
}

/// What a file of a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileRole {
    /// The GGUF file.
    Model,
    /// A licence or a note.
    Text,
}

/// A pack whose list is checked; its model is hashed when it is copied.
#[derive(Debug)]
pub(super) struct Pack {
    manifest: Manifest,
    /// What the signature is of.
    manifest_text: String,
    signature: Option<String>,
    model: Source,
    /// What refusals call it.
    shown: String,
}

/// Opens a pack; `None` when the path is some other file. `shown` is what refusals call it.
///
/// # Errors
/// `pack_invalid`, saying what is wrong with it; `hash_mismatch` for its texts.
pub(super) fn open(path: &Path, shown: &str) -> Result<Option<Pack>> {
    let entries = if path.is_dir() {
        entries_of_directory(path, shown)?
    } else {
        let Some(entries) = tar::entries(path, FILES_MAX + 2)? else {
            return Ok(None);
        };
        entries
    };
    let refused = |reason: String| invalid(shown, &reason);
    let named = |name: &str| entries.iter().find(|entry| entry.name == name);
    let Some(first) = named(MANIFEST) else {
        let reason = "holds no manifest.toml; give a .gguf file or a model pack";
        return Err(invalid(shown, reason));
    };
    let manifest_text = read(first, MANIFEST_BYTES_MAX).map_err(refused)?;
    let manifest = parse(&manifest_text).map_err(refused)?;
    let model = check(&manifest, &entries).map_err(refused)?;
    let signature = named(SIGNATURE).map(|entry| read(entry, SIGNATURE_BYTES_MAX));
    Ok(Some(Pack {
        manifest,
        manifest_text,
        signature: signature.transpose().map_err(refused)?,
        model,
        shown: shown.to_owned(),
    }))
}

/// What a whole pack says of its model, and who vouches for it.
///
/// # Errors
/// As [`open`]; `pack_signature_wrong`.
pub(super) fn inspect(path: &Path, shown: &str, keys: &PackKeys) -> Result<Inspection> {
    let pack = open(path, shown)?.ok_or_else(|| invalid(shown, "is no model pack"))?;
    let signed_by = match pack.signed(keys)? {
        Signed::By(name) => Some(name),
        Signed::ByStranger(_) | Signed::Not => None,
    };
    Ok(Inspection {
        pack: Some(PackFacts { signed_by }),
        ..pack.candidate(None)?.inspection
    })
}

impl Pack {
    /// Who signed it.
    ///
    /// # Errors
    /// `pack_signature_wrong`.
    pub(super) fn signed(&self, keys: &PackKeys) -> Result<Signed> {
        let signature = self.signature.as_deref();
        keys.check(&self.manifest_text, signature)
            .map_err(|reason| {
                let message = format!("{} {reason}; get it again from its publisher", self.shown);
                Error::invalid("pack_signature_wrong", message)
            })
    }

    /// The model, judged, with what the manifest says of it.
    ///
    /// # Errors
    /// As [`Source::candidate`].
    pub(super) fn candidate(self, name: Option<&str>) -> Result<Candidate> {
        let Manifest {
            name: own_name,
            title,
            license,
            ..
        } = self.manifest;
        let mut candidate = self.model.candidate(Some(name.unwrap_or(&own_name)))?;
        let inspection = &mut candidate.inspection;
        if let Some(title) = title {
            inspection.title = title;
        }
        if let Some(license) = license {
            inspection.licence_is_permissive = inspect::is_permissive(&license);
            inspection.licence = Some(license);
        }
        Ok(candidate)
    }
}

pub(super) fn invalid(shown: &str, reason: &str) -> Error {
    Error::invalid("pack_invalid", format!("{shown} {reason}"))
}

fn entries_of_directory(path: &Path, shown: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for found in fs::read_dir(path)? {
        let found = found?;
        let kind = found.file_type()?;
        if !kind.is_file() {
            return Err(invalid(shown, "holds something that is not a plain file"));
        }
        if entries.len() > FILES_MAX + 1 {
            return Err(invalid(shown, "holds too many files"));
        }
        entries.push(Entry {
            name: found.file_name().to_string_lossy().into_owned(),
            file: found.path(),
            offset: 0,
            length: found.metadata()?.len(),
        });
    }
    Ok(entries)
}

fn read(entry: &Entry, bytes_max: u64) -> std::result::Result<String, String> {
    if entry.length > bytes_max {
        return Err(format!("has a {} that is too long", entry.name));
    }
    let reading = || -> std::io::Result<String> {
        let mut file = File::open(&entry.file)?;
        file.seek(SeekFrom::Start(entry.offset))?;
        let mut text = String::new();
        file.take(entry.length).read_to_string(&mut text)?;
        Ok(text)
    };
    reading().map_err(|error| format!("has a {} that cannot be read: {error}", entry.name))
}

fn parse(text: &str) -> std::result::Result<Manifest, String> {
    let manifest: Manifest = toml::from_str(text)
        .map_err(|error| format!("has a wrong manifest: {}", error.message()))?;
    let is_hash =
        |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_line = |text: &String| text.len() <= 200 && !text.chars().any(char::is_control);
    let texts = [
        Some(&manifest.name),
        manifest.title.as_ref(),
        manifest.license.as_ref(),
    ];
    if manifest.format != FORMAT {
        return Err(format!(
            "is a pack of format {}; this release reads format {FORMAT}",
            manifest.format
        ));
    }
    if manifest.files.is_empty() || manifest.files.len() > FILES_MAX {
        return Err(format!(
            "lists {} files; 1 to {FILES_MAX} may be",
            manifest.files.len()
        ));
    }
    if !texts.into_iter().flatten().all(is_line) {
        return Err("has a manifest whose texts are too long".to_owned());
    }
    for file in &manifest.files {
        if !tar::is_plain_name(&file.path) || !is_hash(&file.sha256) {
            return Err(format!(
                "lists {:?}, whose name or hash is wrong",
                file.path
            ));
        }
    }
    Ok(manifest)
}

/// Compares the list with what is there; gives where the model lies.
fn check(manifest: &Manifest, entries: &[Entry]) -> std::result::Result<Source, String> {
    let is_listed = |entry: &&Entry| ![MANIFEST, SIGNATURE].contains(&entry.name.as_str());
    for entry in entries.iter().filter(is_listed) {
        if !manifest.files.iter().any(|file| file.path == entry.name) {
            return Err(format!(
                "holds {:?}, which its manifest does not list",
                entry.name
            ));
        }
    }
    let mut model = None;
    for file in &manifest.files {
        let mut found = entries.iter().filter(|entry| entry.name == file.path);
        let entry = match (found.next(), found.next()) {
            (Some(entry), None) => entry,
            (None, _) => return Err(format!("lacks {}", file.path)),
            (Some(_), Some(_)) => return Err(format!("holds {} twice", file.path)),
        };
        if entry.length != file.size_bytes {
            return Err(format!(
                "is damaged: {} has {} bytes and should have {}",
                file.path, entry.length, file.size_bytes
            ));
        }
        match file.role {
            FileRole::Model if model.is_some() => {
                return Err("lists two models; one may be".to_owned());
            }
            FileRole::Model => {
                model = Some(Source {
                    path: entry.file.clone(),
                    offset: entry.offset,
                    length: entry.length,
                    sha256: Some(file.sha256.to_ascii_lowercase()),
                });
            }
            FileRole::Text => check_text(file, entry)?,
        }
    }
    model.ok_or_else(|| "lists no model".to_owned())
}

fn check_text(file: &ListedFile, entry: &Entry) -> std::result::Result<(), String> {
    let text = read(entry, TEXT_BYTES_MAX)?;
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    if sha256.eq_ignore_ascii_case(&file.sha256) {
        Ok(())
    } else {
        Err(format!(
            "is damaged: {} has another hash than listed",
            file.path
        ))
    }
}

/// Writes a signed pack of one model as a tar file, which must not be there yet.
///
/// # Errors
/// `file_exists`; those of the disk.
pub(super) fn write(
    target: &Path,
    model: &Path,
    (name, title, license): (&str, &str, Option<&str>),
    sha256: &str,
    keys: &PackKeys,
) -> Result<PathBuf> {
    let size_bytes = fs::metadata(model)?.len();
    let manifest = Manifest {
        format: FORMAT,
        name: name.to_owned(),
        title: Some(title.to_owned()),
        license: license.map(str::to_owned),
        files: vec![ListedFile {
            path: "model.gguf".to_owned(),
            role: FileRole::Model,
            size_bytes,
            sha256: sha256.to_owned(),
        }],
    };
    let manifest = toml::to_string(&manifest)
        .map_err(|error| Error::internal("writing a manifest").with_source(error))?;
    let signature = keys.sign(&manifest)?;
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(target);
    let mut file = file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let message = format!("{} is there already; choose another name", target.display());
            Error::conflict("file_exists", message)
        }
        _ => Error::invalid(
            "file_not_writable",
            format!("{} cannot be written: {error}", target.display()),
        ),
    })?;
    tar::write_entry(
        &mut file,
        MANIFEST,
        manifest.len() as u64,
        manifest.as_bytes(),
    )?;
    let length = signature.len() as u64;
    tar::write_entry(&mut file, SIGNATURE, length, signature.as_bytes())?;
    tar::write_entry(&mut file, "model.gguf", size_bytes, File::open(model)?)?;
    file.write_all(&tar::END)?;
    file.sync_all()?;
    Ok(target.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::SigningKey;
    use guildhall_engine_protocol::testing::write_tiny_model;

    use super::*;

    fn packed(directory: &Path) -> PathBuf {
        let model = directory.join("tiny.gguf");
        write_tiny_model(&model, 3).unwrap();
        let sha256 = Source::file(&model).unwrap().hash().unwrap();
        let facts = ("tiny-pack", "Tiny, packed", Some("mit"));
        let target = directory.join("tiny.tar");
        write(&target, &model, facts, &sha256, &keys(directory)).unwrap()
    }

    fn keys(directory: &Path) -> PackKeys {
        PackKeys::new(&SigningKey::from_bytes(&[7; 32]), directory)
    }

    fn open(path: &Path) -> Result<Option<Pack>> {
        super::open(path, "the pack")
    }

    fn refusal(path: &Path) -> String {
        open(path).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_pack_is_read_where_it_lies() {
        let directory = tempfile::tempdir().unwrap();
        let path = packed(directory.path());
        let pack = open(&path).unwrap().unwrap();
        let signed = pack.signed(&keys(directory.path())).unwrap();
        assert_eq!(signed, Signed::By("this node".to_owned()));
        let candidate = pack.candidate(None).unwrap();
        assert_eq!(candidate.name, "tiny-pack");
        assert_eq!(candidate.inspection.title, "Tiny, packed");
        assert_eq!(candidate.inspection.licence.as_deref(), Some("mit"));
        let hash = candidate.source.hash().unwrap();
        assert_eq!(candidate.source.sha256.as_deref(), Some(hash.as_str()));
    }

    #[test]
    fn an_ordinary_model_is_no_pack_and_an_ordinary_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let model = directory.path().join("tiny.gguf");
        write_tiny_model(&model, 3).unwrap();
        assert!(open(&model).unwrap().is_none());
        assert!(refusal(directory.path()).contains("holds no manifest.toml"));
    }

    #[test]
    fn what_is_damaged_unlisted_or_missing_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let pack = directory.path().join("pack");
        fs::create_dir(&pack).unwrap();
        let hash = "0".repeat(64);
        let manifest = |extra: &str| {
            format!(
                "format = 1\nname = 'x'\n[[files]]\npath = 'm.gguf'\nrole = 'model'\nsize_bytes = 3\nsha256 = '{hash}'\n{extra}"
            )
        };
        let put = |name: &str, text: &str| fs::write(pack.join(name), text).unwrap();
        put(MANIFEST, &manifest(""));
        assert!(refusal(&pack).contains("lacks m.gguf"));
        put("m.gguf", "four");
        assert!(refusal(&pack).contains("has 4 bytes and should have 3"));
        put("m.gguf", "abc");
        assert!(open(&pack).unwrap().is_some());
        put("other", "");
        assert!(refusal(&pack).contains("\"other\", which its manifest does not list"));
        put(
            MANIFEST,
            &manifest(&format!(
                "[[files]]\npath = '../etc/passwd'\nrole = 'text'\nsize_bytes = 0\nsha256 = '{hash}'\n"
            )),
        );
        assert!(refusal(&pack).contains("whose name or hash is wrong"));
        put(MANIFEST, &manifest("surprise = 1\n"));
        assert!(refusal(&pack).contains("wrong manifest"));
    }
}
