//! What the answers of a run took, as billing counts it.

use guildhall_kernel::{Ctx, MicroCredits, Principal, UsageId};

use super::model::{AnswerState, StoredAnswer};
use crate::{
    billing::{Call, CallKind, Outcome},
    inference::Billed,
};

/// The call behind a finished answer. `decode_ms` is how long the model wrote.
pub(super) fn call_of(
    ctx: &Ctx,
    answer: &StoredAnswer,
    decode_ms: u64,
    billed: Option<&Billed>,
) -> Call {
    let figures = &answer.facts.figures;
    Call {
        id: UsageId::new(ctx.clock.as_ref()),
        organisation: answer.organisation,
        person: ctx.person,
        api_key: match ctx.principal {
            Principal::ApiKey(id) => Some(id),
            _ => None,
        },
        ve: None,
        message: None,
        kind: CallKind::Playground,
        mode: "generative",
        model: answer.model.clone(),
        provider: billed.map(|billed| billed.provider_name().to_owned()),
        outcome: match answer.state {
            AnswerState::Failed => Outcome::Failed,
            AnswerState::Stopped => Outcome::Cancelled,
            AnswerState::Running | AnswerState::Complete => Outcome::Complete,
        },
        error_code: answer.facts.error.as_ref().map(|error| error.code.clone()),
        input_tokens: figures.input_tokens,
        output_tokens: figures.output_tokens,
        cached_tokens: figures.cached_tokens,
        queue_ms: figures.queue_ms,
        first_token_ms: figures.first_token_ms.unwrap_or(0),
        decode_ms,
        latency_ms: figures.total_ms,
        cost: billed.map_or(MicroCredits(0), |billed| billed.cost),
        created_at: ctx.now(),
    }
}
