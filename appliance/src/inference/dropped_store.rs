//! Every SQL statement on `refused_model_files`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Error, Result};

use super::{dropped::RefusedFile, dropped_folder::Dropped};

/// A refused file as stored.
#[derive(Clone, Debug)]
pub(super) struct RefusedRow {
    pub(super) file: RefusedFile,
    pub(super) changed_ns: i64,
    pub(super) dismissed: bool,
}

impl RefusedRow {
    /// Whether this very file was looked at, and not one that has taken its place.
    pub(super) fn is_about(&self, found: &Dropped) -> bool {
        self.file.name == found.name
            && self.file.size_bytes == found.size_bytes
            && self.changed_ns == found.changed_ns
    }
}

fn refused(row: &Row<'_>) -> Result<RefusedRow> {
    Ok(RefusedRow {
        file: RefusedFile {
            name: row.get("name")?,
            size_bytes: row.get("size_bytes")?,
            code: row.get("code")?,
            message: row.get("message")?,
            refused_at: row.get("refused_at")?,
        },
        changed_ns: row.get("changed_ns")?,
        dismissed: row.get("dismissed")?,
    })
}

/// Every refused file, the newest refusal first.
pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<RefusedRow>> {
    reader.query_all(
        "SELECT * FROM refused_model_files ORDER BY refused_at DESC, name LIMIT 1000",
        params![],
        refused,
    )
}

pub(super) fn find(reader: &Reader<'_>, name: &str) -> Result<RefusedRow> {
    reader
        .query_opt(
            "SELECT * FROM refused_model_files WHERE name = ?",
            params![name],
            refused,
        )?
        .ok_or_else(|| Error::not_found("refused file"))
}

/// Writes a refusal; an earlier one of the same name is replaced.
pub(super) fn save(tx: &Tx<'_>, row: &RefusedRow) -> Result<()> {
    tx.execute(
        "INSERT INTO refused_model_files (name, size_bytes, changed_ns, code, message, refused_at, dismissed)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET
             size_bytes = excluded.size_bytes, changed_ns = excluded.changed_ns, code = excluded.code,
             message = excluded.message, refused_at = excluded.refused_at, dismissed = excluded.dismissed",
        params![
            row.file.name.as_str(),
            row.file.size_bytes,
            row.changed_ns,
            row.file.code.as_str(),
            row.file.message.as_str(),
            row.file.refused_at,
            row.dismissed
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM refused_model_files WHERE name = ?",
        params![name],
    )?;
    Ok(())
}
