//! Every SQL statement on `providers`, `provider_models`, `fallback_chains` and `residency_rules`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Error, OrgId, ProviderId, ResidencyRuleId, Result, Timestamp};

use super::{
    AppliesTo, DataClass, KeepWithin, Price, ProviderKind, ProviderModel, ResidencyRule,
    model::ProviderRow,
};
use crate::inference::model::ModelKind;

pub(super) fn list_providers(reader: &Reader<'_>) -> Result<Vec<ProviderRow>> {
    let mut rows = reader.query_all(
        "SELECT * FROM providers ORDER BY slug LIMIT 1000",
        params![],
        provider,
    )?;
    for row in &mut rows {
        row.models = models_of(reader, row.id)?;
    }
    Ok(rows)
}

pub(super) fn find_provider(reader: &Reader<'_>, id: ProviderId) -> Result<Option<ProviderRow>> {
    let row = reader.query_opt(
        "SELECT * FROM providers WHERE id = ?",
        params![id],
        provider,
    )?;
    row.map(|mut row| {
        row.models = models_of(reader, id)?;
        Ok(row)
    })
    .transpose()
}

pub(super) fn slug_is_taken(reader: &Reader<'_>, slug: &str) -> Result<bool> {
    reader.query_one(
        "SELECT EXISTS (SELECT 1 FROM providers WHERE slug = ?) AS taken",
        params![slug],
        |row| row.get("taken"),
    )
}

fn provider(row: &Row<'_>) -> Result<ProviderRow> {
    Ok(ProviderRow {
        id: row.get("id")?,
        slug: row.get("slug")?,
        title: row.get("title")?,
        kind: ProviderKind::from_stored(&row.get::<String>("kind")?)?,
        base_url: row.get("base_url")?,
        local_network: row.get("local_network")?,
        enabled: row.get("enabled")?,
        settings: serde_json::from_str(&row.get::<String>("settings")?)?,
        secret: row.get("secret_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        tested: row
            .get::<Option<String>>("tested")?
            .map(|text| serde_json::from_str(&text))
            .transpose()?,
        models: Vec::new(),
    })
}

fn models_of(reader: &Reader<'_>, provider: ProviderId) -> Result<Vec<ProviderModel>> {
    reader.query_all(
        "SELECT * FROM provider_models WHERE provider_id = ? ORDER BY name LIMIT 1000",
        params![provider],
        |row| {
            Ok(ProviderModel {
                name: row.get("name")?,
                title: row.get("title")?,
                kind: ModelKind::from_stored(&row.get::<String>("kind")?),
                context_length: row.get("context_length")?,
                price: Price {
                    input: row.get("price_input")?,
                    cached: row.get("price_cached")?,
                    output: row.get("price_output")?,
                },
            })
        },
    )
}

/// Writes a provider and its models, replacing the one of the same id.
pub(super) fn save_provider(tx: &Tx<'_>, row: &ProviderRow) -> Result<()> {
    tx.execute(
        "INSERT INTO providers (id, slug, title, kind, base_url, local_network, enabled, settings, secret_id,
                                created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, base_url = excluded.base_url,
             local_network = excluded.local_network, enabled = excluded.enabled, settings = excluded.settings,
             secret_id = excluded.secret_id, updated_at = excluded.updated_at",
        params![
            row.id,
            row.slug.as_str(),
            row.title.as_str(),
            row.kind.as_str(),
            row.base_url.as_str(),
            row.local_network,
            row.enabled,
            serde_json::to_string(&row.settings)?,
            row.secret,
            row.created_at,
            row.updated_at
        ],
    )?;
    save_models(tx, row.id, &row.models)
}

/// Replaces a provider's models.
pub(super) fn save_models(
    tx: &Tx<'_>,
    provider: ProviderId,
    models: &[ProviderModel],
) -> Result<()> {
    delete_models(tx, provider)?;
    for model in models {
        tx.execute(
            "INSERT INTO provider_models (provider_id, name, title, kind, context_length,
                                          price_input, price_cached, price_output)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                provider,
                model.name.as_str(),
                model.title.as_str(),
                model.kind.as_str(),
                model.context_length,
                model.price.input,
                model.price.cached,
                model.price.output
            ],
        )?;
    }
    Ok(())
}

fn delete_models(tx: &Tx<'_>, provider: ProviderId) -> Result<()> {
    tx.execute(
        "DELETE FROM provider_models WHERE provider_id = ?",
        params![provider],
    )?;
    Ok(())
}

