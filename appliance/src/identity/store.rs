//! Every SQL statement on people, organisations, memberships and set-up links.

use std::collections::BTreeSet;

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Role, Timestamp};

use super::{
    model::{Member, Organisation, Person},
    roles,
};

/// What a login is checked against.
pub(super) struct Credentials {
    pub(super) person: Person,
    pub(super) password_hash: String,
}

/// What a person may do in one organisation.
pub(super) struct Membership {
    pub(super) person: Person,
    pub(super) organisation: Organisation,
    pub(super) role: Role,
    /// What the role gives.
    pub(super) role_permissions: BTreeSet<&'static str>,
    pub(super) is_platform_administrator: bool,
    pub(super) must_change_password: bool,
}

fn person(row: &Row<'_>) -> Result<Person> {
    Ok(Person {
        id: row.get("person_id")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
    })
}

fn organisation(row: &Row<'_>) -> Result<Organisation> {
    Ok(Organisation {
        id: row.get("organisation_id")?,
        name: row.get("name")?,
        slug: row.get("slug")?,
    })
}

pub(super) fn insert_person(
    tx: &Tx<'_>,
    person: &Person,
    password_hash: &str,
    must_change_password: bool,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO persons (id, email, display_name, password_hash, must_change_password, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![person.id, person.email.as_str(), person.display_name.as_str(), password_hash, must_change_password, now],
    )?;
    Ok(())
}

pub(super) fn find_credentials(reader: &Reader<'_>, email: &str) -> Result<Option<Credentials>> {
    reader.query_opt(
        "SELECT id AS person_id, email, display_name, password_hash FROM persons WHERE email = ?",
        params![email],
        |row| {
            Ok(Credentials {
                person: person(row)?,
                password_hash: row.get("password_hash")?,
            })
        },
    )
}

pub(super) fn find_password_hash(reader: &Reader<'_>, person: PersonId) -> Result<Option<String>> {
    reader.query_opt(
        "SELECT password_hash FROM persons WHERE id = ?",
        params![person],
        |row| row.get("password_hash"),
    )
}

/// Whether the person can log in with a password of the node's own.
pub(super) fn has_password(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let hash = find_password_hash(reader, person)?;
    Ok(hash.is_some_and(|hash| !hash.is_empty()))
}

pub(super) fn update_password(
    tx: &Tx<'_>,
    person: PersonId,
    password_hash: &str,
    must_change_password: bool,
) -> Result<()> {
    tx.execute(
        "UPDATE persons SET password_hash = ?, must_change_password = ? WHERE id = ?",
        params![password_hash, must_change_password, person],
    )?;
    Ok(())
}

pub(super) fn update_display_name(tx: &Tx<'_>, person: PersonId, display_name: &str) -> Result<()> {
    tx.execute(
        "UPDATE persons SET display_name = ? WHERE id = ?",
        params![display_name, person],
    )?;
    Ok(())
}

pub(super) fn find_person(reader: &Reader<'_>, id: PersonId) -> Result<Option<Person>> {
    reader.query_opt(
        "SELECT id AS person_id, email, display_name FROM persons WHERE id = ?",
        params![id],
        person,
    )
}

pub(super) fn insert_organisation(
    tx: &Tx<'_>,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO organisations (id, name, slug, created_at) VALUES (?, ?, ?, ?)",
        params![
            organisation.id,
            organisation.name.as_str(),
            organisation.slug.as_str(),
            now
        ],
    )?;
    Ok(())
}

pub(super) fn slug_is_taken(reader: &Reader<'_>, slug: &str) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM organisations WHERE slug = ?",
        params![slug],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn count_organisations(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS organisations FROM organisations",
        params![],
        |row| row.get("organisations"),
    )
}

/// How many organisations there are for more than one person.
pub(super) fn count_open_organisations(reader: &Reader<'_>) -> Result<i64> {
    reader.query_one(
        "SELECT COUNT(*) AS organisations FROM organisations WHERE hidden = 0",
        params![],
        |row| row.get("organisations"),
    )
}

