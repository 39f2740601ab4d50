//! Where passphrases come from: a file, the environment, or somebody at the terminal.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;
use guildhall_license::Refusal;
use zeroize::Zeroizing;

use crate::{Result, files};

const VARIABLE: &str = "GUILDHALL_LICENSE_PASSPHRASE";
/// Letters of the shortest passphrase that a new key is sealed with.
const LETTERS_MIN: usize = 12;

/// What opens sealed keys.
#[derive(Args, Clone, Default)]
pub(crate) struct Passphrases {
    /// File whose first line is the passphrase; give it again for each further sealed key. Without it the variable
    /// GUILDHALL_LICENSE_PASSPHRASE counts, and without that the terminal is asked.
    #[arg(long = "passphrase-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Hands out the passphrases, one for each sealed key.
pub(crate) struct Supply {
    files: Vec<PathBuf>,
    given: usize,
}

impl Passphrases {
    pub(crate) fn supply(&self) -> Supply {
        Supply {
            files: self.files.clone(),
            given: 0,
        }
    }

    /// The passphrase of a key that is made.
    ///
    /// # Errors
    /// `passphrase_missing`, `passphrase_too_short`, `passphrase_differs`.
    pub(crate) fn choose(&self) -> Result<Zeroizing<String>> {
        let mut supply = self.supply();
        let is_asked = supply.files.is_empty() && std::env::var_os(VARIABLE).is_none();
        let chosen = supply.next("the new key")?;
        if chosen.chars().count() < LETTERS_MIN {
            let message = format!(
                "the passphrase is shorter than {LETTERS_MIN} letters; choose a longer one"
            );
            return Err(Refusal::new("passphrase_too_short", message));
        }
        if is_asked && supply.next("the new key, again")? != chosen {
            let message = "the two passphrases differ; run the command again";
            return Err(Refusal::new("passphrase_differs", message));
        }
        Ok(chosen)
    }
}

impl Supply {
    /// The passphrase of the next sealed key. One file counts for all of them.
    ///
    /// # Errors
    /// `passphrase_missing`, `file_unreadable`.
    pub(crate) fn next(&mut self, what: &str) -> Result<Zeroizing<String>> {
        let file = self.files.get(self.given).or(self.files.last());
        self.given += 1;
        if let Some(file) = file {
            return first_line(file);
        }
        if let Ok(passphrase) = std::env::var(VARIABLE) {
            return Ok(Zeroizing::new(passphrase));
        }
        if !std::io::stdin().is_terminal() {
            let message = format!(
                "the passphrase of {what} is missing; give --passphrase-file, set {VARIABLE}, or run this at a terminal"
            );
            return Err(Refusal::new("passphrase_missing", message));
        }
        rpassword::prompt_password(format!("passphrase of {what}: "))
            .map(Zeroizing::new)
            .map_err(|error| {
                let message = format!("the terminal gave no passphrase: {error}");
                Refusal::new("passphrase_missing", message)
            })
    }
}

fn first_line(path: &Path) -> Result<Zeroizing<String>> {
    let text = Zeroizing::new(files::read_text(path)?);
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}
