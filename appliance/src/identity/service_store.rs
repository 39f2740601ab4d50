//! Every SQL statement on service accounts, beside those on the people they are.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Ctx, OrgId, PersonId, Result};

use super::service_accounts::ServiceAccount;

// Whoever removed one took its membership away, so that the join leaves it out.
const ACCOUNTS: &str = "SELECT s.person_id AS id, p.display_name AS name, m.role AS role,
    m.disabled AS disabled, s.created_at AS created_at,
    (SELECT COUNT(*) FROM api_keys k WHERE k.person_id = s.person_id) AS keys,
    (SELECT MAX(k.last_used_at) FROM api_keys k WHERE k.person_id = s.person_id) AS last_used_at
    FROM service_accounts s
    JOIN persons p ON p.id = s.person_id
    JOIN memberships m ON m.person_id = s.person_id AND m.organisation_id = s.organisation_id";

fn account(row: &Row<'_>) -> Result<ServiceAccount> {
    let keys: i64 = row.get("keys")?;
    Ok(ServiceAccount {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.get::<String>("role")?.parse()?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        disabled: row.get("disabled")?,
        keys: u64::try_from(keys).unwrap_or(0),
    })
}

pub(super) fn insert(tx: &Tx<'_>, ctx: &Ctx, id: PersonId) -> Result<()> {
    tx.execute(
        "INSERT INTO service_accounts (person_id, organisation_id, created_by, created_at)
         VALUES (?, ?, ?, ?)",
        params![id, ctx.organisation, ctx.person, ctx.now()],
    )?;
    Ok(())
}

pub(super) fn list(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<ServiceAccount>> {
    reader.query_all(
        &format!("{ACCOUNTS} WHERE s.organisation_id = ? ORDER BY s.person_id LIMIT 1000"),
        params![organisation],
        account,
    )
}

pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: PersonId,
) -> Result<Option<ServiceAccount>> {
    reader.query_opt(
        &format!("{ACCOUNTS} WHERE s.organisation_id = ? AND s.person_id = ?"),
        params![organisation, id],
        account,
    )
}
