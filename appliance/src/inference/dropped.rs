//! The models directory as a way in. Whoever can write into it is the operator, so a model file that is put
//! there is taken in. One that cannot be is listed with the reason and the way out until it is gone, has
//! changed or is dismissed; it is looked at once, also over restarts of the node.

use std::{sync::Arc, time::Duration};

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, ErrorKind, RequestId, Result, Timestamp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Inference, Model, blocking,
    dropped_folder::{self as folder, Dropped},
    dropped_store::{self as store, RefusedRow},
    import::Source,
    inspect,
    model::Acceptance,
    registry::{By, OPERATOR, once_by},
    slot::Slot,
};
use crate::{
    audit,
    idempotency::{done_before, once},
};

/// How often the models directory is looked into.
const LOOKS: Duration = Duration::from_secs(10);
/// A file that has not changed for this long is complete.
const SETTLED: Duration = Duration::from_secs(5);
/// Files that are judged in one look; the next ones have their turn in the next.
const FILES_MAX: usize = 64;

/// A file in the models directory that was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedFile {
    /// Its name in the directory.
    pub name: String,
    pub size_bytes: u64,
    /// Stable code.
    pub code: String,
    /// One sentence for people: why, and the way out.
    pub message: String,
    /// When it was looked at.
    pub refused_at: Timestamp,
}

/// What another try came to: one of the two is there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RetriedFile {
    /// The model that it has become.
    #[schema(required)]
    pub model: Option<Model>,
    /// Why it was refused again.
    #[schema(required)]
    pub refused: Option<RefusedFile>,
}

type Tried = std::result::Result<Arc<Slot>, RefusedFile>;

/// Looks into the models directory every now and then, for as long as the node runs.
pub(super) async fn watch(registry: std::sync::Weak<super::Registry>) {
    loop {
        tokio::time::sleep(LOOKS).await;
        let Some(registry) = registry.upgrade() else {
            return;
        };
        if let Err(error) = Inference(registry).take_in_dropped(SETTLED).await {
            tracing::warn!(error = %error.chain(), "the models directory was not looked into");
        }
    }
}

