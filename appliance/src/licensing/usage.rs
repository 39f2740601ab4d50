//! Usage: counts by day, in a chain of reports that the node signs. No personal data, and nothing leaves by itself unless a
//! licence server is configured.

use std::collections::BTreeMap;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_license::{Envelope, UsageDay, UsagePeriod, UsageReport, armour, fingerprint};
use serde_json::json;

use super::{
    Actor, Licensing,
    model::{LicenseUsage, LicenseUsageDay, LicenseUsageExport, LicenseUsageFile},
    store, usage_store,
    usage_store::{Last, ReportRow},
};
use crate::{app::App, audit, billing, identity};

const DAY_SECONDS: i64 = 24 * 3600;
/// Days in one report; with more waiting, several are made. Keeps an envelope far below its limit of 64 KiB.
const REPORT_DAYS_MAX: u32 = 62;
/// Reports in one export.
const EXPORT_MAX: u32 = 800;
/// Kept longer than the 400 days that a vendor may ask about.
const KEPT_DAYS: i64 = 800;
const SHOWN: u32 = 60;

/// What an export would hold, and what there is.
///
/// # Errors
/// Those of the database.
pub async fn read_usage(app: &App) -> Result<LicenseUsage> {
    let licensing = &app.licensing;
    licensing.count_day().await?;
    let draft = licensing.draft(licensing.current().time.now);
    let read = app.db.read(move |reader| {
        Ok(LicenseUsage {
            preview: serde_json::to_value(draft.fill(reader)?)?,
            days: usage_store::list_last_days(reader, SHOWN)?,
            reports: usage_store::list_reports(reader, SHOWN)?,
        })
    });
    read.await
}

/// Usage reports as a file: those never exported, or from a number on. When none waits, one is made that goes up to now.
///
/// # Errors
/// `no_reports` when there are none from that number on; those of the database.
pub async fn export_usage(
    app: &App,
    actor: Actor,
    from: Option<u64>,
) -> Result<LicenseUsageExport> {
    let licensing = &app.licensing;
    licensing.count_day().await?;
    let waiting = app
        .db
        .read(move |reader| usage_store::list_to_export(reader, from, EXPORT_MAX));
    if from.is_none() && waiting.await?.is_empty() {
        licensing.make_report(licensing.current().time.now).await?;
    }
    let now = app.clock.now();
    let written = app.db.write(move |tx| {
        let reports = usage_store::list_to_export(tx, from, EXPORT_MAX)?;
        let (Some(first), Some(last)) = (reports.first(), reports.last()) else {
            return Err(Error::conflict(
                "no_reports",
                "there is no usage report from that number on; leave the number out",
            ));
        };
        let numbers = (first.seq, last.seq);
        usage_store::note_exported(tx, numbers, now)?;
        let details = json!({ "first": numbers.0, "last": numbers.1 });
        store::insert_event(tx, now, "usage_exported", &details)?;
        actor.record(tx, "license.usage_exported", "node", details)?;
        Ok(reports)
    });
    let reports = written.await?;
    let id = &licensing.0.install.id;
    let files = reports.iter().map(|report| {
        let envelope = Envelope::read(&report.envelope).map_err(super::held::refused)?;
        Ok(LicenseUsageFile {
            file_name: format!("{id}-usage-{}.report", report.seq),
            text: armour(&envelope),
        })
    });
    let files: Vec<LicenseUsageFile> = files.collect::<Result<_>>()?;
    let text = files.iter().map(|file| file.text.as_str()).collect();
    let numbers = match (reports.first(), reports.last()) {
        (Some(first), Some(last)) if first.seq != last.seq => format!("{}-{}", first.seq, last.seq),
        (Some(first), _) => first.seq.to_string(),
        _ => String::new(),
    };
    Ok(LicenseUsageExport {
        file_name: format!("{id}-usage-{numbers}.report"),
        text,
        files,
        reports: u64::try_from(reports.len()).unwrap_or(u64::MAX),
    })
}

