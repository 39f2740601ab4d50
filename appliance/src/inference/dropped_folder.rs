//! What lies in the models directory without belonging to the node.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use guildhall_kernel::{Error, Result};

/// A file of another kind is named from this size on: smaller ones (checksums, notes) are nobody's model.
const MODEL_BYTES_MIN: u64 = 1 << 20;
/// The ending of files that the node itself is writing.
const PARTIAL: &str = ".partial";

/// A file that somebody put into the models directory.
#[derive(Clone, Debug)]
pub(super) struct Dropped {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) size_bytes: u64,
    /// When its inode last changed, in nanoseconds since 1970.
    pub(super) changed_ns: i64,
}

impl Dropped {
    /// Whether it has not changed for so long, so that a copy under way is left alone. What changes is the
    /// inode: a copy may give a file any time of change, also one to come.
    pub(super) fn is_settled(&self, settled: Duration) -> bool {
        let Ok(since) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) else {
            return true;
        };
        let age = i128::try_from(since.as_nanos())
            .unwrap_or(i128::MAX)
            .saturating_sub(i128::from(self.changed_ns));
        // A negative age means that the clock was set back since.
        age < 0 || u128::try_from(age).is_ok_and(|age| age >= settled.as_nanos())
    }

    /// Whether its name says that it is a GGUF file.
    pub(super) fn is_gguf(&self) -> bool {
        let extension = self.path.extension().unwrap_or_default();
        extension.eq_ignore_ascii_case("gguf")
    }
}

/// Files in the models directory that look like a model and are none of the node's own, by name.
///
/// # Errors
/// When the directory cannot be read.
pub(super) fn dropped_in(models: &Path, own: &[String]) -> Result<Vec<Dropped>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(models)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_ours = own.iter().any(|own| *own == name) || name.ends_with(PARTIAL);
        if is_ours || name.starts_with('.') {
            continue;
        }
        // A link that leads nowhere is a file that cannot be read, and is named as one.
        let about = fs::metadata(&path).or_else(|_| fs::symlink_metadata(&path));
        let Ok(about) = about.map_err(|error| tracing::debug!(%error, "a file is gone again"))
        else {
            continue;
        };
        let seconds = about.ctime().saturating_mul(1_000_000_000);
        let file = Dropped {
            name: name.into_owned(),
            size_bytes: about.len(),
            changed_ns: seconds.saturating_add(about.ctime_nsec()),
            path,
        };
        if !about.is_dir() && (file.is_gguf() || file.size_bytes >= MODEL_BYTES_MIN) {
            found.push(file);
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// The file of that name in the directory; a name that leads elsewhere is none.
///
/// # Errors
/// `not_found`; when the directory cannot be read.
pub(super) fn named(models: &Path, own: &[String], name: &str) -> Result<Dropped> {
    let mut found = dropped_in(models, own)?.into_iter();
    found
        .find(|file| file.name == name)
        .ok_or_else(|| Error::not_found("refused file"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_may_be_a_model_and_is_not_ours_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let models = directory.path();
        for name in [
            "own.gguf",
            "new.gguf",
            "LOUD.GGUF",
            ".hidden.gguf",
            "coming.gguf.partial",
            "notes.txt",
        ] {
            fs::write(models.join(name), b"x").unwrap();
        }
        fs::create_dir(models.join("folder.gguf")).unwrap();
        let large = fs::File::create(models.join("weights.safetensors")).unwrap();
        large.set_len(MODEL_BYTES_MIN).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", models.join("broken.gguf")).unwrap();
        let own = ["own.gguf".to_owned()];
        let names: Vec<String> = dropped_in(models, &own)
            .unwrap()
            .into_iter()
            .map(|file| file.name)
            .collect();
        assert_eq!(
            names,
            [
                "LOUD.GGUF",
                "broken.gguf",
                "new.gguf",
                "weights.safetensors"
            ]
        );
        assert!(named(models, &own, "new.gguf").is_ok());
        for wrong in ["own.gguf", "../new.gguf", "notes.txt", ""] {
            assert_eq!(
                named(models, &own, wrong).unwrap_err().code(),
                "not_found",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_file_is_settled_by_its_inode_whatever_time_it_was_given() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.gguf");
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(86_400))
            .unwrap();
        let found = named(directory.path(), &[], "a.gguf").unwrap();
        assert!(found.is_settled(Duration::ZERO) && !found.is_settled(Duration::from_secs(3600)));
        let of_the_future = Dropped {
            changed_ns: i64::MAX,
            ..found
        };
        assert!(of_the_future.is_settled(Duration::from_secs(3600)));
    }
}
