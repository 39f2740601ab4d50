//! Every SQL statement on who administers the node.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Timestamp};

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

/// How many administrators could still log in without this person's memberships: without the one in
/// `leaving`, or without any.
pub(super) fn count_others(
    reader: &Reader<'_>,
    person: PersonId,
    leaving: Option<OrgId>,
) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(DISTINCT a.person_id) AS administrators FROM platform_administrators a
         JOIN memberships m ON m.person_id = a.person_id AND m.disabled = 0
         WHERE a.person_id <> ?1 OR (?2 IS NOT NULL AND m.organisation_id <> ?2)",
        params![person, leaving],
        |row| row.get("administrators"),
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
