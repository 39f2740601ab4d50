//! Every SQL statement on who directories and identity providers say people are, and on the memberships
//! that these give.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Role, SessionId, Timestamp};

/// How many people of one source are listed at most.
const SUBJECTS_MAX: u32 = 200_000;

/// Somebody's link to a source.
pub(super) struct Link {
    pub(super) person: PersonId,
    /// Whether the source made the account, and so may name it.
    pub(super) is_owner: bool,
}

/// What an address's account is like, for deciding whether a source may take it over.
pub(super) struct Account {
    pub(super) person: PersonId,
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) has_password: bool,
    pub(super) is_platform_administrator: bool,
    /// Whether the person administers any organisation.
    pub(super) is_administrator: bool,
}

/// A membership and who gave it.
pub(super) struct Given {
    pub(super) organisation: OrgId,
    pub(super) role: String,
    /// The source; nothing for one given by hand.
    pub(super) source: Option<String>,
}

pub(super) fn find_link(reader: &Reader<'_>, source: &str, subject: &str) -> Result<Option<Link>> {
    reader.query_opt(
        "SELECT person_id, is_owner FROM external_identities WHERE source = ? AND subject = ?",
        params![source, subject],
        |row| {
            Ok(Link {
                person: row.get("person_id")?,
                is_owner: row.get("is_owner")?,
            })
        },
    )
}

pub(super) fn put_link(
    tx: &Tx<'_>,
    (source, subject): (&str, &str),
    link: &Link,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO external_identities (source, subject, person_id, is_owner, created_at, seen_at)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, subject) DO UPDATE SET seen_at = excluded.seen_at",
        params![source, subject, link.person, link.is_owner, now, now],
    )?;
    Ok(())
}

/// Forgets every source that knows a person.
pub(super) fn delete_links(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM external_identities WHERE person_id = ?",
        params![person],
    )?;
    Ok(())
}

pub(super) fn list_links(reader: &Reader<'_>, source: &str) -> Result<Vec<(String, PersonId)>> {
    reader.query_all(
        "SELECT subject, person_id FROM external_identities WHERE source = ? ORDER BY subject LIMIT ?",
        params![source, SUBJECTS_MAX],
        |row| Ok((row.get("subject")?, row.get("person_id")?)),
    )
}

/// What a source last called a person.
pub(super) fn newest_subject(
    reader: &Reader<'_>,
    source: &str,
    person: PersonId,
) -> Result<Option<String>> {
    reader.query_opt(
        "SELECT subject FROM external_identities WHERE source = ? AND person_id = ?
         ORDER BY seen_at DESC LIMIT 1",
        params![source, person],
        |row| row.get("subject"),
    )
}

/// The sources that know a person, oldest first.
pub(super) fn sources_of(reader: &Reader<'_>, person: PersonId) -> Result<Vec<String>> {
    reader.query_all(
        "SELECT source, MIN(created_at) AS first FROM external_identities WHERE person_id = ?
         GROUP BY source ORDER BY first LIMIT 100",
        params![person],
        |row| row.get("source"),
    )
}

fn account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        person: row.get("id")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        has_password: !row.get::<String>("password_hash")?.is_empty(),
        is_platform_administrator: row.get("is_platform_administrator")?,
        is_administrator: row.get("is_administrator")?,
    })
}

const ACCOUNT: &str = "SELECT p.id AS id, p.email AS email, p.display_name AS display_name,
    p.password_hash AS password_hash,
    EXISTS (SELECT 1 FROM platform_administrators a WHERE a.person_id = p.id) AS is_platform_administrator,
    EXISTS (SELECT 1 FROM memberships m WHERE m.person_id = p.id AND m.role = 'admin' AND m.disabled = 0)
        AS is_administrator
    FROM persons p";

pub(super) fn find_account_by_email(reader: &Reader<'_>, email: &str) -> Result<Option<Account>> {
    reader.query_opt(
        &format!("{ACCOUNT} WHERE p.email = ?"),
        params![email],
        account,
    )
}

pub(super) fn find_account(reader: &Reader<'_>, person: PersonId) -> Result<Option<Account>> {
    reader.query_opt(
        &format!("{ACCOUNT} WHERE p.id = ?"),
        params![person],
        account,
    )
}

pub(super) fn rename(
    tx: &Tx<'_>,
    person: PersonId,
    (email, display_name): (&str, &str),
) -> Result<()> {
    tx.execute(
        "UPDATE persons SET email = ?, display_name = ? WHERE id = ?",
        params![email, display_name, person],
    )?;
    Ok(())
}

/// Every membership of a person, disabled ones too.
pub(super) fn memberships_of(reader: &Reader<'_>, person: PersonId) -> Result<Vec<Given>> {
    reader.query_all(
        "SELECT organisation_id, role, source FROM memberships WHERE person_id = ?
         ORDER BY organisation_id LIMIT 1000",
        params![person],
        |row| {
            Ok(Given {
                organisation: row.get("organisation_id")?,
                role: row.get("role")?,
                source: row.get("source")?,
            })
        },
    )
}

/// Gives a membership, or another role in the one that the same source gave before.
pub(super) fn put_membership(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    (role, source): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO memberships (organisation_id, person_id, role, created_at, source)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id, person_id) DO UPDATE SET role = excluded.role
         WHERE memberships.source = excluded.source",
        params![organisation, person, role, now, source],
    )?;
    Ok(())
}

/// Has a source manage a membership that is there, with the role it gives.
pub(super) fn take_over(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    (role, source): (Role, &str),
) -> Result<()> {
    tx.execute(
        "UPDATE memberships SET role = ?, source = ? WHERE organisation_id = ? AND person_id = ?",
        params![role.to_string(), source, organisation, person],
    )?;
    Ok(())
}

/// Ends the sessions that a person opened through a source, and names them.
pub(super) fn delete_sessions_of_source(
    tx: &Tx<'_>,
    person: PersonId,
    source: &str,
) -> Result<Vec<SessionId>> {
    tx.query_all(
        "DELETE FROM sessions WHERE person_id = ? AND source = ? RETURNING id",
        params![person, source],
        |row| row.get("id"),
    )
}
