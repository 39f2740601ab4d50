//! Thumbs on answers of conversations.

use guildhall_kernel::{Ctx, Error, MessageId, Result, VeId};
use serde_json::json;

use super::{
    announce, find_message,
    model::{MessageRole, MessageState, StoredMessage},
    owner,
};
use crate::{
    app::App,
    audit,
    inference::AnswerMode,
    ratings::{self, Rating, RatingInput},
    team::{self, Employee},
};

/// Gives an answer a thumb, in place of an earlier one.
///
/// # Errors
/// `not_found`, `not_rateable`, `reason_too_long`.
pub(super) async fn rate(
    app: &App,
    ctx: &Ctx,
    (ve, id): (VeId, MessageId),
    input: RatingInput,
) -> Result<Rating> {
    let (owner, caller, events) = (owner(ctx, ve)?, ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let employee = team::find(tx, owner.organisation, ve)?;
        let message = find_message(tx, owner, id)?;
        let has_ended = matches!(
            message.state,
            MessageState::Complete | MessageState::Stopped
        );
        if message.role != MessageRole::Assistant || !has_ended || message.text.is_empty() {
            let refusal = "only an answer that was written can be judged";
            return Err(Error::conflict("not_rateable", refusal));
        }
        let rating = ratings::rate(tx, &caller, &judged(&employee, &message), &input)?;
        let facts = json!({ "verdict": rating.verdict });
        audit::record_with(tx, &caller, "chat.answer_rated", id, facts)?;
        announce(tx, &events, owner, message.conversation);
        Ok(rating)
    });
    written.await
}

/// Takes a thumb back.
///
/// # Errors
/// `not_found`.
pub(super) async fn unrate(app: &App, ctx: &Ctx, (ve, id): (VeId, MessageId)) -> Result<()> {
    let (owner, caller, events) = (owner(ctx, ve)?, ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let message = find_message(tx, owner, id)?;
        ratings::remove(tx, &caller, &id.to_string())?;
        audit::record(tx, &caller, "chat.rating_removed", id)?;
        announce(tx, &events, owner, message.conversation);
        Ok(())
    });
    written.await
}

fn judged(employee: &Employee, message: &StoredMessage) -> ratings::Answer {
    let facts = &message.facts;
    let timing = facts.timing_ms.unwrap_or_default();
    ratings::Answer {
        id: message.id.to_string(),
        group: message.conversation.to_string(),
        agent: Some(employee.agent),
        model: facts.model.clone().unwrap_or_default(),
        first_token_ms: (timing.first_token > 0).then_some(timing.first_token),
        tokens_per_second: tokens_per_second(message),
    }
}

/// Tokens written per second after the first one; quoted answers have none.
fn tokens_per_second(message: &StoredMessage) -> Option<f64> {
    let facts = &message.facts;
    let (usage, timing) = (facts.usage?, facts.timing_ms?);
    let writing = timing.total.checked_sub(timing.first_token)?;
    let milliseconds = u32::try_from(writing).ok()?;
    let tokens = usage.output_tokens.saturating_sub(1);
    let is_measured = facts.mode == Some(AnswerMode::Generative) && tokens > 0 && milliseconds > 0;
    is_measured.then(|| f64::from(tokens) * 1000.0 / f64::from(milliseconds))
}
