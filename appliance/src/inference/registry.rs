//! Files of models on the node: taken in, adopted, compared again, removed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, ErrorKind, ModelId, RequestId, Result};
use serde_json::{Value, json};

use super::{
    Inference, blocking,
    import::{self, Candidate, Progress, Source},
    inspect,
    model::{Acceptance, Model, ModelRow},
    pack, sentence_model,
    signature::check_choice,
    slot::Slot,
    store,
    upload_model::license_not_accepted,
};
use crate::{
    audit,
    events::{Audience, Event},
    idempotency::{done_before, once},
};

/// Who imports at the machine itself.
pub(super) const OPERATOR: &str = "operator";

/// Who does something to the registry.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// Somebody with a session or a key.
    Person(&'a Ctx),
    /// Whoever is at the machine.
    Operator,
}

impl By<'_> {
    /// The context of a person, for a transaction.
    pub(super) fn person(self) -> Option<Ctx> {
        match self {
            By::Person(ctx) => Some(ctx.clone()),
            By::Operator => None,
        }
    }
}

/// Carries a change out once; what the operator does has no key.
pub(super) fn once_by<T: serde::Serialize + serde::de::DeserializeOwned>(
    tx: &Tx<'_>,
    ctx: Option<&Ctx>,
    change: impl FnOnce() -> Result<T>,
) -> Result<T> {
    match ctx {
        Some(ctx) => once(tx, ctx, change),
        None => change(),
    }
}

/// A file to take into the node.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// A GGUF file, or a model pack.
    pub path: PathBuf,
    /// What to call it; taken from the file when left out.
    pub name: Option<String>,
    /// That whoever imports accepts a licence that asks for acceptance.
    pub accept_license: bool,
    /// Take it in although it does not fit into memory.
    pub force: bool,
    /// Take a pack in although nobody whom this node knows has signed it.
    pub allow_unsigned: bool,
}

impl Inference {
    /// Takes a GGUF file into the node, as the operator, who accepts its licence.
    ///
    /// # Errors
    /// As [`Inference::import_file`].
    pub async fn import(&self, path: &Path, name: Option<&str>) -> Result<Model> {
        let request = ImportRequest {
            path: path.to_owned(),
            name: name.map(str::to_owned),
            accept_license: true,
            ..ImportRequest::default()
        };
        self.import_file(request, Arc::new(|_, _| {})).await
    }

    /// Takes a GGUF file or a model pack into the node, as the operator.
    ///
    /// # Errors
    /// What the file's header says; `already_imported`, `name_taken`, `license_not_accepted`,
    /// `model_too_large`, `disk_full`, `hash_mismatch`, `pack_unsigned`, `pack_signer_unknown`, and what is
    /// wrong with a pack.
    pub async fn import_file(&self, request: ImportRequest, progress: Progress) -> Result<Model> {
        let (path, name) = (request.path.clone(), request.name.clone());
        let (settings, allow_unsigned) = (Arc::clone(&self.0.settings), request.allow_unsigned);
        let opened = blocking(move || {
            if sentence_model::is_one(&path) {
                return sentence_model::candidate(&path, name.as_deref());
            }
            let shown = path.display().to_string();
            match pack::open(&path, &shown)? {
                Some(pack) => {
                    let signed = pack.signed(&settings.pack_keys)?;
                    check_choice(&shown, &signed, allow_unsigned)?;
                    pack.candidate(name.as_deref())
                }
                None => Source::file(&path)?.candidate(name.as_deref()),
            }
        });
        let candidate = opened.await?;
        self.check_name_free(&candidate.name)?;
        self.check_importable(&candidate, &request)?;
        import::check_space(&self.0.settings.models, candidate.source.length)?;
        self.check_not_here(&candidate).await?;
        let acceptance = Acceptance {
            by: OPERATOR.to_owned(),
            at: self.0.settings.clock.now(),
        };
        let row = self.copy_in(candidate, Some(acceptance), progress).await?;
        let slot = self.register(row, By::Operator, |_| Ok(())).await?;
        self.view(&slot).await
    }

    fn check_importable(&self, candidate: &Candidate, request: &ImportRequest) -> Result<()> {
        let (inspection, shown) = (&candidate.inspection, request.path.display().to_string());
        // Whoever imports at the machine has the file and its terms; only terms that ask for more than
        // that must be accepted in so many words.
        let asks = inspection
            .licence
            .as_deref()
            .is_some_and(|licence| !inspect::is_permissive(licence));
        if asks && !request.accept_license {
            return Err(license_not_accepted(&shown, inspection));
        }
        let verdict = self.verdict_of(inspection);
        if !verdict.fits && !request.force {
            let message = format!("{shown} {}", verdict.sentence);
            return Err(Error::conflict("model_too_large", message));
        }
        Ok(())
    }

    /// Refuses a file that is here already, before it is copied, when its size says that it may be.
    async fn check_not_here(&self, candidate: &Candidate) -> Result<()> {
        let size = candidate.source.length;
        if !self
            .slots()
            .iter()
            .any(|slot| slot.row().size_bytes == size)
        {
            return Ok(());
        }
        let source = candidate.source.clone();
        let sha256 = blocking(move || source.hash()).await?;
        self.check_hash_new(&sha256)
    }

