//! A whole upload becomes a model: a file is put into its place, a pack's model is copied out of it.

use std::sync::Arc;

use guildhall_kernel::{Ctx, Error, Result, UploadId};

use super::{
    Inference, blocking, import,
    inspect::Inspection,
    model::{Acceptance, Model, ModelRow},
    pack,
    registry::{By, remove_files},
    signature::check_choice,
    upload_file as file,
    upload_model::{CompleteUpload, check_complete, is_pack, license_not_accepted},
    upload_store::{self as store, UploadRow},
};
use crate::idempotency::done_before;

impl Inference {
    /// Makes a whole upload a model.
    ///
    /// # Errors
    /// `not_found`, `upload_busy`, `upload_incomplete`, `upload_refused`, `license_not_accepted`,
    /// `model_too_large`, `name_taken`, `already_imported`, `pack_unsigned`, `pack_signer_unknown`; those of
    /// the disk.
    pub async fn complete_upload(
        &self,
        ctx: &Ctx,
        id: UploadId,
        how: CompleteUpload,
    ) -> Result<Model> {
        let _writer = self.0.writers.begin(id)?;
        if let Some(model) = done_before(&self.0.db, ctx).await? {
            return self.view(&self.slot_of(model)?).await;
        }
        let row = self
            .0
            .db
            .read(move |reader| store::find(reader, id))
            .await?;
        let inspection = check_complete(&row)?;
        let verdict = self.verdict_of(&inspection);
        if !how.accept_license {
            return Err(license_not_accepted(&row.file_name, &inspection));
        }
        if !verdict.fits && !how.force {
            let message = format!("{} {}", row.file_name, verdict.sentence);
            return Err(Error::conflict("model_too_large", message));
        }
        let acceptance = Acceptance {
            by: ctx.person.to_string(),
            at: ctx.now(),
        };
        let model = if is_pack(&row.file_name) {
            self.take_from_pack(ctx, row, acceptance, how).await
        } else {
            self.take_file(ctx, row, (inspection, acceptance)).await
        };
        self.upload_changed(id);
        model
    }

    async fn take_file(
        &self,
        ctx: &Ctx,
        row: UploadRow,
        (inspection, acceptance): (Inspection, Acceptance),
    ) -> Result<Model> {
        let id = row.id;
        let partial = file::path_of(&self.0.settings.models, id);
        let candidate = import::Candidate {
            source: import::Source::file(&partial)?,
            name: row.name.clone(),
            inspection,
            companions: Vec::new(),
        };
        let sha256 = row.sha256.unwrap_or_default();
        let place = (format!("{}.gguf", row.name), sha256);
        let model = candidate.row(place, Some(acceptance), ctx.clock.as_ref());
        self.check_new(&model)?;
        let target = self.0.settings.models.join(&model.file);
        import::put_in_place(&partial, &target)?;
        let registered = self
            .register(model, By::Person(ctx), move |tx| store::delete(tx, id))
            .await;
        if registered.is_err() {
            import::put_in_place(&target, &partial)?;
        }
        self.view(&registered?).await
    }

    /// The model is copied and hashed on the way; the pack goes once it is registered.
    async fn take_from_pack(
        &self,
        ctx: &Ctx,
        row: UploadRow,
        acceptance: Acceptance,
        how: CompleteUpload,
    ) -> Result<Model> {
        let (id, name) = (row.id, row.name.clone());
        let partial = file::path_of(&self.0.settings.models, id);
        let (path, shown, settings) =
            (partial.clone(), row.file_name, Arc::clone(&self.0.settings));
        let opened = blocking(move || {
            let pack = pack::open(&path, &shown)?;
            let pack = pack.ok_or_else(|| pack::invalid(&shown, "is no model pack"))?;
            check_choice(
                &shown,
                &pack.signed(&settings.pack_keys)?,
                how.allow_unsigned,
            )?;
            pack.candidate(Some(&name))
        });
        let candidate = opened.await?;
        self.check_name_free(&candidate.name)?;
        import::check_space(&self.0.settings.models, candidate.source.length)?;
        let silent = Arc::new(|_, _| {});
        let model: ModelRow = self.copy_in(candidate, Some(acceptance), silent).await?;
        let copied = self.0.settings.models.join(&model.file);
        let registered = self
            .register(model, By::Person(ctx), move |tx| store::delete(tx, id))
            .await;
        if registered.is_err() {
            remove_files(&copied)?;
        }
        let slot = registered?;
        file::remove(&partial)?;
        self.view(&slot).await
    }
}
