//! Model files that come over HTTP, in pieces, over as many connections as it takes.
//!
//! An upload is made with its size, grows by pieces at its end, is judged as soon as its header is there,
//! and becomes a model when it is whole, its hash is right and its licence is accepted. It survives a
//! restart of the node; one that nobody touches for a week is removed. One writer at a time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::{Body, Bytes};
use futures::StreamExt;
use guildhall_kernel::{Ctx, Error, ErrorKind, Result, UploadId};
use tokio::sync::mpsc;

use super::{
    Inference, blocking, import,
    inspect::{self, Inspection},
    model::Verdict,
    pack, upload_file as file,
    upload_model::{
        CHUNK_BYTES_MAX, KEPT_SECONDS, NewUpload, Refusal, Upload, UploadState, check_receiving,
        check_room, check_wanted, is_pack, stem,
    },
    upload_store::{self as store, UploadRow},
};
use crate::{
    audit,
    events::{Audience, Event},
    idempotency::{done_before, once},
};

/// Pieces between the network and the disk.
const PIECES: usize = 16;

/// Who writes to which upload.
#[derive(Clone, Default)]
pub(super) struct Writers(Arc<Mutex<BTreeSet<UploadId>>>);

pub(super) struct Writer {
    writers: Writers,
    id: UploadId,
}

impl Writers {
    pub(super) fn begin(&self, id: UploadId) -> Result<Writer> {
        let mut writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.insert(id) {
            return Ok(Writer {
                writers: self.clone(),
                id,
            });
        }
        Err(Error::conflict(
            "upload_busy",
            "somebody is writing to this upload; wait until that piece is done",
        ))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut writing = self
            .writers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        writing.remove(&self.id);
    }
}

