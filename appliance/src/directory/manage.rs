//! Directories as the node's administrator manages them.

use guildhall_db::{Reader, Tx};
use guildhall_directory::{Entry, Settings, Step, StepState, Tried};
use guildhall_kernel::{Ctx, DirectoryId, Error, Page, Result};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    grants,
    input::{DirectoryChange, DirectoryTrial, NewDirectory, REFRESH_MINUTES_USUAL, usual},
    model::{
        DirectoryGroupGrant, DirectoryKind, DirectoryRow, DirectorySecurity, DirectoryView,
        StoredSettings,
    },
    reach, refresh, store, take_over,
};
use crate::{
    app::App,
    audit,
    egress::Origin,
    events::{Audience, Event},
    identity,
};

const DIRECTORIES_MAX: i64 = 20;

/// Every directory.
pub(super) async fn list(app: &App) -> Result<Page<DirectoryView>> {
    let rows = app.db.read(store::list).await?;
    Ok(Page::complete(rows.into_iter().map(Into::into).collect()))
}

/// # Errors
/// `not_found`.
pub(super) async fn find(app: &App, id: DirectoryId) -> Result<DirectoryView> {
    let row = app.db.read(move |reader| store::read(reader, id)).await?;
    Ok(row.into())
}

/// Enters a directory.
///
/// # Errors
/// The refusals of single fields; `name_taken`, `too_many_directories`.
pub(super) async fn create(app: &App, ctx: &Ctx, input: NewDirectory) -> Result<DirectoryView> {
    let (name, input) = input.into_change()?;
    let (app_in, caller) = (app.clone(), ctx.clone());
    let written = app.write(ctx, move |tx| {
        if store::count(tx)? >= DIRECTORIES_MAX {
            let message =
                format!("a node has at most {DIRECTORIES_MAX} directories; remove one first");
            return Err(Error::conflict("too_many_directories", message));
        }
        let now = caller.now();
        let row = DirectoryRow {
            id: DirectoryId::new(caller.clock.as_ref()),
            name,
            enabled: true,
            settings: usual(input.kind.unwrap_or(DirectoryKind::OpenLdap)),
            group_map: Vec::new(),
            refresh_minutes: REFRESH_MINUTES_USUAL,
            secret: None,
            created_at: now,
            updated_at: now,
            last_refresh: None,
            refreshed_at: None,
        };
        let row = put_in(tx, &app_in, row, &input)?;
        save(tx, &app_in, &caller, ("directory.added", &row))
    });
    written.await
}

/// Changes a directory.
///
/// # Errors
/// `not_found`; the refusals of single fields; `name_taken`; `password_needed` when the kept password would go to a
/// server that it was not entered for.
pub(super) async fn update(
    app: &App,
    ctx: &Ctx,
    id: DirectoryId,
    input: DirectoryChange,
) -> Result<DirectoryView> {
    let (app_in, caller) = (app.clone(), ctx.clone());
    let written = app.write(ctx, move |tx| {
        let mut row = store::read(tx, id)?;
        if let Some(name) = input.checked_name()? {
            row.name = name;
        }
        row.updated_at = caller.now();
        let row = put_in(tx, &app_in, row, &input)?;
        save(tx, &app_in, &caller, ("directory.changed", &row))
    });
    written.await
}

