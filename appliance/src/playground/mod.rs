//! The playground: one prompt answered by two to four models side by side, with speed and cost, and judged.
//!
//! Invariants: the node owns a run, so a closed tab does not end it; prompt and answers are read by their owner
//! only, everyone else with the permission sees the prompt's hash and the figures; an answer is stored before
//! anybody hears that it is complete. One stream of events carries a whole run; each event names its answer and
//! model, so that columns arrive in the order in which things happen. Deliberately absent: tools, and prompts in
//! logs.

mod answer;
mod begin;
mod judge;
mod live;
mod metering;
mod model;
mod routes;
mod routes_judge;
mod store;

use std::sync::Arc;

use guildhall_db::Reader;
use guildhall_kernel::{
    Ctx, Error, OrgId, Page, PageRequest, PersonId, PlaygroundAnswerId, PlaygroundRunId, Result,
};
use utoipa_axum::router::OpenApiRouter;

pub use live::Playground;
pub use model::{PlaygroundAnswer, PlaygroundRun, PlaygroundRunSummary};

use self::{
    live::Live,
    model::{AnswerError, AnswerState, StoredAnswer, StoredRun},
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
    identity, ratings,
};

/// Characters of a prompt that a list shows.
const EXCERPT_CHARACTERS_MAX: usize = 120;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router().merge(routes_judge::router())
}

/// Marks answers that the last stop of the node cut off as failed.
///
/// # Errors
/// Those of the database.
pub async fn recover(app: &App) -> Result<()> {
    if app.db.read(store::list_running).await?.is_empty() {
        return Ok(());
    }
    let recovered = app.db.write(|tx| {
        for mut answer in store::list_running(tx)? {
            answer.state = AnswerState::Failed;
            answer.facts.error = Some(AnswerError {
                code: "interrupted".to_owned(),
                message: "the node stopped while this was being written; run the prompt again"
                    .to_owned(),
            });
            store::finish_answer(tx, &answer)?;
        }
        Ok(())
    });
    recovered.await
}

/// A run of the caller's own.
fn find_own(
    reader: &Reader<'_>,
    ctx: &Ctx,
    id: PlaygroundRunId,
) -> Result<(StoredRun, Vec<StoredAnswer>)> {
    let run = store::find_run(reader, ctx.organisation, id)?
        .filter(|run| run.person == ctx.person)
        .ok_or_else(|| Error::not_found("playground run of yours"))?;
    let answers = store::list_answers(reader, ctx.organisation, id)?;
    Ok((run, answers))
}

/// A run as this person may see it.
fn view(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    (run, answers): (StoredRun, Vec<StoredAnswer>),
) -> Result<PlaygroundRun> {
    let is_own = run.person == person;
    let mut ratings = if is_own {
        ratings::of_group(reader, (organisation, person), &run.id.to_string())?
    } else {
        Default::default()
    };
    let by = identity::find_person(reader, run.person)?;
    let answers = answers.into_iter().map(|answer| {
        let rating = ratings.remove(&answer.id.to_string());
        answer.view(rating, is_own)
    });
    Ok(PlaygroundRun {
        answers: answers.collect(),
        id: run.id,
        by: by.map_or_else(String::new, |person| person.display_name),
        is_own,
        prompt_sha256: run.prompt_sha256,
        prompt: is_own.then_some(run.prompt),
        in_turn: run.in_turn,
        best_answer_id: run.best_answer,
        created_at: run.created_at,
    })
}

/// A run with its answers.
async fn detail(app: &App, ctx: &Ctx, id: PlaygroundRunId) -> Result<PlaygroundRun> {
    let (organisation, person) = (ctx.organisation, ctx.person);
    let read = app.db.read(move |reader| {
        let run = store::find_run(reader, organisation, id)?
            .ok_or_else(|| Error::not_found("playground run"))?;
        let answers = store::list_answers(reader, organisation, id)?;
        view(reader, (organisation, person), (run, answers))
    });
    read.await
}

