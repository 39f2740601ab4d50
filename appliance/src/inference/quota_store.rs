//! Every SQL statement on `inference_quotas` and `inference_quota_use`.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::limits::{Limits, QuotaScope, Subject};

/// Days of use that are kept.
const DAYS_KEPT: i64 = 2;

/// Every limit of the node and what was used of it on a day.
pub(super) fn list(reader: &Reader<'_>, day: i64) -> Result<Vec<(Subject, Limits, u64)>> {
    let rows = reader.query_all(
        "SELECT q.organisation_id, q.scope, q.subject_id, q.tokens_per_day, q.requests_per_minute, q.weight,
                COALESCE(u.tokens, 0) AS tokens
         FROM inference_quotas q
         LEFT JOIN inference_quota_use u
             ON u.organisation_id = q.organisation_id AND u.scope = q.scope
                AND u.subject_id = q.subject_id AND u.day = ?
         ORDER BY q.organisation_id, q.scope, q.subject_id LIMIT 100000",
        params![day],
        |row| {
            let Some(scope) = QuotaScope::from_stored(&row.get::<String>("scope")?) else {
                return Ok(None);
            };
            let subject = Subject {
                organisation: row.get("organisation_id")?,
                scope,
                id: row.get("subject_id")?,
            };
            let limits = Limits {
                tokens_per_day: row.get("tokens_per_day")?,
                requests_per_minute: row.get("requests_per_minute")?,
                weight: row.get("weight")?,
            };
            Ok(Some((subject, limits, row.get("tokens")?)))
        },
    )?;
    Ok(rows.into_iter().flatten().collect())
}

pub(super) fn save(tx: &Tx<'_>, subject: &Subject, limits: &Limits, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO inference_quotas (organisation_id, scope, subject_id, tokens_per_day,
                                       requests_per_minute, weight, set_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id, scope, subject_id) DO UPDATE SET
             tokens_per_day = excluded.tokens_per_day, weight = excluded.weight,
             requests_per_minute = excluded.requests_per_minute, set_at = excluded.set_at",
        params![
            subject.organisation,
            subject.scope.as_str(),
            subject.id.as_str(),
            limits.tokens_per_day,
            limits.requests_per_minute,
            limits.weight,
            at
        ],
    )?;
    Ok(())
}

/// Whether there was one.
pub(super) fn delete(tx: &Tx<'_>, subject: &Subject) -> Result<bool> {
    let rows = tx.execute(
        "DELETE FROM inference_quotas WHERE organisation_id = ? AND scope = ? AND subject_id = ?",
        params![
            subject.organisation,
            subject.scope.as_str(),
            subject.id.as_str()
        ],
    )?;
    Ok(rows > 0)
}

/// Adds tokens to a day's count and forgets old days.
pub(super) fn count(tx: &Tx<'_>, subject: &Subject, day: i64, tokens: u64) -> Result<()> {
    tx.execute(
        "INSERT INTO inference_quota_use (organisation_id, scope, subject_id, day, tokens)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id, scope, subject_id, day) DO UPDATE SET tokens = tokens + excluded.tokens",
        params![
            subject.organisation,
            subject.scope.as_str(),
            subject.id.as_str(),
            day,
            tokens
        ],
    )?;
    tx.execute(
        "DELETE FROM inference_quota_use WHERE organisation_id = ? AND scope = ? AND subject_id = ? AND day < ?",
        params![
            subject.organisation,
            subject.scope.as_str(),
            subject.id.as_str(),
            day - DAYS_KEPT
        ],
    )?;
    Ok(())
}
