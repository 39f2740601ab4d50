//! `guildhall models …`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use guildhall_kernel::Result;
use serde_json::Value;

use super::commands::{Place, rows, text_at};
use crate::ops::{ModelsOperation, Operation};

#[derive(Subcommand)]
pub(super) enum ModelsCommand {
    /// Take a GGUF file or a model pack into the node.
    Import {
        /// The file, or a pack's directory.
        file: PathBuf,
        /// What to call it; taken from the file's name when left out.
        #[arg(long)]
        name: Option<String>,
        /// Accept the model's licence, where it asks for more than to be kept with the file.
        #[arg(long)]
        accept_license: bool,
        /// Take it in although it does not fit into this machine's memory.
        #[arg(long)]
        force: bool,
        /// Take a pack in although nobody whom this node knows has signed it.
        #[arg(long)]
        allow_unsigned: bool,
    },
    /// List the models, and the files put into the models directory that were not taken in.
    List,
    /// Look once more at a file in the models directory that was not taken in.
    Retry {
        /// The file's name there.
        file: String,
        /// Take it in although it does not fit into this machine's memory.
        #[arg(long)]
        force: bool,
    },
    /// List well-known open models and what this machine makes of them.
    Known,
    /// Read every model file again and compare its hash.
    Verify,
    /// Remove a model that nobody uses.
    Remove {
        /// Its name.
        name: String,
        /// Remove it although employees have chosen it; they choose by themselves from then on.
        #[arg(long)]
        force: bool,
    },
    /// Write a model with its hashes and this node's signature into one file, to carry to another node.
    Pack {
        /// Its name.
        name: String,
        /// The file to write.
        file: PathBuf,
    },
    /// Show this node's public key for packs, and the publishers whose packs it trusts.
    Keys,
    /// Trust the packs of a publisher, after comparing the key's fingerprint with theirs.
    Trust {
        /// What to call the publisher.
        name: String,
        /// Their public key in base64.
        key: String,
    },
    /// Accept the licence of a model that was put into the models directory.
    Accept {
        /// Its name.
        name: String,
    },
    /// List the names that lead to models.
    Aliases,
    /// Lead a name such as `default` to a model.
    Alias {
        /// The name.
        alias: String,
        /// The model; without one the name is forgotten, or left to the node again.
        model: Option<String>,
    },
}

pub(super) fn run(place: &Place, command: ModelsCommand) -> Result<ExitCode> {
    let operation = operation_of(&command)?;
    place.carry_out(Operation::Models(operation), |value| lines(&command, value))
}

fn operation_of(command: &ModelsCommand) -> Result<ModelsOperation> {
    Ok(match command {
        ModelsCommand::Import {
            file,
            name,
            accept_license,
            force,
            allow_unsigned,
        } => ModelsOperation::Import {
            path: std::path::absolute(file)?,
            name: name.clone(),
            accept_license: *accept_license,
            force: *force,
            allow_unsigned: *allow_unsigned,
        },
        ModelsCommand::List => ModelsOperation::List,
        ModelsCommand::Retry { file, force } => ModelsOperation::Retry {
            file: file.clone(),
            force: *force,
        },
        ModelsCommand::Known => ModelsOperation::Known,
        ModelsCommand::Verify => ModelsOperation::Verify,
        ModelsCommand::Remove { name, force } => ModelsOperation::Remove {
            name: name.clone(),
            force: *force,
        },
        ModelsCommand::Pack { name, file } => ModelsOperation::Pack {
            name: name.clone(),
            path: std::path::absolute(file)?,
        },
        ModelsCommand::Keys => ModelsOperation::Keys,
        ModelsCommand::Trust { name, key } => ModelsOperation::Trust {
            name: name.clone(),
            key: key.clone(),
        },
        ModelsCommand::Accept { name } => ModelsOperation::AcceptLicense { name: name.clone() },
        ModelsCommand::Aliases => ModelsOperation::Aliases,
        ModelsCommand::Alias { alias, model } => ModelsOperation::SetAlias {
            alias: alias.clone(),
            model: model.clone(),
        },
    })
}

fn lines(command: &ModelsCommand, value: &Value) -> Vec<String> {
    match command {
        ModelsCommand::Import { .. } | ModelsCommand::Retry { .. } => imported(value),
        ModelsCommand::List => listed(value),
        ModelsCommand::Known => rows(value, |row| {
            format!(
                "{:<34} {:<14} {}",
                text_at(row, "/name"),
                text_at(row, "/licence"),
                text_at(row, "/options/0/verdict/sentence")
            )
        }),
        ModelsCommand::Verify => rows(value, |row| {
            format!("{:<24} {}", text_at(row, "/name"), text_at(row, "/result"))
        }),
        ModelsCommand::Remove { .. } => vec![format!("removed {}", text_at(value, "/removed"))],
        ModelsCommand::Pack { .. } => vec![format!("wrote {}", text_at(value, "/path"))],
        ModelsCommand::Keys => rows(value, key_line),
        ModelsCommand::Trust { .. } => vec![format!(
            "trusts {} ({})",
            text_at(value, "/name"),
            text_at(value, "/fingerprint")
        )],
        ModelsCommand::Accept { .. } => {
            vec![format!(
                "accepted the licence of {}",
                text_at(value, "/name")
            )]
        }
        ModelsCommand::Aliases => rows(value, alias_line),
        ModelsCommand::Alias { .. } => vec![alias_line(value)],
    }
}

fn listed(value: &Value) -> Vec<String> {
    let mut lines = rows(value, |row| {
        format!(
            "{:<24} {:<12} {:<10} {}",
            text_at(row, "/name"),
            text_at(row, "/kind"),
            text_at(row, "/state"),
            text_at(row, "/title")
        )
    });
    let refused = value.get("refused_files").and_then(Value::as_array);
    for file in refused.into_iter().flatten() {
        lines.push(refused_line(file));
    }
    lines
}

fn refused_line(file: &Value) -> String {
    format!(
        "{:<24} not taken in: {}",
        text_at(file, "/name"),
        text_at(file, "/message")
    )
}

fn imported(value: &Value) -> Vec<String> {
    let licence = match text_at(value, "/licence") {
        "" => "the file names no licence: find out under which terms you may use it".to_owned(),
        licence => format!("licence: {licence}"),
    };
    vec![
        format!(
            "imported {} ({}, {})",
            text_at(value, "/name"),
            text_at(value, "/architecture"),
            text_at(value, "/quantisation")
        ),
        licence,
        text_at(value, "/verdict/sentence").to_owned(),
    ]
}

fn key_line(row: &Value) -> String {
    format!(
        "{:<24} {}  {}",
        text_at(row, "/name"),
        text_at(row, "/fingerprint"),
        text_at(row, "/key")
    )
}

fn alias_line(row: &Value) -> String {
    let model = match text_at(row, "/model") {
        "" => "(no model)",
        name => name,
    };
    let is_set = row.get("is_set") == Some(&Value::Bool(true));
    let how = if is_set { "" } else { " (chosen by the node)" };
    format!("{:<16} {model}{how}", text_at(row, "/alias"))
}
