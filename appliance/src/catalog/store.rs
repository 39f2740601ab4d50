//! Every SQL statement on `agents` and `agent_versions`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{AgentId, Result, Timestamp};

use super::{builtin::AgentFiles, model::AgentSummary};

const BUILT_IN: &str = "built_in";

/// An agent's row.
#[derive(Clone, Debug)]
pub(super) struct AgentRow {
    pub(super) id: AgentId,
    pub(super) slug: String,
    pub(super) sha256: String,
    pub(super) is_published: bool,
    /// JSON of its summary, by the release that wrote it.
    pub(super) summary: String,
}

/// The texts of one version.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    pub(super) manifest_yaml: String,
    pub(super) handbook_md: String,
}

/// Slug and digest of the built-in agents on offer, by slug.
pub(super) fn built_in_digests(reader: &Reader<'_>) -> Result<Vec<(String, String)>> {
    reader.query_all(
        "SELECT slug, sha256 FROM agents WHERE origin = ? AND published = 1 ORDER BY slug",
        params![BUILT_IN],
        |row| Ok((row.get("slug")?, row.get("sha256")?)),
    )
}

/// Every agent, on offer or not.
pub(super) fn agents(reader: &Reader<'_>) -> Result<Vec<AgentRow>> {
    reader.query_all(
        "SELECT id, slug, sha256, published, summary FROM agents ORDER BY id",
        params![],
        agent,
    )
}

fn agent(row: &Row<'_>) -> Result<AgentRow> {
    Ok(AgentRow {
        id: row.get("id")?,
        slug: row.get("slug")?,
        sha256: row.get("sha256")?,
        is_published: row.get("published")?,
        summary: row.get("summary")?,
    })
}

/// The texts of an agent in the version with that digest.
pub(super) fn texts(reader: &Reader<'_>, id: AgentId, sha256: &str) -> Result<Texts> {
    reader.query_one(
        "SELECT manifest_yaml, handbook_md FROM agent_versions WHERE agent_id = ? AND sha256 = ?",
        params![id, sha256],
        |row| {
            Ok(Texts {
                manifest_yaml: row.get("manifest_yaml")?,
                handbook_md: row.get("handbook_md")?,
            })
        },
    )
}

/// Writes a built-in agent and, when its texts are new, their version.
pub(super) fn save_built_in(
    tx: &Tx<'_>,
    files: &AgentFiles,
    summary: &AgentSummary,
    now: Timestamp,
) -> Result<()> {
    let version = summary.version.as_str();
    tx.execute(
        "INSERT INTO agents (id, slug, origin, published, version, sha256, summary, updated_at)
         VALUES (?, ?, ?, 1, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             published = 1, version = excluded.version, sha256 = excluded.sha256,
             summary = excluded.summary, updated_at = excluded.updated_at",
        params![
            summary.id,
            files.slug,
            BUILT_IN,
            version,
            files.sha256,
            serde_json::to_string(summary)?,
            now
        ],
    )?;
    tx.execute(
        "INSERT INTO agent_versions (agent_id, sha256, version, manifest_yaml, handbook_md, created_at)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (agent_id, sha256) DO NOTHING",
        params![summary.id, files.sha256, version, files.manifest_yaml, files.handbook_md, now],
    )?;
    Ok(())
}

/// Takes a built-in agent off the offer; whoever was hired from it keeps working.
pub(super) fn withdraw_built_in(tx: &Tx<'_>, slug: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE agents SET published = 0, updated_at = ? WHERE slug = ? AND origin = ?",
        params![now, slug, BUILT_IN],
    )?;
    Ok(())
}
