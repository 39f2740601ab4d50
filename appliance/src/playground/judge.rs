//! Thumbs on single answers, and which of a run's answers was best.

use guildhall_kernel::{Ctx, Error, PlaygroundAnswerId, PlaygroundRunId, Result};
use serde_json::json;

use super::{
    PlaygroundRun, announce, find_own,
    model::{AnswerState, StoredAnswer},
    still_running, store,
};
use crate::{
    app::App,
    audit,
    ratings::{self, Rating, RatingInput},
};

fn judged(answer: &StoredAnswer) -> ratings::Answer {
    ratings::Answer {
        id: answer.id.to_string(),
        group: answer.run.to_string(),
        agent: None,
        model: answer.model.clone(),
        first_token_ms: answer.facts.figures.first_token_ms,
        tokens_per_second: answer.facts.figures.tokens_per_second,
    }
}

fn found(answers: &[StoredAnswer], id: PlaygroundAnswerId) -> Result<&StoredAnswer> {
    let answer = answers
        .iter()
        .find(|answer| answer.id == id)
        .ok_or_else(|| Error::not_found("answer of this run"))?;
    if answer.is_rateable() {
        return Ok(answer);
    }
    Err(Error::conflict(
        "not_rateable",
        "only an answer that was written can be judged",
    ))
}

/// Gives an answer a thumb, in place of an earlier one.
pub(super) async fn rate(
    app: &App,
    ctx: &Ctx,
    (run, answer): (PlaygroundRunId, PlaygroundAnswerId),
    input: RatingInput,
) -> Result<Rating> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let (_, answers) = find_own(tx, &caller, run)?;
        let rating = ratings::rate(tx, &caller, &judged(found(&answers, answer)?), &input)?;
        let facts = json!({ "verdict": rating.verdict });
        audit::record_with(tx, &caller, "playground.answer_rated", answer, facts)?;
        announce(tx, &events, &caller, run);
        Ok(rating)
    });
    written.await
}

/// Takes a thumb back.
pub(super) async fn unrate(
    app: &App,
    ctx: &Ctx,
    (run, answer): (PlaygroundRunId, PlaygroundAnswerId),
) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let (_, answers) = find_own(tx, &caller, run)?;
        let answer = found(&answers, answer)?;
        ratings::remove(tx, &caller, &answer.id.to_string())?;
        audit::record(tx, &caller, "playground.rating_removed", answer.id)?;
        announce(tx, &events, &caller, run);
        Ok(())
    });
    written.await
}

/// Says which answer was best; `None` takes that back.
pub(super) async fn choose(
    app: &App,
    ctx: &Ctx,
    run: PlaygroundRunId,
    best: Option<PlaygroundAnswerId>,
) -> Result<PlaygroundRun> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let (_, answers) = find_own(tx, &caller, run)?;
        if answers
            .iter()
            .any(|answer| answer.state == AnswerState::Running)
        {
            return Err(still_running("wait for every answer before you choose"));
        }
        let best = best.map(|best| found(&answers, best)).transpose()?;
        let compared: Vec<ratings::Answer> = answers
            .iter()
            .filter(|answer| answer.is_rateable())
            .map(judged)
            .collect();
        let winner = best.map(|best| best.id.to_string());
        ratings::compare(tx, &caller, &compared, winner.as_deref())?;
        let best = best.map(|best| best.id);
        store::set_best(tx, (caller.organisation, run), best)?;
        audit::record(tx, &caller, "playground.best_chosen", run)?;
        announce(tx, &events, &caller, run);
        Ok(())
    });
    written.await?;
    super::detail(app, ctx, run).await
}
