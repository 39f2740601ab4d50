//! Files of models on the node: taken in, adopted, compared again, removed.

use std::{
    path::Path,
    sync::{Arc, PoisonError},
    time::Duration,
};

use guildhall_kernel::{Ctx, Error, ModelId, RequestId, Result};

use super::{
    Inference, blocking, import,
    model::{Model, ModelKind, ModelRow, Verified},
    slot::Slot,
    store,
};
use crate::{
    audit,
    events::{Audience, Event},
};

/// A dropped file that has not changed for this long is complete.
const DROP_SETTLED: Duration = Duration::from_secs(5);

impl Inference {
    /// Takes a GGUF file into the node.
    ///
    /// # Errors
    /// What the file's header says; `already_imported`, `name_taken`, `disk_full`.
    pub async fn import(&self, path: &Path, name: Option<&str>) -> Result<Model> {
        let (source, name) = (path.to_owned(), name.map(str::to_owned));
        let settings = Arc::clone(&self.0.settings);
        let row = blocking(move || {
            import::take_in(
                &source,
                &settings.models,
                name.as_deref(),
                settings.clock.as_ref(),
            )
        });
        let row = row.await?;
        if let Err(error) = self.check_new(&row) {
            std::fs::remove_file(self.0.settings.models.join(&row.file))?;
            return Err(error);
        }
        let slot = self.register(row).await?;
        self.view(&slot).await
    }

    /// Refuses a file that is here under another name, and a name that is taken.
    fn check_new(&self, row: &ModelRow) -> Result<()> {
        let twin = self
            .slots()
            .into_iter()
            .find(|slot| slot.row.sha256 == row.sha256);
        if let Some(twin) = twin {
            let message = format!("this file is here already as {}", twin.row.name);
            return Err(Error::conflict("already_imported", message));
        }
        if self.slot(&row.name).is_some() {
            let message = format!("there is a model {} already; choose another name", row.name);
            return Err(Error::conflict("name_taken", message));
        }
        Ok(())
    }

    async fn register(&self, row: ModelRow) -> Result<Arc<Slot>> {
        let (stored, clock) = (row.clone(), Arc::clone(&self.0.settings.clock));
        let written = self.0.db.write(move |tx| {
            store::save(tx, &stored)?;
            let facts = serde_json::json!({ "name": stored.name, "sha256": stored.sha256 });
            let subject = stored.id.to_string();
            let what = ("model.imported", subject.as_str());
            audit::record_operator(tx, clock.as_ref(), &RequestId::new(), what, facts)
        });
        written.await?;
        let slot = Arc::new(Slot::new(row, Arc::clone(&self.0.settings)));
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(slot.row.name.clone(), Arc::clone(&slot));
        drop(slots);
        let event = Event::ModelChanged {
            model_id: slot.row.id,
        };
        self.0.settings.events.publish(Audience::Node, event);
        Ok(slot)
    }

    /// Takes in what somebody put into the models directory since the last look. A file that cannot
    /// be used is named in the log once and left alone.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) async fn adopt_dropped(&self) -> Result<()> {
        let mut known: Vec<String> = self
            .slots()
            .iter()
            .map(|slot| slot.row.file.clone())
            .collect();
        known.extend(
            self.0
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .cloned(),
        );
        let settings = Arc::clone(&self.0.settings);
        for path in import::dropped_in(&settings.models, &known, DROP_SETTLED)? {
            let (file, clock) = (path.clone(), Arc::clone(&settings.clock));
            let described = blocking(move || import::adopt(&file, clock.as_ref())).await;
            let adopted = match described.and_then(|row| self.check_new(&row).map(|()| row)) {
                Ok(row) => self.register(row).await.map(|_| ()),
                Err(error) => Err(error),
            };
            if let Err(error) = adopted {
                tracing::warn!(error = %error.chain(), "a file in the models directory was not taken in");
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                self.0
                    .refused
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(name);
            }
        }
        Ok(())
    }

    /// Reads every model file again and compares its hash.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn verify(&self) -> Result<Vec<Verified>> {
        let mut results = Vec::new();
        for slot in self.slots() {
            let path = self.0.settings.models.join(&slot.row.file);
            let result = if slot.row.kind == ModelKind::Embedding {
                "carried by the engine"
            } else if !path.is_file() {
                "missing"
            } else if blocking(move || import::hash_file(&path)).await? == slot.row.sha256 {
                "ok"
            } else {
                "changed"
            };
            results.push(Verified {
                name: slot.row.name.clone(),
                result,
            });
        }
        Ok(results)
    }

    /// Removes a model that nobody has chosen.
    ///
    /// # Errors
    /// `not_found`, `model_built_in`, `model_in_use`.
    pub async fn remove(&self, ctx: Option<&Ctx>, id: ModelId) -> Result<()> {
        let slot = self.slot_of(id)?;
        if slot.row.built_in {
            return Err(Error::conflict(
                "model_built_in",
                format!("{} ships with the node and stays", slot.row.title),
            ));
        }
        let (name, count_users, caller) = (slot.row.name.clone(), self.0.count_users, ctx.cloned());
        let clock = Arc::clone(&self.0.settings.clock);
        let removed = self.0.db.write(move |tx| {
            let users = count_users(tx, &name)?;
            if users > 0 {
                let message =
                    format!("{users} employees use {name}; give them another model first");
                return Err(Error::conflict("model_in_use", message));
            }
            store::delete(tx, id)?;
            match caller {
                Some(ctx) => audit::record(tx, &ctx, "model.removed", id),
                None => {
                    let (request, subject) = (RequestId::new(), id.to_string());
                    let facts = serde_json::json!({ "name": name });
                    audit::record_operator(
                        tx,
                        clock.as_ref(),
                        &request,
                        ("model.removed", &subject),
                        facts,
                    )
                }
            }
        });
        removed.await?;
        self.0
            .slots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&slot.row.name);
        slot.unload().await;
        std::fs::remove_file(self.0.settings.models.join(&slot.row.file))?;
        self.0
            .settings
            .events
            .publish(Audience::Node, Event::ModelChanged { model_id: id });
        Ok(())
    }

    /// Removes a model by its name, for the command line.
    ///
    /// # Errors
    /// As [`Inference::remove`].
    pub async fn remove_by_name(&self, name: &str) -> Result<()> {
        let slot = self.slot(name).ok_or_else(|| {
            let message = format!("there is no model `{name}`; see `guildhall models list`");
            Error::new(
                guildhall_kernel::ErrorKind::NotFound,
                "unknown_model",
                message,
            )
        })?;
        self.remove(None, slot.row.id).await
    }
}
