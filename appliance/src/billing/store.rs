//! Every SQL statement on `metered_calls`.

use std::borrow::Cow;

use guildhall_db::{Reader, Row, Tx, Value, params};
use guildhall_kernel::{ApiKeyId, OrgId, PersonId, Result, Timestamp, UsageId, VeId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Call,
    filter::{GroupBy, UsageFilter},
    model::{CallKind, Outcome, tokens_per_second},
};

/// Most groups of a report.
pub(super) const GROUPS_MAX: u32 = 1000;

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = UsageTotals)]
pub struct Totals {
    /// Answers of employees in conversations.
    pub messages: u64,
    /// Calls of models, those answers included.
    pub calls: u64,
    /// Calls that could not be answered.
    pub failed: u64,
    /// Calls that were stopped, or whose caller went away.
    pub cancelled: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// The part of `input_tokens` that earlier calls had computed already.
    pub cached_tokens: u64,
    /// The part of `output_tokens` that extractive answers took: words.
    pub words_quoted: u64,
    /// Millionths of a credit.
    pub cost_micro_credits: i64,
    /// Mean milliseconds until work began.
    #[schema(required)]
    pub queue_ms_mean: Option<f64>,
    /// Mean milliseconds until the first piece of an answer.
    #[schema(required)]
    pub first_token_ms_mean: Option<f64>,
    /// Mean milliseconds until the end.
    #[schema(required)]
    pub latency_ms_mean: Option<f64>,
    /// Tokens written per second of writing.
    #[schema(required)]
    pub tokens_per_second: Option<f64>,
}

pub(super) struct StoredCall {
    pub(super) id: UsageId,
    pub(super) created_at: Timestamp,
    pub(super) person: PersonId,
    pub(super) api_key: Option<ApiKeyId>,
    pub(super) ve: Option<VeId>,
    pub(super) kind: CallKind,
    pub(super) mode: String,
    pub(super) model: String,
    pub(super) provider: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) error_code: Option<String>,
    pub(super) input_tokens: u32,
    pub(super) output_tokens: u32,
    pub(super) cached_tokens: u32,
    pub(super) queue_ms: u64,
    pub(super) first_token_ms: u64,
    pub(super) decode_ms: u64,
    pub(super) latency_ms: u64,
    pub(super) cost_micro_credits: i64,
}

pub(super) fn insert(tx: &Tx<'_>, call: &Call) -> Result<()> {
    tx.execute(
        "INSERT INTO metered_calls (id, organisation_id, person_id, api_key_id, ve_id, message_id, kind, mode,
                                    model, provider, outcome, error_code, input_tokens, output_tokens,
                                    cached_tokens, queue_ms, first_token_ms, decode_ms, latency_ms,
                                    cost_micro_credits, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            call.id,
            call.organisation,
            call.person,
            call.api_key,
            call.ve,
            call.message,
            call.kind.as_str(),
            call.mode,
            call.model.as_str(),
            call.provider.as_deref(),
            call.outcome.as_str(),
            call.error_code.as_deref(),
            call.input_tokens,
            call.output_tokens,
            call.cached_tokens,
            call.queue_ms,
            call.first_token_ms,
            call.decode_ms,
            call.latency_ms,
            call.cost.0,
            call.created_at
        ],
    )?;
    Ok(())
}

/// Whose calls are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    Organisation(OrgId),
    /// Every organisation's, for those who administer the node.
    Node,
}

impl Whose {
    /// The condition of a filter: whose calls, then two parameters per narrowing. One condition for both would
    /// keep the database from using its index.
    fn matches(self) -> String {
        match self {
            Self::Organisation(_) => format!("organisation_id = ? AND {NARROWS}"),
            Self::Node => NARROWS.to_owned(),
        }
    }
}