pub(super) fn save_test(tx: &Tx<'_>, provider: ProviderId, report: &str) -> Result<()> {
    tx.execute(
        "UPDATE providers SET tested = ? WHERE id = ?",
        params![report, provider],
    )?;
    Ok(())
}

pub(super) fn delete_provider(tx: &Tx<'_>, id: ProviderId) -> Result<()> {
    delete_models(tx, id)?;
    tx.execute("DELETE FROM providers WHERE id = ?", params![id])?;
    Ok(())
}

pub(super) fn list_chains(reader: &Reader<'_>) -> Result<Vec<(String, Vec<String>)>> {
    reader.query_all(
        "SELECT name, steps FROM fallback_chains ORDER BY name LIMIT 1000",
        params![],
        |row| {
            let steps = serde_json::from_str(&row.get::<String>("steps")?)?;
            Ok((row.get("name")?, steps))
        },
    )
}

pub(super) fn save_chain(tx: &Tx<'_>, name: &str, steps: &[String], now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO fallback_chains (name, steps, updated_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET steps = excluded.steps, updated_at = excluded.updated_at",
        params![name, serde_json::to_string(steps)?, now],
    )?;
    Ok(())
}

/// Whether there was one.
pub(super) fn delete_chain(tx: &Tx<'_>, name: &str) -> Result<bool> {
    let deleted = tx.execute("DELETE FROM fallback_chains WHERE name = ?", params![name])?;
    Ok(deleted > 0)
}

/// The rules of every organisation, for the node's own use.
pub(super) fn all_rules(reader: &Reader<'_>) -> Result<Vec<ResidencyRule>> {
    reader.query_all(
        "SELECT * FROM residency_rules ORDER BY id LIMIT 100000",
        params![],
        rule,
    )
}

pub(super) fn list_rules(reader: &Reader<'_>, organisation: OrgId) -> Result<Vec<ResidencyRule>> {
    reader.query_all(
        "SELECT * FROM residency_rules WHERE organisation_id = ? ORDER BY id LIMIT 1000",
        params![organisation],
        rule,
    )
}

fn rule(row: &Row<'_>) -> Result<ResidencyRule> {
    let subject = row.get::<String>("subject")?;
    let unknown = || Error::internal("a stored residency rule does not read");
    let applies_to = match row.get::<String>("applies_to")?.as_str() {
        "organisation" => AppliesTo::Organisation {},
        "ve" => AppliesTo::Ve {
            ve_id: subject.parse()?,
        },
        "data_class" => AppliesTo::DataClass {
            data_class: DataClass::find(&subject).ok_or_else(unknown)?,
        },
        _ => return Err(unknown()),
    };
    // What is not understood keeps prompts on the node.
    let keep_within = match row.get::<String>("keep_within")?.as_str() {
        "local_network" => KeepWithin::LocalNetwork,
        _ => KeepWithin::Node,
    };
    Ok(ResidencyRule {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        applies_to,
        keep_within,
        created_at: row.get("created_at")?,
    })
}

/// Writes a rule, replacing the one for the same prompts.
pub(super) fn save_rule(tx: &Tx<'_>, rule: &ResidencyRule) -> Result<()> {
    let (applies_to, subject) = match rule.applies_to {
        AppliesTo::Organisation {} => ("organisation", String::new()),
        AppliesTo::Ve { ve_id } => ("ve", ve_id.to_string()),
        AppliesTo::DataClass { data_class } => ("data_class", data_class.as_str().to_owned()),
    };
    tx.execute(
        "DELETE FROM residency_rules WHERE organisation_id = ? AND applies_to = ? AND subject = ?",
        params![rule.organisation, applies_to, subject.as_str()],
    )?;
    tx.execute(
        "INSERT INTO residency_rules (id, organisation_id, applies_to, subject, keep_within, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            rule.id,
            rule.organisation,
            applies_to,
            subject,
            rule.keep_within.as_str(),
            rule.created_at
        ],
    )?;
    Ok(())
}

/// Whether the organisation had such a rule.
pub(super) fn delete_rule(tx: &Tx<'_>, organisation: OrgId, id: ResidencyRuleId) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM residency_rules WHERE organisation_id = ? AND id = ?",
        params![organisation, id],
    )?;
    Ok(deleted > 0)
}
