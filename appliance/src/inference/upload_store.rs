//! Every SQL statement on `model_uploads`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Error, OrgId, PersonId, Result, Timestamp, UploadId};

use super::{
    inspect::Inspection,
    upload_model::{Refusal, UploadState},
};

/// An upload as stored.
#[derive(Clone, Debug)]
pub(super) struct UploadRow {
    pub(super) id: UploadId,
    pub(super) organisation: OrgId,
    pub(super) person: PersonId,
    pub(super) file_name: String,
    pub(super) name: String,
    pub(super) size_bytes: u64,
    pub(super) sha256: Option<String>,
    pub(super) received_bytes: u64,
    pub(super) hash_state: Vec<u8>,
    pub(super) state: UploadState,
    pub(super) refusal: Option<Refusal>,
    pub(super) inspection: Option<Inspection>,
    pub(super) created_at: Timestamp,
    pub(super) touched_at: Timestamp,
}

fn upload(row: &Row<'_>) -> Result<UploadRow> {
    let code: Option<String> = row.get("refusal_code")?;
    let message: Option<String> = row.get("refusal_message")?;
    let inspection: Option<String> = row.get("inspection")?;
    let inspection = inspection.map(|text| serde_json::from_str(&text));
    Ok(UploadRow {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        person: row.get("person_id")?,
        file_name: row.get("file_name")?,
        name: row.get("name")?,
        size_bytes: row.get("size_bytes")?,
        sha256: row.get("sha256")?,
        received_bytes: row.get("received_bytes")?,
        hash_state: row.get("hash_state")?,
        state: UploadState::from_stored(&row.get::<String>("state")?),
        refusal: code
            .zip(message)
            .map(|(code, message)| Refusal { code, message }),
        inspection: inspection.transpose()?,
        created_at: row.get("created_at")?,
        touched_at: row.get("touched_at")?,
    })
}

/// Every upload, oldest first.
pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<UploadRow>> {
    reader.query_all(
        "SELECT * FROM model_uploads ORDER BY id LIMIT 1000",
        params![],
        upload,
    )
}

pub(super) fn find(reader: &Reader<'_>, id: UploadId) -> Result<UploadRow> {
    reader
        .query_opt(
            "SELECT * FROM model_uploads WHERE id = ?",
            params![id],
            upload,
        )?
        .ok_or_else(|| Error::not_found("upload"))
}

pub(super) fn insert(tx: &Tx<'_>, row: &UploadRow) -> Result<()> {
    tx.execute(
        "INSERT INTO model_uploads (id, organisation_id, person_id, file_name, name, size_bytes, sha256,
                                    received_bytes, hash_state, state, created_at, touched_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.organisation,
            row.person,
            row.file_name.as_str(),
            row.name.as_str(),
            row.size_bytes,
            row.sha256.as_deref(),
            row.received_bytes,
            row.hash_state,
            row.state.as_str(),
            row.created_at,
            row.touched_at
        ],
    )?;
    Ok(())
}

/// Stores how far an upload is.
pub(super) fn update(tx: &Tx<'_>, row: &UploadRow) -> Result<()> {
    let inspection = row.inspection.as_ref();
    let inspection = inspection.map(serde_json::to_string).transpose()?;
    tx.execute(
        "UPDATE model_uploads SET sha256 = ?, received_bytes = ?, hash_state = ?, state = ?, refusal_code = ?,
                                  refusal_message = ?, inspection = ?, touched_at = ?
         WHERE id = ?",
        params![
            row.sha256.as_deref(),
            row.received_bytes,
            row.hash_state,
            row.state.as_str(),
            row.refusal.as_ref().map(|refusal| refusal.code.as_str()),
            row.refusal.as_ref().map(|refusal| refusal.message.as_str()),
            inspection,
            row.touched_at,
            row.id
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: UploadId) -> Result<()> {
    tx.execute("DELETE FROM model_uploads WHERE id = ?", params![id])?;
    Ok(())
}
