//! Names of models that write: a model's own, an alias, or that of an adapter, which is a name for the model
//! it belongs to with the adapter applied.

use std::{path::PathBuf, sync::Arc};

use guildhall_engine_protocol::Adapter;
use guildhall_kernel::{Error, Result};

use super::{
    Inference,
    gateway::{ModelCard, writes_nothing},
    model::ModelKind,
    slot::Slot,
};

/// An adapter as a model is loaded with it: another file under its name is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) sha256: String,
}

impl Attached {
    /// As the engine is told of it.
    pub(super) fn loading(&self) -> Adapter {
        Adapter {
            name: self.name.clone(),
            path: self.path.to_string_lossy().into_owned(),
        }
    }
}

/// What writes under a name.
pub(super) struct Writer {
    pub(super) slot: Arc<Slot>,
    /// The adapter it writes with.
    pub(super) adapter: Option<String>,
}

impl Inference {
    /// What writes under this name on this node.
    ///
    /// # Errors
    /// `unknown_model`, `wrong_kind`; `adapter_alone`, `license_not_accepted` of an adapter.
    pub(super) fn writer(&self, name: &str) -> Result<Writer> {
        let slot = self.slot(name).ok_or_else(|| {
            Error::invalid("unknown_model", format!("there is no model `{name}` here"))
        })?;
        match slot.kind() {
            ModelKind::Generative => Ok(Writer {
                slot,
                adapter: None,
            }),
            ModelKind::Embedding => Err(writes_nothing(name)),
            ModelKind::Adapter => self.adapted(&slot),
        }
    }

    /// As [`Inference::writer`], for the name of an adapter.
    pub(super) fn adapted(&self, adapter: &Slot) -> Result<Writer> {
        let row = adapter.row();
        if !row.is_accepted() {
            let message = format!(
                "nobody has accepted the licence of the adapter {} yet; an administrator can under Models",
                row.title
            );
            return Err(Error::conflict("license_not_accepted", message));
        }
        let base = row.base_model.as_deref();
        let base = base.and_then(|base| self.model_named(base));
        let base = base.filter(|base| base.kind() == ModelKind::Generative);
        let slot = base.ok_or_else(|| {
            let message = format!(
                "{} is an adapter that belongs to no model yet; an administrator can name its model under Models",
                row.title
            );
            Error::conflict("adapter_alone", message)
        })?;
        Ok(Writer {
            slot,
            adapter: Some(row.name),
        })
    }

    /// The adapters that may be named as models.
    pub(super) fn adapter_cards(&self) -> Vec<ModelCard> {
        let slots = self.slots().into_iter();
        let adapters = slots.filter(|slot| slot.kind() == ModelKind::Adapter);
        let cards = adapters.filter_map(|slot| {
            let (row, base) = (slot.row(), slot.row().base_model?);
            let base = self.model_named(&base).filter(|_| row.is_accepted())?.row();
            Some(ModelCard {
                name: row.name,
                title: format!("{} ({})", row.title, base.title),
                created_at: row.imported_at,
                context_length: Some(base.context_length),
                base: Some(base.name),
            })
        });
        cards.collect()
    }

    /// The model that an adapter of this name belongs to.
    pub fn base_of(&self, name: &str) -> Option<String> {
        let slot = self.slot(name)?;
        let row = slot.row();
        row.base_model.filter(|_| row.kind == ModelKind::Adapter)
    }

    /// The adapters that belong to a model now.
    pub(super) fn adapters_of(&self, slot: &Slot) -> Vec<Attached> {
        let slots = self.slots().into_iter();
        let adapters = slots.filter_map(|adapter| {
            let row = adapter.row();
            let belongs = row.kind == ModelKind::Adapter
                && row.is_accepted()
                && row.base_model.as_ref() == Some(&slot.name);
            let path = adapter.path().filter(|path| belongs && path.is_file())?;
            Some(Attached {
                name: row.name,
                path,
                sha256: row.sha256,
            })
        });
        adapters.collect()
    }
}
