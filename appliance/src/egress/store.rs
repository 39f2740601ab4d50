//! Every SQL statement on `egress_switch` and `egress_calls`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{PersonId, Result, Timestamp};

use super::model::{CallOutcome, EgressCall, EgressMode, EgressTotals};

/// Calls kept; older ones make room.
const CALLS_KEPT: i64 = 100_000;

/// The switch, who turned it last, and when.
pub(super) fn read_switch(
    reader: &Reader<'_>,
) -> Result<Option<(EgressMode, Option<PersonId>, Timestamp)>> {
    reader.query_opt(
        "SELECT mode, changed_by, changed_at FROM egress_switch WHERE id = 1",
        params![],
        |row| {
            let mode = EgressMode::from_stored(&row.get::<String>("mode")?);
            let by: Option<String> = row.get("changed_by")?;
            let by = by.and_then(|by| by.parse().ok());
            Ok((mode, by, row.get("changed_at")?))
        },
    )
}

pub(super) fn save_switch(
    tx: &Tx<'_>,
    mode: EgressMode,
    by: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO egress_switch (id, mode, changed_by, changed_at) VALUES (1, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, changed_by = excluded.changed_by,
             changed_at = excluded.changed_at",
        params![mode.as_str(), by, at],
    )?;
    Ok(())
}

pub(super) fn insert_calls(tx: &Tx<'_>, calls: &[EgressCall]) -> Result<()> {
    for (row, call) in calls.iter().enumerate() {
        tx.make_way(row, calls.len());
        tx.execute(
            "INSERT INTO egress_calls (at, organisation_id, person_id, provider_id, host, outcome, status,
                                       bytes_out, bytes_in, duration_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                call.at,
                call.organisation_id,
                call.person_id,
                call.provider_id,
                call.host.as_str(),
                call.outcome.as_str(),
                call.status,
                call.bytes_out,
                call.bytes_in,
                call.duration_ms
            ],
        )?;
    }
    tx.execute(
        "DELETE FROM egress_calls WHERE id <= (SELECT MAX(id) FROM egress_calls) - ?",
        params![CALLS_KEPT],
    )?;
    Ok(())
}

pub(super) fn recent(reader: &Reader<'_>, limit: u32) -> Result<Vec<EgressCall>> {
    reader.query_all(
        "SELECT * FROM egress_calls ORDER BY id DESC LIMIT ?",
        params![limit],
        call,
    )
}

fn call(row: &Row<'_>) -> Result<EgressCall> {
    Ok(EgressCall {
        at: row.get("at")?,
        organisation_id: row.get("organisation_id")?,
        person_id: row.get("person_id")?,
        provider_id: row.get("provider_id")?,
        host: row.get("host")?,
        outcome: CallOutcome::from_stored(&row.get::<String>("outcome")?),
        status: row.get("status")?,
        bytes_out: row.get("bytes_out")?,
        bytes_in: row.get("bytes_in")?,
        duration_ms: row.get("duration_ms")?,
    })
}

pub(super) fn totals(reader: &Reader<'_>) -> Result<Vec<EgressTotals>> {
    reader.query_all(
        "SELECT provider_id, COUNT(*) AS calls, SUM(outcome = 'denied') AS denied,
                SUM(outcome = 'failed') AS failed, SUM(bytes_out) AS bytes_out,
                SUM(bytes_in) AS bytes_in, MAX(at) AS last_at
         FROM egress_calls GROUP BY provider_id ORDER BY provider_id LIMIT 1000",
        params![],
        |row| {
            Ok(EgressTotals {
                provider_id: row.get("provider_id")?,
                calls: row.get("calls")?,
                denied: row.get("denied")?,
                failed: row.get("failed")?,
                bytes_out: row.get("bytes_out")?,
                bytes_in: row.get("bytes_in")?,
                last_at: row.get("last_at")?,
            })
        },
    )
}