/// One page of runs, newest first: the caller's own, or everyone's.
async fn list(
    app: &App,
    ctx: &Ctx,
    everyone: bool,
    page: &PageRequest,
) -> Result<Page<PlaygroundRunSummary>> {
    let (organisation, person, limit) = (ctx.organisation, ctx.person, page.limit());
    let before = page.after()?;
    let whose = (!everyone).then_some(person);
    let read = app.db.read(move |reader| {
        let runs = store::list_runs(
            reader,
            (organisation, whose),
            (before.as_deref(), limit + 1),
        )?;
        runs.into_iter()
            .map(|run| summary(reader, (organisation, person), run))
            .collect::<Result<Vec<_>>>()
    });
    Ok(Page::cut(read.await?, limit, |last| last.id.to_string()))
}

fn summary(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    run: StoredRun,
) -> Result<PlaygroundRunSummary> {
    let answers = store::list_answers(reader, organisation, run.id)?;
    let by = identity::find_person(reader, run.person)?;
    let is_own = run.person == person;
    let is_running = |answer: &StoredAnswer| answer.state == AnswerState::Running;
    let best = answers
        .iter()
        .find(|answer| Some(answer.id) == run.best_answer);
    Ok(PlaygroundRunSummary {
        id: run.id,
        by: by.map_or_else(String::new, |person| person.display_name),
        is_own,
        excerpt: is_own.then(|| excerpt(run.prompt.asked())),
        prompt_sha256: run.prompt_sha256,
        best_model: best.map(|answer| answer.model.clone()),
        is_running: answers.iter().any(is_running),
        models: answers.into_iter().map(|answer| answer.model).collect(),
        created_at: run.created_at,
    })
}

/// The beginning of a prompt on one line.
fn excerpt(prompt: &str) -> String {
    let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= EXCERPT_CHARACTERS_MAX {
        return line;
    }
    let cut: String = line.chars().take(EXCERPT_CHARACTERS_MAX).collect();
    format!("{}…", cut.trim_end())
}

/// A run to follow.
enum Followed {
    /// Still being answered.
    Running(Arc<Live>),
    /// Answered already.
    Finished(Box<PlaygroundRun>),
}

/// Finds a run of the caller's to follow.
async fn follow(app: &App, ctx: &Ctx, id: PlaygroundRunId) -> Result<Followed> {
    // Looked up before the rows are read: a run that ends in between is then in the rows.
    let live = app.playground.find(id);
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        let found = find_own(reader, &caller, id)?;
        view(reader, (caller.organisation, caller.person), found)
    });
    let run = read.await?;
    Ok(match live {
        Some(live) => Followed::Running(live),
        None => Followed::Finished(Box::new(run)),
    })
}

/// Stops one answer of a run, or all of them; what was written so far stays. Stopping what has ended changes
/// nothing.
async fn stop(
    app: &App,
    ctx: &Ctx,
    id: PlaygroundRunId,
    answer: Option<PlaygroundAnswerId>,
) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let (run, answers) = find_own(tx, &caller, id)?;
        match answer {
            Some(wanted) if !answers.iter().any(|answer| answer.id == wanted) => {
                Err(Error::not_found("answer of this run"))
            }
            Some(wanted) => audit::record(tx, &caller, "playground.answer_stopped", wanted),
            None => audit::record(tx, &caller, "playground.run_stopped", run.id),
        }
    });
    written.await?;
    if let Some(live) = app.playground.find(id) {
        live.stop(answer);
    }
    Ok(())
}

/// Deletes a run with its prompt and answers; figures that count in the results stay.
async fn delete(app: &App, ctx: &Ctx, id: PlaygroundRunId) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let (run, answers) = find_own(tx, &caller, id)?;
        if answers
            .iter()
            .any(|answer| answer.state == AnswerState::Running)
        {
            return Err(still_running("stop it before you delete it"));
        }
        ratings::forget_reasons(tx, caller.organisation, &run.id.to_string())?;
        store::delete_run(tx, caller.organisation, run.id)?;
        audit::record(tx, &caller, "playground.run_deleted", run.id)?;
        announce(tx, &events, &caller, id);
        Ok(())
    });
    written.await
}

fn still_running(way_out: &str) -> Error {
    Error::conflict(
        "run_running",
        format!("this run is still being answered; {way_out}"),
    )
}

fn announce(tx: &guildhall_db::Tx<'_>, events: &Events, ctx: &Ctx, id: PlaygroundRunId) {
    events.publish_after(
        tx,
        Audience::Person(ctx.organisation, ctx.person),
        Event::PlaygroundChanged { run_id: id },
    );
}
