//! The row of a call, from its beginning to whatever ends it.

use std::time::Instant;

use guildhall_kernel::{Ctx, Error, MicroCredits, Principal, UsageId, VeId};

use crate::{
    app::App,
    billing::{self, CallKind, Meter, Outcome},
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
    came: Instant,
}

impl Metered {
    pub(super) fn new(
        app: &App,
        ctx: &Ctx,
        (kind, model, ve): (CallKind, &str, Option<VeId>),
    ) -> Self {
        let mut row = Row::new(app, ctx, (kind, "generative"), model);
        row.call.ve = ve;
        row.reached_model = false;
        Self {
            row,
            used: Used::default(),
            came: Instant::now(),
        }
    }

    /// Notes that a model has begun.
    pub(super) fn begun(&mut self) {
        if self.row.call.queue_ms == 0 {
            self.row.call.queue_ms = elapsed_ms(self.came);
        }
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
        call.input_tokens = self.used.input_tokens;
        call.cached_tokens = self.used.cached_tokens;
        call.output_tokens = self.used.output_tokens;
    }
}

/// A row that is written down when it is dropped; as good as cancelled until told otherwise.
pub(super) struct Row {
    pub(super) call: billing::Call,
    pub(super) ctx: Ctx,
    meter: Meter,
    /// Before that it is a request that was refused, not a call.
    pub(super) reached_model: bool,
}

impl Row {
    pub(super) fn new(
        app: &App,
        ctx: &Ctx,
        (kind, mode): (CallKind, &'static str),
        model: &str,
    ) -> Self {
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
        Self {
            call,
            meter: app.meter.clone(),
            ctx: ctx.clone(),
            reached_model: true,
        }
    }

    pub(super) fn latency(&mut self, came: Instant) {
        self.call.latency_ms = elapsed_ms(came);
    }

    pub(super) fn failed(&mut self, error: &Error) {
        if error.code() == "unknown_model" {
            self.reached_model = false;
        }
        self.call.outcome = Outcome::Failed;
        self.call.error_code = Some(error.code().to_owned());
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        if self.reached_model {
            self.meter.note(&self.ctx, self.call.clone());
        }
    }
}

fn elapsed_ms(came: Instant) -> u64 {
    u64::try_from(came.elapsed().as_millis()).unwrap_or(u64::MAX)
}
