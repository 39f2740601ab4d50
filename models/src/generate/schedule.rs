//! The scheduler: one thread, one context, many answers at the same time.
//!
//! Each step computes one batch: the next token of every answer being written (and guesses of
//! those after it), and with the rest of the step's time parts of the prompts being read.
//! Between steps it looks at cancellations and pings and lets waiting requests in.

use std::collections::VecDeque;
use std::time::Instant;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{EngineMessage, EngineStatus, Failure, FinishReason};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaLoraAdapter;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

use super::cache::{Cache, Memory, Need};
use super::plan::{SLOW_STEP, STEP_TOKENS_MAX, StepSizer};
use super::prefix::{PREFIX_TOKENS_MIN, PrefixStore};
use super::prepare::{Prepared, Ready};
use super::run::{Language, Outcome, Run};
use super::step::Share;
use super::{count, inference_failed};
use crate::logging;
use crate::outbox::{Outbox, Parcel};
use crate::queue::JobQueue;
use crate::serve::cancelled_early;

/// What the scheduler works with.
pub(super) struct Parts<'a> {
    pub(super) context: LlamaContext<'a>,
    pub(super) adapters: Vec<LlamaLoraAdapter>,
    pub(super) language: Language<'a>,
    pub(super) queue: &'a JobQueue,
    pub(super) ready: &'a Ready,
    pub(super) outbox: &'a Outbox,
    pub(super) store: Option<PrefixStore>,
    /// Answers computed together at most.
    pub(super) runs_max: usize,
    /// Sequences of the context.
    pub(super) sequences: usize,
    /// Cells of the key-value cache.
    pub(super) cells: usize,
    pub(super) can_cut: bool,
}

