//! Every SQL statement on people whom a source names and who have to say yes first.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, Result, Role, Timestamp};

/// Somebody whom an organisation's source names.
pub(super) struct AwaitedRow {
    pub(super) source: String,
    pub(super) subject: String,
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
}

fn awaited(row: &Row<'_>) -> Result<AwaitedRow> {
    Ok(AwaitedRow {
        source: row.get("source")?,
        subject: row.get("subject")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        role: row.get::<String>("role")?.parse()?,
        created_at: row.get("created_at")?,
    })
}

const COLUMNS: &str = "source, subject, email, display_name, role, created_at FROM awaited_people";

/// Writes somebody down, in the place of what was said of them before.
pub(super) fn put(tx: &Tx<'_>, organisation: OrgId, row: &AwaitedRow) -> Result<()> {
    tx.execute(
        "INSERT INTO awaited_people (source, subject, organisation_id, email, display_name, role, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, subject) DO UPDATE SET email = excluded.email,
             display_name = excluded.display_name, role = excluded.role",
        params![
            row.source.as_str(),
            row.subject.as_str(),
            organisation,
            row.email.as_str(),
            row.display_name.as_str(),
            row.role.to_string(),
            row.created_at
        ],
    )?;
    Ok(())
}

/// Forgets somebody. Says whether they were awaited.
pub(super) fn delete(tx: &Tx<'_>, (source, subject): (&str, &str)) -> Result<bool> {
    let gone = tx.execute(
        "DELETE FROM awaited_people WHERE source = ? AND subject = ?",
        params![source, subject],
    )?;
    Ok(gone > 0)
}

/// Who of this address is awaited in the organisation.
pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    email: &str,
) -> Result<Option<AwaitedRow>> {
    reader.query_opt(
        &format!(
            "SELECT {COLUMNS} WHERE organisation_id = ? AND email = ? ORDER BY created_at LIMIT 1"
        ),
        params![organisation, email],
        awaited,
    )
}

/// One page of those awaited in the organisation, by what their source calls them.
pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<AwaitedRow>> {
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} WHERE organisation_id = ? AND (? IS NULL OR subject > ?) ORDER BY subject LIMIT ?"
        ),
        params![organisation, after, after, limit],
        awaited,
    )
}
