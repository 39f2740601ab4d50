//! Changing templates: every change names the revision it was made on, so that nobody overwrites what they
//! have not seen.

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, PromptTemplateId, Result, text};
use serde_json::json;

use super::{
    Draft, PromptTemplate, check, find, find_version,
    model::{StoredTemplate, StoredVersion},
    store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
};

const NAME_CHARACTERS_MAX: usize = 80;
const DESCRIPTION_CHARACTERS_MAX: usize = 500;
const NOTE_CHARACTERS_MAX: usize = 300;
/// Templates of one organisation, archived ones included.
const TEMPLATES_MAX: u32 = 2_000;
const VERSIONS_MAX: u32 = 1_000;

/// Makes a template with its first version.
pub(super) async fn create(
    app: &App,
    ctx: &Ctx,
    (name, description): (&str, &str),
    draft: Draft,
) -> Result<PromptTemplate> {
    let (name, description) = (checked_name(name)?, checked_description(description)?);
    let (body, variables) = check::checked(&draft.body, draft.variables)?;
    let note = checked_note(&draft.note)?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        if store::count(tx, caller.organisation)? >= TEMPLATES_MAX {
            let message = format!("an organisation keeps at most {TEMPLATES_MAX} prompt templates");
            return Err(Error::conflict("too_many_templates", message));
        }
        let now = caller.now();
        let template = StoredTemplate {
            id: PromptTemplateId::new(caller.clock.as_ref()),
            name_key: name.to_lowercase(),
            name,
            description,
            newest_version: 1,
            revision: 1,
            archived_at: None,
            created_at: now,
            changed_at: now,
        };
        check_name_is_free(tx, &caller, &template)?;
        store::insert(tx, caller.organisation, &template)?;
        let first = StoredVersion {
            number: 1,
            body,
            variables,
            note,
            author: caller.person,
            created_at: now,
            restored_from: None,
        };
        store::insert_version(tx, (caller.organisation, template.id), &first)?;
        audit::record(tx, &caller, "prompt.created", template.id)?;
        announce(tx, &events, &caller, template.id);
        Ok(template.view())
    });
    written.await
}

fn checked_name(name: &str) -> Result<String> {
    text::checked_name("name", name, NAME_CHARACTERS_MAX)
}

fn checked_description(text: &str) -> Result<String> {
    let (length, text) = (text.chars().count(), text.trim());
    if length > DESCRIPTION_CHARACTERS_MAX {
        let message = format!("a description has at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(Error::invalid_field(
            "description",
            "text_too_long",
            message,
        ));
    }
    Ok(text.to_owned())
}

fn checked_note(text: &str) -> Result<String> {
    let (length, text) = (text.chars().count(), text.trim());
    if length > NOTE_CHARACTERS_MAX {
        let message = format!("a note has at most {NOTE_CHARACTERS_MAX} characters");
        return Err(Error::invalid_field("note", "text_too_long", message));
    }
    Ok(text.to_owned())
}

fn check_name_is_free(tx: &Tx<'_>, ctx: &Ctx, template: &StoredTemplate) -> Result<()> {
    let other = store::find_in_use(tx, ctx.organisation, &template.name_key)?;
    if other.is_none_or(|other| other.id == template.id) {
        return Ok(());
    }
    let message = format!(
        "there is a template named “{}” already; choose another name",
        template.name
    );
    Err(Error::conflict("name_taken", message))
}

fn announce(tx: &Tx<'_>, events: &Events, ctx: &Ctx, id: PromptTemplateId) {
    events.publish_after(
        tx,
        Audience::Organisation(ctx.organisation),
        Event::PromptChanged { template_id: id },
    );
}

/// The template, when nobody changed it since the caller read it.
fn find_unchanged(
    tx: &Tx<'_>,
    ctx: &Ctx,
    (id, revision): (PromptTemplateId, u32),
) -> Result<StoredTemplate> {
    let template = find(tx, ctx.organisation, id)?;
    if template.revision != revision {
        let message = format!(
            "“{}” was changed by somebody else meanwhile; read it again, then repeat your change",
            template.name
        );
        return Err(Error::conflict("template_changed", message));
    }
    Ok(template)
}

