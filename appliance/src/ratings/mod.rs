//! What people thought of answers: a thumb with an optional reason, and which of several was best.
//!
//! Invariants: one rating per person and answer, changeable and removable; model and figures are noted as
//! they were when the answer was given; results never leave the organisation and never name a person.
//! Deliberately absent: prompts and answers. Who owns an answer (chat, playground) decides who may judge it.

mod model;
mod results;
mod routes;
mod store;

use std::collections::HashMap;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{AgentId, Ctx, Error, OrgId, PersonId, Result};

pub use model::{Rating, RatingInput, Verdict};
pub use routes::router;

const REASON_CHARACTERS_MAX: usize = 500;

/// An answer that is judged, as its owner knows it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id, as text.
    pub id: String,
    /// The conversation or playground run it belongs to, as text.
    pub group: String,
    /// The agent that gave it; nothing in the playground.
    pub agent: Option<AgentId>,
    /// The model that wrote it.
    pub model: String,
    /// Milliseconds from the question to its first piece.
    pub first_token_ms: Option<u64>,
    /// Tokens written per second after the first one.
    pub tokens_per_second: Option<f64>,
}

/// Judges an answer, or judges it anew.
///
/// # Errors
/// `reason_too_long`; those of the database.
pub fn rate(tx: &Tx<'_>, ctx: &Ctx, answer: &Answer, input: &RatingInput) -> Result<Rating> {
    let rating = Rating {
        verdict: input.verdict,
        reason: checked_reason(input.reason.as_deref())?,
        rated_at: ctx.now(),
    };
    store::save_verdict(tx, (ctx.organisation, ctx.person), answer, &rating)?;
    Ok(rating)
}

fn checked_reason(reason: Option<&str>) -> Result<String> {
    let reason = reason.unwrap_or_default();
    let (length, reason) = (reason.chars().count(), reason.trim());
    if length > REASON_CHARACTERS_MAX {
        let message = format!("a reason has at most {REASON_CHARACTERS_MAX} characters");
        return Err(Error::invalid_field("reason", "reason_too_long", message));
    }
    Ok(reason.to_owned())
}

/// Takes a thumb back. Taking back what is not there changes nothing.
///
/// # Errors
/// Those of the database.
pub fn remove(tx: &Tx<'_>, ctx: &Ctx, answer_id: &str) -> Result<()> {
    store::remove_verdict(tx, (ctx.organisation, ctx.person), answer_id)
}

/// Notes which of several answers was best, or with `None` that none of them is any more.
///
/// # Errors
/// Those of the database.
pub fn compare(tx: &Tx<'_>, ctx: &Ctx, answers: &[Answer], best: Option<&str>) -> Result<()> {
    for answer in answers {
        let outcome = best.map(|best| best == answer.id);
        store::save_comparison(
            tx,
            (ctx.organisation, ctx.person),
            answer,
            (outcome, ctx.now()),
        )?;
    }
    Ok(())
}

/// A person's ratings within a conversation or run, by answer.
///
/// # Errors
/// Those of the database.
pub fn of_group(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    group: &str,
) -> Result<HashMap<String, Rating>> {
    store::of_group(reader, (organisation, person), group)
}

/// Forgets the words of the reasons given within a conversation or run: it is being deleted. Verdicts and
/// figures stay.
///
/// # Errors
/// Those of the database.
pub fn forget_reasons(tx: &Tx<'_>, organisation: OrgId, group: &str) -> Result<()> {
    store::forget_reasons(tx, organisation, group)
}