impl Inference {
    /// Files in the models directory that were not taken in and that nobody has dismissed, the newest refusal
    /// first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_refused_files(&self) -> Result<Vec<RefusedFile>> {
        let rows = self.0.db.read(store::list).await?.into_iter();
        Ok(rows
            .filter(|row| !row.dismissed)
            .map(|row| row.file)
            .collect())
    }

    /// Takes in what somebody put into the models directory since the last look and what has not changed for
    /// `settled`; notes what cannot be used, and forgets of those what is there no longer.
    ///
    /// # Errors
    /// When the directory cannot be read; those of the database.
    pub async fn take_in_dropped(&self, settled: Duration) -> Result<()> {
        let _looking = self.0.looking.lock().await;
        let known = self.0.db.read(store::list).await?;
        let (models, own) = (self.0.settings.models.clone(), self.own_files());
        let found = blocking(move || folder::dropped_in(&models, &own)).await?;
        self.forget_gone(&known, &found).await?;
        let is_news = |file: &&Dropped| !known.iter().any(|row| row.is_about(file));
        let news = found.iter().filter(is_news);
        let complete = news.filter(|file| file.is_settled(settled));
        for file in complete.take(FILES_MAX) {
            if let Err(error) = self.take_in(file, By::Operator, false).await {
                tracing::warn!(error = %error.chain(), file = file.name, "a file in the models directory could not be judged");
            }
        }
        Ok(())
    }

    async fn forget_gone(&self, known: &[RefusedRow], found: &[Dropped]) -> Result<()> {
        let is_there = |row: &RefusedRow| found.iter().any(|file| file.name == row.file.name);
        let gone = known.iter().filter(|row| !is_there(row));
        let gone: Vec<String> = gone.map(|row| row.file.name.clone()).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let forgotten = move |tx: &Tx<'_>| gone.iter().try_for_each(|name| store::delete(tx, name));
        self.0.db.write(forgotten).await
    }

    /// Looks at a refused file once more; with `force` it is taken in although it does not fit into memory.
    ///
    /// # Errors
    /// `not_found`; those of the database and of the disk. That it is refused again is an answer.
    pub async fn retry_refused_file(
        &self,
        ctx: Option<&Ctx>,
        name: &str,
        force: bool,
    ) -> Result<RetriedFile> {
        if let Some(ctx) = ctx
            && let Some(done) =
                done_before::<Option<guildhall_kernel::ModelId>>(&self.0.db, ctx).await?
        {
            return match done {
                Some(model) => self.retried(Ok(self.slot_of(model)?)).await,
                None => self.retried(Err(self.refused_file(name).await?)).await,
            };
        }
        let _looking = self.0.looking.lock().await;
        self.refused_file(name).await?;
        let (models, own, wanted) = (
            self.0.settings.models.clone(),
            self.own_files(),
            name.to_owned(),
        );
        let file = blocking(move || folder::named(&models, &own, &wanted)).await?;
        let by = ctx.map_or(By::Operator, By::Person);
        let tried = self.take_in(&file, by, force).await?;
        self.retried(tried).await
    }

    async fn refused_file(&self, name: &str) -> Result<RefusedFile> {
        let name = name.to_owned();
        let found = self.0.db.read(move |reader| store::find(reader, &name));
        Ok(found.await?.file)
    }

    async fn retried(&self, tried: Tried) -> Result<RetriedFile> {
        Ok(match tried {
            Ok(slot) => RetriedFile {
                model: Some(self.view(&slot).await?),
                refused: None,
            },
            Err(refused) => RetriedFile {
                model: None,
                refused: Some(refused),
            },
        })
    }

    /// Says no more of a refused file until it changes; with `remove_file` removes it from the disk.
    ///
    /// # Errors
    /// `not_found`, `file_not_removable`.
    pub async fn dismiss_refused_file(
        &self,
        ctx: &Ctx,
        name: &str,
        remove_file: bool,
    ) -> Result<()> {
        if done_before::<()>(&self.0.db, ctx).await?.is_some() {
            return Ok(());
        }
        self.refused_file(name).await?;
        if remove_file {
            let (models, own, wanted) = (
                self.0.settings.models.clone(),
                self.own_files(),
                name.to_owned(),
            );
            blocking(move || remove(&folder::named(&models, &own, &wanted)?)).await?;
        }
        let (caller, name) = (ctx.clone(), name.to_owned());
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                let mut row = store::find(tx, &name)?;
                row.dismissed = true;
                match remove_file {
                    true => store::delete(tx, &name)?,
                    false => store::save(tx, &row)?,
                }
                let facts = json!({ "code": row.file.code, "size_bytes": row.file.size_bytes, "removed": remove_file });
                audit::record_with(tx, &caller, "model.file_dismissed", &name, facts)
            })
        });
        written.await
    }

    /// Files of the registry's models in the models directory.
    fn own_files(&self) -> Vec<String> {
        self.slots().iter().map(|slot| slot.row().file).collect()
    }

    /// Makes a dropped file a model, or notes why it is none.
    async fn take_in(&self, file: &Dropped, by: By<'_>, force: bool) -> Result<Tried> {
        match self.adopt(file, by, force).await {
            Ok(slot) => Ok(Ok(slot)),
            Err(error) if error.kind() == ErrorKind::Internal => Err(error),
            Err(error) => Ok(Err(self.note_refused(file, by, &error).await?)),
        }
    }

    /// Terms that ask for acceptance still wait for it when the file is taken in.
    async fn adopt(&self, file: &Dropped, by: By<'_>, force: bool) -> Result<Arc<Slot>> {
        if !file.is_gguf() {
            let message = format!(
                "{} is not taken in from this directory, only GGUF files are; rename it if it is one that ends in \
                 .gguf, and bring packs and folders with `guildhall models import`",
                file.name
            );
            return Err(Error::invalid("not_gguf", message));
        }
        let path = file.path.clone();
        let candidate = blocking(move || Source::file(&path)?.candidate(None)).await?;
        self.check_name_free(&candidate.name)?;
        let verdict = self.verdict_of(&candidate.inspection);
        if !verdict.fits && !force {
            let message = format!("{} {}", file.name, verdict.sentence);
            return Err(Error::conflict("model_too_large", message));
        }
        let (clock, name) = (Arc::clone(&self.0.settings.clock), file.name.clone());
        let described = blocking(move || {
            let sha256 = candidate.source.hash()?;
            let licence = candidate.inspection.licence.as_deref();
            let asks_nothing = licence.is_none_or(inspect::is_permissive);
            let acceptance = asks_nothing.then(|| Acceptance {
                by: OPERATOR.to_owned(),
                at: clock.now(),
            });
            Ok(candidate.row((name, sha256), acceptance, clock.as_ref()))
        });
        let row = described.await?;
        self.check_new(&row)?;
        let name = file.name.clone();
        self.register(row, by, move |tx| store::delete(tx, &name))
            .await
    }

    async fn note_refused(&self, file: &Dropped, by: By<'_>, error: &Error) -> Result<RefusedFile> {
        let clock = Arc::clone(&self.0.settings.clock);
        let refused = RefusedFile {
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            code: error.code().to_owned(),
            message: reason(file, error),
            refused_at: clock.now(),
        };
        if self.own_files().contains(&file.name) {
            // An import put it there while it was judged.
            return Ok(refused);
        }
        tracing::warn!(
            file = file.name,
            code = error.code(),
            "a file in the models directory was not taken in"
        );
        let row = RefusedRow {
            file: refused.clone(),
            changed_ns: file.changed_ns,
            dismissed: false,
        };
        let caller = by.person();
        let written = self.0.db.write(move |tx| {
            once_by(tx, caller.as_ref(), || {
                store::save(tx, &row)?;
                record_refused(tx, caller.as_ref(), &row.file, clock.as_ref())?;
                // What is remembered under a key: no model came of it.
                Ok(None::<guildhall_kernel::ModelId>)
            })
        });
        written.await?;
        Ok(refused)
    }
}

