//! `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use guildhall_license::Refusal;
use serde_json::json;

use crate::{Result, cli::Arguments, files, output::Answer};

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// The folder to write the pages into; it must be there.
    folder: PathBuf,
}

/// Prints a completion script.
pub(crate) fn completions(arguments: &Completions) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "guildhall-license",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script).trim_end().to_owned();
    Answer::new(json!({ "script": script }), [script])
}

/// Writes one page for each command.
///
/// # Errors
/// `file_unwritable`.
pub(crate) fn man(arguments: &Man) -> Result<Answer> {
    let refuse = |error: std::io::Error| files::unwritable(&arguments.folder, &error);
    if !arguments.folder.is_dir() {
        let message = format!("{} is no folder; make it first", arguments.folder.display());
        return Err(Refusal::new("file_unwritable", message));
    }
    clap_mangen::generate_to(Arguments::command(), &arguments.folder).map_err(refuse)?;
    let line = format!("wrote the manual pages to {}", arguments.folder.display());
    Ok(Answer::new(json!({ "folder": arguments.folder }), [line]))
}
