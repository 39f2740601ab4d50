//! Every SQL statement on staff, sessions, API keys and portal accesses.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ApiKeyId, Result, SessionId, Timestamp};

use super::{
    Role,
    model::{ApiKey, PortalAccess, StaffMember},
};
use crate::ids::{CustomerId, PortalAccessId, StaffId};

const STAFF: &str =
    "id, email, display_name, role, disabled, must_change_password, created_at, last_seen_at";
const ACCESS: &str = "id, customer_id, name, created_at, expires_at, last_used_at";

/// What a session belongs to.
pub(super) struct SessionRow {
    pub(super) id: SessionId,
    pub(super) staff: Option<StaffId>,
    pub(super) access: Option<PortalAccessId>,
    pub(super) last_seen_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

fn staff_member(row: &Row<'_>) -> Result<StaffMember> {
    Ok(StaffMember {
        id: row.get("id")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        role: row.get::<String>("role")?.parse::<Role>()?,
        disabled: row.get("disabled")?,
        must_change_password: row.get("must_change_password")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
    })
}

fn access(row: &Row<'_>) -> Result<PortalAccess> {
    Ok(PortalAccess {
        id: row.get("id")?,
        customer_id: row.get("customer_id")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

pub(super) fn insert_staff(tx: &Tx<'_>, member: &StaffMember, password_hash: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO staff (id, email, display_name, role, password_hash, must_change_password, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            member.id,
            member.email,
            member.display_name,
            member.role.as_str(),
            password_hash,
            member.must_change_password,
            member.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_staff(reader: &Reader<'_>, id: StaffId) -> Result<Option<StaffMember>> {
    let sql = format!("SELECT {STAFF} FROM staff WHERE id = ?");
    reader.query_opt(&sql, params![id], staff_member)
}

pub(super) fn find_staff_by_email(
    reader: &Reader<'_>,
    email: &str,
) -> Result<Option<(StaffMember, String)>> {
    let sql = format!("SELECT {STAFF}, password_hash FROM staff WHERE email = ?");
    reader.query_opt(&sql, params![email], |row| {
        Ok((staff_member(row)?, row.get("password_hash")?))
    })
}

pub(super) fn find_password_hash(reader: &Reader<'_>, id: StaffId) -> Result<Option<String>> {
    reader.query_opt(
        "SELECT password_hash FROM staff WHERE id = ?",
        params![id],
        |row| row.get("password_hash"),
    )
}

pub(super) fn list_staff(
    reader: &Reader<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<StaffMember>> {
    let sql = format!("SELECT {STAFF} FROM staff WHERE id > ? ORDER BY id LIMIT ?");
    reader.query_all(&sql, params![after.unwrap_or(""), limit], staff_member)
}

pub(super) fn update_staff(tx: &Tx<'_>, member: &StaffMember) -> Result<()> {
    tx.execute(
        "UPDATE staff SET display_name = ?, role = ?, disabled = ? WHERE id = ?",
        params![
            member.display_name,
            member.role.as_str(),
            member.disabled,
            member.id
        ],
    )?;
    Ok(())
}

pub(super) fn update_password(
    tx: &Tx<'_>,
    id: StaffId,
    password_hash: &str,
    must_change: bool,
) -> Result<()> {
    tx.execute(
        "UPDATE staff SET password_hash = ?, must_change_password = ? WHERE id = ?",
        params![password_hash, must_change, id],
    )?;
    Ok(())
}

/// Administrators who can sign in.
pub(super) fn count_administrators(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS administrators FROM staff WHERE role = 'admin' AND disabled = 0",
        params![],
        |row| row.get("administrators"),
    )
}

pub(super) fn insert_session(
    tx: &Tx<'_>,
    token_hash: &str,
    row: &SessionRow,
    address: &str,
) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, token_hash, staff_id, access_id, created_at, last_seen_at, expires_at, address)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            token_hash,
            row.staff,
            row.access,
            row.last_seen_at,
            row.last_seen_at,
            row.expires_at,
            address
        ],
    )?;
    Ok(())
}

pub(super) fn find_session(reader: &Reader<'_>, token_hash: &str) -> Result<Option<SessionRow>> {
    reader.query_opt(
        "SELECT id, staff_id, access_id, last_seen_at, expires_at FROM sessions WHERE token_hash = ?",
        params![token_hash],
        |row| {
            Ok(SessionRow {
                id: row.get("id")?,
                staff: row.get("staff_id")?,
                access: row.get("access_id")?,
                last_seen_at: row.get("last_seen_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
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

pub(super) fn touch_staff(tx: &Tx<'_>, id: StaffId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE staff SET last_seen_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

pub(super) fn delete_session(tx: &Tx<'_>, id: SessionId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE id = ?", params![id])?;
    Ok(())
}

/// Ends every session of a member of the staff but one.
pub(super) fn delete_other_sessions(
    tx: &Tx<'_>,
    staff: StaffId,
    kept: Option<SessionId>,
) -> Result<()> {
    tx.execute(
        "DELETE FROM sessions WHERE staff_id = ? AND id <> COALESCE(?, '')",
        params![staff, kept],
    )?;
    Ok(())
}

pub(super) fn delete_expired_sessions(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?", params![now])?;
    Ok(())
}

pub(super) fn insert_api_key(
    tx: &Tx<'_>,
    key: &ApiKey,
    key_hash: &str,
    created_by: &str,
) -> Result<()> {
    tx.execute(
        "INSERT INTO api_keys (id, key_hash, prefix, name, scopes, created_by, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            key.id,
            key_hash,
            key.prefix,
            key.name,
            serde_json::to_string(&key.scopes)?,
            created_by,
            key.created_at,
            key.expires_at
        ],
    )?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        scopes: serde_json::from_str(&row.get::<String>("scopes")?)?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

pub(super) fn find_api_key(
    reader: &Reader<'_>,
    key_hash: &str,
    now: Timestamp,
) -> Result<Option<ApiKey>> {
    reader.query_opt(
        "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
         WHERE key_hash = ? AND revoked_at IS NULL AND COALESCE(expires_at, ?) >= ?",
        params![key_hash, now, now],
        api_key,
    )
}

pub(super) fn list_api_keys(
    reader: &Reader<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ApiKey>> {
    reader.query_all(
        "SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
         WHERE revoked_at IS NULL AND id > ? ORDER BY id LIMIT ?",
        params![after.unwrap_or(""), limit],
        api_key,
    )
}

pub(super) fn touch_api_key(tx: &Tx<'_>, id: ApiKeyId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE api_keys SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// `false` when there is no such key, or it is revoked already.
pub(super) fn revoke_api_key(tx: &Tx<'_>, id: ApiKeyId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        params![now, id],
    )?;
    Ok(changed > 0)
}

pub(super) fn insert_access(tx: &Tx<'_>, row: &PortalAccess, code_hash: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO portal_accesses (id, customer_id, name, code_hash, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.customer_id,
            row.name,
            code_hash,
            row.created_at,
            row.expires_at
        ],
    )?;
    Ok(())
}

/// An access that opens the portal at this moment, found by its code.
pub(super) fn find_access_by_code(
    reader: &Reader<'_>,
    code_hash: &str,
    now: Timestamp,
) -> Result<Option<PortalAccess>> {
    let sql = format!(
        "SELECT {ACCESS} FROM portal_accesses
         WHERE code_hash = ? AND revoked_at IS NULL AND COALESCE(expires_at, ?) >= ?"
    );
    reader.query_opt(&sql, params![code_hash, now, now], access)
}

/// An access that opens the portal at this moment.
pub(super) fn find_access(
    reader: &Reader<'_>,
    id: PortalAccessId,
    now: Timestamp,
) -> Result<Option<PortalAccess>> {
    let sql = format!(
        "SELECT {ACCESS} FROM portal_accesses
         WHERE id = ? AND revoked_at IS NULL AND COALESCE(expires_at, ?) >= ?"
    );
    reader.query_opt(&sql, params![id, now, now], access)
}

pub(super) fn list_accesses(
    reader: &Reader<'_>,
    customer: CustomerId,
    limit: u32,
) -> Result<Vec<PortalAccess>> {
    let sql = format!(
        "SELECT {ACCESS} FROM portal_accesses
         WHERE customer_id = ? AND revoked_at IS NULL ORDER BY id LIMIT ?"
    );
    reader.query_all(&sql, params![customer, limit], access)
}

pub(super) fn touch_access(tx: &Tx<'_>, id: PortalAccessId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE portal_accesses SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// Ends an access and its sessions; `false` when there is none that is open.
pub(super) fn revoke_access(tx: &Tx<'_>, id: PortalAccessId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE portal_accesses SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        params![now, id],
    )?;
    tx.execute("DELETE FROM sessions WHERE access_id = ?", params![id])?;
    Ok(changed > 0)
}
