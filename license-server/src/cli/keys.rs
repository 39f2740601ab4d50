//! Keys and the keyring.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use ed25519_dalek::SigningKey;
use guildhall_kernel::{Clock, Error, Result, SystemClock};
use serde_json::{Value, json};

use super::{blocking, open_db, output::Output, read_secret};
use crate::{artefact, data_dir, keys::Keys, trust};

#[derive(Subcommand)]
pub(super) enum KeyringCommand {
    /// Take a signed keyring in, or several that follow on each other.
    Import {
        /// The keyring files, oldest first.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show the keyring.
    Show,
}

#[derive(Subcommand)]
pub(super) enum LocalKeyCommand {
    /// Let this server sign licences by itself. Whoever takes the machine can then do so too.
    Enable {
        /// File that holds the 32-byte Ed25519 seed of a key of the role `license`, in base64 or hex.
        #[arg(long, value_name = "FILE")]
        seed_file: PathBuf,
    },
    /// Remove the key.
    Disable,
}

/// The server's public keys with their roles.
pub(super) struct PublicKeys(Vec<(&'static str, String, String)>);

impl PublicKeys {
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .map(|(role, id, public)| format!("  {role:<6} {id} {public}"))
    }

    pub(super) fn value(&self) -> Value {
        self.0
            .iter()
            .map(|(role, id, public)| {
                json!({ "role": role, "alg": "ed25519", "id": id, "public": public })
            })
            .collect()
    }
}

pub(super) fn public_keys(keys: &Keys) -> PublicKeys {
    let describe = |role: &'static str, key: &SigningKey| {
        let (id, public) = artefact::describe_key(key);
        (role, id, public)
    };
    PublicKeys(vec![
        describe("lease", &keys.lease()),
        describe("crl", &keys.crl()),
        describe("log", &keys.log()),
    ])
}

pub(super) fn show(data_dir: &Path, output: Output) -> Result<ExitCode> {
    let public = public_keys(&Keys::open(&data_dir.join("keys"))?);
    let lines: Vec<String> = public.lines().collect();
    Ok(output.result(&public.value(), &lines))
}

pub(super) fn keyring(
    data_dir: &Path,
    command: KeyringCommand,
    output: Output,
) -> Result<ExitCode> {
    match command {
        KeyringCommand::Import { files } => {
            let _lock = data_dir::take(data_dir)?;
            let db = open_db(data_dir)?;
            let mut version = 0;
            for file in files {
                let bytes = fs::read(&file).map_err(|error| {
                    Error::invalid(
                        "keyring_unreadable",
                        format!("{} cannot be read: {error}", file.display()),
                    )
                })?;
                version = trust::import_blocking(&db, &bytes)?;
            }
            let keys = Keys::open(&data_dir.join("keys"))?;
            let trust = blocking(trust::Trust::open(&db))??;
            let warnings = trust.warnings(&keys, SystemClock.now());
            db.close();
            let mut lines = vec![format!("keyring {version} is in place")];
            lines.extend(warnings.iter().map(|text| format!("warning: {text}")));
            let value = json!({ "version": version, "warnings": warnings });
            Ok(output.result(&value, &lines))
        }
        KeyringCommand::Show => {
            let db = open_db(data_dir)?;
            let trust = blocking(trust::Trust::open(&db))??;
            db.close();
            let value = trust.describe();
            let lines = [serde_json::to_string_pretty(&value)?];
            Ok(output.result(&value, &lines))
        }
    }
}

pub(super) fn local_key(
    data_dir: &Path,
    command: LocalKeyCommand,
    output: Output,
) -> Result<ExitCode> {
    let _lock = data_dir::take(data_dir)?;
    let directory = data_dir.join("keys");
    match command {
        LocalKeyCommand::Enable { seed_file } => {
            let text = read_secret(&seed_file)?;
            let seed = artefact::read_seed(&text)?;
            Keys::enable_local_license_key(&directory, &seed)?;
            let (id, _) = artefact::describe_key(&SigningKey::from_bytes(&seed));
            let lines = [format!(
                "this server now signs licences with {id}; `doctor` says so from now on"
            )];
            Ok(output.result(&json!({ "key_id": id, "enabled": true }), &lines))
        }
        LocalKeyCommand::Disable => {
            let was_there = Keys::disable_local_license_key(&directory)?;
            let line = if was_there {
                "this server does not hold a `license` key any more"
            } else {
                "this server held no `license` key"
            };
            Ok(output.result(&json!({ "enabled": false }), &[line.to_owned()]))
        }
    }
}
