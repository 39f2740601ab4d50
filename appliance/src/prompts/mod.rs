//! Prompt templates of an organisation: text with typed variables, in numbered versions.
//!
//! Invariants: a version never changes once it is written (the database refuses it), so going back makes a new
//! version; two editors never overwrite each other unnoticed (`revision`); a value that a person fills in is
//! never read as template. Deliberately absent: conditions, loops, includes and anything else that would make a
//! template a program; which model answers (the playground and chat know).

mod check;
mod diff;
mod edit;
mod engine;
mod model;
mod routes;
mod routes_edit;
mod store;
mod value;

use std::collections::BTreeMap;

use guildhall_db::Reader;
use guildhall_kernel::{
    Ctx, Error, OrgId, Page, PageRequest, PersonId, PromptTemplateId, Result, Timestamp,
};
use utoipa_axum::router::OpenApiRouter;

pub use model::{
    PromptPreview, PromptTemplate, PromptTemplateDetail, PromptVersion, Rendered, TemplateValue,
    Variable, VariableType,
};

use self::{
    diff::VersionDiff,
    model::{StoredTemplate, StoredVersion},
};
use crate::{app::App, identity};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router().merge(routes_edit::router())
}

/// Values for the variables of a template, by name.
pub type Values = BTreeMap<String, TemplateValue>;

/// Fills a stored template in, for a feature that sends the text on. `field` is where the values stand in the
/// request, for errors.
///
/// # Errors
/// `not_found`; `invalid_values`, naming each value that does not fit.
pub fn render(
    reader: &Reader<'_>,
    (organisation, id): (OrgId, PromptTemplateId),
    version: Option<u32>,
    (values, field): (&Values, &str),
) -> Result<Rendered> {
    let template = find(reader, organisation, id)?;
    let version = version.unwrap_or(template.newest_version);
    let version = find_version(reader, organisation, (id, version))?;
    let text = value::render((&version.body, &version.variables), values, field)?;
    Ok(Rendered {
        characters: characters(&text),
        text,
        version: version.number,
    })
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn find(reader: &Reader<'_>, organisation: OrgId, id: PromptTemplateId) -> Result<StoredTemplate> {
    store::find(reader, organisation, id)?.ok_or_else(|| Error::not_found("prompt template"))
}

fn find_version(
    reader: &Reader<'_>,
    organisation: OrgId,
    (id, number): (PromptTemplateId, u32),
) -> Result<StoredVersion> {
    store::find_version(reader, organisation, (id, number))?
        .ok_or_else(|| Error::not_found("version of this prompt template"))
}

/// Which templates to list.
#[derive(Clone, Debug, Default)]
struct Wanted {
    /// Words of the name or description; all of them must be there.
    text: String,
    is_archived: bool,
}

/// One page of the organisation's templates by name.
async fn list(
    app: &App,
    ctx: &Ctx,
    wanted: Wanted,
    page: &PageRequest,
) -> Result<Page<PromptTemplate>> {
    let (organisation, limit) = (ctx.organisation, page.limit());
    let after = page.after()?.as_deref().map(read_position).transpose()?;
    let read = app.db.read(move |reader| {
        let found = store::list(reader, organisation, &wanted, (after, limit + 1))?;
        Ok(found)
    });
    let position = |last: &StoredTemplate| format!("{}\n{}", last.id, last.name_key);
    Ok(Page::cut(read.await?, limit, position).map(StoredTemplate::view))
}

fn read_position(text: &str) -> Result<(String, String)> {
    let (id, name_key) = text
        .split_once('\n')
        .ok_or_else(|| Error::invalid("invalid_cursor", "the cursor is not one this list gave"))?;
    Ok((name_key.to_owned(), id.to_owned()))
}

/// A template with its newest version.
async fn detail(app: &App, ctx: &Ctx, id: PromptTemplateId) -> Result<PromptTemplateDetail> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let template = find(reader, organisation, id)?;
        let newest = find_version(reader, organisation, (id, template.newest_version))?;
        Ok(PromptTemplateDetail {
            current: shown(reader, newest)?,
            template: template.view(),
        })
    });
    read.await
}

fn shown(reader: &Reader<'_>, version: StoredVersion) -> Result<PromptVersion> {
    let author = name_of(reader, version.author)?;
    Ok(version.view(author))
}

fn name_of(reader: &Reader<'_>, person: PersonId) -> Result<String> {
    Ok(identity::find_person(reader, person)?
        .map_or_else(String::new, |person| person.display_name))
}

/// One page of a template's versions, newest first.
async fn list_versions(
    app: &App,
    ctx: &Ctx,
    id: PromptTemplateId,
    page: &PageRequest,
) -> Result<Page<PromptVersion>> {
    let (organisation, limit) = (ctx.organisation, page.limit());
    let before = page.after()?.map(|text| text.parse::<u32>()).transpose();
    let before = before
        .map_err(|_| Error::invalid("invalid_cursor", "the cursor is not one this list gave"))?;
    let read = app.db.read(move |reader| {
        find(reader, organisation, id)?;
        let versions = store::list_versions(reader, organisation, id, (before, limit + 1))?;
        versions
            .into_iter()
            .map(|version| shown(reader, version))
            .collect::<Result<Vec<_>>>()
    });
    Ok(Page::cut(read.await?, limit, |last| {
        last.number.to_string()
    }))
}

/// One version.
async fn version(app: &App, ctx: &Ctx, place: (PromptTemplateId, u32)) -> Result<PromptVersion> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let version = find_version(reader, organisation, place)?;
        shown(reader, version)
    });
    read.await
}

/// What changed between two versions.
async fn compare(
    app: &App,
    ctx: &Ctx,
    id: PromptTemplateId,
    (from, to): (u32, u32),
) -> Result<VersionDiff> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let from = find_version(reader, organisation, (id, from))?;
        let to = find_version(reader, organisation, (id, to))?;
        Ok(diff::versions(&from, &to))
    });
    read.await
}

/// What a new version is made of, before anybody has looked at it.
#[derive(Clone, Debug)]
struct Draft {
    body: String,
    variables: Vec<Variable>,
    note: String,
}

/// Fills a draft in that is not stored: the editor's preview. What is wrong with it is the answer, not an error.
fn preview(body: &str, variables: Vec<Variable>, values: &Values) -> PromptPreview {
    let rendered = check::checked(body, variables)
        .and_then(|(body, variables)| value::render((&body, &variables), values, "values"));
    match rendered {
        Ok(text) => PromptPreview {
            text: Some(text),
            problems: Vec::new(),
        },
        Err(error) => PromptPreview {
            text: None,
            problems: error
                .body("")
                .error
                .details
                .map(|details| details.fields)
                .unwrap_or_default(),
        },
    }
}

impl StoredTemplate {
    fn changed(&mut self, now: Timestamp) {
        self.revision += 1;
        self.changed_at = now;
    }
}
