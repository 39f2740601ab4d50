//! Every SQL statement on `models` and `model_aliases`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ModelId, Result, Timestamp};

use super::model::{Acceptance, ModelKind, ModelRow, Probe};

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
        pinned: row.get("pinned")?,
        has_chat_template: row.get("has_chat_template")?,
        has_tool_template: row.get("has_tool_template")?,
        acceptance: acceptance(row)?,
        probe: probe(row)?,
        base_model: row.get("base_model")?,
    })
}

fn acceptance(row: &Row<'_>) -> Result<Option<Acceptance>> {
    let by: Option<String> = row.get("license_accepted_by")?;
    let at: Option<Timestamp> = row.get("license_accepted_at")?;
    Ok(by.zip(at).map(|(by, at)| Acceptance { by, at }))
}

fn probe(row: &Row<'_>) -> Result<Option<Probe>> {
    let prefill: Option<f64> = row.get("probe_prefill")?;
    let decode: Option<f64> = row.get("probe_decode")?;
    let at: Option<Timestamp> = row.get("probed_at")?;
    let speeds = prefill.zip(decode).zip(at);
    Ok(speeds.map(|((prefill, decode), at)| Probe {
        prefill_tokens_per_second: prefill,
        decode_tokens_per_second: decode,
        at,
    }))
}

/// Writes a model; what is known of the same id is replaced.
pub(super) fn save(tx: &Tx<'_>, row: &ModelRow) -> Result<()> {
    let acceptance = row.acceptance.as_ref();
    tx.execute(
        "INSERT INTO models (id, name, title, kind, built_in, file, sha256, size_bytes, architecture,
                             quantisation, parameters, context_length, license, suitable_for_auto, imported_at,
                             pinned, has_chat_template, has_tool_template, license_accepted_by,
                             license_accepted_at, probe_prefill, probe_decode, probed_at, base_model)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             name = excluded.name, title = excluded.title, kind = excluded.kind,
             built_in = excluded.built_in, file = excluded.file, sha256 = excluded.sha256,
             size_bytes = excluded.size_bytes, architecture = excluded.architecture,
             quantisation = excluded.quantisation, parameters = excluded.parameters,
             context_length = excluded.context_length, license = excluded.license,
             suitable_for_auto = excluded.suitable_for_auto, imported_at = excluded.imported_at,
             pinned = excluded.pinned, has_chat_template = excluded.has_chat_template,
             has_tool_template = excluded.has_tool_template,
             license_accepted_by = excluded.license_accepted_by,
             license_accepted_at = excluded.license_accepted_at,
             probe_prefill = excluded.probe_prefill, probe_decode = excluded.probe_decode,
             probed_at = excluded.probed_at, base_model = excluded.base_model",
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
            row.imported_at,
            row.pinned,
            row.has_chat_template,
            row.has_tool_template,
            acceptance.map(|acceptance| acceptance.by.as_str()),
            acceptance.map(|acceptance| acceptance.at),
            row.probe.map(|probe| probe.prefill_tokens_per_second),
            row.probe.map(|probe| probe.decode_tokens_per_second),
            row.probe.map(|probe| probe.at),
            row.base_model.as_deref()
        ],
    )?;
    Ok(())
}

/// The model as it is stored now.
pub(super) fn find(reader: &Reader<'_>, id: ModelId) -> Result<Option<ModelRow>> {
    reader.query_opt("SELECT * FROM models WHERE id = ?", params![id], model)
}

pub(super) fn delete(tx: &Tx<'_>, id: ModelId) -> Result<()> {
    tx.execute("DELETE FROM model_aliases WHERE model_id = ?", params![id])?;
    tx.execute("DELETE FROM models WHERE id = ?", params![id])?;
    Ok(())
}

/// Every alias that was set, with the model it leads to.
pub(super) fn aliases(reader: &Reader<'_>) -> Result<Vec<(String, ModelId)>> {
    reader.query_all(
        "SELECT alias, model_id FROM model_aliases ORDER BY alias LIMIT 1000",
        params![],
        |row| Ok((row.get("alias")?, row.get("model_id")?)),
    )
}

/// Leads an alias to a model, or forgets it.
pub(super) fn set_alias(tx: &Tx<'_>, alias: &str, model: Option<ModelId>) -> Result<()> {
    tx.execute("DELETE FROM model_aliases WHERE alias = ?", params![alias])?;
    if let Some(model) = model {
        tx.execute(
            "INSERT INTO model_aliases (alias, model_id) VALUES (?, ?)",
            params![alias, model],
        )?;
    }
    Ok(())
}