impl Inference {
    /// Every upload, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_uploads(&self) -> Result<Vec<Upload>> {
        let rows = self.0.db.read(store::list).await?;
        Ok(rows.into_iter().map(|row| self.upload_view(row)).collect())
    }

    /// One upload.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn upload(&self, id: UploadId) -> Result<Upload> {
        let row = self
            .0
            .db
            .read(move |reader| store::find(reader, id))
            .await?;
        Ok(self.upload_view(row))
    }

    fn upload_view(&self, row: UploadRow) -> Upload {
        let verdict = row
            .inspection
            .as_ref()
            .map(|inspection| self.verdict_of(inspection));
        Upload {
            id: row.id,
            file_name: row.file_name,
            name: row.name,
            size_bytes: row.size_bytes,
            received_bytes: row.received_bytes,
            chunk_bytes_max: CHUNK_BYTES_MAX,
            state: row.state,
            refusal: row.refusal,
            inspection: row.inspection,
            verdict,
            sha256: row.sha256,
            created_at: row.created_at,
            expires_at: row.touched_at.plus_seconds(KEPT_SECONDS),
        }
    }

    pub(super) fn verdict_of(&self, inspection: &Inspection) -> Verdict {
        let settings = &self.0.settings;
        let speed = self.expected_speed(inspection.weight_bytes);
        let of = (inspection.kind, &inspection.needs());
        inspect::verdict(of, &settings.wish, settings.budget, speed)
    }

    /// Begins an upload. Refuses what cannot end well before a byte is taken.
    ///
    /// # Errors
    /// `invalid_name`, `name_taken`, `already_imported`, `invalid_upload`, `upload_too_large`,
    /// `too_many_uploads`, `disk_full`.
    pub async fn create_upload(&self, ctx: &Ctx, wanted: NewUpload) -> Result<Upload> {
        if let Some(id) = done_before(&self.0.db, ctx).await? {
            return self.upload(id).await;
        }
        let stem = stem(&wanted.file_name);
        let name = import::checked_name(wanted.name.as_deref().unwrap_or(stem))?;
        check_wanted(&wanted)?;
        self.check_name_free(&name)?;
        let sha256 = wanted.sha256.map(|hash| hash.to_ascii_lowercase());
        if let Some(hash) = &sha256 {
            self.check_hash_new(hash)?;
        }
        let now = ctx.now();
        let row = UploadRow {
            id: UploadId::new(ctx.clock.as_ref()),
            organisation: ctx.organisation,
            person: ctx.person,
            file_name: wanted.file_name,
            name,
            size_bytes: wanted.size_bytes,
            sha256,
            received_bytes: 0,
            hash_state: file::fresh_state(),
            state: UploadState::Receiving,
            refusal: None,
            inspection: None,
            created_at: now,
            touched_at: now,
        };
        let path = file::path_of(&self.0.settings.models, row.id);
        file::create(&path)?;
        let (stored, caller, models) = (row.clone(), ctx.clone(), self.0.settings.models.clone());
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                check_room(&store::list(tx)?, &stored, &models)?;
                store::insert(tx, &stored)?;
                let facts = serde_json::json!({ "file": stored.file_name, "size_bytes": stored.size_bytes });
                audit::record_with(tx, &caller, "model.upload_begun", stored.id, facts)?;
                Ok(stored.id)
            })
        });
        if let Err(error) = written.await {
            file::remove(&path)?;
            return Err(error);
        }
        self.upload_changed(row.id);
        Ok(self.upload_view(row))
    }

    pub(super) fn upload_changed(&self, upload_id: UploadId) {
        let event = Event::UploadChanged { upload_id };
        self.0.settings.events.publish(Audience::Node, event);
    }

    /// Takes the next piece. What has arrived counts also when the sender breaks off.
    ///
    /// # Errors
    /// `not_found`, `upload_busy`, `upload_refused`, `offset_mismatch` with the place to go on from,
    /// `body_too_large`, `upload_too_long`; those of the disk.
    pub async fn receive_piece(&self, id: UploadId, offset: u64, body: Body) -> Result<Upload> {
        let inference = self.clone();
        // A task of its own, so that what has arrived is kept when the sender's connection is gone.
        let receiving = tokio::spawn(async move { inference.receive(id, offset, body).await });
        receiving
            .await
            .map_err(|error| Error::internal("receiving an upload stopped").with_source(error))?
    }

    async fn receive(&self, id: UploadId, offset: u64, body: Body) -> Result<Upload> {
        let _writer = self.0.writers.begin(id)?;
        let mut row = self
            .0
            .db
            .read(move |reader| store::find(reader, id))
            .await?;
        check_receiving(&row, offset)?;
        let path = file::path_of(&self.0.settings.models, id);
        let (sender, pieces) = mpsc::channel(PIECES);
        let (state, size, target) = (row.hash_state.clone(), row.size_bytes, path.clone());
        let writing = blocking(move || file::append(&target, (offset, &state), size, pieces));
        let writing = tokio::spawn(writing);
        let sent = send_pieces(body, sender).await;
        let written = writing
            .await
            .map_err(|error| Error::internal("writing an upload stopped").with_source(error))??;
        row.received_bytes = written.received_bytes;
        row.hash_state = written.hash_state;
        row.touched_at = self.0.settings.clock.now();
        let row = self.judge_upload(row).await?;
        let stored = row.clone();
        self.0
            .db
            .write(move |tx| store::update(tx, &stored))
            .await?;
        if row.state == UploadState::Refused {
            file::remove(&path)?;
        }
        self.upload_changed(id);
        sent?;
        Ok(self.upload_view(row))
    }

    /// Looks at the header when it is there, and at the hash when everything is.
    async fn judge_upload(&self, mut row: UploadRow) -> Result<UploadRow> {
        let judged = self.judged(&row).await;
        match judged {
            Ok((inspection, sha256)) => {
                row.inspection = inspection;
                if let Some(sha256) = sha256 {
                    row.sha256 = Some(sha256);
                    row.state = UploadState::Received;
                }
            }
            Err(error) if error.kind() == ErrorKind::Internal => return Err(error),
            Err(error) => {
                row.state = UploadState::Refused;
                row.refusal = Some(Refusal {
                    code: error.code().to_owned(),
                    message: error.message().to_owned(),
                });
            }
        }
        Ok(row)
    }

    async fn judged(&self, row: &UploadRow) -> Result<(Option<Inspection>, Option<String>)> {
        let inspection = match &row.inspection {
            Some(known) => Some(known.clone()),
            None => {
                let path = file::path_of(&self.0.settings.models, row.id);
                let (name, sizes) = (row.file_name.clone(), (row.received_bytes, row.size_bytes));
                let settings = Arc::clone(&self.0.settings);
                let judging = move || match is_pack(&name) {
                    // Where in it the model lies is known when it is whole.
                    true if sizes.0 < sizes.1 => Ok(None),
                    true => pack::inspect(&path, &name, &settings.pack_keys).map(Some),
                    false => file::judge(&path, (&name, sizes.0, sizes.1)),
                };
                blocking(judging).await?
            }
        };
        if row.received_bytes < row.size_bytes {
            return Ok((inspection, None));
        }
        let sha256 = file::finish(&row.hash_state)?;
        if let Some(announced) = row.sha256.as_ref().filter(|hash| **hash != sha256) {
            let message = format!(
                "{} was damaged on the way: its hash is {sha256} and should be {announced}; upload it again",
                row.file_name
            );
            return Err(Error::invalid("hash_mismatch", message));
        }
        self.check_hash_new(&sha256)?;
        Ok((inspection, Some(sha256)))
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// `not_found`, `upload_busy`.
    pub async fn remove_upload(&self, ctx: &Ctx, id: UploadId) -> Result<()> {
        let _writer = self.0.writers.begin(id)?;
        let caller = ctx.clone();
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                store::find(tx, id)?;
                store::delete(tx, id)?;
                audit::record(tx, &caller, "model.upload_removed", id)
            })
        });
        written.await?;
        file::remove(&file::path_of(&self.0.settings.models, id))?;
        self.upload_changed(id);
        Ok(())
    }

    /// Removes uploads that nobody has touched for a week, and bytes that belong to none.
    ///
    /// # Errors
    /// Those of the disk and of the database.
    pub(super) async fn clean_uploads(&self) -> Result<()> {
        let rows = self.0.db.read(store::list).await?;
        let oldest = self.0.settings.clock.now().plus_seconds(-KEPT_SECONDS);
        for row in rows.iter().filter(|row| row.touched_at < oldest) {
            let Ok(_writer) = self.0.writers.begin(row.id) else {
                continue;
            };
            tracing::info!(upload.id = %row.id, "an abandoned upload was removed");
            let id = row.id;
            self.0.db.write(move |tx| store::delete(tx, id)).await?;
            file::remove(&file::path_of(&self.0.settings.models, id))?;
            self.upload_changed(id);
        }
        let models = self.0.settings.models.clone();
        let known = rows
            .into_iter()
            .map(|row| file::path_of(&models, row.id))
            .collect();
        blocking(move || file::remove_strangers(&models, &known)).await
    }
}

/// Hands a body to the disk piece by piece.
async fn send_pieces(body: Body, pieces: mpsc::Sender<Bytes>) -> Result<()> {
    let mut stream = body.into_data_stream();
    let mut bytes = 0_u64;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| {
            Error::invalid(
                "body_incomplete",
                "the piece ended early; go on from what has arrived",
            )
            .with_source(error)
        })?;
        bytes += piece.len() as u64;
        if bytes > CHUNK_BYTES_MAX {
            let message = format!(
                "a piece has at most {CHUNK_BYTES_MAX} bytes; send the rest as the next one"
            );
            return Err(Error::new(ErrorKind::TooLarge, "body_too_large", message));
        }
        if pieces.send(piece).await.is_err() {
            // The disk or the announced size refused it, and says so itself.
            return Ok(());
        }
    }
    Ok(())
}
