//! Every SQL statement on `models`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ModelId, Result};

use super::model::{ModelKind, ModelRow};

pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<ModelRow>> {
    reader.query_all(
        "SELECT * FROM models ORDER BY name LIMIT 1000",
        params![],
        model,
    )
}

fn model(row: &Row<'_>) -> Result<ModelRow> {
    Ok(ModelRow {
        id: row.get("id")?,
        name: row.get("name")?,
        title: row.get("title")?,
        kind: ModelKind::from_stored(&row.get::<String>("kind")?),
        built_in: row.get("built_in")?,
        file: row.get("file")?,
        sha256: row.get("sha256")?,
        size_bytes: row.get("size_bytes")?,
        architecture: row.get("architecture")?,
        quantisation: row.get("quantisation")?,
        parameters: row.get("parameters")?,
        context_length: row.get("context_length")?,
        license: row.get("license")?,
        suitable_for_auto: row.get("suitable_for_auto")?,
        imported_at: row.get("imported_at")?,
    })
}

/// Writes a model, replacing the one of the same id.
pub(super) fn save(tx: &Tx<'_>, row: &ModelRow) -> Result<()> {
    delete(tx, row.id)?;
    tx.execute(
        "INSERT INTO models (id, name, title, kind, built_in, file, sha256, size_bytes, architecture,
                             quantisation, parameters, context_length, license, suitable_for_auto, imported_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.name.as_str(),
            row.title.as_str(),
            row.kind.as_str(),
            row.built_in,
            row.file.as_str(),
            row.sha256.as_str(),
            row.size_bytes,
            row.architecture.as_str(),
            row.quantisation.as_str(),
            row.parameters,
            row.context_length,
            row.license.as_deref(),
            row.suitable_for_auto,
            row.imported_at
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: ModelId) -> Result<()> {
    tx.execute("DELETE FROM models WHERE id = ?", params![id])?;
    Ok(())
}
