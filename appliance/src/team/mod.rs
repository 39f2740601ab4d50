//! The employees of an organisation: hiring, changing, dismissing.
//!
//! Invariants: an employee belongs to one organisation for good; a dismissed one answers nothing, but
//! what it said stays readable and it can come back. Deliberately absent: what was said (chat) and what
//! it costs (billing).

mod greeting;
mod model;
mod presence;
mod routes;
mod store;

use std::collections::HashMap;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{
    AgentId, Ctx, Error, OrgId, Page, PageRequest, Result, Timestamp, VeId, text,
};
use serde_json::json;

pub use model::{Employee, Ve, VeState};
pub use presence::{Busy, Presence};
pub use routes::router;

use crate::{
    app::App,
    audit,
    events::{Audience, Event},
    identity,
    inference::{DataClass, ModelUser, ModelUsers},
};

const PERSONA_CHARACTERS_MAX: usize = 60;
/// Employees among which one is looked for by name.
const EMPLOYEES_MAX: u32 = 10_000;

/// The terms of a hire; what is left out is the agent's own suggestion.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What the employee is called.
    pub persona_name: Option<String>,
    /// `auto`, `extractive`, `starter` or a model's name.
    pub model: Option<String>,
}

/// Hires an agent (by id or slug) for the caller's organisation.
///
/// # Errors
/// `not_found`, `invalid_name`, `unknown_model`, `license_restricted`.
pub async fn hire(app: &App, ctx: &Ctx, agent: &str, terms: Terms) -> Result<Employee> {
    let listing = app
        .catalog
        .published(&app.db, agent)
        .await?
        .ok_or_else(|| Error::not_found("agent"))?;
    let model = terms.model.unwrap_or_else(|| "auto".to_owned());
    check_model(app, ctx, &model)?;
    let persona = terms
        .persona_name
        .as_deref()
        .unwrap_or(&listing.manifest.persona.default_name);
    let persona_name = checked_persona(persona)?;
    let caller = ctx.clone();
    let events = app.events.clone();
    let written = app.write(ctx, move |tx| {
        let employee = Employee {
            id: VeId::new(caller.clock.as_ref()),
            organisation: caller.organisation,
            agent: listing.id,
            persona_name,
            model,
            data_class: DataClass::default(),
            state: VeState::Active,
            hired_by: caller.person,
            hired_at: caller.now(),
            dismissed_at: None,
            conversations: 0,
            messages: 0,
            last_message_at: None,
        };
        caller
            .entitlements
            .admit_employee(|| store::count_active(tx))?;
        store::insert(tx, &employee)?;
        let facts = json!({ "agent": listing.manifest.slug, "version": listing.manifest.version });
        audit::record_with(tx, &caller, "ve.hired", employee.id, facts)?;
        changed(tx, &events, &employee);
        Ok(employee)
    });
    written.await
}

/// Whether the caller may have an employee think with this model.
fn check_model(app: &App, ctx: &Ctx, model: &str) -> Result<()> {
    app.inference.check_choice(model)?;
    let leads_to = app.inference.resolve(model).model;
    let base = app.inference.base_of(&leads_to);
    let mut names = base.iter().map(String::as_str).chain([model, &leads_to]);
    if names.all(|name| ctx.may_use_model(name)) {
        return Ok(());
    }
    Err(identity::not_in_policy("this model"))
}

fn checked_persona(name: &str) -> Result<String> {
    text::checked_name("persona_name", name, PERSONA_CHARACTERS_MAX)
}

fn changed(tx: &Tx<'_>, events: &crate::events::Events, employee: &Employee) {
    events.publish_after(
        tx,
        Audience::Organisation(employee.organisation),
        Event::VeChanged { ve_id: employee.id },
    );
}

/// The employee, dismissed or not.
///
/// # Errors
/// `not_found` also for employees of other organisations.
pub fn find(reader: &Reader<'_>, organisation: OrgId, id: VeId) -> Result<Employee> {
    store::find(reader, organisation, id)?.ok_or_else(|| Error::not_found("employee"))
}

/// The employee as far as the caller may know of it.
///
/// # Errors
/// `not_found` also for employees that a policy or the caller's key keeps from them.
pub fn find_seen(reader: &Reader<'_>, ctx: &Ctx, id: VeId) -> Result<Employee> {
    if ctx.may_see_ve(id) {
        find(reader, ctx.organisation, id)
    } else {
        Err(Error::not_found("employee"))
    }
}