/// A report that is not filled with days yet.
struct Draft {
    report: UsageReport,
    limits: [(&'static str, Option<u64>); 2],
    features: fn(&Reader<'_>) -> Result<Vec<String>>,
}

impl Draft {
    /// Goes on from the end of the chain: with the day after its last one, or with that day again when it was not over.
    fn fill(mut self, reader: &Reader<'_>) -> Result<UsageReport> {
        let last = usage_store::last(reader)?;
        let from = last.as_ref().map_or_else(String::new, next_day);
        let days = usage_store::list_days(reader, &from, &self.report.period.to, REPORT_DAYS_MAX)?;
        let report = &mut self.report;
        report.seq = last.as_ref().map_or(1, |last| last.seq + 1);
        report.prev_sha256 = last.map(|last| last.sha256);
        report.audit_head = audit::head(reader)?;
        report.features_used = (self.features)(reader)?;
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            report.period.from.clone_from(&first.date);
            report.period.to.clone_from(&last.date);
        }
        let [seats, employees] = self.limits;
        let most = |of: fn(&LicenseUsageDay) -> u64| days.iter().map(of).max().unwrap_or(0);
        let above = [
            (seats, most(|day| day.seats)),
            (employees, most(|day| day.ves_peak)),
        ];
        report.overage = above
            .into_iter()
            .filter_map(|((name, limit), used)| Some((name.to_owned(), used.checked_sub(limit?)?)))
            .filter(|(_, above)| *above > 0)
            .collect();
        report.daily = days.into_iter().map(UsageDay::from).collect();
        Ok(self.report)
    }
}

/// A report that was made in the middle of its last day begins that day anew.
fn next_day(last: &Last) -> String {
    if date_of(last.created_at) == last.last_day {
        return last.last_day.clone();
    }
    // Sorts behind every time of that day and before the next day.
    format!("{}~", last.last_day)
}

impl From<LicenseUsageDay> for UsageDay {
    fn from(day: LicenseUsageDay) -> Self {
        Self {
            date: day.date,
            seats: day.seats,
            active_30d: day.active_30d,
            ves_peak: day.ves_peak,
            answers: day.answers,
        }
    }
}

impl Licensing {
    /// Counts what is used today.
    pub(super) async fn count_day(&self) -> Result<()> {
        let now = self.current().time.now;
        let wall = self.0.clock.now();
        let counted = self.0.counted;
        let written = self.0.db.write(move |tx| {
            // Rows carry the machine's own time, so its own day is counted.
            let begin = Timestamp::from_millis(
                wall.as_millis() - wall.as_millis().rem_euclid(DAY_SECONDS * 1000),
            );
            let (seats, active_30d) =
                identity::count_seats(tx, wall.plus_seconds(-30 * DAY_SECONDS))?;
            let day = LicenseUsageDay {
                date: date_of(now),
                seats,
                active_30d,
                ves_peak: (counted.employees)(tx)?,
                answers: billing::count_answers(tx, begin, begin.plus_seconds(DAY_SECONDS))?,
            };
            usage_store::save_day(tx, &day)?;
            usage_store::prune(tx, &date_of(now.plus_seconds(-KEPT_DAYS * DAY_SECONDS)))
        });
        written.await
    }

    /// Makes the reports of the days that are over, once there is a licence to report on. Says how many.
    pub(super) async fn make_daily_reports(&self) -> Result<u32> {
        if self.current().node.deciding.is_none() {
            return Ok(0);
        }
        let yesterday = self.current().time.now.plus_seconds(-DAY_SECONDS);
        for made in 0..REPORT_DAYS_MAX {
            if !self.make_report(yesterday).await? {
                return Ok(made);
            }
        }
        Ok(REPORT_DAYS_MAX)
    }

    /// Makes the next report, up to the day of `until`; nothing when no day waits for one.
    async fn make_report(&self, until: Timestamp) -> Result<bool> {
        let _reporting = self.0.reporting.lock().await;
        let draft = self.draft(until);
        let report = self.0.db.read(move |reader| draft.fill(reader)).await?;
        if report.daily.is_empty() {
            return Ok(false);
        }
        let envelope = self.sign(&report)?;
        let written = self.0.db.write(move |tx: &Tx<'_>| {
            let row = ReportRow {
                seq: report.seq,
                sha256: &fingerprint(envelope.payload()),
                days: (&report.period.from, &report.period.to),
                envelope: &envelope.to_bytes(),
                created_at: report.created_at,
            };
            usage_store::insert_report(tx, &row)
        });
        written.await?;
        Ok(true)
    }

    fn draft(&self, until: Timestamp) -> Draft {
        let current = self.current();
        let deciding = current
            .node
            .deciding
            .and_then(|index| current.holdings.get(index));
        let granted = &current.node.entitlements;
        Draft {
            report: UsageReport {
                seq: 0,
                prev_sha256: None,
                license_id: deciding.map(|holding| holding.license.value.license_id.clone()),
                install_id: self.0.install.id.clone(),
                period: UsagePeriod {
                    from: date_of(until),
                    to: date_of(until),
                },
                daily: Vec::new(),
                features_used: Vec::new(),
                overage: BTreeMap::new(),
                clock_anomalies: current.time.marks.anomalies,
                product_version: env!("CARGO_PKG_VERSION").to_owned(),
                audit_head: None,
                created_at: current.time.now,
            },
            limits: [
                ("seats.named", granted.seats_named()),
                ("agents.max", granted.agents_max()),
            ],
            features: self.0.counted.features,
        }
    }
}

/// The day of an instant, UTC, as `2026-11-27`.
fn date_of(at: Timestamp) -> String {
    at.to_rfc3339().get(..10).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_goes_on_where_the_last_one_ended() {
        let last = |last_day: &str, created: i64| Last {
            seq: 1,
            sha256: String::new(),
            last_day: last_day.to_owned(),
            created_at: Timestamp::from_millis(created),
        };
        // 1970-01-02T00:00:01Z
        let over = next_day(&last("1970-01-01", 86_401_000));
        assert!("1970-01-01" < over.as_str() && over.as_str() < "1970-01-02");
        assert_eq!(next_day(&last("1970-01-02", 86_401_000)), "1970-01-02");
    }
}