/// Computes the answers of one model.
pub(super) struct Scheduler<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) cache: Cache,
    batch: LlamaBatch<'static>,
    pub(super) runs: Vec<Run>,
    pub(super) sizer: StepSizer,
    /// The adapter that the context computes with.
    adapter: Option<usize>,
    /// Requests whose common step failed, to be computed alone once.
    pub(super) alone: VecDeque<u64>,
    /// Whether the first of those ready was too large and nothing has ended since.
    blocked: bool,
    pub(super) steps: u64,
    slow_steps: u64,
    candidates: LlamaTokenDataArray,
    parcel: Parcel,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(parts: Parts<'a>) -> Self {
        Self {
            cache: Cache::new(parts.sequences, parts.cells, parts.can_cut),
            batch: LlamaBatch::new(STEP_TOKENS_MAX, 1),
            runs: Vec::new(),
            sizer: StepSizer::default(),
            adapter: None,
            alone: VecDeque::new(),
            blocked: false,
            steps: 0,
            slow_steps: 0,
            candidates: LlamaTokenDataArray::new(Vec::new(), false),
            parcel: Parcel::default(),
            parts,
        }
    }

    /// Works until the queue is closed.
    ///
    /// # Errors
    /// When the node is gone.
    pub(super) fn run(&mut self) -> Result<(), FrameError> {
        while let Some(pings) = self.parts.queue.take_pings() {
            self.answer_pings(pings);
            self.end_cancelled();
            self.admit();
            self.parts.outbox.send_parcel(&mut self.parcel)?;
            if self.runs.is_empty() {
                if !self.parts.queue.wait_for_news() {
                    break;
                }
                continue;
            }
            self.step();
            self.parts.outbox.send_parcel(&mut self.parcel)?;
        }
        Ok(())
    }

    fn answer_pings(&mut self, pings: Vec<u64>) {
        for ping_id in pings {
            let status = EngineStatus {
                active: count(self.runs.len()),
                waiting: count(self.parts.queue.waiting()),
                cache_tokens_used: count(self.cache.used()),
                cache_tokens: count(self.parts.cells),
                steps: self.steps,
                slow_steps: self.slow_steps,
            };
            self.parcel.add(&EngineMessage::Pong { ping_id, status });
        }
    }

    fn end_cancelled(&mut self) {
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
    fn admit(&mut self) {
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

    fn step(&mut self) {
        let started = Instant::now();
        let mut shares = self.plan();
        if shares.is_empty() {
            // Nothing left to compute and nothing ended: waiting for it would spin for ever.
            self.fail_all("a request came to no end");
            return;
        }
        let failure = self.compute(&mut shares).err();
        self.steps += 1;
        if let Some(failure) = failure {
            self.recover(&shares, failure);
            return;
        }
        let tokens = |writes: bool| {
            let shares = shares.iter().filter(|share| share.writes == writes);
            shares.map(|share| share.tokens.len()).sum::<usize>()
        };
        let (reading, writing) = (tokens(false), tokens(true));
        // Synchronise first: a GPU may still be busy.
        self.parts.context.synchronize();
        let elapsed = started.elapsed();
        self.sizer.observe(reading, writing, elapsed);
        self.slow_steps += u64::from(writing > 0 && elapsed > SLOW_STEP);
        let mut ended = Vec::new();
        for share in &shares {
            match self.advance(share) {
                Ok(None) => {}
                Ok(Some(reason)) => ended.push((share.run, Ok(reason))),
                Err(failure) => ended.push((share.run, Err(failure))),
            }
        }
        // From the back, so that the places of the others stay.
        ended.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        for (place, end) in ended {
            let run = self.remove(place);
            match end {
                Ok(reason) => run.finish(reason, &mut self.parcel),
                Err(failure) => self.parcel.add(&EngineMessage::RequestFailed {
                    request_id: run.request_id,
                    failure,
                }),
            }
        }
    }

    fn compute(&mut self, shares: &mut [Share]) -> Result<(), Failure> {
        let adapter = shares
            .first()
            .and_then(|share| self.runs.get(share.run))
            .and_then(|run| run.adapter);
        self.use_adapter(adapter)?;
        self.batch.clear();
        for share in shares.iter() {
            let Some(run) = self.runs.get(share.run) else {
                continue;
            };
            let sequence = i32::try_from(run.sequence).unwrap_or(0);
            let ends_reading = share.held + share.tokens.len() == run.prompt.len();
            for (index, token) in share.tokens.iter().enumerate() {
                let position = i32::try_from(share.held + index).unwrap_or(i32::MAX);
                let is_last = index + 1 == share.tokens.len();
                let wanted = share.writes || (is_last && ends_reading);
                self.batch
                    .add(*token, position, &[sequence], wanted)
                    .map_err(inference_failed)?;
            }
        }
        let _ = logging::take_first_error();
        self.parts
            .context
            .decode(&mut self.batch)
            .map_err(inference_failed)
    }

    fn use_adapter(&mut self, adapter: Option<usize>) -> Result<(), Failure> {
        if self.adapter == adapter {
            return Ok(());
        }
        let context = &mut self.parts.context;
        let wanted = adapter.and_then(|place| self.parts.adapters.get_mut(place));
        match wanted {
            Some(wanted) => context
                .lora_adapter_set(wanted, 1.0)
                .map_err(inference_failed)?,
            None => {
                // Takes any of them and removes all.
                if let Some(any) = self.parts.adapters.first_mut() {
                    context.lora_adapter_remove(any).map_err(inference_failed)?;
                }
            }
        }
        self.adapter = adapter;
        Ok(())
    }

    /// Takes note of what was computed and picks the tokens that follow from it.
    fn advance(&mut self, share: &Share) -> Result<Option<FinishReason>, Failure> {
        let Some(run) = self.runs.get_mut(share.run) else {
            return Ok(None);
        };
        if !self.cache.append(run.sequence, &share.tokens) {
            return Err(inference_failed("the key-value cache is full"));
        }
        let held = share.held + share.tokens.len();
        if !share.writes {
            if run.save_at == Some(held) {
                run.save_at = None;
                if let Some(store) = &self.parts.store {
                    let tokens = self.cache.tokens(run.sequence);
                    store.save(&self.parts.context, run.sequence, tokens, run.adapter);
                }
            }
            if held < run.prompt.len() {
                return Ok(None);
            }
        }
        // When reading, the last token's scores count; when writing, those of every token whose
        // predecessors were guessed rightly.
        let first = if share.writes {
            0
        } else {
            share.tokens.len() - 1
        };
        let mut used = first;
        let mut outcome = Outcome::Continue;
        let mut token = LlamaToken::new(0);
        while used < share.tokens.len() {
            let index = i32::try_from(share.place + used).unwrap_or(i32::MAX);
            let logits = self.parts.context.get_logits_ith(index);
            let picked = run.picker.pick(logits, &mut self.candidates)?;
            used += 1;
            token = picked.token;
            outcome = run.take(
                &picked,
                share.held + used,
                &self.parts.language,
                &mut self.parcel,
            )?;
            let guessed = share.tokens.get(used) == Some(&token);
            if outcome != Outcome::Continue || !guessed {
                break;
            }
        }
        if share.writes {
            run.lookup.observe(share.tokens.len() - 1, used - 1);
        }
        let kept = share.held + used;
        self.cache
            .shorten(run.sequence, kept, &mut self.parts.context);
        match outcome {
            Outcome::Continue => run.next = Some(token),
            Outcome::End(reason) => return Ok(Some(reason)),
            Outcome::Shift => {
                let keep = run.shift(self.cache.tokens(run.sequence), token);
                self.cache
                    .shorten(run.sequence, keep, &mut self.parts.context);
            }
        }
        Ok(None)
    }

    /// After a step that failed: everything is as before it, and each of its requests is
    /// computed alone once, so that only the one at fault fails.
    fn recover(&mut self, shares: &[Share], failure: Failure) {
        for share in shares {
            let Some(run) = self.runs.get_mut(share.run) else {
                continue;
            };
            if self.parts.context.cut(run.sequence, share.held) {
                continue;
            }
            // The model cannot forget a part: it reads everything again.
            let held = self.cache.tokens(run.sequence);
            if let Some(next) = run.next.take() {
                run.prompt = [held, &[next]].concat();
            }
            self.cache.clear(run.sequence, &mut self.parts.context);
        }
        if let [only] = shares {
            let run = self.remove(only.run);
            self.parcel.add(&EngineMessage::RequestFailed {
                request_id: run.request_id,
                failure,
            });
            return;
        }
        tracing::warn!(
            code = failure.code,
            "a common step failed: {}",
            failure.message
        );
        let ids = shares.iter().filter_map(|share| self.runs.get(share.run));
        self.alone = ids.map(|run| run.request_id).collect();
    }

    fn fail_all(&mut self, reason: &str) {
        while !self.runs.is_empty() {
            let run = self.remove(0);
            tracing::error!(request_id = run.request_id, "{reason}");
            self.parcel.add(&EngineMessage::RequestFailed {
                request_id: run.request_id,
                failure: inference_failed(reason),
            });
        }
    }

    fn remove(&mut self, place: usize) -> Run {
        let run = self.runs.remove(place);
        self.cache.release(run.sequence);
        self.parts.queue.end(run.request_id);
        self.blocked = false;
        run
    }
}
