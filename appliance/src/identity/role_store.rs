//! Every SQL statement on custom roles.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, Result, Role, RoleId, Timestamp};

/// A custom role as stored.
pub(super) struct RoleRow {
    pub(super) id: RoleId,
    pub(super) title: String,
    pub(super) description: String,
    /// A JSON list of names.
    pub(super) permissions: String,
}

fn role(row: &Row<'_>) -> Result<RoleRow> {
    Ok(RoleRow {
        id: row.get("id")?,
        title: row.get("title")?,
        description: row.get("description")?,
        permissions: row.get("permissions")?,
    })
}

/// The organisation's own roles, oldest first.
pub(super) fn list(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<RoleRow>> {
    reader.query_all(
        "SELECT id, title, description, permissions FROM custom_roles WHERE organisation_id = ?
         ORDER BY id LIMIT 1000",
        params![organisation],
        role,
    )
}

pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: RoleId,
) -> Result<Option<RoleRow>> {
    reader.query_opt(
        "SELECT id, title, description, permissions FROM custom_roles
         WHERE organisation_id = ? AND id = ?",
        params![organisation, id],
        role,
    )
}

/// Inserts a role, or changes the one of this id.
pub(super) fn save(tx: &Tx<'_>, organisation: OrgId, row: &RoleRow, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO custom_roles (id, organisation_id, title, description, permissions, created_at, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description,
             permissions = excluded.permissions, changed_at = excluded.changed_at
         WHERE custom_roles.organisation_id = excluded.organisation_id",
        params![
            row.id,
            organisation,
            row.title.as_str(),
            row.description.as_str(),
            row.permissions.as_str(),
            now,
            now
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, organisation: OrgId, id: RoleId) -> Result<()> {
    tx.execute(
        "DELETE FROM custom_roles WHERE organisation_id = ? AND id = ?",
        params![organisation, id],
    )?;
    Ok(())
}

/// How many people and service accounts have the role, disabled ones too.
pub(super) fn count_members(reader: &Reader<'_>, organisation: OrgId, role: Role) -> Result<u64> {
    let count: i64 = reader.query_one(
        "SELECT COUNT(*) AS members FROM memberships WHERE organisation_id = ? AND role = ?",
        params![organisation, role.to_string()],
        |row| row.get("members"),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}
