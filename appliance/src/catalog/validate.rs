//! `guildhall agents validate FILE`: everything that is wrong with an agent's files.

use std::{fmt, fs, path::Path};

use guildhall_kernel::{Error, ErrorKind, Result};
use serde::Serialize;

use super::{
    handbook::{HANDBOOK_BYTES_MAX, Handbook},
    manifest::{MANIFEST_BYTES_MAX, Manifest, Problem, WHOLE_FILE},
};

const HANDBOOK_NAME: &str = "handbook.md";

/// What a check of an agent's files found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The manifest that was checked.
    pub file: String,
    /// Whether the node would take the agent.
    pub valid: bool,
    /// Which agent it is; `None` when the manifest does not say.
    pub agent: Option<CheckedAgent>,
    /// Everything that is wrong, the manifest's problems first.
    pub problems: Vec<Problem>,
    /// What is not wrong but worth knowing.
    pub notes: Vec<String>,
}

/// The agent that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedAgent {
    /// Its name in addresses.
    pub slug: String,
    /// Its job title.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Number of passages in the handbook beside it; `None` without one.
    pub passages: Option<usize>,
}

/// Checks a manifest and, when a `handbook.md` lies beside it, the handbook.
///
/// # Errors
/// `file_not_found`, `file_unreadable` when the manifest cannot be read at all.
pub fn validate_file(path: &Path) -> Result<Report> {
    let text = read(path, MANIFEST_BYTES_MAX)?.ok_or_else(|| not_found(path))?;
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let manifest = text.and_then(|text| Manifest::parse(&text));
    let manifest = manifest.map_err(|found| problems.extend(found)).ok();
    let handbook_path = path.with_file_name(HANDBOOK_NAME);
    let handbook = read(&handbook_path, HANDBOOK_BYTES_MAX)?;
    let handbook = handbook.map(|text| text.and_then(|text| Handbook::parse(&text)));
    let passages = match handbook {
        None => {
            notes.push(format!(
                "there is no {HANDBOOK_NAME} beside it; extractive answers quote one"
            ));
            None
        }
        Some(Ok(handbook)) => Some(handbook.passages.len()),
        Some(Err(found)) => {
            problems.extend(found.into_iter().map(in_handbook));
            None
        }
    };
    if let Some(manifest) = &manifest {
        notes.extend(directory_note(path, &manifest.slug));
    }
    let agent = manifest.map(|manifest| CheckedAgent {
        slug: manifest.slug,
        name: manifest.name,
        version: manifest.version,
        passages,
    });
    let file = path.display().to_string();
    Ok(Report {
        file,
        valid: problems.is_empty(),
        agent,
        problems,
        notes,
    })
}

/// The file's text; `None` when there is no such file. What is no text is a problem of the file.
fn read(path: &Path, bytes_max: usize) -> Result<Option<Result<String, Vec<Problem>>>> {
    let refuse = |message: String| Ok(Some(Err(vec![Problem::new("", None, message)])));
    let length = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(is_directory(path)),
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    if length > bytes_max as u64 {
        return refuse(format!(
            "is {length} bytes long; at most {bytes_max} allowed"
        ));
    }
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(Some(Ok(text))),
        Ok(Err(_)) => refuse("is not UTF-8 text; save it as UTF-8".into()),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn in_handbook(problem: Problem) -> Problem {
    let path = match problem.path.as_str() {
        WHOLE_FILE => HANDBOOK_NAME.to_owned(),
        path => format!("{HANDBOOK_NAME} {path}"),
    };
    Problem { path, ..problem }
}

fn directory_note(path: &Path, slug: &str) -> Option<String> {
    let directory = path
        .canonicalize()
        .ok()?
        .parent()?
        .file_name()?
        .to_str()?
        .to_owned();
    let is_agent_directory = path.file_name().is_some_and(|name| name == "manifest.yaml");
    (is_agent_directory && directory != slug)
        .then(|| format!("its directory is called {directory}, its slug {slug}"))
}

fn not_found(path: &Path) -> Error {
    let message = format!(
        "there is no file {}; name the manifest to check",
        path.display()
    );
    Error::new(ErrorKind::NotFound, "file_not_found", message)
}

fn is_directory(path: &Path) -> Error {
    let message = format!(
        "{} is a directory; name the manifest.yaml in it",
        path.display()
    );
    Error::invalid("file_unreadable", message)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let message = format!("{} cannot be read: {error}", path.display());
    Error::invalid("file_unreadable", message).with_source(error)
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(formatter, "{problem}")?;
        }
        for note in &self.notes {
            writeln!(formatter, "note: {note}")?;
        }
        match (&self.agent, self.problems.len()) {
            (Some(agent), 0) => {
                let CheckedAgent {
                    slug,
                    name,
                    version,
                    passages,
                } = agent;
                write!(
                    formatter,
                    "{}: {name} ({slug} {version}) is valid",
                    self.file
                )?;
                match passages {
                    Some(count) => write!(formatter, ", with {count} handbook passages"),
                    None => Ok(()),
                }
            }
            (_, 1) => write!(formatter, "{}: 1 problem", self.file),
            (_, count) => write!(formatter, "{}: {count} problems", self.file),
        }
    }
}
