//! Every SQL statement on `usage_rows`.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{OrgId, PersonId, Result, Timestamp, UsageId, VeId};
use serde::Serialize;
use utoipa::ToSchema;

use super::Metered;

/// Sums over an organisation's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UsageTotals)]
pub struct Totals {
    /// Answers.
    pub messages: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// The part of `output_tokens` that extractive answers took: words.
    pub words_quoted: u64,
}

pub(super) struct StoredUsage {
    pub(super) id: UsageId,
    pub(super) created_at: Timestamp,
    pub(super) person: PersonId,
    pub(super) ve: VeId,
    pub(super) mode: String,
    pub(super) model: String,
    pub(super) input_tokens: u32,
    pub(super) output_tokens: u32,
    pub(super) first_token_ms: u64,
    pub(super) latency_ms: u64,
}

pub(super) fn insert(tx: &Tx<'_>, row: &Metered) -> Result<()> {
    tx.execute(
        "INSERT INTO usage_rows (id, organisation_id, person_id, ve_id, message_id, mode, model,
                                 input_tokens, output_tokens, first_token_ms, latency_ms, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.organisation,
            row.person,
            row.ve,
            row.message,
            row.mode.as_str(),
            row.model.as_str(),
            row.input_tokens,
            row.output_tokens,
            row.first_token_ms,
            row.latency_ms,
            row.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<StoredUsage>> {
    reader.query_all(
        "SELECT id, created_at, person_id, ve_id, mode, model, input_tokens, output_tokens,
                first_token_ms, latency_ms
         FROM usage_rows WHERE organisation_id = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?",
        params![
            organisation,
            before.unwrap_or_default(),
            before.unwrap_or_default(),
            limit
        ],
        |row| {
            Ok(StoredUsage {
                id: row.get("id")?,
                created_at: row.get("created_at")?,
                person: row.get("person_id")?,
                ve: row.get("ve_id")?,
                mode: row.get("mode")?,
                model: row.get("model")?,
                input_tokens: row.get("input_tokens")?,
                output_tokens: row.get("output_tokens")?,
                first_token_ms: row.get("first_token_ms")?,
                latency_ms: row.get("latency_ms")?,
            })
        },
    )
}

pub(super) fn totals(reader: &Reader<'_>, organisation: OrgId, since: Timestamp) -> Result<Totals> {
    reader.query_one(
        "SELECT COUNT(*) AS messages, COALESCE(SUM(input_tokens), 0) AS input_tokens,
                COALESCE(SUM(output_tokens), 0) AS output_tokens,
                COALESCE(SUM(CASE WHEN mode = 'extractive' THEN output_tokens ELSE 0 END), 0) AS words_quoted
         FROM usage_rows WHERE organisation_id = ? AND created_at >= ?",
        params![organisation, since],
        |row| {
            Ok(Totals {
                messages: row.get("messages")?,
                input_tokens: row.get("input_tokens")?,
                output_tokens: row.get("output_tokens")?,
                words_quoted: row.get("words_quoted")?,
            })
        },
    )
}
