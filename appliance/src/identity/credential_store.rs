//! Every SQL statement on sessions and API keys.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Result, SessionId, Timestamp, VeId};
use serde::{Serialize, de::DeserializeOwned};

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
    /// The directory or identity provider it was opened through; nothing for the node's own login.
    pub(super) source: Option<String>,
    /// When its person last proved who they are.
    pub(super) logged_in_at: Timestamp,
}

/// An API key as stored; the secret itself is not.
pub(super) struct ApiKeyRow {
    pub(super) id: ApiKeyId,
    pub(super) person: PersonId,
    pub(super) organisation: OrgId,
    /// What the key is for; everything that its person may do when left out.
    pub(super) scopes: Option<Vec<String>>,
    /// The only employees it is for; all of them when left out.
    pub(super) ves: Option<Vec<VeId>>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) fn insert_session(tx: &Tx<'_>, token_hash: &str, row: &SessionRow) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, token_hash, person_id, organisation_id, created_at,
                               last_seen_at, expires_at, address, user_agent, source, logged_in_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            token_hash,
            row.person,
            row.organisation,
            row.created_at,
            row.last_seen_at,
            row.expires_at,
            row.address.as_str(),
            row.user_agent.as_str(),
            row.source.as_deref(),
            row.logged_in_at
        ],
    )?;
    Ok(())
}

const SESSION_COLUMNS: &str = "id, person_id, organisation_id, created_at, last_seen_at,
    expires_at, address, user_agent, source, COALESCE(logged_in_at, created_at) AS logged_in_at";

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
        source: row.get("source")?,
        logged_in_at: row.get("logged_in_at")?,
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

/// Deletes the person's sessions in one organisation.
pub(super) fn delete_sessions_in(tx: &Tx<'_>, organisation: OrgId, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM sessions WHERE person_id = ? AND organisation_id = ?",
        params![person, organisation],
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

/// Deletes every session and key of the person, in every organisation.
pub(super) fn delete_all_access(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE person_id = ?", params![person])?;
    tx.execute("DELETE FROM api_keys WHERE person_id = ?", params![person])?;
    Ok(())
}

/// Deletes sessions whose time is over.
pub(super) fn delete_expired(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?", params![now])?;
    Ok(())
}

/// A list as stored: JSON, or nothing.
fn to_list<T: Serialize>(list: Option<&[T]>) -> Result<Option<String>> {
    let text = list.map(serde_json::to_string).transpose()?;
    Ok(text)
}

fn from_list<T: DeserializeOwned>(stored: Option<String>) -> Result<Option<Vec<T>>> {
    let list = stored.map(|text| serde_json::from_str(&text)).transpose()?;
    Ok(list)
}

pub(super) fn insert_api_key(
    tx: &Tx<'_>,
    key_hash: &str,
    key: &ApiKey,
    (person, organisation): (PersonId, OrgId),
) -> Result<()> {
    tx.execute(
        "INSERT INTO api_keys (id, key_hash, prefix, name, person_id, organisation_id, created_at, expires_at,
                               scopes, ves)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            key.id,
            key_hash,
            key.prefix.as_str(),
            key.name.as_str(),
            person,
            organisation,
            key.created_at,
            key.expires_at,
            to_list(key.scopes.as_deref())?,
            to_list(key.ves.as_deref())?
        ],
    )?;
    Ok(())
}

pub(super) fn find_api_key(reader: &Reader<'_>, key_hash: &str) -> Result<Option<ApiKeyRow>> {
    reader.query_opt(
        "SELECT id, person_id, organisation_id, last_used_at, expires_at, scopes, ves
         FROM api_keys WHERE key_hash = ?",
        params![key_hash],
        |row| {
            Ok(ApiKeyRow {
                id: row.get("id")?,
                person: row.get("person_id")?,
                organisation: row.get("organisation_id")?,
                scopes: from_list(row.get("scopes")?)?,
                ves: from_list(row.get("ves")?)?,
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
        "SELECT id, name, prefix, scopes, ves, created_at, last_used_at, expires_at FROM api_keys
         WHERE person_id = ? AND organisation_id = ? ORDER BY id DESC LIMIT 100",
        params![person, organisation],
        |row| {
            Ok(ApiKey {
                id: row.get("id")?,
                name: row.get("name")?,
                prefix: row.get("prefix")?,
                scopes: from_list(row.get("scopes")?)?,
                ves: from_list(row.get("ves")?)?,
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
