//! Commands on models.

use std::path::PathBuf;

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::execute::to_json;
use crate::{
    app::App,
    inference::{ImportRequest, Progress},
};

/// One command on models. Paths are absolute: the node may run in another directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ModelsOperation {
    /// Take a model file or pack into the node.
    Import {
        path: PathBuf,
        name: Option<String>,
        accept_license: bool,
        force: bool,
        #[serde(default)]
        allow_unsigned: bool,
    },
    /// Every model, and the files of the models directory that were not taken in.
    List,
    /// Look at such a file once more.
    Retry { file: String, force: bool },
    /// Well-known open models and what this machine makes of them.
    Known,
    /// Read every model file again and compare its hash.
    Verify,
    /// Remove a model.
    Remove { name: String, force: bool },
    /// Write a model with its hashes into one file.
    Pack { name: String, path: PathBuf },
    /// This node's key for packs, and the publishers it trusts.
    Keys,
    /// Trust a publisher's packs.
    Trust { name: String, key: String },
    /// Accept a model's licence.
    AcceptLicense { name: String },
    /// Every alias.
    Aliases,
    /// Lead an alias to a model, or forget it.
    SetAlias {
        alias: String,
        model: Option<String>,
    },
}

pub(super) async fn execute(
    app: &App,
    operation: ModelsOperation,
    progress: Progress,
) -> Result<Value> {
    let inference = &app.inference;
    let list = |items: Value| json!({ "items": items, "next_cursor": null });
    match operation {
        ModelsOperation::Import {
            path,
            name,
            accept_license,
            force,
            allow_unsigned,
        } => {
            let request = ImportRequest {
                path,
                name,
                accept_license,
                force,
                allow_unsigned,
            };
            to_json(inference.import_file(request, progress).await?)
        }
        ModelsOperation::List => Ok(json!({
            "items": inference.list().await?,
            "next_cursor": null,
            "refused_files": inference.list_refused_files().await?,
        })),
        ModelsOperation::Retry { file, force } => {
            let retried = inference.retry_refused_file(None, &file, force).await?;
            match retried.refused {
                Some(refused) => Err(Error::conflict("file_refused", refused.message)),
                None => to_json(retried.model),
            }
        }
        ModelsOperation::Known => Ok(list(to_json(inference.known_models()?)?)),
        ModelsOperation::Verify => Ok(json!({ "items": inference.verify().await? })),
        ModelsOperation::Remove { name, force } => {
            inference.remove_by_name(&name, force).await?;
            Ok(json!({ "removed": name }))
        }
        ModelsOperation::Pack { name, path } => {
            let path = inference.pack(&name, path).await?;
            Ok(json!({ "packed": name, "path": path }))
        }
        ModelsOperation::Keys => Ok(list(to_json(inference.publishers()?)?)),
        ModelsOperation::Trust { name, key } => {
            to_json(inference.trust_publisher(&name, &key).await?)
        }
        ModelsOperation::AcceptLicense { name } => {
            to_json(inference.accept_license_by_name(&name).await?)
        }
        ModelsOperation::Aliases => Ok(list(to_json(inference.list_aliases())?)),
        ModelsOperation::SetAlias { alias, model } => {
            to_json(inference.set_alias(None, &alias, model.as_deref()).await?)
        }
    }
}
