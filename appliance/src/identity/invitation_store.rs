//! Every SQL statement on invitations.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{InvitationId, OrgId, PersonId, Result, Role, Timestamp};

const OPEN_MAX: u32 = 500;

/// An invitation as stored; its token is not.
pub(super) struct InvitationRow {
    pub(super) id: InvitationId,
    pub(super) organisation: OrgId,
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) created_by: PersonId,
    pub(super) created_by_name: String,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
    pub(super) withdrawn_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "i.id AS id, i.organisation_id AS organisation_id, i.email AS email, i.role AS role,
    i.created_by AS created_by, p.display_name AS created_by_name, i.created_at AS created_at,
    i.expires_at AS expires_at, i.used_at AS used_at, i.withdrawn_at AS withdrawn_at
    FROM invitations i JOIN persons p ON p.id = i.created_by";

fn invitation(row: &Row<'_>) -> Result<InvitationRow> {
    Ok(InvitationRow {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        email: row.get("email")?,
        role: row.get::<String>("role")?.parse()?,
        created_by: row.get("created_by")?,
        created_by_name: row.get("created_by_name")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
        withdrawn_at: row.get("withdrawn_at")?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, token_hash: &str, row: &InvitationRow) -> Result<()> {
    tx.execute(
        "INSERT INTO invitations (id, token_hash, organisation_id, email, role, created_by, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            token_hash,
            row.organisation,
            row.email.as_deref(),
            row.role.to_string(),
            row.created_by,
            row.created_at,
            row.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_by_token(
    reader: &Reader<'_>,
    token_hash: &str,
) -> Result<Option<InvitationRow>> {
    reader.query_opt(
        &format!("SELECT {COLUMNS} WHERE i.token_hash = ?"),
        params![token_hash],
        invitation,
    )
}

pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: InvitationId,
) -> Result<Option<InvitationRow>> {
    reader.query_opt(
        &format!("SELECT {COLUMNS} WHERE i.organisation_id = ? AND i.id = ?"),
        params![organisation, id],
        invitation,
    )
}

/// One page, newest first, of those before `before`.
pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<InvitationRow>> {
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} WHERE i.organisation_id = ? AND (? IS NULL OR i.id < ?)
             ORDER BY i.id DESC LIMIT ?"
        ),
        params![organisation, before, before, limit],
        invitation,
    )
}

/// Whether the organisation has as many open invitations as it may.
pub(super) fn is_full(reader: &Reader<'_>, organisation: OrgId, now: Timestamp) -> Result<bool> {
    let open: u32 = reader.query_one(
        "SELECT COUNT(*) AS open FROM invitations
         WHERE organisation_id = ? AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > ?",
        params![organisation, now],
        |row| row.get("open"),
    )?;
    Ok(open >= OPEN_MAX)
}

/// How many open invitations of the organisation give the role.
pub(super) fn count_open(
    reader: &Reader<'_>,
    (organisation, role): (OrgId, Role),
    now: Timestamp,
) -> Result<u64> {
    let open: u32 = reader.query_one(
        "SELECT COUNT(*) AS open FROM invitations
         WHERE organisation_id = ? AND role = ? AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > ?",
        params![organisation, role.to_string(), now],
        |row| row.get("open"),
    )?;
    Ok(u64::from(open))
}

pub(super) fn mark_used(tx: &Tx<'_>, id: InvitationId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE invitations SET used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

pub(super) fn mark_withdrawn(tx: &Tx<'_>, id: InvitationId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE invitations SET withdrawn_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// Withdraws what a person invited others by and nobody has used: in one organisation and where they do not belong, or in
/// all. Who administers the node invites to organisations that are not theirs.
pub(super) fn withdraw_of_person(
    tx: &Tx<'_>,
    (person, organisation): (PersonId, Option<OrgId>),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE invitations SET withdrawn_at = ?3
         WHERE created_by = ?1 AND used_at IS NULL AND withdrawn_at IS NULL
           AND (?2 IS NULL OR organisation_id = ?2 OR NOT EXISTS (
                SELECT 1 FROM memberships m WHERE m.person_id = ?1 AND m.disabled = 0
                AND m.organisation_id = invitations.organisation_id))",
        params![person, organisation, now],
    )?;
    Ok(())
}