const NARROWS: &str = "created_at >= ? AND created_at < ?
    AND (? = '' OR model = ?) AND (? = '' OR kind = ?) AND (? = '' OR outcome = ?)
    AND (? = '' OR ve_id = ?) AND (? = '' OR person_id = ?) AND (? = '' OR api_key_id = ?)";

/// The values of a filter, in the order of [`Whose::matches`].
fn values(whose: Whose, filter: &UsageFilter) -> Vec<Value<'static>> {
    let text = |text: String| Value::Text(Cow::Owned(text));
    let instant =
        |at: Option<Timestamp>, default| Value::Integer(at.map_or(default, Timestamp::as_millis));
    let mut values = match whose {
        Whose::Organisation(organisation) => vec![text(organisation.to_string())],
        Whose::Node => Vec::new(),
    };
    values.extend([instant(filter.from, 0), instant(filter.to, i64::MAX)]);
    let narrowing = [
        filter.model.clone(),
        filter.kind.map(|kind| kind.as_str().to_owned()),
        filter.outcome.map(|outcome| outcome.as_str().to_owned()),
        filter.ve.map(|id| id.to_string()),
        filter.person.map(|id| id.to_string()),
        filter.api_key.map(|id| id.to_string()),
    ];
    for wanted in narrowing {
        let wanted = wanted.unwrap_or_default();
        values.extend([text(wanted.clone()), text(wanted)]);
    }
    values
}

pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    filter: &UsageFilter,
    (before, limit): (Option<&str>, u32),
) -> Result<Vec<StoredCall>> {
    let whose = Whose::Organisation(organisation);
    let (matches, mut values): (_, Vec<Value<'_>>) = (whose.matches(), values(whose, filter));
    let before = before.unwrap_or_default();
    values.extend_from_slice(params![before, before, limit]);
    reader.query_all(
        &format!(
            "SELECT id, created_at, person_id, api_key_id, ve_id, kind, mode, model, provider, outcome,
                    error_code, input_tokens, output_tokens, cached_tokens, queue_ms, first_token_ms,
                    decode_ms, latency_ms, cost_micro_credits
             FROM metered_calls WHERE {matches} AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?"
        ),
        &values,
        |row| {
            Ok(StoredCall {
                id: row.get("id")?,
                created_at: row.get("created_at")?,
                person: row.get("person_id")?,
                api_key: row.get("api_key_id")?,
                ve: row.get("ve_id")?,
                kind: CallKind::from_stored(&row.get::<String>("kind")?),
                mode: row.get("mode")?,
                model: row.get("model")?,
                provider: row.get("provider")?,
                outcome: Outcome::from_stored(&row.get::<String>("outcome")?),
                error_code: row.get("error_code")?,
                input_tokens: row.get("input_tokens")?,
                output_tokens: row.get("output_tokens")?,
                cached_tokens: row.get("cached_tokens")?,
                queue_ms: row.get("queue_ms")?,
                first_token_ms: row.get("first_token_ms")?,
                decode_ms: row.get("decode_ms")?,
                latency_ms: row.get("latency_ms")?,
                cost_micro_credits: row.get("cost_micro_credits")?,
            })
        },
    )
}

const SUMS: &str = "COUNT(*) AS calls,
    COALESCE(SUM(CASE WHEN kind = 'employee_chat' THEN 1 ELSE 0 END), 0) AS messages,
    COALESCE(SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END), 0) AS failed,
    COALESCE(SUM(CASE WHEN outcome = 'cancelled' THEN 1 ELSE 0 END), 0) AS cancelled,
    COALESCE(SUM(input_tokens), 0) AS input_tokens, COALESCE(SUM(output_tokens), 0) AS output_tokens,
    COALESCE(SUM(cached_tokens), 0) AS cached_tokens,
    COALESCE(SUM(CASE WHEN mode = 'extractive' THEN output_tokens ELSE 0 END), 0) AS words_quoted,
    COALESCE(SUM(cost_micro_credits), 0) AS cost_micro_credits,
    AVG(queue_ms * 1.0) AS queue_ms_mean,
    AVG(CASE WHEN first_token_ms > 0 THEN first_token_ms * 1.0 END) AS first_token_ms_mean,
    AVG(latency_ms * 1.0) AS latency_ms_mean,
    COALESCE(SUM(CASE WHEN decode_ms > 0 THEN output_tokens ELSE 0 END), 0) AS decoded_tokens,
    COALESCE(SUM(decode_ms), 0) AS decode_ms";