/// Runs a change of a template: finds it unchanged, lets `change` alter it (the name of the audit entry is
/// its answer), stores it.
async fn update(
    app: &App,
    ctx: &Ctx,
    place: (PromptTemplateId, u32),
    change: impl FnOnce(&Tx<'_>, &mut StoredTemplate, &Ctx) -> Result<&'static str> + Send + 'static,
) -> Result<PromptTemplate> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let mut template = find_unchanged(tx, &caller, place)?;
        let action = change(tx, &mut template, &caller)?;
        template.changed(caller.now());
        store::update(tx, caller.organisation, &template)?;
        let facts = json!({ "version": template.newest_version });
        audit::record_with(tx, &caller, action, template.id, facts)?;
        announce(tx, &events, &caller, template.id);
        Ok(template.view())
    });
    written.await
}

/// Gives a template another name or description.
pub(super) async fn describe(
    app: &App,
    ctx: &Ctx,
    place: (PromptTemplateId, u32),
    (name, description): (Option<String>, Option<String>),
) -> Result<PromptTemplate> {
    let name = name.as_deref().map(checked_name).transpose()?;
    let description = description
        .as_deref()
        .map(checked_description)
        .transpose()?;
    update(app, ctx, place, move |tx, template, caller| {
        if let Some(name) = name {
            template.name_key = name.to_lowercase();
            template.name = name;
        }
        if template.archived_at.is_none() {
            check_name_is_free(tx, caller, template)?;
        }
        if let Some(description) = description {
            template.description = description;
        }
        Ok("prompt.described")
    })
    .await
}

/// Adds a version.
pub(super) async fn add_version(
    app: &App,
    ctx: &Ctx,
    place: (PromptTemplateId, u32),
    draft: Draft,
) -> Result<PromptTemplate> {
    let (body, variables) = check::checked(&draft.body, draft.variables)?;
    let note = checked_note(&draft.note)?;
    update(app, ctx, place, move |tx, template, caller| {
        let newest = find_version(
            tx,
            caller.organisation,
            (template.id, template.newest_version),
        )?;
        if newest.body == body && newest.variables == variables {
            let message = "nothing differs from the newest version, so there is nothing to save";
            return Err(Error::conflict("nothing_changed", message));
        }
        append(tx, template, caller, (body, variables), (note, None))?;
        Ok("prompt.version_added")
    })
    .await
}

/// Makes a new version with the text of an older one.
pub(super) async fn restore(
    app: &App,
    ctx: &Ctx,
    place: (PromptTemplateId, u32),
    (number, note): (u32, &str),
) -> Result<PromptTemplate> {
    let note = checked_note(note)?;
    update(app, ctx, place, move |tx, template, caller| {
        let old = find_version(tx, caller.organisation, (template.id, number))?;
        if number == template.newest_version {
            let message = format!("version {number} is the newest one already");
            return Err(Error::conflict("already_newest", message));
        }
        let text = (old.body, old.variables);
        append(tx, template, caller, text, (note, Some(number)))?;
        Ok("prompt.version_restored")
    })
    .await
}

fn append(
    tx: &Tx<'_>,
    template: &mut StoredTemplate,
    ctx: &Ctx,
    (body, variables): (String, Vec<super::Variable>),
    (note, restored_from): (String, Option<u32>),
) -> Result<()> {
    if template.archived_at.is_some() {
        let message = format!(
            "“{}” is archived; bring it back before you change it",
            template.name
        );
        return Err(Error::conflict("template_archived", message));
    }
    if template.newest_version >= VERSIONS_MAX {
        let message = format!(
            "a template has at most {VERSIONS_MAX} versions; make a new template from this one"
        );
        return Err(Error::conflict("too_many_versions", message));
    }
    template.newest_version += 1;
    let version = StoredVersion {
        number: template.newest_version,
        body,
        variables,
        note,
        author: ctx.person,
        created_at: ctx.now(),
        restored_from,
    };
    store::insert_version(tx, (ctx.organisation, template.id), &version)
}

/// Archives a template, or brings it back.
pub(super) async fn set_archived(
    app: &App,
    ctx: &Ctx,
    place: (PromptTemplateId, u32),
    is_archived: bool,
) -> Result<PromptTemplate> {
    update(app, ctx, place, move |tx, template, caller| {
        match (template.archived_at, is_archived) {
            (Some(_), true) => {
                let message = format!("“{}” is archived already", template.name);
                Err(Error::conflict("already_archived", message))
            }
            (None, false) => {
                let message = format!("“{}” is in use already", template.name);
                Err(Error::conflict("not_archived", message))
            }
            (None, true) => {
                template.archived_at = Some(caller.now());
                Ok("prompt.archived")
            }
            (Some(_), false) => {
                template.archived_at = None;
                check_name_is_free(tx, caller, template)?;
                Ok("prompt.unarchived")
            }
        }
    })
    .await
}
