//! Every SQL statement on licences but those on usage.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};
use serde_json::Value;

use super::{
    memory::Memory,
    model::{LicenseEvent, LicenseServer},
};

/// Artefacts that are read at a start.
const ARTEFACTS_MAX: u32 = 4096;

/// An artefact as stored.
pub(super) struct ArtefactRow {
    pub(super) sha256: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) number: u64,
    pub(super) envelope: Vec<u8>,
    pub(super) imported_at: Timestamp,
}

/// The newest artefacts, of each kind the highest number last.
pub(super) fn list_artefacts(reader: &Reader<'_>) -> Result<Vec<ArtefactRow>> {
    reader.query_all(
        "SELECT * FROM license_artefacts ORDER BY kind, subject, number LIMIT ?",
        params![ARTEFACTS_MAX],
        |row| {
            Ok(ArtefactRow {
                sha256: row.get("sha256")?,
                kind: row.get("kind")?,
                subject: row.get("subject")?,
                number: unsigned(row, "number")?,
                envelope: row.get("envelope")?,
                imported_at: row.get("imported_at")?,
            })
        },
    )
}

pub(super) fn insert_artefact(tx: &Tx<'_>, row: &ArtefactRow) -> Result<()> {
    tx.execute(
        "INSERT INTO license_artefacts (sha256, kind, subject, number, envelope, imported_at)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        params![
            row.sha256.as_str(),
            row.kind.as_str(),
            row.subject.as_str(),
            signed(row.number),
            row.envelope.as_slice(),
            row.imported_at
        ],
    )?;
    Ok(())
}

pub(super) fn read_memory(reader: &Reader<'_>) -> Result<Option<Memory>> {
    let text = reader.query_opt(
        "SELECT memory FROM license_memory WHERE id = 1",
        params![],
        |row| row.get::<String>("memory"),
    )?;
    // A damaged one counts as forgotten: the file beside the database remembers too.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(super) fn save_memory(tx: &Tx<'_>, memory: &Memory, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO license_memory (id, memory, updated_at) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET memory = excluded.memory, updated_at = excluded.updated_at",
        params![serde_json::to_string(memory)?, at],
    )?;
    Ok(())
}

/// Writes a request down under the next counter, which it returns.
pub(super) fn insert_request(
    tx: &Tx<'_>,
    nonce: &str,
    license_id: &str,
    at: Timestamp,
) -> Result<u64> {
    let counter: i64 = tx.query_one(
        "SELECT COALESCE(MAX(counter), 0) + 1 AS next FROM license_requests",
        params![],
        |row| row.get("next"),
    )?;
    tx.execute(
        "INSERT INTO license_requests (nonce, counter, license_id, made_at) VALUES (?, ?, ?, ?)",
        params![nonce, counter, license_id, at],
    )?;
    Ok(u64::try_from(counter).unwrap_or(0))
}

pub(super) fn answer_request(tx: &Tx<'_>, nonce: &str, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE license_requests SET answered_at = ? WHERE nonce = ? AND answered_at IS NULL",
        params![at, nonce],
    )?;
    Ok(())
}

pub(super) fn insert_event(tx: &Tx<'_>, at: Timestamp, kind: &str, details: &Value) -> Result<()> {
    tx.execute(
        "INSERT INTO license_events (at, kind, details) VALUES (?, ?, ?)",
        params![at, kind, details.to_string()],
    )?;
    Ok(())
}

/// One page of what happened, newest first.
pub(super) fn list_events(
    reader: &Reader<'_>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<LicenseEvent>> {
    reader.query_all(
        "SELECT id, at, kind, details FROM license_events WHERE id < ? ORDER BY id DESC LIMIT ?",
        params![before.unwrap_or(i64::MAX), limit],
        |row| {
            let details: String = row.get("details")?;
            Ok(LicenseEvent {
                id: row.get("id")?,
                at: row.get("at")?,
                kind: row.get("kind")?,
                details: serde_json::from_str(&details)?,
            })
        },
    )
}

pub(super) fn read_server(reader: &Reader<'_>) -> Result<Option<LicenseServer>> {
    reader.query_opt(
        "SELECT * FROM license_server WHERE id = 1",
        params![],
        |row| {
            Ok(LicenseServer {
                base_url: row.get("base_url")?,
                local_network: row.get("local_network")?,
                ca_pem: row.get("ca_pem")?,
                enabled: row.get("enabled")?,
                tried_at: row.get("tried_at")?,
                succeeded_at: row.get("succeeded_at")?,
                failure: row.get("failure")?,
            })
        },
    )
}

pub(super) fn save_server(tx: &Tx<'_>, server: &LicenseServer, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO license_server (id, base_url, local_network, ca_pem, enabled, updated_at) VALUES (1, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET base_url = excluded.base_url, local_network = excluded.local_network,
             ca_pem = excluded.ca_pem, enabled = excluded.enabled, updated_at = excluded.updated_at, failure = NULL",
        params![server.base_url.as_str(), server.local_network, server.ca_pem.as_deref(), server.enabled, at],
    )?;
    Ok(())
}

/// Notes how the last try went.
pub(super) fn note_contact(tx: &Tx<'_>, at: Timestamp, failure: Option<&str>) -> Result<()> {
    tx.execute(
        "UPDATE license_server SET tried_at = ?, failure = ?,
             succeeded_at = CASE WHEN ? IS NULL THEN ? ELSE succeeded_at END WHERE id = 1",
        params![at, failure, failure, at],
    )?;
    Ok(())
}

/// Counts of the database are never negative and fit.
pub(super) fn unsigned(row: &Row<'_>, column: &str) -> Result<u64> {
    Ok(u64::try_from(row.get::<i64>(column)?).unwrap_or(0))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
