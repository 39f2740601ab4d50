//! Every SQL statement on `directories`. They belong to the node, not to an organisation.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{DirectoryId, Error, Result};

use super::model::{DirectoryRow, LastRefresh};

fn directory(row: &Row<'_>) -> Result<DirectoryRow> {
    let last: Option<String> = row.get("last_refresh")?;
    Ok(DirectoryRow {
        id: row.get("id")?,
        name: row.get("name")?,
        enabled: row.get("enabled")?,
        settings: serde_json::from_str(&row.get::<String>("settings")?)?,
        group_map: serde_json::from_str(&row.get::<String>("group_map")?)?,
        refresh_minutes: row.get("refresh_minutes")?,
        secret: row.get("secret_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        last_refresh: last.map(|text| serde_json::from_str(&text)).transpose()?,
        refreshed_at: row.get("refreshed_at")?,
    })
}

/// Every directory, in the order in which they are asked: oldest first.
pub(super) fn list(reader: &Reader<'_>) -> Result<Vec<DirectoryRow>> {
    reader.query_all(
        "SELECT * FROM directories ORDER BY created_at, id LIMIT 100",
        params![],
        directory,
    )
}

pub(super) fn count(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS directories FROM directories",
        params![],
        |row| row.get("directories"),
    )
}

pub(super) fn find(reader: &Reader<'_>, id: DirectoryId) -> Result<Option<DirectoryRow>> {
    reader.query_opt(
        "SELECT * FROM directories WHERE id = ?",
        params![id],
        directory,
    )
}

/// The directory, or 404.
pub(super) fn read(reader: &Reader<'_>, id: DirectoryId) -> Result<DirectoryRow> {
    find(reader, id)?.ok_or_else(|| Error::not_found("directory"))
}

pub(super) fn name_is_taken(
    reader: &Reader<'_>,
    name: &str,
    by_other: DirectoryId,
) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM directories WHERE name = ? AND id <> ?",
        params![name, by_other],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Writes a directory, replacing the one of the same id. How its refreshes went stays.
pub(super) fn save(tx: &Tx<'_>, row: &DirectoryRow) -> Result<()> {
    tx.execute(
        "INSERT INTO directories (id, name, enabled, settings, group_map, refresh_minutes, secret_id,
                                  created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled,
             settings = excluded.settings, group_map = excluded.group_map,
             refresh_minutes = excluded.refresh_minutes, secret_id = excluded.secret_id,
             updated_at = excluded.updated_at",
        params![
            row.id,
            row.name.as_str(),
            row.enabled,
            serde_json::to_string(&row.settings)?,
            serde_json::to_string(&row.group_map)?,
            row.refresh_minutes,
            row.secret,
            row.created_at,
            row.updated_at
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: DirectoryId) -> Result<()> {
    tx.execute("DELETE FROM directories WHERE id = ?", params![id])?;
    Ok(())
}

/// Notes that a refresh begins.
pub(super) fn begin_refresh(tx: &Tx<'_>, id: DirectoryId, state: &LastRefresh) -> Result<()> {
    tx.execute(
        "UPDATE directories SET last_refresh = ?, refreshed_at = ? WHERE id = ?",
        params![serde_json::to_string(state)?, state.at, id],
    )?;
    Ok(())
}

/// Notes how a refresh went.
pub(super) fn end_refresh(tx: &Tx<'_>, id: DirectoryId, state: &LastRefresh) -> Result<()> {
    tx.execute(
        "UPDATE directories SET last_refresh = ? WHERE id = ?",
        params![serde_json::to_string(state)?, id],
    )?;
    Ok(())
}
