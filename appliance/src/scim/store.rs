//! Every SQL statement on sources, tokens and which group gives which role.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Role, ScimSourceId, ScimTokenId, Timestamp};

use super::model::{ScimGroupRole, ScimSettings, ScimToken};

/// A token that was found by its secret.
pub(super) struct TokenRow {
    pub(super) id: ScimTokenId,
    pub(super) organisation: OrgId,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

/// Makes the organisation's source unless it has one. People in no group that counts become members.
pub(super) fn ensure_source(
    tx: &Tx<'_>,
    (id, organisation): (ScimSourceId, OrgId),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO scim_sources (id, organisation_id, default_role, created_at) VALUES (?, ?, 'normal', ?)
         ON CONFLICT (organisation_id) DO NOTHING",
        params![id, organisation, now],
    )?;
    Ok(())
}

pub(super) fn find_source(
    reader: &Reader<'_>,
    organisation: OrgId,
) -> Result<Option<ScimSourceId>> {
    reader.query_opt(
        "SELECT id FROM scim_sources WHERE organisation_id = ?",
        params![organisation],
        |row| row.get("id"),
    )
}

/// Settings of an organisation; those of one that never set any up before its first token.
pub(super) fn find_settings(reader: &Reader<'_>, organisation: OrgId) -> Result<ScimSettings> {
    let default_role: Option<Option<String>> = reader.query_opt(
        "SELECT default_role FROM scim_sources WHERE organisation_id = ?",
        params![organisation],
        |row| row.get("default_role"),
    )?;
    let default_role = match default_role {
        None => Some(Role::Normal),
        Some(role) => role.map(|role| role.parse()).transpose()?,
    };
    let group_roles = reader.query_all(
        "SELECT group_name, role FROM scim_group_roles WHERE organisation_id = ? ORDER BY place LIMIT 1000",
        params![organisation],
        |row| {
            Ok(ScimGroupRole {
                group: row.get("group_name")?,
                role: row.get::<String>("role")?.parse()?,
            })
        },
    )?;
    Ok(ScimSettings {
        default_role,
        group_roles,
    })
}

pub(super) fn put_settings(
    tx: &Tx<'_>,
    organisation: OrgId,
    settings: &ScimSettings,
) -> Result<()> {
    tx.execute(
        "UPDATE scim_sources SET default_role = ? WHERE organisation_id = ?",
        params![
            settings.default_role.map(|role| role.to_string()),
            organisation
        ],
    )?;
    tx.execute(
        "DELETE FROM scim_group_roles WHERE organisation_id = ?",
        params![organisation],
    )?;
    for (place, entry) in settings.group_roles.iter().enumerate() {
        tx.execute(
            "INSERT INTO scim_group_roles (organisation_id, place, group_name, role) VALUES (?, ?, ?, ?)",
            params![organisation, place, entry.group.as_str(), entry.role.to_string()],
        )?;
    }
    Ok(())
}

pub(super) fn insert_token(
    tx: &Tx<'_>,
    token_hash: &str,
    token: &ScimToken,
    (organisation, maker): (OrgId, PersonId),
) -> Result<()> {
    tx.execute(
        "INSERT INTO scim_tokens (id, organisation_id, token_hash, name, created_by, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            token.id, organisation, token_hash, token.name.as_str(), maker, token.created_at, token.expires_at
        ],
    )?;
    Ok(())
}

fn token(row: &Row<'_>) -> Result<ScimToken> {
    Ok(ScimToken {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// The organisation's tokens, newest first.
pub(super) fn list_tokens(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<ScimToken>> {
    reader.query_all(
        "SELECT id, name, created_at, last_used_at, expires_at FROM scim_tokens
         WHERE organisation_id = ? ORDER BY id DESC LIMIT 100",
        params![organisation],
        token,
    )
}

pub(super) fn find_token(reader: &Reader<'_>, token_hash: &str) -> Result<Option<TokenRow>> {
    reader.query_opt(
        "SELECT id, organisation_id, last_used_at, expires_at FROM scim_tokens WHERE token_hash = ?",
        params![token_hash],
        |row| {
            Ok(TokenRow {
                id: row.get("id")?,
                organisation: row.get("organisation_id")?,
                last_used_at: row.get("last_used_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

pub(super) fn touch_token(tx: &Tx<'_>, id: ScimTokenId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE scim_tokens SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// Deletes a token of the organisation; false when there is none such.
pub(super) fn delete_token(tx: &Tx<'_>, organisation: OrgId, id: ScimTokenId) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM scim_tokens WHERE id = ? AND organisation_id = ?",
        params![id, organisation],
    )?;
    Ok(deleted > 0)
}
