//! Letting requests in and out between two steps: those that were cancelled, and those that are ready and find
//! a sequence and cells.

use guildhall_engine_protocol::{EngineMessage, FinishReason};

use super::cache::Need;
use super::prefix::PREFIX_TOKENS_MIN;
use super::prepare::Prepared;
use super::run::Run;
use super::schedule::Scheduler;
use crate::serve::cancelled_early;

impl Scheduler<'_> {
    pub(super) fn end_cancelled(&mut self) {
        let cancelled = |runs: &[Run]| runs.iter().position(|run| run.stop.is_raised());
        while let Some(place) = cancelled(&self.runs) {
            let run = self.remove(place);
            run.finish(FinishReason::Cancelled, &mut self.parcel);
        }
        let mut ready = self.parts.ready.lock();
        let before = ready.len();
        ready.retain(|prepared| {
            let raised = prepared.stop.is_raised();
            if raised {
                let done = cancelled_early(prepared.request_id);
                self.parcel.add(&EngineMessage::Done(done));
                self.parts.queue.end(prepared.request_id);
                self.parts.queue.release();
            }
            !raised
        });
        if ready.len() != before {
            self.blocked = false;
        }
    }

    /// Lets ready requests in, in order, as long as there are sequences and cells.
    pub(super) fn admit(&mut self) {
        while self.runs.len() < self.parts.runs_max && !self.blocked {
            let Some(prepared) = self.parts.ready.lock().pop_front() else {
                return;
            };
            if let Some(prepared) = self.begin(prepared) {
                self.blocked = true;
                self.parts.ready.lock().push_front(prepared);
            }
        }
    }

    /// Begins a request, or returns it when its cells are not free.
    fn begin(&mut self, prepared: Prepared) -> Option<Prepared> {
        if prepared.is_seeded && self.runs.is_empty() {
            // Where in the cache a token lies may change the rounding: start from nothing.
            self.cache.forget_idle(&mut self.parts.context);
            self.parts.context.clear_kv_cache();
        }
        let cells = prepared.prompt.len() + prepared.max_tokens as usize;
        let need = Need {
            prompt: &prepared.prompt,
            cells: cells.min(self.parts.language.context_length),
            adapter: prepared.adapter,
            fresh: prepared.is_seeded,
        };
        let Some((sequence, common)) = self.cache.take(&need, &mut self.parts.context) else {
            return Some(prepared);
        };
        self.parts.queue.release();
        let cached = self.restore(&prepared, sequence, common);
        let trimmed_messages = prepared.trimmed_messages;
        let mut run = Run::begin(prepared, sequence, cached);
        if let Some(store) = &self.parts.store {
            let length = run.system_tokens;
            let wanted = !run.is_seeded
                && length >= PREFIX_TOKENS_MIN
                && cached < length
                && length < run.prompt.len();
            let prefix = run.prompt.get(..length).unwrap_or_default();
            run.save_at = (wanted && !store.has(prefix, run.adapter)).then_some(length);
        }
        self.parcel.add(&run.started(trimmed_messages));
        self.runs.push(run);
        None
    }

    /// Takes instructions from disk that the cache lacks; returns how many tokens it holds then.
    fn restore(&mut self, prepared: &Prepared, sequence: usize, common: usize) -> usize {
        let length = prepared.system_tokens;
        let Some(store) = &self.parts.store else {
            return common;
        };
        let prefix = prepared.prompt.get(..length).unwrap_or_default();
        let worthwhile = length >= PREFIX_TOKENS_MIN
            && common + PREFIX_TOKENS_MIN / 2 < length
            && length < prepared.prompt.len();
        if prepared.is_seeded || !worthwhile || !store.has(prefix, prepared.adapter) {
            return common;
        }
        self.cache.clear(sequence, &mut self.parts.context);
        if store.load(&mut self.parts.context, sequence, prefix, prepared.adapter)
            && self.cache.append(sequence, prefix)
        {
            return length;
        }
        0
    }
}
