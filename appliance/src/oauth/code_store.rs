//! Every SQL statement on authorisation codes and the codes of devices.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OauthClientId, OauthGrantId, OrgId, PersonId, Result, Timestamp};

use super::{
    model::{CodeRow, DeviceRow, DeviceState},
    store::list,
};

/// Used codes stay for so long, so that a second use is noticed.
const KEPT_SECONDS: i64 = 86_400;

pub(super) fn insert_code(tx: &Tx<'_>, hash: &str, row: &CodeRow, now: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM oauth_codes WHERE expires_at <= ?",
        params![now.plus_seconds(-KEPT_SECONDS)],
    )?;
    tx.execute(
        "INSERT INTO oauth_codes (code_hash, client_id, organisation_id, person_id, redirect_uri, code_challenge,
                                  scopes, resources, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            hash,
            row.client,
            row.organisation,
            row.person,
            row.redirect_uri.as_str(),
            row.code_challenge.as_str(),
            serde_json::to_string(&row.scopes)?,
            serde_json::to_string(&row.resources)?,
            row.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_code(reader: &Reader<'_>, hash: &str) -> Result<Option<CodeRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_codes WHERE code_hash = ?",
        params![hash],
        |row| {
            Ok(CodeRow {
                client: row.get("client_id")?,
                organisation: row.get("organisation_id")?,
                person: row.get("person_id")?,
                redirect_uri: row.get("redirect_uri")?,
                code_challenge: row.get("code_challenge")?,
                scopes: list(row, "scopes")?,
                resources: list(row, "resources")?,
                expires_at: row.get("expires_at")?,
                grant: row.get("grant_id")?,
            })
        },
    )
}

/// Notes what was made of a code.
pub(super) fn use_code(tx: &Tx<'_>, hash: &str, grant: OauthGrantId) -> Result<()> {
    tx.execute(
        "UPDATE oauth_codes SET grant_id = ? WHERE code_hash = ?",
        params![grant, hash],
    )?;
    Ok(())
}

pub(super) fn insert_device(
    tx: &Tx<'_>,
    row: &DeviceRow,
    user_hash: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "DELETE FROM oauth_device_codes WHERE expires_at <= ?",
        params![now.plus_seconds(-KEPT_SECONDS)],
    )?;
    tx.execute(
        "INSERT INTO oauth_device_codes (device_hash, user_hash, client_id, organisation_id, scopes, resources,
                                         expires_at, interval_seconds, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.device_hash.as_str(),
            user_hash,
            row.client,
            row.organisation,
            serde_json::to_string(&row.scopes)?,
            serde_json::to_string(&row.resources)?,
            row.expires_at,
            row.interval_seconds,
            row.state.as_str()
        ],
    )?;
    Ok(())
}

/// How many devices of the application wait for their person.
pub(super) fn count_devices(
    reader: &Reader<'_>,
    client: OauthClientId,
    now: Timestamp,
) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS count FROM oauth_device_codes WHERE client_id = ? AND expires_at > ?",
        params![client, now],
        |row| row.get("count"),
    )
}

pub(super) fn find_device(reader: &Reader<'_>, device_hash: &str) -> Result<Option<DeviceRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_device_codes WHERE device_hash = ?",
        params![device_hash],
        device,
    )
}

/// The request that waits under this user code in the organisation.
pub(super) fn find_waiting(
    reader: &Reader<'_>,
    organisation: OrgId,
    user_hash: &str,
    now: Timestamp,
) -> Result<Option<DeviceRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_device_codes
         WHERE user_hash = ? AND organisation_id = ? AND expires_at > ? AND state = 'waiting'",
        params![user_hash, organisation, now],
        device,
    )
}

pub(super) fn decide_device(
    tx: &Tx<'_>,
    device_hash: &str,
    state: DeviceState,
    person: PersonId,
) -> Result<()> {
    tx.execute(
        "UPDATE oauth_device_codes SET state = ?, person_id = ? WHERE device_hash = ?",
        params![state.as_str(), person, device_hash],
    )?;
    Ok(())
}

pub(super) fn note_poll(
    tx: &Tx<'_>,
    device_hash: &str,
    now: Timestamp,
    interval_seconds: i64,
) -> Result<()> {
    tx.execute(
        "UPDATE oauth_device_codes SET polled_at = ?, interval_seconds = ? WHERE device_hash = ?",
        params![now, interval_seconds, device_hash],
    )?;
    Ok(())
}

pub(super) fn delete_device(tx: &Tx<'_>, device_hash: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM oauth_device_codes WHERE device_hash = ?",
        params![device_hash],
    )?;
    Ok(())
}

fn device(row: &Row<'_>) -> Result<DeviceRow> {
    Ok(DeviceRow {
        device_hash: row.get("device_hash")?,
        client: row.get("client_id")?,
        organisation: row.get("organisation_id")?,
        scopes: list(row, "scopes")?,
        resources: list(row, "resources")?,
        expires_at: row.get("expires_at")?,
        interval_seconds: row.get("interval_seconds")?,
        polled_at: row.get("polled_at")?,
        state: DeviceState::from_stored(&row.get::<String>("state")?),
        person: row.get("person_id")?,
    })
}
