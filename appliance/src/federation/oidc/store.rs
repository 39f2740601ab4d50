//! Every SQL statement on logins at OpenID providers under way.

use guildhall_db::{Tx, params};
use guildhall_kernel::{IdentityProviderId, Result, Timestamp};

/// Most logins under way on the node; beyond that the oldest are forgotten.
const FLOWS_MAX: i64 = 20_000;

/// A login under way.
#[derive(Clone, Debug)]
pub(super) struct FlowRow {
    pub(super) browser_hash: String,
    pub(super) provider: IdentityProviderId,
    /// What the provider said about itself: JSON.
    pub(super) description: String,
    pub(super) next: String,
    pub(super) test: Option<String>,
    pub(super) expires_at: Timestamp,
}

pub(super) fn insert_flow(
    tx: &Tx<'_>,
    state_hash: &str,
    row: &FlowRow,
    now: Timestamp,
) -> Result<()> {
    tx.execute("DELETE FROM oidc_flows WHERE expires_at <= ?", params![now])?;
    tx.execute(
        "DELETE FROM oidc_flows WHERE state_hash NOT IN
         (SELECT state_hash FROM oidc_flows ORDER BY expires_at DESC LIMIT ?)",
        params![FLOWS_MAX],
    )?;
    tx.execute(
        "INSERT INTO oidc_flows (state_hash, browser_hash, provider_id, metadata, next, test_id, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            state_hash,
            row.browser_hash.as_str(),
            row.provider,
            row.description.as_str(),
            row.next.as_str(),
            row.test.as_deref(),
            row.expires_at
        ],
    )?;
    Ok(())
}

/// Takes a login out: it ends with the first answer, whatever that says.
pub(super) fn take_flow(
    tx: &Tx<'_>,
    (state_hash, browser_hash): (&str, &str),
    provider: IdentityProviderId,
    now: Timestamp,
) -> Result<Option<FlowRow>> {
    tx.query_opt(
        "DELETE FROM oidc_flows WHERE state_hash = ? AND browser_hash = ? AND provider_id = ? AND expires_at > ?
         RETURNING *",
        params![state_hash, browser_hash, provider, now],
        |row| {
            Ok(FlowRow {
                browser_hash: row.get("browser_hash")?,
                provider: row.get("provider_id")?,
                description: row.get("metadata")?,
                next: row.get("next")?,
                test: row.get("test_id")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}