fn record_refused(
    tx: &Tx<'_>,
    caller: Option<&Ctx>,
    file: &RefusedFile,
    clock: &dyn guildhall_kernel::Clock,
) -> Result<()> {
    let (action, facts) = (
        "model.file_refused",
        json!({ "code": file.code, "size_bytes": file.size_bytes }),
    );
    match caller {
        Some(ctx) => audit::record_with(tx, ctx, action, &file.name, facts),
        None => audit::record_node(tx, clock, &RequestId::new(), (action, &file.name), facts),
    }
}

/// Why a file was refused, said of its name, with a way out that suits a file in the directory.
fn reason(file: &Dropped, error: &Error) -> String {
    let message = error
        .message()
        .replace(&file.path.display().to_string(), &file.name);
    let name = &file.name;
    match error.code() {
        "already_imported" => format!("{message}; remove {name}, nothing is lost"),
        "name_taken" => {
            format!("there is a model of the name that {name} would get; rename the file")
        }
        "invalid_name" => {
            format!("{name} gives a model no name; rename the file to letters, digits and hyphens")
        }
        "model_too_large" => {
            format!("{message}, raise `engine.memory_budget_mb`, or take it in all the same")
        }
        _ => message,
    }
}

/// # Errors
/// `file_not_removable`.
fn remove(file: &Dropped) -> Result<()> {
    std::fs::remove_file(&file.path).map_err(|error| {
        let message = format!(
            "{} cannot be removed: {error}; remove it at the machine",
            file.name
        );
        Error::conflict("file_not_removable", message)
    })
}
