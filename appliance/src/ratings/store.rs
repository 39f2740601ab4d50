//! Every SQL statement on `ratings`.

use std::collections::HashMap;

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{AgentId, OrgId, PersonId, Result, Timestamp};

use super::{Answer, Rating, Verdict};

/// One rating as the results count it.
pub(super) struct Counted {
    pub(super) agent: Option<AgentId>,
    pub(super) model: String,
    pub(super) verdict: Option<Verdict>,
    pub(super) has_reason: bool,
    pub(super) compared: bool,
    pub(super) best: bool,
    pub(super) first_token_ms: Option<u32>,
    pub(super) tokens_per_second: Option<f64>,
}

/// One reason with what it is about.
pub(super) struct Reason {
    pub(super) answer_id: String,
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) rated_at: Timestamp,
}

/// Writes the row of an answer unless it is there, so that what follows can change it.
fn ensure(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    answer: &Answer,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO ratings (organisation_id, person_id, answer_id, group_id, agent_id, model, reason,
                              compared, best, first_token_ms, tokens_per_second, rated_at)
         VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, ?, ?, ?)
         ON CONFLICT (organisation_id, person_id, answer_id) DO NOTHING",
        params![
            organisation,
            person,
            answer.id.as_str(),
            answer.group.as_str(),
            answer.agent,
            answer.model.as_str(),
            answer.first_token_ms,
            answer.tokens_per_second,
            now
        ],
    )?;
    Ok(())
}

pub(super) fn save_verdict(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    answer: &Answer,
    rating: &Rating,
) -> Result<()> {
    ensure(tx, (organisation, person), answer, rating.rated_at)?;
    tx.execute(
        "UPDATE ratings SET verdict = ?, reason = ?, rated_at = ?
         WHERE organisation_id = ? AND person_id = ? AND answer_id = ?",
        params![
            rating.verdict.as_str(),
            rating.reason.as_str(),
            rating.rated_at,
            organisation,
            person,
            answer.id.as_str()
        ],
    )?;
    Ok(())
}

/// `outcome` says whether it won; nothing when the comparison is undone.
pub(super) fn save_comparison(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    answer: &Answer,
    (outcome, now): (Option<bool>, Timestamp),
) -> Result<()> {
    ensure(tx, (organisation, person), answer, now)?;
    tx.execute(
        "UPDATE ratings SET compared = ?, best = ?
         WHERE organisation_id = ? AND person_id = ? AND answer_id = ?",
        params![
            outcome.is_some(),
            outcome.unwrap_or(false),
            organisation,
            person,
            answer.id.as_str()
        ],
    )?;
    drop_empty(tx, (organisation, person), &answer.id)
}

pub(super) fn remove_verdict(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    answer_id: &str,
) -> Result<()> {
    tx.execute(
        "UPDATE ratings SET verdict = NULL, reason = ''
         WHERE organisation_id = ? AND person_id = ? AND answer_id = ?",
        params![organisation, person, answer_id],
    )?;
    drop_empty(tx, (organisation, person), answer_id)
}

/// A row that says nothing any more goes.
fn drop_empty(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    answer_id: &str,
) -> Result<()> {
    tx.execute(
        "DELETE FROM ratings WHERE organisation_id = ? AND person_id = ? AND answer_id = ?
                                   AND verdict IS NULL AND compared = 0",
        params![organisation, person, answer_id],
    )?;
    Ok(())
}

pub(super) fn of_group(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    group: &str,
) -> Result<HashMap<String, Rating>> {
    let rows = reader.query_all(
        "SELECT answer_id, verdict, reason, rated_at FROM ratings
         WHERE organisation_id = ? AND group_id = ? AND person_id = ? AND verdict IS NOT NULL
         ORDER BY rated_at DESC LIMIT 10000",
        params![organisation, group, person],
        |row| Ok((row.get("answer_id")?, rating(row)?)),
    )?;
    Ok(rows.into_iter().collect())
}

fn rating(row: &Row<'_>) -> Result<Rating> {
    Ok(Rating {
        verdict: Verdict::from_stored(&row.get::<String>("verdict")?),
        reason: row.get("reason")?,
        rated_at: row.get("rated_at")?,
    })
}

pub(super) fn forget_reasons(tx: &Tx<'_>, organisation: OrgId, group: &str) -> Result<()> {
    tx.execute(
        "UPDATE ratings SET reason = '' WHERE organisation_id = ? AND group_id = ? AND reason <> ''",
        params![organisation, group],
    )?;
    Ok(())
}

/// The newest ratings since an instant, at most `limit`.
pub(super) fn list_counted(
    reader: &Reader<'_>,
    organisation: OrgId,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<Counted>> {
    reader.query_all(
        "SELECT agent_id, model, verdict, reason <> '' AS has_reason, compared, best, first_token_ms,
                tokens_per_second
         FROM ratings WHERE organisation_id = ? AND rated_at >= ? ORDER BY rated_at DESC LIMIT ?",
        params![organisation, since, limit],
        |row| {
            let verdict = row.get::<Option<String>>("verdict")?;
            Ok(Counted {
                agent: row.get("agent_id")?,
                model: row.get("model")?,
                verdict: verdict.as_deref().map(Verdict::from_stored),
                has_reason: row.get("has_reason")?,
                compared: row.get("compared")?,
                best: row.get("best")?,
                first_token_ms: row.get("first_token_ms")?,
                tokens_per_second: row.get("tokens_per_second")?,
            })
        },
    )
}

/// One page of reasons for an agent (nothing: the playground) and a model, newest first; `before` is where
/// the page before ended.
pub(super) fn list_reasons(
    reader: &Reader<'_>,
    (organisation, agent, model): (OrgId, Option<AgentId>, &str),
    before: Option<(Timestamp, String)>,
    limit: u32,
) -> Result<Vec<Reason>> {
    let agent = agent.map(|agent| agent.to_string()).unwrap_or_default();
    let (at, id) = before.unwrap_or((Timestamp::from_millis(i64::MAX), String::new()));
    reader.query_all(
        "SELECT answer_id, verdict, reason, rated_at FROM ratings
         WHERE organisation_id = ? AND COALESCE(agent_id, '') = ? AND model = ? AND reason <> ''
           AND verdict IS NOT NULL AND (rated_at < ? OR (rated_at = ? AND answer_id < ?))
         ORDER BY rated_at DESC, answer_id DESC LIMIT ?",
        params![organisation, agent, model, at, at, id, limit],
        |row| {
            let Rating {
                verdict,
                reason,
                rated_at,
            } = rating(row)?;
            Ok(Reason {
                answer_id: row.get("answer_id")?,
                verdict,
                reason,
                rated_at,
            })
        },
    )
}
