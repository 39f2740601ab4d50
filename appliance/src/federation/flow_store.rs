//! Every SQL statement on logins under way at identity providers.

use guildhall_db::{Tx, params};
use guildhall_kernel::{IdentityProviderId, Result, Timestamp};

/// Most logins under way on the node; beyond that the oldest are forgotten.
const FLOWS_MAX: i64 = 20_000;

/// A login under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FlowRow {
    pub(super) browser_hash: String,
    pub(super) provider: IdentityProviderId,
    /// What the answer is judged by: the id of our SAML request, or what an OpenID provider says of itself (JSON).
    pub(super) asked: String,
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
    tx.execute(
        "DELETE FROM sign_in_flows WHERE expires_at <= ?",
        params![now],
    )?;
    let count = tx.query_one("SELECT count(*) FROM sign_in_flows", params![], |row| {
        row.get_at::<i64>(0)
    })?;
    if count >= FLOWS_MAX {
        tx.execute(
            "DELETE FROM sign_in_flows WHERE state_hash IN
             (SELECT state_hash FROM sign_in_flows ORDER BY expires_at LIMIT 100)",
            params![],
        )?;
    }
    tx.execute(
        "INSERT INTO sign_in_flows (state_hash, browser_hash, provider_id, asked, next, test_id, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            state_hash,
            row.browser_hash.as_str(),
            row.provider,
            row.asked.as_str(),
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
        "DELETE FROM sign_in_flows WHERE state_hash = ? AND browser_hash = ? AND provider_id = ? AND expires_at > ?
         RETURNING *",
        params![state_hash, browser_hash, provider, now],
        |row| {
            Ok(FlowRow {
                browser_hash: row.get("browser_hash")?,
                provider: row.get("provider_id")?,
                asked: row.get("asked")?,
                next: row.get("next")?,
                test: row.get("test_id")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}