/// Puts into a row what was entered, checked as a whole.
fn put_in(
    tx: &Tx<'_>,
    app: &App,
    mut row: DirectoryRow,
    input: &DirectoryChange,
) -> Result<DirectoryRow> {
    input.check()?;
    if store::name_is_taken(tx, &row.name, row.id)? {
        let message = format!(
            "another directory is called `{}`; choose another name",
            row.name
        );
        return Err(Error::conflict("name_taken", message));
    }
    let old = row.settings.clone();
    row.settings = input.applied_to(old.clone());
    let password = entered(input);
    let is_kept = row.secret.is_some() && password.is_none();
    if is_kept {
        check_keeps_password(&old, &row.settings)?;
    }
    // What the password is does not matter for whether the settings fit together.
    let known = password
        .clone()
        .or_else(|| is_kept.then(|| Zeroizing::new("kept".to_owned())));
    row.settings.resolve(known)?.check()?;
    row.enabled = input.enabled.unwrap_or(row.enabled);
    row.refresh_minutes = input.refresh_minutes.unwrap_or(row.refresh_minutes);
    if let Some(map) = &input.group_map {
        row.group_map.clone_from(map);
        check_map(tx, &mut row)?;
    }
    let goes = row
        .secret
        .filter(|_| password.is_some() || !row.settings.has_account());
    if let Some(gone) = goes {
        app.secrets.delete(tx, gone)?;
        app.directories.passwords().remove(&gone);
        row.secret = None;
    }
    if let Some(password) = password.filter(|_| row.settings.has_account()) {
        row.secret = Some(app.secrets.put(tx, &row.source(), password.as_bytes())?);
    }
    Ok(row)
}

fn check_map(reader: &Reader<'_>, row: &mut DirectoryRow) -> Result<()> {
    for (place, rule) in row.group_map.iter_mut().enumerate() {
        rule.group = rule.group.trim().to_owned();
        let field = |name: &str| format!("group_map[{place}].{name}");
        if identity::organisation_name(reader, rule.organisation_id).is_err() {
            let message = "there is no such organisation on this node; choose another one";
            return Err(Error::invalid_field(
                &field("organisation_id"),
                "unknown_organisation",
                message,
            ));
        }
        identity::check_role_exists(reader, rule.organisation_id, rule.role).map_err(|error| {
            Error::invalid_field(&field("role"), "unknown_role", error.message())
        })?;
    }
    Ok(())
}

/// Refuses to send a kept password where it was not entered for: to another server, or less protected. Whoever may change
/// settings could otherwise have it sent to themselves.
fn check_keeps_password(old: &StoredSettings, new: &StoredSettings) -> Result<()> {
    let is_elsewhere = new.urls.iter().any(|url| !old.urls.contains(url));
    let is_weaker = new.security == DirectorySecurity::Plain && old.security != new.security;
    let is_other = new.ca_pem != old.ca_pem || new.bind_dn != old.bind_dn;
    if new.has_account() && (is_elsewhere || is_weaker || is_other) {
        let message = "enter the service account's password once more: servers, encryption, certificates or account were changed";
        return Err(Error::invalid_field(
            "bind_password",
            "password_needed",
            message,
        ));
    }
    Ok(())
}

fn entered(input: &DirectoryChange) -> Option<Zeroizing<String>> {
    let password = input.bind_password.as_ref()?.reveal();
    (!password.is_empty()).then(|| Zeroizing::new(password.to_owned()))
}

fn save(
    tx: &Tx<'_>,
    app: &App,
    ctx: &Ctx,
    (action, row): (&str, &DirectoryRow),
) -> Result<DirectoryView> {
    store::save(tx, row)?;
    audit::record_with(tx, ctx, action, row.id, facts(row))?;
    let audience = Audience::Node;
    app.events
        .publish_after(tx, audience, Event::DirectoriesChanged {});
    Ok(store::read(tx, row.id)?.into())
}

fn facts(row: &DirectoryRow) -> Value {
    json!({
        "name": row.name,
        "enabled": row.enabled,
        "urls": row.settings.urls,
        "security": row.settings.security,
        "allow_plain": row.settings.allow_plain,
        "base_dn": row.settings.base_dn,
        "group_map": row.group_map,
    })
}

/// Removes a directory. Who came from it loses first what it gave.
///
/// # Errors
/// `not_found`; `directory_refreshing` while it is being refreshed.
pub(super) async fn delete(app: &App, ctx: &Ctx, id: DirectoryId) -> Result<()> {
    let row = app.db.read(move |reader| store::read(reader, id)).await?;
    let _held = refresh::hold_patiently(app, id).await?;
    let mut closed = row.clone();
    closed.enabled = false;
    // Closed first: nobody comes back while the others go.
    app.db.write(move |tx| store::save(tx, &closed)).await?;
    let withdrawn = take_over::withdraw_everybody(app, &row).await?;
    let (app_in, caller) = (app.clone(), ctx.clone());
    let written = app.write(ctx, move |tx| {
        if let Some(secret) = row.secret {
            app_in.secrets.delete(tx, secret)?;
            app_in.directories.passwords().remove(&secret);
        }
        store::delete(tx, id)?;
        identity::forget_refusals(tx, &id.to_string())?;
        let details = json!({ "name": row.name, "withdrawn": withdrawn });
        audit::record_with(tx, &caller, "directory.removed", id, details)?;
        app_in
            .events
            .publish_after(tx, Audience::Node, Event::DirectoriesChanged {});
        Ok(())
    });
    written.await
}