fn sums(row: &Row<'_>) -> Result<Totals> {
    Ok(Totals {
        messages: row.get("messages")?,
        calls: row.get("calls")?,
        failed: row.get("failed")?,
        cancelled: row.get("cancelled")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        cached_tokens: row.get("cached_tokens")?,
        words_quoted: row.get("words_quoted")?,
        cost_micro_credits: row.get("cost_micro_credits")?,
        queue_ms_mean: row.get("queue_ms_mean")?,
        first_token_ms_mean: row.get("first_token_ms_mean")?,
        latency_ms_mean: row.get("latency_ms_mean")?,
        tokens_per_second: tokens_per_second(row.get("decoded_tokens")?, row.get("decode_ms")?),
    })
}

pub(super) fn totals(reader: &Reader<'_>, whose: Whose, filter: &UsageFilter) -> Result<Totals> {
    let matches = whose.matches();
    reader.query_one(
        &format!("SELECT {SUMS} FROM metered_calls WHERE {matches}"),
        &values(whose, filter),
        sums,
    )
}

/// Sums by group, those with the most calls first; days newest first. At most [`GROUPS_MAX`].
pub(super) fn groups(
    reader: &Reader<'_>,
    whose: Whose,
    filter: &UsageFilter,
    by: GroupBy,
) -> Result<Vec<(Option<String>, Totals)>> {
    let (key, order) = match by {
        GroupBy::Model => ("model", "calls DESC, group_key"),
        GroupBy::Ve => ("ve_id", "calls DESC, group_key"),
        GroupBy::Person => ("person_id", "calls DESC, group_key"),
        GroupBy::ApiKey => ("api_key_id", "calls DESC, group_key"),
        GroupBy::Kind => ("kind", "calls DESC, group_key"),
        GroupBy::Organisation => ("organisation_id", "calls DESC, group_key"),
        // Whole days since 1970, as text so that every key is one.
        GroupBy::Day => (
            "CAST(created_at / 86400000 AS TEXT)",
            "MAX(created_at) DESC",
        ),
    };
    let matches = whose.matches();
    let rows = reader.query_all(
        &format!(
            "SELECT {key} AS group_key, {SUMS} FROM metered_calls WHERE {matches}
             GROUP BY {key} ORDER BY {order} LIMIT {GROUPS_MAX}"
        ),
        &values(whose, filter),
        |row| Ok((row.get::<Option<String>>("group_key")?, sums(row)?)),
    )?;
    let named = |(key, sums): (Option<String>, Totals)| {
        let key = if by == GroupBy::Day {
            key.as_deref().and_then(day)
        } else {
            key
        };
        (key, sums)
    };
    Ok(rows.into_iter().map(named).collect())
}

/// Days since 1970 as `2026-01-31`.
fn day(days: &str) -> Option<String> {
    let at = Timestamp::from_millis(days.parse::<i64>().ok()?.checked_mul(86_400_000)?);
    at.to_rfc3339().get(..10).map(str::to_owned)
}

/// Answers of the whole node.
pub(super) fn count_answers(reader: &Reader<'_>, from: Timestamp, to: Timestamp) -> Result<u64> {
    let count: i64 = reader.query_one(
        "SELECT COUNT(*) AS answers FROM metered_calls
         WHERE message_id IS NOT NULL AND created_at >= ? AND created_at < ?",
        params![from, to],
        |row| row.get("answers"),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}