/// Has an organisation be its maker's alone.
pub(super) fn hide_organisation(tx: &Tx<'_>, id: OrgId) -> Result<()> {
    tx.execute(
        "UPDATE organisations SET hidden = 1 WHERE id = ?",
        params![id],
    )?;
    Ok(())
}

pub(super) fn is_hidden(reader: &Reader<'_>, id: OrgId) -> Result<bool> {
    let hidden = reader.query_opt(
        "SELECT hidden FROM organisations WHERE id = ?",
        params![id],
        |row| row.get::<bool>("hidden"),
    )?;
    Ok(hidden.unwrap_or(false))
}

pub(super) fn find_organisation(reader: &Reader<'_>, id: OrgId) -> Result<Option<Organisation>> {
    reader.query_opt(
        "SELECT id AS organisation_id, name, slug FROM organisations WHERE id = ?",
        params![id],
        organisation,
    )
}

/// The organisations a person belongs to and is not disabled in, oldest membership first.
pub(super) fn organisations_of(reader: &Reader<'_>, person: PersonId) -> Result<Vec<Organisation>> {
    reader.query_all(
        "SELECT o.id AS organisation_id, o.name AS name, o.slug AS slug FROM memberships m
         JOIN organisations o ON o.id = m.organisation_id
         WHERE m.person_id = ? AND m.disabled = 0 ORDER BY m.created_at, o.id LIMIT 100",
        params![person],
        organisation,
    )
}

pub(super) fn insert_membership(
    tx: &Tx<'_>,
    organisation: OrgId,
    person: PersonId,
    role: Role,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO memberships (organisation_id, person_id, role, created_at) VALUES (?, ?, ?, ?)",
        params![organisation, person, role.to_string(), now],
    )?;
    Ok(())
}

pub(super) fn update_membership(
    tx: &Tx<'_>,
    organisation: OrgId,
    person: PersonId,
    role: Role,
    disabled: bool,
) -> Result<()> {
    tx.execute(
        "UPDATE memberships SET role = ?, disabled = ? WHERE organisation_id = ? AND person_id = ?",
        params![role.to_string(), disabled, organisation, person],
    )?;
    Ok(())
}

pub(super) fn delete_membership(tx: &Tx<'_>, organisation: OrgId, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM memberships WHERE organisation_id = ? AND person_id = ?",
        params![organisation, person],
    )?;
    Ok(())
}

/// A person's enabled membership, with all that decides what they may do.
pub(super) fn find_membership(
    reader: &Reader<'_>,
    organisation_id: OrgId,
    person_id: PersonId,
) -> Result<Option<Membership>> {
    reader.query_opt(
        "SELECT p.id AS person_id, p.email AS email, p.display_name AS display_name,
                p.must_change_password AS must_change_password,
                o.id AS organisation_id, o.name AS name, o.slug AS slug, m.role AS role,
                r.permissions AS role_permissions, a.person_id AS administrator
         FROM memberships m
         JOIN persons p ON p.id = m.person_id
         JOIN organisations o ON o.id = m.organisation_id
         LEFT JOIN custom_roles r ON r.id = m.role AND r.organisation_id = m.organisation_id
         LEFT JOIN platform_administrators a ON a.person_id = m.person_id
         WHERE m.organisation_id = ? AND m.person_id = ? AND m.disabled = 0",
        params![organisation_id, person_id],
        |row| {
            let role = row.get::<String>("role")?.parse()?;
            let stored: Option<String> = row.get("role_permissions")?;
            Ok(Membership {
                person: person(row)?,
                organisation: organisation(row)?,
                role,
                role_permissions: roles::given_by(role, stored.as_deref())?,
                is_platform_administrator: row.get::<Option<String>>("administrator")?.is_some(),
                must_change_password: row.get("must_change_password")?,
            })
        },
    )
}