    pub(super) async fn copy_in(
        &self,
        candidate: Candidate,
        acceptance: Option<Acceptance>,
        progress: Progress,
    ) -> Result<ModelRow> {
        let settings = Arc::clone(&self.0.settings);
        let copied = blocking(move || {
            let stored = candidate.copy_in(&settings.models, &progress)?;
            Ok(candidate.row(stored, acceptance, settings.clock.as_ref()))
        });
        let row = copied.await?;
        if let Err(error) = self.check_new(&row) {
            remove_files(&self.0.settings.models.join(&row.file))?;
            return Err(error);
        }
        Ok(row)
    }

    /// Refuses a name that is taken.
    pub(super) fn check_name_free(&self, name: &str) -> Result<()> {
        if self.slot(name).is_some() {
            let message = format!("there is a model {name} already; choose another name");
            return Err(Error::conflict("name_taken", message));
        }
        Ok(())
    }

    /// Refuses a file that is here under another name.
    pub(super) fn check_hash_new(&self, sha256: &str) -> Result<()> {
        let twin = self
            .slots()
            .into_iter()
            .find(|slot| slot.row().sha256 == sha256);
        match twin {
            Some(twin) => {
                let message = format!("this file is here already as {}", twin.name);
                Err(Error::conflict("already_imported", message))
            }
            None => Ok(()),
        }
    }

    /// Refuses a file that is here under another name, and a name that is taken.
    pub(super) fn check_new(&self, row: &ModelRow) -> Result<()> {
        self.check_hash_new(&row.sha256)?;
        self.check_name_free(&row.name)
    }

    /// Stores a model whose file is in place, with what else changes in the same transaction.
    pub(super) async fn register(
        &self,
        row: ModelRow,
        by: By<'_>,
        with: impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static,
    ) -> Result<Arc<Slot>> {
        let stored = row.clone();
        let caller = by.person();
        let recorded = self.recorder(by, "model.imported", row.id, imported_facts(&row));
        let written = self.0.db.write(move |tx| {
            once_by(tx, caller.as_ref(), || {
                store::save(tx, &stored)?;
                with(tx)?;
                recorded(tx)?;
                Ok(stored.id)
            })
        });
        written.await?;
        let slot = Arc::new(Slot::new(row, Arc::clone(&self.0.settings)));
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(slot.name.clone(), Arc::clone(&slot));
        drop(slots);
        self.model_changed(slot.id);
        Ok(slot)
    }

    pub(super) fn model_changed(&self, model_id: ModelId) {
        let event = Event::ModelChanged { model_id };
        self.0.settings.events.publish(Audience::Node, event);
    }

    /// Writes an audit entry of whoever acts.
    pub(super) fn recorder(
        &self,
        by: By<'_>,
        action: &'static str,
        id: ModelId,
        facts: Value,
    ) -> impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static {
        let ctx = by.person();
        let clock = Arc::clone(&self.0.settings.clock);
        move |tx| match ctx {
            Some(ctx) => audit::record_with(tx, &ctx, action, id, facts),
            None => {
                let what = (action, &*id.to_string());
                audit::record_operator(tx, clock.as_ref(), &RequestId::new(), what, facts)
            }
        }
    }

    /// Removes a model that nobody has chosen; with `force` those who have are set to `auto`, in the same
    /// transaction.
    ///
    /// # Errors
    /// `not_found`, `model_built_in`, `model_in_use`.
    pub async fn remove(&self, ctx: Option<&Ctx>, id: ModelId, force: bool) -> Result<()> {
        if let Some(ctx) = ctx
            && done_before::<()>(&self.0.db, ctx).await?.is_some()
        {
            return Ok(());
        }
        let slot = self.slot_of(id)?;
        let row = slot.row();
        if row.built_in {
            return Err(Error::conflict(
                "model_built_in",
                format!("{} ships with the node and stays", row.title),
            ));
        }
        let by = ctx.map_or(By::Operator, By::Person);
        let users = self.0.users;
        let name = slot.name.clone();
        let facts = json!({ "name": name, "forced": force });
        let caller = by.person();
        let recorded = self.recorder(by, "model.removed", id, facts);
        let removed = self.0.db.write(move |tx| {
            once_by(tx, caller.as_ref(), || {
                let count = (users.count)(tx, &name)?;
                if count > 0 && !force {
                    let message =
                        format!("{count} employees use {name}; give them another model first");
                    return Err(Error::conflict("model_in_use", message));
                }
                (users.release)(tx, &name)?;
                store::delete(tx, id)?;
                recorded(tx)
            })
        });
        removed.await?;
        // The file goes before the model: one that is nobody's would be taken in again.
        let files = remove_files(&self.0.settings.models.join(&row.file));
        self.0
            .slots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&slot.name);
        self.reload_aliases().await?;
        slot.unload().await;
        self.model_changed(id);
        files
    }

    /// Removes a model by its name, for the command line.
    ///
    /// # Errors
    /// As [`Inference::remove`].
    pub async fn remove_by_name(&self, name: &str, force: bool) -> Result<()> {
        let slot = self.named(name)?;
        self.remove(None, slot.id, force).await
    }

    /// The model of that name, for the command line.
    pub(super) fn named(&self, name: &str) -> Result<Arc<Slot>> {
        self.slot(name).ok_or_else(|| {
            let message = format!("there is no model `{name}`; see `guildhall models list`");
            Error::new(ErrorKind::NotFound, "unknown_model", message)
        })
    }
}

pub(super) fn remove_files(path: &Path) -> Result<()> {
    if path.is_dir() {
        std::fs::remove_dir_all(path)?;
    } else {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn imported_facts(row: &ModelRow) -> Value {
    json!({
        "name": row.name,
        "sha256": row.sha256,
        "licence": row.license,
        "licence_accepted": row.acceptance.is_some(),
    })
}
