//! Every SQL statement on who administers the node, and who is left to administer it or an organisation.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Timestamp};

use super::{model::ListedOrganisation, store::IS_NO_SERVICE};

/// Who administers something without the person in question.
pub(super) struct Others {
    everybody: i64,
    /// Those with a password here: they log in when no directory and no identity provider can be asked.
    local: i64,
}

impl Others {
    /// Whether somebody is left who gets in the way that the person does.
    pub(super) fn suffice(&self, has_password: bool) -> bool {
        match has_password {
            true => self.local > 0,
            false => self.everybody > 0,
        }
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            everybody: row.get("everybody")?,
            local: row.get("local")?,
        })
    }
}

/// Who can administer the organisation without this person.
pub(super) fn other_admins(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
) -> Result<Others> {
    reader.query_one(
        &format!(
            "SELECT COUNT(*) AS everybody, COUNT(NULLIF(p.password_hash, '')) AS local
             FROM memberships m JOIN persons p ON p.id = m.person_id
             WHERE m.organisation_id = ? AND m.person_id <> ? AND m.role = 'admin' AND m.disabled = 0
               AND {IS_NO_SERVICE}"
        ),
        params![organisation, person],
        Others::read,
    )
}

/// Every organisation for more than one person, by name, and who there is to administer it.
pub(super) fn list_organisations(
    reader: &Reader<'_>,
    now: Timestamp,
) -> Result<Vec<ListedOrganisation>> {
    reader.query_all(
        &format!(
            "SELECT o.id AS id, o.name AS name, o.slug AS slug,
                EXISTS (SELECT 1 FROM memberships m WHERE m.organisation_id = o.id AND m.role = 'admin'
                        AND m.disabled = 0 AND {IS_NO_SERVICE}) AS has_administrator,
                EXISTS (SELECT 1 FROM invitations i WHERE i.organisation_id = o.id AND i.role = 'admin'
                        AND i.used_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > ?) AS is_invited
             FROM organisations o WHERE o.hidden = 0 ORDER BY o.name LIMIT 1000"
        ),
        params![now],
        |row| {
            Ok(ListedOrganisation {
                id: row.get("id")?,
                name: row.get("name")?,
                slug: row.get("slug")?,
                has_administrator: row.get("has_administrator")?,
                administrator_is_invited: row.get("is_invited")?,
            })
        },
    )
}

/// Whether anybody can administer the organisation.
pub(super) fn has_admin(reader: &Reader<'_>, organisation: OrgId) -> Result<bool> {
    let found = reader.query_opt(
        &format!(
            "SELECT 1 AS found FROM memberships m
             WHERE m.organisation_id = ? AND m.role = 'admin' AND m.disabled = 0 AND {IS_NO_SERVICE} LIMIT 1"
        ),
        params![organisation],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn is_administrator(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM platform_administrators WHERE person_id = ?",
        params![person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Whether the person belongs somewhere and is no service account.
pub(super) fn can_administer(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM memberships m WHERE m.person_id = ? AND m.disabled = 0
         AND NOT EXISTS (SELECT 1 FROM service_accounts s WHERE s.person_id = m.person_id) LIMIT 1",
        params![person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn has_any_membership(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM memberships WHERE person_id = ? LIMIT 1",
        params![person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Whether the person can log in to an organisation other than the one in `leaving`.
pub(super) fn has_place(
    reader: &Reader<'_>,
    person: PersonId,
    leaving: Option<OrgId>,
) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM memberships
         WHERE person_id = ?1 AND disabled = 0 AND (?2 IS NULL OR organisation_id <> ?2) LIMIT 1",
        params![person, leaving],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Who administers the node and could still log in without this person's memberships: without the one in
/// `leaving`, or without any.
pub(super) fn others(
    reader: &Reader<'_>,
    person: PersonId,
    leaving: Option<OrgId>,
) -> Result<Others> {
    reader.query_one(
        "SELECT COUNT(DISTINCT a.person_id) AS everybody,
                COUNT(DISTINCT CASE WHEN p.password_hash <> '' THEN a.person_id END) AS local
         FROM platform_administrators a JOIN persons p ON p.id = a.person_id
         JOIN memberships m ON m.person_id = a.person_id AND m.disabled = 0
         WHERE a.person_id <> ?1 OR (?2 IS NOT NULL AND m.organisation_id <> ?2)",
        params![person, leaving],
        Others::read,
    )
}

pub(super) fn insert(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO platform_administrators (person_id, granted_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        params![person, now],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM platform_administrators WHERE person_id = ?",
        params![person],
    )?;
    Ok(())
}