/// Service accounts are people to everything but the lists of people and the licence.
pub(super) const IS_NO_SERVICE: &str =
    "NOT EXISTS (SELECT 1 FROM service_accounts s WHERE s.person_id = m.person_id)";

const MEMBER_COLUMNS: &str = "p.id AS person_id, p.email AS email, p.display_name AS display_name,
    p.last_seen_at AS last_seen_at, m.role AS role, m.disabled AS disabled, m.created_at AS created_at,
    m.source AS source, a.person_id AS administrator,
    EXISTS (SELECT 1 FROM totp_factors t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM passkeys k WHERE k.person_id = p.id) AS second_factor,
    EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = p.id AND o.organisation_id <> m.organisation_id)
        AS elsewhere
    FROM memberships m JOIN persons p ON p.id = m.person_id
    LEFT JOIN platform_administrators a ON a.person_id = m.person_id";

fn member(row: &Row<'_>) -> Result<Member> {
    let person = person(row)?;
    Ok(Member {
        id: person.id,
        email: person.email,
        display_name: person.display_name,
        role: row.get::<String>("role")?.parse()?,
        disabled: row.get("disabled")?,
        platform_administrator: row.get::<Option<String>>("administrator")?.is_some(),
        source: row.get("source")?,
        second_factor: Some(row.get("second_factor")?),
        // Counted in memory, not here.
        locked_until: None,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        belongs_elsewhere: row.get("elsewhere")?,
    })
}

/// One page of members by id.
pub(super) fn list_members(
    reader: &Reader<'_>,
    organisation: OrgId,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Member>> {
    reader.query_all(
        &format!(
            "SELECT {MEMBER_COLUMNS} WHERE m.organisation_id = ? AND p.id > ? AND {IS_NO_SERVICE}
             ORDER BY p.id LIMIT ?"
        ),
        params![organisation, after.unwrap_or_default(), limit],
        member,
    )
}

pub(super) fn find_member(
    reader: &Reader<'_>,
    organisation: OrgId,
    person: PersonId,
) -> Result<Option<Member>> {
    reader.query_opt(
        &format!(
            "SELECT {MEMBER_COLUMNS} WHERE m.organisation_id = ? AND p.id = ? AND {IS_NO_SERVICE}"
        ),
        params![organisation, person],
        member,
    )
}

/// Whether the organisation has the person or service account, disabled or not.
pub(super) fn has_membership(
    reader: &Reader<'_>,
    organisation: OrgId,
    person: PersonId,
) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM memberships WHERE organisation_id = ? AND person_id = ?",
        params![organisation, person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// How many people have a seat: an enabled membership in any organisation of the node.
pub(super) fn count_seats(reader: &Reader<'_>) -> Result<u64> {
    let count: i64 = reader.query_one(
        &format!(
            "SELECT COUNT(DISTINCT m.person_id) AS seats FROM memberships m
             WHERE m.disabled = 0 AND {IS_NO_SERVICE}"
        ),
        params![],
        |row| row.get("seats"),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Whether the person has a seat already.
pub(super) fn has_seat(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found FROM memberships WHERE person_id = ? AND disabled = 0 LIMIT 1",
        params![person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// How many people with a seat were here since `since`.
pub(super) fn count_seen(reader: &Reader<'_>, since: Timestamp) -> Result<u64> {
    let count: i64 = reader.query_one(
        &format!(
            "SELECT COUNT(DISTINCT m.person_id) AS people FROM memberships m
             JOIN persons p ON p.id = m.person_id
             WHERE m.disabled = 0 AND p.last_seen_at >= ? AND {IS_NO_SERVICE}"
        ),
        params![since],
        |row| row.get("people"),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) fn touch_person(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE persons SET last_seen_at = ? WHERE id = ?",
        params![now, person],
    )?;
    Ok(())
}
