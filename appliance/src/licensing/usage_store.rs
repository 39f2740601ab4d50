//! Every SQL statement on usage by day and on reports.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::{
    model::{LicenseUsageDay, LicenseUsageReport},
    store::{signed, unsigned},
};

/// The end of the chain.
pub(super) struct Last {
    pub(super) seq: u64,
    pub(super) sha256: String,
    pub(super) last_day: String,
    pub(super) created_at: Timestamp,
}

/// A report as it is written down.
pub(super) struct ReportRow<'a> {
    pub(super) seq: u64,
    pub(super) sha256: &'a str,
    pub(super) days: (&'a str, &'a str),
    pub(super) envelope: &'a [u8],
    pub(super) created_at: Timestamp,
}

/// A report as it is carried away.
pub(super) struct Pending {
    pub(super) seq: u64,
    pub(super) envelope: Vec<u8>,
}

fn day(row: &Row<'_>) -> Result<LicenseUsageDay> {
    Ok(LicenseUsageDay {
        date: row.get("date")?,
        seats: unsigned(row, "seats")?,
        active_30d: unsigned(row, "active_30d")?,
        ves_peak: unsigned(row, "ves_peak")?,
        answers: unsigned(row, "answers")?,
    })
}

/// Writes a day's counts down; the peak and the answers never shrink.
pub(super) fn save_day(tx: &Tx<'_>, day: &LicenseUsageDay) -> Result<()> {
    tx.execute(
        "INSERT INTO license_usage_days (date, seats, active_30d, ves_peak, answers) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (date) DO UPDATE SET seats = excluded.seats, active_30d = excluded.active_30d,
             ves_peak = MAX(ves_peak, excluded.ves_peak), answers = MAX(answers, excluded.answers)",
        params![
            day.date.as_str(),
            signed(day.seats),
            signed(day.active_30d),
            signed(day.ves_peak),
            signed(day.answers)
        ],
    )?;
    Ok(())
}

/// Days from one to another, both included, oldest first.
pub(super) fn list_days(
    reader: &Reader<'_>,
    from: &str,
    to: &str,
    limit: u32,
) -> Result<Vec<LicenseUsageDay>> {
    reader.query_all(
        "SELECT * FROM license_usage_days WHERE date >= ? AND date <= ? ORDER BY date LIMIT ?",
        params![from, to, limit],
        day,
    )
}

/// The last days, newest first.
pub(super) fn list_last_days(reader: &Reader<'_>, limit: u32) -> Result<Vec<LicenseUsageDay>> {
    reader.query_all(
        "SELECT * FROM license_usage_days ORDER BY date DESC LIMIT ?",
        params![limit],
        day,
    )
}

pub(super) fn last(reader: &Reader<'_>) -> Result<Option<Last>> {
    reader.query_opt(
        "SELECT seq, sha256, last_day, created_at FROM license_usage_reports ORDER BY seq DESC LIMIT 1",
        params![],
        |row| {
            Ok(Last {
                seq: unsigned(row, "seq")?,
                sha256: row.get("sha256")?,
                last_day: row.get("last_day")?,
                created_at: row.get("created_at")?,
            })
        },
    )
}

pub(super) fn insert_report(tx: &Tx<'_>, report: &ReportRow<'_>) -> Result<()> {
    tx.execute(
        "INSERT INTO license_usage_reports (seq, sha256, first_day, last_day, envelope, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            signed(report.seq),
            report.sha256,
            report.days.0,
            report.days.1,
            report.envelope,
            report.created_at
        ],
    )?;
    Ok(())
}

/// The last reports, newest first.
pub(super) fn list_reports(reader: &Reader<'_>, limit: u32) -> Result<Vec<LicenseUsageReport>> {
    reader.query_all(
        "SELECT *, LENGTH(envelope) AS bytes FROM license_usage_reports ORDER BY seq DESC LIMIT ?",
        params![limit],
        |row| {
            Ok(LicenseUsageReport {
                seq: unsigned(row, "seq")?,
                sha256: row.get("sha256")?,
                first_day: row.get("first_day")?,
                last_day: row.get("last_day")?,
                created_at: row.get("created_at")?,
                exported_at: row.get("exported_at")?,
                sent_at: row.get("sent_at")?,
                bytes: unsigned(row, "bytes")?,
            })
        },
    )
}

fn pending(row: &Row<'_>) -> Result<Pending> {
    Ok(Pending {
        seq: unsigned(row, "seq")?,
        envelope: row.get("envelope")?,
    })
}

/// Reports that were never exported, oldest first; with `from`, those from that number on, exported or not.
pub(super) fn list_to_export(
    reader: &Reader<'_>,
    from: Option<u64>,
    limit: u32,
) -> Result<Vec<Pending>> {
    reader.query_all(
        "SELECT seq, envelope FROM license_usage_reports
         WHERE seq >= ? AND (? OR exported_at IS NULL) ORDER BY seq LIMIT ?",
        params![signed(from.unwrap_or(0)), from.is_some(), limit],
        pending,
    )
}

/// Reports that the licence server has not seen, oldest first.
pub(super) fn list_to_send(reader: &Reader<'_>, limit: u32) -> Result<Vec<Pending>> {
    reader.query_all(
        "SELECT seq, envelope FROM license_usage_reports WHERE sent_at IS NULL ORDER BY seq LIMIT ?",
        params![limit],
        pending,
    )
}

pub(super) fn note_exported(tx: &Tx<'_>, (first, last): (u64, u64), at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE license_usage_reports SET exported_at = ? WHERE seq >= ? AND seq <= ?",
        params![at, signed(first), signed(last)],
    )?;
    Ok(())
}

pub(super) fn note_sent(tx: &Tx<'_>, seq: u64, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE license_usage_reports SET sent_at = ? WHERE seq = ?",
        params![at, signed(seq)],
    )?;
    Ok(())
}

/// Deletes what is older than anybody asks for.
pub(super) fn prune(tx: &Tx<'_>, before_day: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM license_usage_days WHERE date < ?",
        params![before_day],
    )?;
    tx.execute(
        "DELETE FROM license_usage_reports WHERE last_day < ? AND seq < (SELECT MAX(seq) FROM license_usage_reports)",
        params![before_day],
    )?;
    Ok(())
}