/// The employee, for the caller to work with.
///
/// # Errors
/// As [`find_seen`]; `not_in_policy` for one that the caller may know of and not use.
pub fn find_usable(reader: &Reader<'_>, ctx: &Ctx, id: VeId) -> Result<Employee> {
    let employee = find_seen(reader, ctx, id)?;
    check_use(ctx, id)?;
    Ok(employee)
}

/// Whether a policy or the caller's key keeps the employee from them, whether or not there is such a one.
///
/// # Errors
/// `not_found`, `not_in_policy`.
pub fn check_use(ctx: &Ctx, id: VeId) -> Result<()> {
    if ctx.may_use_ve(id) {
        Ok(())
    } else if ctx.may_see_ve(id) {
        Err(identity::not_in_policy("this employee"))
    } else {
        Err(Error::not_found("employee"))
    }
}

/// What an employee is called.
///
/// # Errors
/// Those of the database.
pub fn persona_name(reader: &Reader<'_>, organisation: OrgId, id: VeId) -> Result<Option<String>> {
    let found = store::find(reader, organisation, id)?;
    Ok(found.map(|employee| employee.persona_name))
}

/// One page of the organisation's employees that the caller may know of, last hired first. A page may be
/// shorter than asked for and still not be the last.
///
/// # Errors
/// `invalid_cursor`.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    state: Option<VeState>,
    page: &PageRequest,
) -> Result<Page<Employee>> {
    let (organisation, before, limit) = (ctx.organisation, page.after()?, page.limit());
    let employees = app
        .db
        .read(move |reader| {
            store::list(reader, organisation, state, (before.as_deref(), limit + 1))
        })
        .await?;
    let mut page = Page::cut(employees, limit, |employee| employee.id.to_string());
    page.items.retain(|employee| ctx.may_see_ve(employee.id));
    Ok(page)
}

/// The active employee that a name comes to: their persona's name, in any case and with dashes for
/// spaces. Nothing when nobody that the caller may know of, or more than one, is called that.
///
/// # Errors
/// Those of the database.
pub fn find_by_name(reader: &Reader<'_>, ctx: &Ctx, name: &str) -> Result<Option<Employee>> {
    let handle = handle(name);
    let everyone = store::list(
        reader,
        ctx.organisation,
        Some(VeState::Active),
        (None, EMPLOYEES_MAX),
    )?;
    let mut called = everyone
        .into_iter()
        .filter(|employee| ctx.may_see_ve(employee.id))
        .filter(|employee| self::handle(&employee.persona_name) == handle);
    let first = called.next();
    Ok(first.filter(|_| called.next().is_none()))
}

/// `Mara Weiss` as `mara-weiss`.
fn handle(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

/// What to change of an employee; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new name.
    pub persona_name: Option<String>,
    /// Another model.
    pub model: Option<String>,
    /// How secret what it is told is.
    pub data_class: Option<DataClass>,
    /// Dismiss or take back.
    pub state: Option<VeState>,
}

/// Changes an employee.
///
/// # Errors
/// `not_found`, `invalid_name`, `unknown_model`; `already_dismissed`, `not_dismissed`; `license_restricted`
/// for one who comes back.
pub async fn update(app: &App, ctx: &Ctx, id: VeId, change: Change) -> Result<Employee> {
    if let Some(model) = &change.model {
        check_model(app, ctx, model)?;
    }
    let persona_name = change
        .persona_name
        .as_deref()
        .map(checked_persona)
        .transpose()?;
    let caller = ctx.clone();
    let events = app.events.clone();
    let written = app.write(ctx, move |tx| {
        let mut employee = find_seen(tx, &caller, id)?;
        if let Some(name) = persona_name {
            employee.persona_name = name;
        }
        if let Some(model) = change.model {
            employee.model = model;
        }
        employee.data_class = change.data_class.unwrap_or(employee.data_class);
        if change.state == Some(VeState::Active) && employee.state == VeState::Dismissed {
            caller
                .entitlements
                .admit_employee(|| store::count_active(tx))?;
        }
        let action = match change.state {
            None => "ve.changed",
            Some(state) => set_state(&mut employee, state, caller.now())?,
        };
        store::update(tx, &employee)?;
        audit::record_with(
            tx,
            &caller,
            action,
            employee.id,
            json!({ "model": employee.model, "data_class": employee.data_class }),
        )?;
        changed(tx, &events, &employee);
        Ok(employee)
    });
    written.await
}

