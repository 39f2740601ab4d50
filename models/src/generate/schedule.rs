//! The scheduler: one thread, one context, many answers at the same time.
//!
//! Each step computes one batch: the next token of every answer being written (and guesses of
//! those after it), and with the rest of the step's time parts of the prompts being read.
//! Between steps it looks at cancellations and pings and lets waiting requests in.

use std::collections::VecDeque;
use std::time::Instant;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{EngineMessage, EngineStatus};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaLoraAdapter;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

use super::cache::Cache;
use super::plan::{SLOW_STEP, STEP_TOKENS_MAX, StepSizer};
use super::prefix::PrefixStore;
use super::prepare::Ready;
use super::run::{Language, Run};
use super::{count, inference_failed};
use crate::cores::Cores;
use crate::outbox::{Outbox, Parcel};
use crate::queue::JobQueue;

/// What the scheduler works with.
pub(super) struct Parts<'a> {
    pub(super) context: LlamaContext<'a>,
    pub(super) cores: Cores,
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
    pub(super) batch: LlamaBatch<'static>,
    pub(super) runs: Vec<Run>,
    pub(super) sizer: StepSizer,
    /// The adapter that the context computes with.
    pub(super) adapter: Option<usize>,
    /// Requests whose common step failed, to be computed alone once.
    pub(super) alone: VecDeque<u64>,
    /// Whether the first of those ready was too large and nothing has ended since.
    pub(super) blocked: bool,
    pub(super) steps: u64,
    pub(super) slow_steps: u64,
    pub(super) candidates: LlamaTokenDataArray,
    pub(super) parcel: Parcel,
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
                threads: self.parts.cores.used(),
            };
            self.parcel.add(&EngineMessage::Pong { ping_id, status });
        }
    }

    fn step(&mut self) {
        let started = Instant::now();
        self.parts.cores.settle(self.is_repeatable());
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

    /// Whether what is computed must come out the same every time, and with it the number of threads.
    pub(super) fn is_repeatable(&self) -> bool {
        self.runs.len() == 1 && self.runs.iter().all(|run| run.is_seeded)
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

    pub(super) fn remove(&mut self, place: usize) -> Run {
        let run = self.runs.remove(place);
        self.cache.release(run.sequence);
        self.parts.queue.end(run.request_id);
        self.blocked = false;
        run
    }
}
