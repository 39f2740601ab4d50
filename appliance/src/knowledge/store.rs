//! Every SQL statement on `collection_models` and `handbook_vectors`.

use std::sync::Arc;

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, Result, Timestamp};
use sha2::{Digest, Sha256};

use super::collection::{Collection, CollectionRow, CollectionState};

fn row(row: &Row<'_>) -> Result<CollectionRow> {
    let collection: String = row.get("collection")?;
    Ok(CollectionRow {
        organisation: row.get("organisation_id")?,
        collection: if collection == Collection::Handbook.as_str() {
            Collection::Handbook
        } else {
            Collection::Files
        },
        chosen: row.get("chosen")?,
        active: row.get("active")?,
        state: CollectionState::from_stored(&row.get::<String>("state")?),
        error: row.get("error")?,
        changed_by: row.get("changed_by")?,
        changed_at: row.get("changed_at")?,
    })
}

pub(super) fn list(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<CollectionRow>> {
    reader.query_all(
        "SELECT * FROM collection_models WHERE organisation_id = ? ORDER BY collection LIMIT 10",
        params![organisation],
        row,
    )
}

/// Those of every organisation whose vectors were being made when the node stopped.
pub(super) fn unfinished(reader: &Reader<'_>) -> Result<Vec<CollectionRow>> {
    reader.query_all(
        "SELECT * FROM collection_models WHERE state = 'rebuilding' ORDER BY organisation_id LIMIT 10000",
        params![],
        row,
    )
}

/// The names of models that some organisation's handbooks are or will be read with.
pub(super) fn names_in_use(reader: &Reader<'_>) -> Result<Vec<String>> {
    reader.query_all(
        "SELECT chosen AS name FROM collection_models WHERE collection = 'handbook'
         UNION SELECT active FROM collection_models WHERE collection = 'handbook' LIMIT 10000",
        params![],
        |row| row.get("name"),
    )
}

pub(super) fn save(tx: &Tx<'_>, row: &CollectionRow) -> Result<()> {
    tx.execute(
        "INSERT INTO collection_models (organisation_id, collection, chosen, active, state, error, changed_by,
                                        changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id, collection) DO UPDATE SET chosen = excluded.chosen,
             active = excluded.active, state = excluded.state, error = excluded.error,
             changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        params![
            row.organisation,
            row.collection.as_str(),
            row.chosen.as_str(),
            row.active.as_str(),
            row.state.as_str(),
            row.error.as_deref(),
            row.changed_by,
            row.changed_at
        ],
    )?;
    Ok(())
}

/// SHA-256 of a text.
pub(super) fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// The vector that a model made of a text.
pub(super) fn vector(
    reader: &Reader<'_>,
    (model, text): (&str, &str),
) -> Result<Option<Arc<[f32]>>> {
    let read = |row: &Row<'_>| {
        let dimension: u32 = row.get("dimension")?;
        let bytes: Vec<u8> = row.get("vector")?;
        let numbers: Arc<[f32]> = bytes
            .chunks_exact(4)
            .filter_map(|part| part.try_into().ok().map(f32::from_le_bytes))
            .collect();
        // What does not have the length it should have is made anew.
        Ok((u32::try_from(numbers.len()).ok() == Some(dimension)).then_some(numbers))
    };
    let found = reader.query_opt(
        "SELECT dimension, vector FROM handbook_vectors WHERE model = ? AND text_hash = ?",
        params![model, hash(text)],
        read,
    )?;
    Ok(found.flatten())
}

pub(super) fn save_vectors(
    tx: &Tx<'_>,
    model: &str,
    vectors: &[(String, Arc<[f32]>)],
    at: Timestamp,
) -> Result<()> {
    for (text, vector) in vectors {
        let bytes: Vec<u8> = vector.iter().flat_map(|part| part.to_le_bytes()).collect();
        let dimension = u32::try_from(vector.len()).unwrap_or(u32::MAX);
        tx.execute(
            "INSERT OR REPLACE INTO handbook_vectors (model, text_hash, dimension, vector, created_at)
             VALUES (?, ?, ?, ?, ?)",
            params![model, hash(text), dimension, bytes, at],
        )?;
    }
    Ok(())
}

/// How many vectors of a model are kept, and their length.
pub(super) fn count_vectors(reader: &Reader<'_>, model: &str) -> Result<(u64, Option<u32>)> {
    reader.query_one(
        "SELECT COUNT(*) AS vectors, MAX(dimension) AS dimension FROM handbook_vectors WHERE model = ?",
        params![model],
        |row| Ok((row.get("vectors")?, row.get("dimension")?)),
    )
}

/// Removes the vectors of models that nobody reads with any more.
pub(super) fn keep_models(tx: &Tx<'_>, kept: &[String]) -> Result<()> {
    tx.execute(
        "DELETE FROM handbook_vectors WHERE model NOT IN (SELECT value FROM json_each(?))",
        params![serde_json::to_string(kept)?],
    )?;
    Ok(())
}