fn set_state(employee: &mut Employee, state: VeState, now: Timestamp) -> Result<&'static str> {
    let name = &employee.persona_name;
    match (employee.state, state) {
        (VeState::Dismissed, VeState::Dismissed) => {
            return Err(Error::conflict(
                "already_dismissed",
                format!("{name} was dismissed already"),
            ));
        }
        (VeState::Active, VeState::Active) => {
            return Err(Error::conflict(
                "not_dismissed",
                format!("{name} works here already"),
            ));
        }
        _ => {}
    }
    employee.state = state;
    employee.dismissed_at = (state == VeState::Dismissed).then_some(now);
    Ok(if state == VeState::Dismissed {
        "ve.dismissed"
    } else {
        "ve.rehired"
    })
}

/// How many active employees the organisation has of each agent.
///
/// # Errors
/// Those of the database.
pub async fn hired_by_agent(app: &App, ctx: &Ctx) -> Result<HashMap<AgentId, u32>> {
    let organisation = ctx.organisation;
    let counts = app
        .db
        .read(move |reader| store::count_by_agent(reader, organisation))
        .await?;
    Ok(counts.into_iter().collect())
}

/// How many employees work on the node, all organisations together: what the licence bounds.
///
/// # Errors
/// Those of the database.
pub fn count_active(reader: &Reader<'_>) -> Result<u64> {
    store::count_active(reader)
}

/// What the models may know of the employees.
pub const MODEL_USERS: ModelUsers = ModelUsers {
    count: store::count_by_model,
    list: list_using_model,
    has: |reader, organisation, id| Ok(store::find(reader, organisation, id)?.is_some()),
    release: store::release_model,
};

fn list_using_model(
    reader: &Reader<'_>,
    organisation: OrgId,
    model: &str,
    limit: u32,
) -> Result<Vec<ModelUser>> {
    let users = store::list_by_model(reader, organisation, model, limit)?;
    let users = users.into_iter().map(|(ve_id, persona_name)| ModelUser {
        ve_id,
        persona_name,
    });
    Ok(users.collect())
}

/// Notes that an employee gained (or lost) conversations and messages.
///
/// # Errors
/// Those of the database.
pub fn note_activity(
    tx: &Tx<'_>,
    (organisation, ve): (OrgId, VeId),
    (conversations, messages): (i64, i64),
    at: Timestamp,
) -> Result<()> {
    store::note_activity(tx, (organisation, ve), (conversations, messages), at)
}

/// Employees as shown.
///
/// # Errors
/// Those of the database.
pub async fn views(app: &App, employees: Vec<Employee>) -> Result<Vec<Ve>> {
    let mut views = Vec::with_capacity(employees.len());
    let hirers: Vec<_> = employees.iter().map(|employee| employee.hired_by).collect();
    let names = app
        .db
        .read(move |reader| {
            hirers
                .into_iter()
                .map(|id| identity::find_person(reader, id))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    for (employee, hirer) in employees.into_iter().zip(names) {
        let listing = app.catalog.listing(&app.db, employee.agent).await?;
        let listing = listing
            .ok_or_else(|| Error::internal("an employee's agent is not in the catalogue"))?;
        views.push(Ve {
            id: employee.id,
            state: employee.state,
            answering: app.inference.resolve(&employee.model),
            data_class: employee.data_class,
            model: employee.model,
            agent: listing.summary(),
            greeting: greeting::spoken_by(&listing.manifest.persona, &employee.persona_name),
            persona_name: employee.persona_name,
            hired_at: employee.hired_at,
            hired_by: hirer.map_or_else(String::new, |person| person.display_name),
            dismissed_at: employee.dismissed_at,
            last_message_at: employee.last_message_at,
            conversations: employee.conversations,
            messages: employee.messages,
            busy: app.presence.is_busy(employee.id),
        });
    }
    Ok(views)
}

/// One employee as shown.
///
/// # Errors
/// Those of the database.
pub async fn view(app: &App, employee: Employee) -> Result<Ve> {
    views(app, vec![employee])
        .await?
        .pop()
        .ok_or_else(|| Error::internal("an employee without a view"))
}
