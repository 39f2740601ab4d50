//! Every SQL statement on `prompt_templates` and `prompt_template_versions`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PromptTemplateId, Result};

use super::{
    Wanted,
    model::{StoredTemplate, StoredVersion},
};

const TEMPLATE: &str = "id, name, name_key, description, newest_version, revision, archived_at,
    created_at, changed_at FROM prompt_templates";

const VERSION: &str = "number, body, variables, note, author_id, created_at, restored_from
    FROM prompt_template_versions";

fn template(row: &Row<'_>) -> Result<StoredTemplate> {
    Ok(StoredTemplate {
        id: row.get("id")?,
        name: row.get("name")?,
        name_key: row.get("name_key")?,
        description: row.get("description")?,
        newest_version: row.get("newest_version")?,
        revision: row.get("revision")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
        changed_at: row.get("changed_at")?,
    })
}

fn version(row: &Row<'_>) -> Result<StoredVersion> {
    Ok(StoredVersion {
        number: row.get("number")?,
        body: row.get("body")?,
        variables: serde_json::from_str(&row.get::<String>("variables")?)?,
        note: row.get("note")?,
        author: row.get("author_id")?,
        created_at: row.get("created_at")?,
        restored_from: row.get("restored_from")?,
    })
}

fn search_text(template: &StoredTemplate) -> String {
    format!(
        "{}\n{}",
        template.name_key,
        template.description.to_lowercase()
    )
}

pub(super) fn insert(tx: &Tx<'_>, organisation: OrgId, template: &StoredTemplate) -> Result<()> {
    tx.execute(
        "INSERT INTO prompt_templates (id, organisation_id, name, name_key, description, search_text,
                                       newest_version, revision, created_at, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            template.id,
            organisation,
            template.name.as_str(),
            template.name_key.as_str(),
            template.description.as_str(),
            search_text(template),
            template.newest_version,
            template.revision,
            template.created_at,
            template.changed_at
        ],
    )?;
    Ok(())
}

pub(super) fn update(tx: &Tx<'_>, organisation: OrgId, template: &StoredTemplate) -> Result<()> {
    tx.execute(
        "UPDATE prompt_templates SET name = ?, name_key = ?, description = ?, search_text = ?,
                                     newest_version = ?, revision = ?, archived_at = ?, changed_at = ?
         WHERE organisation_id = ? AND id = ?",
        params![
            template.name.as_str(),
            template.name_key.as_str(),
            template.description.as_str(),
            search_text(template),
            template.newest_version,
            template.revision,
            template.archived_at,
            template.changed_at,
            organisation,
            template.id
        ],
    )?;
    Ok(())
}

pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: PromptTemplateId,
) -> Result<Option<StoredTemplate>> {
    reader.query_opt(
        &format!("SELECT {TEMPLATE} WHERE organisation_id = ? AND id = ?"),
        params![organisation, id],
        template,
    )
}

/// The template in use under this name.
pub(super) fn find_in_use(
    reader: &Reader<'_>,
    organisation: OrgId,
    name_key: &str,
) -> Result<Option<StoredTemplate>> {
    reader.query_opt(
        &format!(
            "SELECT {TEMPLATE} WHERE organisation_id = ? AND name_key = ? AND archived_at IS NULL"
        ),
        params![organisation, name_key],
        template,
    )
}

pub(super) fn count(reader: &Reader<'_>, organisation: OrgId) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS templates FROM prompt_templates WHERE organisation_id = ?",
        params![organisation],
        |row| row.get("templates"),
    )
}

/// Words of a search that count.
const WORDS_MAX: usize = 4;

/// One page by name; `after` is name and id of the entry before the page.
pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    wanted: &Wanted,
    (after, limit): (Option<(String, String)>, u32),
) -> Result<Vec<StoredTemplate>> {
    let text = wanted.text.to_lowercase();
    let mut words: Vec<String> = text
        .split_whitespace()
        .take(WORDS_MAX)
        .map(pattern)
        .collect();
    words.resize(WORDS_MAX, "%".to_owned());
    let (name_key, id) = after.unwrap_or_default();
    reader.query_all(
        &format!(
            r"SELECT {TEMPLATE}
              WHERE organisation_id = ? AND (archived_at IS NOT NULL) = ?
                AND search_text LIKE ? ESCAPE '\' AND search_text LIKE ? ESCAPE '\'
                AND search_text LIKE ? ESCAPE '\' AND search_text LIKE ? ESCAPE '\'
                AND (name_key > ? OR (name_key = ? AND id > ?))
              ORDER BY name_key, id LIMIT ?"
        ),
        params![
            organisation,
            wanted.is_archived,
            words.first(),
            words.get(1),
            words.get(2),
            words.get(3),
            name_key.as_str(),
            name_key.as_str(),
            id.as_str(),
            limit
        ],
        template,
    )
}

/// The pattern that finds a word anywhere.
fn pattern(word: &str) -> String {
    let escaped = word
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    format!("%{escaped}%")
}

pub(super) fn insert_version(
    tx: &Tx<'_>,
    (organisation, id): (OrgId, PromptTemplateId),
    version: &StoredVersion,
) -> Result<()> {
    tx.execute(
        "INSERT INTO prompt_template_versions (organisation_id, template_id, number, body, variables, note,
                                               author_id, created_at, restored_from)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            organisation,
            id,
            version.number,
            version.body.as_str(),
            serde_json::to_string(&version.variables)?,
            version.note.as_str(),
            version.author,
            version.created_at,
            version.restored_from
        ],
    )?;
    Ok(())
}

pub(super) fn find_version(
    reader: &Reader<'_>,
    organisation: OrgId,
    (id, number): (PromptTemplateId, u32),
) -> Result<Option<StoredVersion>> {
    reader.query_opt(
        &format!("SELECT {VERSION} WHERE organisation_id = ? AND template_id = ? AND number = ?"),
        params![organisation, id, number],
        version,
    )
}

/// One page, newest first.
pub(super) fn list_versions(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: PromptTemplateId,
    (before, limit): (Option<u32>, u32),
) -> Result<Vec<StoredVersion>> {
    reader.query_all(
        &format!(
            "SELECT {VERSION} WHERE organisation_id = ? AND template_id = ? AND number < ?
             ORDER BY number DESC LIMIT ?"
        ),
        params![organisation, id, before.unwrap_or(u32::MAX), limit],
        version,
    )
}
