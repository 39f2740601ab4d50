//! Every SQL statement on users, groups and who is in which.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Error, OrgId, PersonId, Result, ScimResourceId};

use super::model::{Kind, ResourceRow};

const COLUMNS: &str = "id, kind, person_id, attributes, version, created_at, updated_at";

impl Kind {
    fn stored(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

fn resource(row: &Row<'_>) -> Result<ResourceRow> {
    let kind = match row.get::<String>("kind")?.as_str() {
        "User" => Kind::User,
        "Group" => Kind::Group,
        other => {
            return Err(Error::internal(format!(
                "a provisioned resource is of kind {other}"
            )));
        }
    };
    Ok(ResourceRow {
        id: row.get("id")?,
        kind,
        person: row.get("person_id")?,
        attributes: serde_json::from_str(&row.get::<String>("attributes")?)?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// What a name is looked up by.
pub(super) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

pub(super) fn insert(tx: &Tx<'_>, organisation: OrgId, row: &ResourceRow) -> Result<()> {
    tx.execute(
        "INSERT INTO scim_resources (id, organisation_id, kind, name_key, external_id, person_id, attributes,
                                     version, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id, organisation, row.kind.stored(), name_key(row.name()), row.text("externalId"), row.person,
            serde_json::to_string(&row.attributes)?, row.version, row.created_at, row.updated_at
        ],
    )?;
    Ok(())
}

pub(super) fn update(tx: &Tx<'_>, organisation: OrgId, row: &ResourceRow) -> Result<()> {
    tx.execute(
        "UPDATE scim_resources SET name_key = ?, external_id = ?, attributes = ?, version = ?, updated_at = ?
         WHERE id = ? AND organisation_id = ?",
        params![
            name_key(row.name()), row.text("externalId"), serde_json::to_string(&row.attributes)?, row.version,
            row.updated_at, row.id, organisation
        ],
    )?;
    Ok(())
}

pub(super) fn set_person(tx: &Tx<'_>, id: ScimResourceId, person: PersonId) -> Result<()> {
    tx.execute(
        "UPDATE scim_resources SET person_id = ? WHERE id = ?",
        params![person, id],
    )?;
    Ok(())
}

/// Deletes a resource and its place in groups.
pub(super) fn delete(tx: &Tx<'_>, organisation: OrgId, id: ScimResourceId) -> Result<()> {
    tx.execute(
        "DELETE FROM scim_members WHERE user_id = ?1 OR group_id = ?1",
        params![id],
    )?;
    tx.execute(
        "DELETE FROM scim_resources WHERE id = ? AND organisation_id = ?",
        params![id, organisation],
    )?;
    Ok(())
}

pub(super) fn find(
    reader: &Reader<'_>,
    (organisation, kind): (OrgId, Kind),
    id: ScimResourceId,
) -> Result<Option<ResourceRow>> {
    reader.query_opt(
        &format!(
            "SELECT {COLUMNS} FROM scim_resources WHERE id = ? AND organisation_id = ? AND kind = ?"
        ),
        params![id, organisation, kind.stored()],
        resource,
    )
}

pub(super) fn find_by_name(
    reader: &Reader<'_>,
    (organisation, kind): (OrgId, Kind),
    name: &str,
) -> Result<Vec<ResourceRow>> {
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} FROM scim_resources WHERE organisation_id = ? AND kind = ? AND name_key = ?
             ORDER BY id LIMIT 1000"
        ),
        params![organisation, kind.stored(), name_key(name)],
        resource,
    )
}

pub(super) fn find_by_external_id(
    reader: &Reader<'_>,
    (organisation, kind): (OrgId, Kind),
    external_id: &str,
) -> Result<Vec<ResourceRow>> {
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} FROM scim_resources WHERE organisation_id = ? AND kind = ? AND external_id = ?
             ORDER BY id LIMIT 1000"
        ),
        params![organisation, kind.stored(), external_id],
        resource,
    )
}

pub(super) fn count(reader: &Reader<'_>, (organisation, kind): (OrgId, Kind)) -> Result<usize> {
    let count: u64 = reader.query_one(
        "SELECT COUNT(*) AS resources FROM scim_resources WHERE organisation_id = ? AND kind = ?",
        params![organisation, kind.stored()],
        |row| row.get("resources"),
    )?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Resources in the order they were made in.
pub(super) fn page(
    reader: &Reader<'_>,
    (organisation, kind): (OrgId, Kind),
    (skip, limit): (usize, usize),
) -> Result<Vec<ResourceRow>> {
    let (skip, limit) = (i64::try_from(skip), i64::try_from(limit));
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} FROM scim_resources WHERE organisation_id = ? AND kind = ?
             ORDER BY id LIMIT ? OFFSET ?"
        ),
        params![
            organisation,
            kind.stored(),
            limit.unwrap_or(i64::MAX),
            skip.unwrap_or(i64::MAX)
        ],
        resource,
    )
}

/// Ids of the users of a group.
pub(super) fn members(reader: &Reader<'_>, group: ScimResourceId) -> Result<Vec<ScimResourceId>> {
    reader.query_all(
        "SELECT user_id FROM scim_members WHERE group_id = ? ORDER BY user_id LIMIT 100000",
        params![group],
        |row| row.get("user_id"),
    )
}

/// Groups of a user: id and name.
pub(super) fn groups_of(
    reader: &Reader<'_>,
    user: ScimResourceId,
) -> Result<Vec<(ScimResourceId, String)>> {
    let rows = reader.query_all(
        &format!(
            "SELECT {COLUMNS} FROM scim_resources
             WHERE id IN (SELECT group_id FROM scim_members WHERE user_id = ?) ORDER BY id LIMIT 1000"
        ),
        params![user],
        resource,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.name().to_owned()))
        .collect())
}

pub(super) fn add_member(
    tx: &Tx<'_>,
    organisation: OrgId,
    (group, user): (ScimResourceId, ScimResourceId),
) -> Result<()> {
    tx.execute(
        "INSERT INTO scim_members (group_id, user_id, organisation_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        params![group, user, organisation],
    )?;
    Ok(())
}

pub(super) fn remove_member(
    tx: &Tx<'_>,
    (group, user): (ScimResourceId, ScimResourceId),
) -> Result<()> {
    tx.execute(
        "DELETE FROM scim_members WHERE group_id = ? AND user_id = ?",
        params![group, user],
    )?;
    Ok(())
}

/// Ids of users after one, in order: for going through all of them in steps.
pub(super) fn user_ids_after(
    reader: &Reader<'_>,
    organisation: OrgId,
    after: Option<ScimResourceId>,
    limit: u32,
) -> Result<Vec<ScimResourceId>> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    reader.query_all(
        "SELECT id FROM scim_resources WHERE organisation_id = ? AND kind = 'User' AND id > ? ORDER BY id LIMIT ?",
        params![organisation, after, limit],
        |row| row.get("id"),
    )
}
