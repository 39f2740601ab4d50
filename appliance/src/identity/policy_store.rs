//! Every SQL statement on policies and external authorisers.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Ctx, OrgId, ResourceType, Result};

use super::{
    authoriser::{AuthoriserSettings, OnFailure},
    policies::Rule,
};

fn kind_of(stored: &str) -> ResourceType {
    match stored {
        "ve" => ResourceType::Ve,
        "model" => ResourceType::Model,
        _ => ResourceType::Collection,
    }
}

fn rule(row: &Row<'_>) -> Result<Rule> {
    Ok(Rule {
        kind: kind_of(&row.get::<String>("resource_type")?),
        id: row.get("resource_id")?,
        people: serde_json::from_str(&row.get::<String>("people")?)?,
        roles: serde_json::from_str(&row.get::<String>("roles")?)?,
    })
}

/// Every policy of the node with its organisation, at the start.
pub(super) fn list_all(reader: &Reader<'_>) -> Result<Vec<(OrgId, Rule)>> {
    reader.query_all(
        "SELECT organisation_id, resource_type, resource_id, people, roles FROM policies
         ORDER BY organisation_id LIMIT 1000000",
        params![],
        |row| Ok((row.get("organisation_id")?, rule(row)?)),
    )
}

/// The organisation's policies.
pub(super) fn list(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<Rule>> {
    reader.query_all(
        "SELECT resource_type, resource_id, people, roles FROM policies WHERE organisation_id = ?
         ORDER BY resource_type, resource_id LIMIT 10000",
        params![organisation],
        rule,
    )
}

pub(super) fn save(tx: &Tx<'_>, ctx: &Ctx, rule: &Rule) -> Result<()> {
    tx.execute(
        "INSERT INTO policies (organisation_id, resource_type, resource_id, people, roles, changed_by, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id, resource_type, resource_id) DO UPDATE SET people = excluded.people,
             roles = excluded.roles, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        params![
            ctx.organisation,
            rule.kind.as_str(),
            rule.id.as_str(),
            serde_json::to_string(&rule.people)?,
            serde_json::to_string(&rule.roles)?,
            ctx.person,
            ctx.now()
        ],
    )?;
    Ok(())
}

/// Removes a policy; false when there is none such.
pub(super) fn delete(
    tx: &Tx<'_>,
    organisation: OrgId,
    (kind, id): (ResourceType, &str),
) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM policies WHERE organisation_id = ? AND resource_type = ? AND resource_id = ?",
        params![organisation, kind.as_str(), id],
    )?;
    Ok(deleted > 0)
}

/// Every authoriser of the node with its organisation, at the start.
pub(super) fn list_authorisers(reader: &Reader<'_>) -> Result<Vec<(OrgId, AuthoriserSettings)>> {
    reader.query_all(
        "SELECT organisation_id, url, timeout_ms, on_failure, enabled FROM authorisers
         ORDER BY organisation_id LIMIT 100000",
        params![],
        |row| {
            let on_failure = row.get::<String>("on_failure")?;
            let settings = AuthoriserSettings {
                url: row.get("url")?,
                timeout_ms: row.get("timeout_ms")?,
                on_failure: OnFailure::from_stored(&on_failure),
                enabled: row.get("enabled")?,
            };
            Ok((row.get("organisation_id")?, settings))
        },
    )
}

pub(super) fn save_authoriser(tx: &Tx<'_>, ctx: &Ctx, settings: &AuthoriserSettings) -> Result<()> {
    tx.execute(
        "INSERT INTO authorisers (organisation_id, url, timeout_ms, on_failure, enabled, changed_by, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (organisation_id) DO UPDATE SET url = excluded.url, timeout_ms = excluded.timeout_ms,
             on_failure = excluded.on_failure, enabled = excluded.enabled, changed_by = excluded.changed_by,
             changed_at = excluded.changed_at",
        params![
            ctx.organisation,
            settings.url.as_str(),
            settings.timeout_ms,
            settings.on_failure.as_str(),
            settings.enabled,
            ctx.person,
            ctx.now()
        ],
    )?;
    Ok(())
}

pub(super) fn delete_authoriser(tx: &Tx<'_>, organisation: OrgId) -> Result<()> {
    tx.execute(
        "DELETE FROM authorisers WHERE organisation_id = ?",
        params![organisation],
    )?;
    Ok(())
}