/// Tries settings out and says step by step how it went, and for a person also what they would get.
///
/// # Errors
/// `not_found`, `invalid_url`, `password_needed`.
pub(super) async fn test(app: &App, ctx: &Ctx, trial: DirectoryTrial) -> Result<Vec<Step>> {
    let (id, login) = (trial.id, trial.login.clone());
    let typed = trial.password.as_ref();
    let typed = typed.map(|password| Zeroizing::new(password.reveal().to_owned()));
    let input = trial.into_change();
    input.check()?;
    let kept = match id {
        Some(id) => Some(app.db.read(move |reader| store::read(reader, id)).await?),
        None => None,
    };
    let settings = settings_on_trial(app, kept.as_ref(), &input).await?;
    let map = input
        .group_map
        .or_else(|| Some(kept.as_ref()?.group_map.clone()));
    let service = kept.map_or_else(|| reach::TRIAL.to_owned(), |row| row.source());
    let origin = Origin {
        organisation: Some(ctx.organisation),
        person: Some(ctx.person),
    };
    let directory = reach::directory(app, &service, settings, origin);
    let login = login.filter(|login| !login.trim().is_empty());
    let trying = guildhall_directory::test(&directory, login.as_deref(), typed.as_ref());
    let Tried { mut steps, person } = Box::pin(trying).await;
    let caller = ctx.clone();
    let written = app.db.write(move |tx| {
        steps.extend(judged(tx, map.as_deref(), person.as_ref())?);
        let failed = steps.iter().filter(|step| step.state == StepState::Failed);
        let details = json!({ "failed_steps": failed.count() });
        audit::record_with(tx, &caller, "directory.tested", service, details)?;
        Ok(steps)
    });
    written.await
}

/// The settings to try out, with the password that goes with them.
async fn settings_on_trial(
    app: &App,
    kept: Option<&DirectoryRow>,
    input: &DirectoryChange,
) -> Result<Settings> {
    let kind = input.kind.unwrap_or(DirectoryKind::OpenLdap);
    let old = kept.map_or_else(|| usual(kind), |row| row.settings.clone());
    let settings = input.applied_to(old.clone());
    let mut password = entered(input);
    if let (None, Some(row)) = (&password, kept) {
        if row.secret.is_some() {
            check_keeps_password(&old, &settings)?;
        }
        password = reach::password(app, row).await?;
    }
    settings.resolve(password)
}

/// What the person who was looked up would get.
fn judged(
    reader: &Reader<'_>,
    map: Option<&[DirectoryGroupGrant]>,
    person: Option<&Entry>,
) -> Result<Option<Step>> {
    let (Some(map), Some(person)) = (map.filter(|map| !map.is_empty()), person) else {
        return Ok(None);
    };
    let mut given = Vec::new();
    for grant in grants::grants_of(map, &person.groups) {
        let organisation = identity::organisation_name(reader, grant.organisation)?;
        given.push(format!("{} in {organisation}", grant.role));
    }
    let (state, detail) = if given.is_empty() {
        let detail = "the person is in no group of the group map, so they would not get in";
        (StepState::Failed, detail.to_owned())
    } else {
        (StepState::Ok, given.join(", "))
    };
    let hint = given.is_empty().then(|| {
        "map one of the person's groups to a role, or have the person added to a mapped group"
            .to_owned()
    });
    Ok(Some(Step {
        name: "grants",
        state,
        detail,
        hint,
        milliseconds: 0,
    }))
}
