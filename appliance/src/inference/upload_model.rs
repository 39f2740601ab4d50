//! Uploads as data, and what is refused of them.

use std::path::Path;

use guildhall_engine_protocol::gguf::bytes_text;
use guildhall_kernel::{Error, ErrorKind, Result, Timestamp, UploadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{import, inspect::Inspection, model::Verdict, upload_store::UploadRow};

/// Largest model file: 100 GiB.
pub(super) const UPLOAD_BYTES_MAX: u64 = 100 << 30;
/// Largest piece; small ones are fine too.
pub(super) const CHUNK_BYTES_MAX: u64 = 64 << 20;
const UPLOADS_MAX: usize = 16;
pub(super) const KEPT_SECONDS: i64 = 7 * 24 * 3600;
const FILE_NAME_CHARACTERS_MAX: usize = 200;
/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// It wants more bytes.
    Receiving,
    /// It is whole and waits to be taken in.
    Received,
    /// It is no model for this node; its bytes are gone.
    Refused,
}

impl UploadState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Received => "received",
            Self::Refused => "refused",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "received" => Self::Received,
            "refused" => Self::Refused,
            _ => Self::Receiving,
        }
    }
}

/// Why an upload was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// One sentence for people.
    pub message: String,
}

/// What somebody wants to upload.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    #[schema(max_length = 200, pattern = r"^[^/\\\x00-\x1f\x7f-\x9f]*$")]
    pub file_name: String,
    #[schema(minimum = 1, maximum = 107_374_182_400_u64)]
    pub size_bytes: u64,
    /// The file's SHA-256 in hex, when the sender knows it: compared at the end.
    #[serde(default)]
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    pub sha256: Option<String>,
    /// What the model will be called; taken from the file's name when left out.
    #[serde(default)]
    pub name: Option<String>,
}

/// How an upload becomes a model.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CompleteUpload {
    /// That the caller has read and accepts the model's licence.
    pub accept_license: bool,
    /// Take it in although it does not fit into memory.
    pub force: bool,
    /// Take a model pack in although nobody whom this node knows has signed it.
    pub allow_unsigned: bool,
}

/// An upload as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Upload {
    pub id: UploadId,
    pub file_name: String,
    /// What the model will be called.
    pub name: String,
    pub size_bytes: u64,
    /// Bytes that are safe on the node: the next piece begins here.
    pub received_bytes: u64,
    /// Largest piece the node takes.
    pub chunk_bytes_max: u64,
    pub state: UploadState,
    #[schema(required)]
    pub refusal: Option<Refusal>,
    /// What the file says of itself, once its header is there.
    #[schema(required)]
    pub inspection: Option<Inspection>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// The hash: of the sender's words until the file is whole, then of its bytes.
    #[schema(required)]
    pub sha256: Option<String>,
    pub created_at: Timestamp,
    /// When it is removed unless something happens to it.
    pub expires_at: Timestamp,
}

/// Whether a file of that name is a model pack.
pub(super) fn is_pack(file_name: &str) -> bool {
    file_name.to_ascii_lowercase().ends_with(".tar")
}

/// A file's name without its ending.
pub(super) fn stem(file_name: &str) -> &str {
    let stem = file_name
        .strip_suffix(".gguf")
        .or_else(|| file_name.strip_suffix(".tar"));
    stem.unwrap_or(file_name)
}

pub(super) fn check_wanted(wanted: &NewUpload) -> Result<()> {
    let name = &wanted.file_name;
    let is_plain = !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
    if !is_plain || name.chars().count() > FILE_NAME_CHARACTERS_MAX {
        let message = "give the file's name alone, without a path";
        return Err(Error::invalid_field("file_name", "invalid_upload", message));
    }
    if wanted.size_bytes == 0 {
        let message = "an empty file is no model";
        return Err(Error::invalid_field(
            "size_bytes",
            "invalid_upload",
            message,
        ));
    }
    if wanted.size_bytes > UPLOAD_BYTES_MAX {
        let message = format!(
            "the file has {} and the largest that can be uploaded has {}; import it at the machine with \
             `guildhall models import`",
            bytes_text(wanted.size_bytes),
            bytes_text(UPLOAD_BYTES_MAX)
        );
        return Err(Error::new(ErrorKind::TooLarge, "upload_too_large", message));
    }
    let is_hash =
        |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if wanted.sha256.as_ref().is_some_and(|text| !is_hash(text)) {
        let message = "give the SHA-256 as 64 hexadecimal digits, or leave it out";
        return Err(Error::invalid_field("sha256", "invalid_upload", message));
    }
    Ok(())
}

/// Refuses one upload too many, a name on its way already, and what the disk cannot hold beside the others.
pub(super) fn check_room(open: &[UploadRow], wanted: &UploadRow, models: &Path) -> Result<()> {
    if open.len() >= UPLOADS_MAX {
        let message =
            format!("there are {UPLOADS_MAX} uploads already; complete or delete one first");
        return Err(Error::conflict("too_many_uploads", message));
    }
    let is_open = |row: &&UploadRow| row.state != UploadState::Refused;
    if open
        .iter()
        .filter(is_open)
        .any(|row| row.name == wanted.name)
    {
        let message = format!(
            "a model {} is being uploaded already; choose another name",
            wanted.name
        );
        return Err(Error::conflict("name_taken", message));
    }
    let others = open.iter().filter(is_open);
    let promised: u64 = others
        .map(|row| row.size_bytes.saturating_sub(row.received_bytes))
        .fold(0, u64::saturating_add);
    import::check_space(models, wanted.size_bytes.saturating_add(promised))
}

pub(super) fn check_receiving(row: &UploadRow, offset: u64) -> Result<()> {
    refuse_refused(row)?;
    if row.state == UploadState::Received || offset != row.received_bytes {
        let message = format!(
            "the upload has {} of {} bytes; go on from there",
            row.received_bytes, row.size_bytes
        );
        return Err(Error::conflict("offset_mismatch", message));
    }
    Ok(())
}

fn refuse_refused(row: &UploadRow) -> Result<()> {
    match &row.refusal {
        Some(refusal) => Err(Error::conflict("upload_refused", refusal.message.clone())),
        None => Ok(()),
    }
}

pub(super) fn check_complete(row: &UploadRow) -> Result<Inspection> {
    refuse_refused(row)?;
    match (&row.inspection, row.state) {
        (Some(inspection), UploadState::Received) => Ok(inspection.clone()),
        _ => {
            let message = format!(
                "{} of {} bytes have arrived; send the rest first",
                row.received_bytes, row.size_bytes
            );
            Err(Error::conflict("upload_incomplete", message))
        }
    }
}

pub(super) fn license_not_accepted(file: &str, inspection: &Inspection) -> Error {
    let licence = match &inspection.licence {
        Some(name) => format!("comes under the licence {name}"),
        None => "names no licence; find out under which terms you may use it".to_owned(),
    };
    Error::conflict(
        "license_not_accepted",
        format!("{file} {licence}; accept it to take the model in"),
    )
}
