//! Every SQL statement on usage reports.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Page, PageRequest, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::{CustomerId, InstallId, LicenceId, ReportId};

/// A usage report as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UsageReportView {
    pub id: ReportId,
    pub licence_id: LicenceId,
    pub customer_id: CustomerId,
    pub install_id: InstallId,
    /// Its number in the node's chain.
    pub seq: i64,
    /// SHA-256 of the report before it, in hex.
    pub prev_sha256: String,
    pub sha256: String,
    /// Whether the chain branches here: the node was copied or put back to an older state.
    pub forked: bool,
    /// The report itself.
    #[schema(value_type = Object)]
    pub summary: Value,
    pub received_at: Timestamp,
}

/// Which reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReportFilter {
    pub customer: Option<CustomerId>,
    pub licence: Option<LicenceId>,
    pub forked_only: bool,
}

/// A report to write down.
pub(super) struct NewReport<'a> {
    pub(super) id: ReportId,
    pub(super) licence: LicenceId,
    pub(super) install: InstallId,
    pub(super) seq: i64,
    pub(super) prev_sha256: &'a str,
    pub(super) sha256: &'a str,
    pub(super) envelope: &'a [u8],
    pub(super) summary: String,
    pub(super) forked: bool,
    pub(super) received_at: Timestamp,
}

/// What the chain of an install says about a report.
pub(super) struct ChainEnd {
    /// Whether this very report is there already.
    pub(super) known: bool,
    /// Whether another report has its number.
    pub(super) number_taken: bool,
    /// The hash of the report numbered one less, when it is there.
    pub(super) before: Option<String>,
    /// The highest number there is.
    pub(super) highest: i64,
}

pub(super) fn chain_end(
    reader: &Reader<'_>,
    install: InstallId,
    (seq, sha256): (i64, &str),
) -> Result<ChainEnd> {
    let is_there = |sql: &str, values: &[guildhall_db::Value<'_>]| {
        reader
            .query_opt(sql, values, |_| Ok(()))
            .map(|row| row.is_some())
    };
    Ok(ChainEnd {
        known: is_there(
            "SELECT 1 AS found FROM usage_reports WHERE sha256 = ?",
            params![sha256],
        )?,
        number_taken: is_there(
            "SELECT 1 AS found FROM usage_reports WHERE install_id = ? AND seq = ? AND sha256 <> ?",
            params![install, seq, sha256],
        )?,
        before: reader.query_opt(
            "SELECT sha256 FROM usage_reports WHERE install_id = ? AND seq = ? ORDER BY forked, id LIMIT 1",
            params![install, seq - 1],
            |row| row.get("sha256"),
        )?,
        highest: reader.query_one(
            "SELECT COALESCE(MAX(seq), 0) AS highest FROM usage_reports WHERE install_id = ?",
            params![install],
            |row| row.get("highest"),
        )?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewReport<'_>) -> Result<()> {
    tx.execute(
        "INSERT INTO usage_reports (id, licence_id, install_id, seq, prev_sha256, sha256, envelope, summary, forked, received_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.id,
            new.licence,
            new.install,
            new.seq,
            new.prev_sha256,
            new.sha256,
            new.envelope,
            new.summary,
            new.forked,
            new.received_at
        ],
    )?;
    tx.execute(
        "UPDATE installs SET last_report_seq = MAX(last_report_seq, ?), last_seen_at = ? WHERE id = ?",
        params![new.seq, new.received_at, new.install],
    )?;
    Ok(())
}

fn report(row: &Row<'_>) -> Result<UsageReportView> {
    Ok(UsageReportView {
        id: row.get("id")?,
        licence_id: row.get("licence_id")?,
        customer_id: row.get("customer_id")?,
        install_id: row.get("install_id")?,
        seq: row.get("seq")?,
        prev_sha256: row.get("prev_sha256")?,
        sha256: row.get("sha256")?,
        forked: row.get("forked")?,
        summary: serde_json::from_str(&row.get::<String>("summary")?)?,
        received_at: row.get("received_at")?,
    })
}

/// One page of reports, newest first.
///
/// # Errors
/// `invalid_cursor`.
pub fn list(
    reader: &Reader<'_>,
    filter: ReportFilter,
    page: &PageRequest,
) -> Result<Page<UsageReportView>> {
    let before = page.after()?;
    let items = reader.query_all(
        "SELECT r.id, r.licence_id, l.customer_id, r.install_id, r.seq, r.prev_sha256, r.sha256, r.forked, r.summary,
         r.received_at FROM usage_reports r JOIN licences l ON l.id = r.licence_id
         WHERE r.id < ? AND (? IS NULL OR l.customer_id = ?) AND (? IS NULL OR r.licence_id = ?)
         AND (? = 0 OR r.forked = 1) ORDER BY r.id DESC LIMIT ?",
        params![
            before.as_deref().unwrap_or("~"),
            filter.customer,
            filter.customer,
            filter.licence,
            filter.licence,
            filter.forked_only,
            page.limit() + 1
        ],
        report,
    )?;
    Ok(Page::cut(items, page.limit(), |item| item.id.to_string()))
}
