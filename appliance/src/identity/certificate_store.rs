//! Every SQL statement on client certificates of service accounts.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Timestamp};

use super::certificates::BoundCertificate;

/// Whose certificate it is. One of a service account that was removed is nobody's.
pub(super) fn find_holder(
    reader: &Reader<'_>,
    fingerprint: &str,
) -> Result<Option<(PersonId, OrgId)>> {
    reader.query_opt(
        "SELECT c.person_id AS person_id, c.organisation_id AS organisation_id
         FROM service_account_certificates c
         JOIN memberships m ON m.person_id = c.person_id AND m.organisation_id = c.organisation_id
         WHERE c.fingerprint = ?",
        params![fingerprint],
        |row| Ok((row.get("person_id")?, row.get("organisation_id")?)),
    )
}

/// The certificate of a service account.
pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    person: PersonId,
) -> Result<Option<BoundCertificate>> {
    reader.query_opt(
        "SELECT fingerprint, subject, expires_at FROM service_account_certificates
         WHERE person_id = ? AND organisation_id = ?",
        params![person, organisation],
        |row| {
            Ok(BoundCertificate {
                fingerprint: Some(row.get("fingerprint")?),
                subject: row.get("subject")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

/// Sets or takes away the one certificate of a service account.
pub(super) fn put(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    bound: &BoundCertificate,
    now: Timestamp,
) -> Result<()> {
    delete(tx, person, Some(organisation))?;
    if let Some(fingerprint) = bound.fingerprint.as_deref() {
        // Left behind by a service account that an older version removed.
        tx.execute(
            "DELETE FROM service_account_certificates WHERE fingerprint = ?",
            params![fingerprint],
        )?;
        tx.execute(
            "INSERT INTO service_account_certificates (person_id, organisation_id, fingerprint, subject, expires_at, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![
                person,
                organisation,
                fingerprint,
                bound.subject.as_deref(),
                bound.expires_at,
                now
            ],
        )?;
    }
    Ok(())
}

/// Takes a service account's certificate away: in one organisation, or in all.
pub(super) fn delete(tx: &Tx<'_>, person: PersonId, organisation: Option<OrgId>) -> Result<()> {
    tx.execute(
        "DELETE FROM service_account_certificates WHERE person_id = ?1 AND (?2 IS NULL OR organisation_id = ?2)",
        params![person, organisation],
    )?;
    Ok(())
}
