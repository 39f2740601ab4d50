//! Backups.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use guildhall_kernel::{Clock, Result, SystemClock};
use serde_json::json;

use super::{blocking, open_db, output::Output};
use crate::{backup, data_dir};

#[derive(Subcommand)]
pub(super) enum BackupCommand {
    /// Make a backup in a new folder, also while the server runs.
    Create {
        /// The folder to make.
        folder: PathBuf,
        /// Include the key-encryption key. Whoever has the backup can then sign leases.
        #[arg(long)]
        with_encryption_key: bool,
    },
    /// Check a backup.
    Verify {
        /// The backup's folder.
        folder: PathBuf,
    },
    /// Put a backup in the place of what is here. Counters go on above every number ever given out.
    Restore {
        /// The backup's folder.
        folder: PathBuf,
    },
}

pub(super) fn run(data_dir: &Path, command: BackupCommand, output: Output) -> Result<ExitCode> {
    let now = SystemClock.now();
    match command {
        BackupCommand::Create {
            folder,
            with_encryption_key,
        } => {
            open_db(data_dir)?.close();
            let made = backup::create(data_dir, &folder, with_encryption_key, now);
            let manifest = blocking(made)??;
            let lines = [format!(
                "{} files in {}{}",
                manifest.files.len(),
                folder.display(),
                if with_encryption_key {
                    "; keep it as safe as the keys, they are in it"
                } else {
                    "; the key-encryption key is not in it, keep that elsewhere"
                }
            )];
            Ok(output.result(&serde_json::to_value(&manifest)?, &lines))
        }
        BackupCommand::Verify { folder } => {
            let manifest = blocking(backup::verify(&folder))??;
            let lines = [format!(
                "{} is whole: made {} by {}",
                folder.display(),
                manifest.made_at.to_rfc3339(),
                manifest.version
            )];
            Ok(output.result(&serde_json::to_value(&manifest)?, &lines))
        }
        BackupCommand::Restore { folder } => {
            let _lock = data_dir::take(data_dir)?;
            let kept = blocking(backup::restore(&folder, data_dir, now))??;
            let lines = [format!(
                "{} is restored; what was there before lies in {}",
                folder.display(),
                kept.display()
            )];
            Ok(output.result(&json!({ "kept": kept }), &lines))
        }
    }
}
