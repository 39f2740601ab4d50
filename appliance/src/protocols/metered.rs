//! The row of a call, from its beginning to whatever ends it.

use std::time::Instant;

use guildhall_kernel::{Ctx, Error, MicroCredits, Principal, Result, UsageId, VeId};

use crate::{
    app::App,
    billing::{self, CallKind, Outcome, Place},
    inference::{Billed, Charge},
};

/// What a call has taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) input_tokens: u32,
    pub(super) cached_tokens: u32,
    pub(super) output_tokens: u32,
}

/// The row of a call while it grows; written down when the call ends, whatever ended it.
pub(super) struct Metered {
    pub(super) row: Row,
    pub(super) used: Used,
    /// What the call takes of its caller's limits.
    pub(super) charge: Option<Charge>,
    came: Instant,
    is_queued: bool,
}

impl Metered {
    /// # Errors
    /// `metering_behind`.
    pub(super) async fn new(
        app: &App,
        ctx: &Ctx,
        (kind, model, ve): (CallKind, &str, Option<VeId>),
    ) -> Result<Self> {
        let came = Instant::now();
        let mut row = Row::new(app, ctx, (kind, "generative"), model).await?;
        row.call.ve = ve;
        row.reached_model = false;
        Ok(Self {
            row,
            used: Used::default(),
            charge: None,
            came,
            is_queued: false,
        })
    }

    /// Notes that the call waits for its turn.
    pub(super) fn queued(&mut self) {
        self.is_queued = true;
    }

    /// Notes how long an answer waited for its turn; of several answers, the longest counts.
    pub(super) fn turn(&mut self, waited_ms: u64) {
        let queue_ms = &mut self.row.call.queue_ms;
        *queue_ms = (*queue_ms).max(waited_ms);
        self.is_queued = false;
    }

    /// Notes the first piece of an answer; later ones change nothing.
    pub(super) fn first_piece(&mut self) {
        if self.row.call.first_token_ms == 0 {
            // Less than a millisecond is not nothing.
            self.row.call.first_token_ms = elapsed_ms(self.came).max(1);
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.row.latency(self.came);
        let call = &mut self.row.call;
        if self.is_queued {
            // It was given up before its turn came.
            call.queue_ms = call.latency_ms;
        }
        call.input_tokens = self.used.input_tokens;
        call.cached_tokens = self.used.cached_tokens;
        call.output_tokens = self.used.output_tokens;
        if let Some(charge) = &self.charge {
            charge.settle(call.input_tokens, call.output_tokens);
        }
    }
}

/// A row that is written down when it is dropped; as good as cancelled until told otherwise.
pub(super) struct Row {
    pub(super) call: billing::Call,
    pub(super) ctx: Ctx,
    /// Taken when the row is written down.
    place: Option<Place>,
    /// Before that it is a request that was refused, not a call.
    pub(super) reached_model: bool,
}

impl Row {
    /// # Errors
    /// `metering_behind`.
    pub(super) async fn new(
        app: &App,
        ctx: &Ctx,
        (kind, mode): (CallKind, &'static str),
        model: &str,
    ) -> Result<Self> {
        let call = billing::Call {
            id: UsageId::new(ctx.clock.as_ref()),
            organisation: ctx.organisation,
            person: ctx.person,
            api_key: match ctx.principal {
                Principal::ApiKey(id) => Some(id),
                _ => None,
            },
            ve: None,
            message: None,
            kind,
            mode,
            model: model.to_owned(),
            provider: None,
            outcome: Outcome::Cancelled,
            error_code: None,
            input_tokens: 0,
            output_tokens: 0,
            cached_tokens: 0,
            queue_ms: 0,
            first_token_ms: 0,
            decode_ms: 0,
            latency_ms: 0,
            cost: MicroCredits(0),
            created_at: ctx.now(),
        };
        Ok(Self {
            call,
            place: Some(app.meter.place().await?),
            ctx: ctx.clone(),
            reached_model: true,
        })
    }

    pub(super) fn latency(&mut self, came: Instant) {
        self.call.latency_ms = elapsed_ms(came);
    }

    /// Notes what a provider takes for it.
    pub(super) fn billed(&mut self, billed: &Billed) {
        let call = &mut self.call;
        call.provider = Some(billed.provider_name().to_owned());
        call.cost.0 = call.cost.0.saturating_add(billed.cost.0);
    }

    pub(super) fn failed(&mut self, error: &Error) {
        if matches!(error.code(), "unknown_model" | "quota_exceeded") {
            self.reached_model = false;
        }
        self.call.outcome = Outcome::Failed;
        self.call.error_code = Some(error.code().to_owned());
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        if self.reached_model
            && let Some(place) = self.place.take()
        {
            place.note(&self.ctx, self.call.clone());
        }
    }
}

fn elapsed_ms(came: Instant) -> u64 {
    u64::try_from(came.elapsed().as_millis()).unwrap_or(u64::MAX)
}
