//! Every SQL statement on sessions and API keys.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Result, SessionId, Timestamp};

use super::model::{AccountSession, ApiKey};

/// A session as stored; the token itself is not.
#[derive(Clone, Debug)]
pub(super) struct SessionRow {
    pub(super) id: SessionId,
    pub(super) person: PersonId,
    pub(super) organisation: OrgId,
    pub(super) created_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) address: String,
    pub(super) user_agent: String,
}

/// An API key as stored; the secret itself is not.
pub(super) struct ApiKeyRow {
    pub(super) id: ApiKeyId,
    pub(super) person: PersonId,
    pub(super) organisation: OrgId,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) fn insert_session(tx: &Tx<'_>, token_hash: &str, row: &SessionRow) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, token_hash, person_id, organisation_id, created_at,
                               last_seen_at, expires_at, address, user_agent)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            token_hash,
            row.person,
            row.organisation,
            row.created_at,
            row.last_seen_at,
            row.expires_at,
            row.address.as_str(),
            row.user_agent.as_str()
        ],
    )?;
    Ok(())
}

const SESSION_COLUMNS: &str = "id, person_id, organisation_id, created_at, last_seen_at,
    expires_at, address, user_agent";

fn session(row: &Row<'_>) -> Result<SessionRow> {
    Ok(SessionRow {
        id: row.get("id")?,
        person: row.get("person_id")?,
        organisation: row.get("organisation_id")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        expires_at: row.get("expires_at")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
    })
}

pub(super) fn find_session(reader: &Reader<'_>, token_hash: &str) -> Result<Option<SessionRow>> {
    reader.query_opt(
        &format!("SELECT {SESSION_COLUMNS} FROM sessions WHERE token_hash = ?"),
        params![token_hash],
        session,
    )
}

pub(super) fn find_session_by_id(reader: &Reader<'_>, id: SessionId) -> Result<Option<SessionRow>> {
    reader.query_opt(
        &format!("SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?"),
        params![id],
        session,
    )
}

pub(super) fn list_sessions(
    reader: &Reader<'_>,
    person: PersonId,
    current: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<AccountSession>> {
    let rows = reader.query_all(
        &format!(
            "SELECT {SESSION_COLUMNS} FROM sessions WHERE person_id = ? AND expires_at > ?
             ORDER BY last_seen_at DESC LIMIT 100"
        ),
        params![person, now],
        session,
    )?;
    let view = |row: SessionRow| AccountSession {
        current: current == Some(row.id),
        id: row.id,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        address: row.address,
        user_agent: row.user_agent,
    };
    Ok(rows.into_iter().map(view).collect())
}

pub(super) fn touch_session(
    tx: &Tx<'_>,
    id: SessionId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE id = ?",
        params![now, expires_at, id],
    )?;
    Ok(())
}

/// Deletes one session of the person; false when there is none such.
pub(super) fn delete_session(tx: &Tx<'_>, person: PersonId, id: SessionId) -> Result<bool> {
    Ok(tx.execute(
        "DELETE FROM sessions WHERE id = ? AND person_id = ?",
        params![id, person],
    )? > 0)
}

/// Deletes every session of the person except one.
pub(super) fn delete_other_sessions(
    tx: &Tx<'_>,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<()> {
    let kept = kept.map(|id| id.to_string()).unwrap_or_default();
    tx.execute(
        "DELETE FROM sessions WHERE person_id = ? AND id <> ?",
        params![person, kept],
    )?;
    Ok(())
}

/// Deletes what the person can reach one organisation with.
pub(super) fn delete_access(tx: &Tx<'_>, organisation: OrgId, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM sessions WHERE person_id = ? AND organisation_id = ?",
        params![person, organisation],
    )?;
    tx.execute(
        "DELETE FROM api_keys WHERE person_id = ? AND organisation_id = ?",
        params![person, organisation],
    )?;
    Ok(())
}

/// Deletes sessions whose time is over.
pub(super) fn delete_expired(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?", params![now])?;
    Ok(())
}

pub(super) fn insert_api_key(
    tx: &Tx<'_>,
    key_hash: &str,
    key: &ApiKey,
    (person, organisation): (PersonId, OrgId),
) -> Result<()> {
    tx.execute(
        "INSERT INTO api_keys (id, key_hash, prefix, name, person_id, organisation_id, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            key.id, key_hash, key.prefix.as_str(), key.name.as_str(), person, organisation,
            key.created_at, key.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_api_key(reader: &Reader<'_>, key_hash: &str) -> Result<Option<ApiKeyRow>> {
    reader.query_opt(
        "SELECT id, person_id, organisation_id, last_used_at, expires_at FROM api_keys WHERE key_hash = ?",
        params![key_hash],
        |row| {
            Ok(ApiKeyRow {
                id: row.get("id")?,
                person: row.get("person_id")?,
                organisation: row.get("organisation_id")?,
                last_used_at: row.get("last_used_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

pub(super) fn find_api_key_name(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: ApiKeyId,
) -> Result<Option<String>> {
    reader.query_opt(
        "SELECT name FROM api_keys WHERE organisation_id = ? AND id = ?",
        params![organisation, id],
        |row| row.get("name"),
    )
}

/// Whether the organisation has such a key.
pub(super) fn has_api_key(reader: &Reader<'_>, organisation: OrgId, id: ApiKeyId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM api_keys WHERE organisation_id = ? AND id = ?",
        params![organisation, id],
        |row| row.get::<i64>("found"),
    )?;
    Ok(found.is_some())
}

pub(super) fn list_api_keys(
    reader: &Reader<'_>,
    organisation: OrgId,
    person: PersonId,
) -> Result<Vec<ApiKey>> {
    reader.query_all(
        "SELECT id, name, prefix, created_at, last_used_at, expires_at FROM api_keys
         WHERE person_id = ? AND organisation_id = ? ORDER BY id DESC LIMIT 100",
        params![person, organisation],
        |row| {
            Ok(ApiKey {
                id: row.get("id")?,
                name: row.get("name")?,
                prefix: row.get("prefix")?,
                created_at: row.get("created_at")?,
                last_used_at: row.get("last_used_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

pub(super) fn touch_api_key(tx: &Tx<'_>, id: ApiKeyId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE api_keys SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// Deletes one key of the person; false when there is none such.
pub(super) fn delete_api_key(
    tx: &Tx<'_>,
    organisation: OrgId,
    person: PersonId,
    id: ApiKeyId,
) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM api_keys WHERE id = ? AND person_id = ? AND organisation_id = ?",
        params![id, person, organisation],
    )?;
    Ok(deleted > 0)
}
